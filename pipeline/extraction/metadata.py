"""What a page says of itself: headline, time, byline, section, canonical.

The order of the places is the one measured best (FACTS, Extraction): JSON-LD,
then meta, then microdata, then the visible page; htmldate last, because it has
no minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement

from pipeline.documents import Precision

ARTICLE_TYPES = frozenset(
    "Article NewsArticle ReportageNewsArticle AnalysisNewsArticle BlogPosting "
    "OpinionNewsArticle BackgroundNewsArticle LiveBlogPosting Report "
    "SocialMediaPosting PressRelease SpecialAnnouncement".split()
)
"""schema.org types whose properties describe an article."""

_DATE_META = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "publishdate",
    "publication_date",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dc.date",
    "dcterms.created",
    "date",
)
_SECTION_META = ("article:section", "section", "parsely-section")
_AUTHOR_META = ("author", "article:author", "parsely-author", "dc.creator")
_TITLE_SEPARATOR = re.compile(r"\s+(?:[|–—•·»]|-{1,2})\s+")
_ISO = re.compile(
    r"(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?)?$"
)
_SPACE = re.compile(r"\s+")
_UNSTORABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's categories Cc, without the line feed, and Cs."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing on the web is older; an earlier date is a template's default."""
FUTURE_TOLERANCE = timedelta(days=2)
"""A later date than this after the fetch is an event's or an error (P7)."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time of publication with how exact it is and where it stood."""

    at: datetime | None = None
    precision: Precision = "none"
    found_in: str = ""


_LANGUAGE_TAG = re.compile(r"(?!x-)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_WEB = re.compile(r"https?://", re.IGNORECASE)

MAX_ALTERNATES = 100
"""More than the largest broadcasters have languages; the rest of a page that lists more
is no list of editions."""


class PageMetadata:
    """Reads the declarations of one parsed page; each is looked up once."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self._tree = tree
        self._url = url
        self._meta = _meta(tree)
        self._article = _json_ld_article(tree)

    def headline(self) -> str:
        """Without the site's name; "" where the page has none."""
        candidates = (
            _text(self._article.get("headline")),
            self._without_site(self._meta.get("og:title", "")),
            self._first_text("//h1"),
            self._without_site(self._first_text("//title")),
        )
        return next((c for c in map(_clean, candidates) if c), "")

    def published(
        self, *, fetched_at: datetime, html: str, zone: tzinfo = UTC
    ) -> Moment:
        """When the article was published, or an empty `Moment`.

        Args:
            fetched_at: Later dates are not believed.
            html: The page, as text.
            zone: Of times that name none.
        """
        for value, place in self._date_candidates():
            at, precision = parse_date(value, zone)
            if at is not None and plausible(at, fetched_at):
                return Moment(at=at, precision=precision, found_in=place)
        return _by_htmldate(self._tree, html, self._url, fetched_at)

    def authors(self) -> tuple[str, ...]:
        """As declared, in order, without doubles."""
        declared = self._article.get("author")
        items = declared if isinstance(declared, list) else [declared]
        names = [_clean(_text(item)) for item in items if item]
        if not any(names):
            names = [_clean(self._meta[k]) for k in _AUTHOR_META if k in self._meta]
        return tuple(dict.fromkeys(n for n in names if n and not n.startswith("http")))

    def section(self) -> str:
        """As the site names it, or ""."""
        declared = self._article.get("articleSection")
        first = declared[0] if isinstance(declared, list) and declared else declared
        found = (_text(first), *(self._meta.get(key, "") for key in _SECTION_META))
        return next((c for c in map(_clean, found) if c), "")

    def canonical_url(self) -> str:
        """Absolute, or ""."""
        for link in self._tree.iterfind(".//link[@rel='canonical']"):
            href = (link.get("href") or "").strip()
            if href:
                return self._absolute(href)
        return ""

    def _absolute(self, href: str) -> str:
        """An address in the page, absolute; "" for what is none."""
        try:
            return storable(str(urljoin(self._url, href.strip())))
        except ValueError:
            return ""

    def alternates(self) -> tuple[tuple[str, str], ...]:
        """Language tags and addresses of the page's editions in other languages.

        As `<link rel="alternate" hreflang>` declares them, in order, each address once;
        `x-default` is no language.
        """
        found: dict[str, str] = {}
        for link in self._tree.iterfind(".//link[@hreflang]"):
            tag = (link.get("hreflang") or "").strip().replace("_", "-")
            url = self._absolute(link.get("href") or "")
            if "alternate" not in (link.get("rel") or "").lower().split():
                continue
            if _LANGUAGE_TAG.fullmatch(tag) and _WEB.match(url) and url != self._url:
                found.setdefault(url, tag)
        return tuple((tag, url) for url, tag in found.items())[:MAX_ALTERNATES]

    def declared_language(self) -> str:
        """The page's `lang`, or ""; a hint only, often wrong."""
        root = self._tree.getroottree().getroot()
        declared: str = root.get("lang") or root.get("xml:lang") or ""
        return declared.strip()[:35]

    def is_free(self) -> bool:
        """False where JSON-LD says the text is behind a paywall."""
        value = self._article.get("isAccessibleForFree", True)
        return str(value).lower() != "false"

    def _date_candidates(self) -> Iterator[tuple[str, str]]:
        yield _text(self._article.get("datePublished")), "json-ld"
        for key in _DATE_META:
            yield self._meta.get(key, ""), "meta"
        for node in self._tree.iterfind(".//*[@itemprop='datePublished']"):
            value: str = node.get("datetime") or node.get("content") or ""
            yield value or node.text_content()[:60], "microdata"
        for node in self._tree.iterfind(".//time[@datetime]"):
            yield node.get("datetime", ""), "time"
            break  # a later one may be a comment's or a teaser's

    def _without_site(self, title: str) -> str:
        site = _clean(self._meta.get("og:site_name", ""))
        parts = _TITLE_SEPARATOR.split(title)
        if len(parts) < 2:
            return title
        if site and parts[-1].strip().lower() == site.lower():
            return title[: title.rindex(parts[-1])].rstrip(" |–—•·»-")
        heading = self._first_text("//h1").lower()
        if heading and parts[0].strip().lower() == heading:
            return parts[0]
        return title

    def _first_text(self, path: str) -> str:
        for node in self._tree.iterfind("." + path):
            text = _clean(node.text_content())
            if text:
                return text
        return ""


def parse_date(value: str, zone: tzinfo = UTC) -> tuple[datetime | None, Precision]:
    """A date as pages write it, with how exact it is.

    Args:
        value: ISO 8601, or as mails have it.
        zone: Of a time that names none. A day has no zone: it is the publisher's, and
            kept as midnight UTC.

    >>> parse_date("2024-06-21T10:30+03:00")[0].isoformat()
    '2024-06-21T07:30:00+00:00'
    >>> parse_date("2024-06-21")[1]
    'day'
    >>> parse_date("soon")
    (None, 'none')
    """
    value = value.strip()
    match = _ISO.match(value)
    if match is None:
        return _rfc_date(value, zone)
    try:
        at = datetime.fromisoformat(_padded(match))
        return _utc(at, zone if match[4] else UTC), _precision(match)
    except (ValueError, OverflowError):
        return None, "none"


def _padded(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, zone = match.groups()
    zone = zone or ""
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    clock = f"T{hour}:{minute}:{second or '00'}{zone}" if hour else ""
    return f"{year}-{month}-{day or '01'}{clock}"


def _precision(match: re.Match[str]) -> Precision:
    if match[6]:
        return "second"
    if match[4]:
        return "minute"
    return "day" if match[3] else "month"


def _rfc_date(value: str, zone: tzinfo) -> tuple[datetime | None, Precision]:
    from email.utils import parsedate_to_datetime

    if len(value) > 60 or not any(c.isdigit() for c in value):
        return None, "none"
    try:
        return _utc(parsedate_to_datetime(value), zone), "second"
    except (ValueError, IndexError, TypeError, OverflowError):
        return None, "none"


def _utc(at: datetime, zone: tzinfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def plausible(at: datetime, fetched_at: datetime) -> bool:
    """Whether a page fetched then may have been published at that time (P7)."""
    return EARLIEST <= at <= fetched_at + FUTURE_TOLERANCE


def _by_htmldate(
    tree: HtmlElement, html: str, url: str, fetched_at: datetime
) -> Moment:
    """The day by htmldate; only where the page has a four-digit year at all."""
    if re.search(r"(?:19|20)\d\d", html) is None:
        return Moment()
    from htmldate import find_date

    found = find_date(
        tree,
        extensive_search=False,
        original_date=True,
        url=url,
        min_date=EARLIEST.date().isoformat(),
        max_date=(fetched_at + FUTURE_TOLERANCE).date().isoformat(),
    )
    if not found:
        return Moment()
    at, _ = parse_date(found)
    return Moment(at=at, precision="day", found_in="htmldate")


def _meta(tree: HtmlElement) -> dict[str, str]:
    """`name`, `property` or `itemprop` to content; the first of each wins."""
    found: dict[str, str] = {}
    for node in tree.iter("meta"):
        key = node.get("property") or node.get("name") or node.get("itemprop")
        content = (node.get("content") or "").strip()
        if key and content:
            found.setdefault(key.strip().lower(), content)
    return found


def _json_ld_article(tree: HtmlElement) -> Mapping[str, Any]:
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        for node in _json_ld_nodes(script.text or ""):
            types = node.get("@type", "")
            names = types if isinstance(types, list) else [types]
            if ARTICLE_TYPES & {str(n).rsplit("/", 1)[-1] for n in names}:
                return node
    return {}


def _json_ld_nodes(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        data = json.loads(text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return
    waiting = data if isinstance(data, list) else [data]
    for node in waiting[:200]:
        if isinstance(node, dict):
            yield node
            graph = node.get("@graph", [])
            if isinstance(graph, list):
                yield from (n for n in graph[:200] if isinstance(n, dict))


def _text(value: Any) -> str:
    """A JSON-LD value as text: a string, or a thing's name."""
    if isinstance(value, dict):
        value = value.get("name", "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    from html import unescape

    if "&" in text:
        text = unescape(text)
    return storable(_SPACE.sub(" ", text)).strip()


def storable(text: str) -> str:
    r"""Without control characters but line feeds, and without lone surrogates.

    JSON can spell both; a database refuses NUL (PostgreSQL) and surrogates.

    >>> storable("a\x00b\ud800c")
    'abc'
    """
    return _UNSTORABLE.sub("", text)
