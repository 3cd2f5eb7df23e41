"""What a feed, sitemap or listing page shows: pure, bytes in, `Findings` out.

Runs in the parser's process (`crawler.parsing`), which may be killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urljoin

from pipeline.dates.moments import day_in_path
from pipeline.sources import Source
from pipeline.urls import host_of, url_key

MAX_LINKS = 50_000
"""Of one endpoint: what sitemaps.org allows a file to list."""

MAX_CHILDREN = 1_000
"""Sitemaps that one index leads to; the most recently changed come first."""

MAX_SITEMAP_DEPTH = 3
"""An index may list an index; deeper than this nobody nests (C9)."""

PAGED_KINDS = frozenset({"listing", "json"})

MAX_LISTING_PAGES = 10
"""Pages of one paged listing; later ones were seen when they were the first."""

MAX_BACKFILL_PAGES = 500
"""Pages of one paged listing where a date is given back to which it is read: at twenty
articles a page ten thousand of them, more than a year of most sections."""

MAX_HINT_CHARACTERS = 500

JOINERS = "\u200c\u200d"
"""Invisible, but part of Persian and Indic words."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One URL that an endpoint shows, as found.

    Attributes:
        url: Perhaps relative to `Reading.base`.
        title: "" where it is not said; likewise `language`.
        published_at: None where it is not said.
        modified_at: A sitemap's `lastmod`.
    """

    url: str
    title: str = ""
    language: str = ""
    published_at: datetime | None = None
    modified_at: datetime | None = None

    @property
    def dated_at(self) -> datetime | None:
        """When it was published, as is said or as its address has it; or else changed.

        A site that is built anew says of all its pages that they have changed.
        """
        return self.published_at or day_in_path(self.url) or self.modified_at


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a parser read out of an endpoint's body.

    Attributes:
        base: What its URLs are relative to.
        entries: Candidates for articles.
        children: Further endpoints: sitemaps of an index, pages of a listing.
        problem: "" or why it could not be read, or only in part.
        title: Of the feed or page.
        language: Of the feed, as declared.
    """

    base: str
    entries: tuple[Entry, ...] = ()
    children: tuple[Entry, ...] = ()
    problem: str = ""
    title: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A URL to enter into the frontier."""

    url: str
    url_key: str
    host: str
    hints: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What an endpoint's visit found.

    Attributes:
        articles: In scope, the first to be fetched first.
        children: Further endpoints of the same kind.
        other_links: Links out of scope; only a number.
        skipped: Entries older than `since`.
        problem: As in `Reading`.
    """

    articles: tuple[Found, ...] = ()
    children: tuple[Found, ...] = ()
    other_links: int = 0
    skipped: int = 0
    problem: str = ""


def select(
    reading: Reading, source: Source, *, kind: str, depth: int, since: date | None
) -> Findings:
    """What of a reading enters the frontier.

    Args:
        reading: Of the endpoint.
        source: Says what is an article.
        kind: `feed`, `sitemap`, `listing` or `json`.
        depth: Of the endpoint below the source's own one.
        since: Entries dated earlier are passed over, and a listing is paged back
            until all of a page are.
    """
    limit = _start_of(since) if since else None
    articles: dict[str, Found] = {}
    others: set[str] = set()
    ages: Counter[str] = Counter()
    for entry in _in_order(reading.entries, kind):
        found = _found(entry, reading.base, hints={} if kind == "listing" else None)
        if found is None or not source.is_article(found.url):
            others.add(found.url_key if found else entry.url)
            continue
        age = _age(entry.dated_at, limit)
        ages[age] += 1
        if age != "old" and len(articles) < MAX_LINKS:
            articles.setdefault(found.url_key, found)
    is_over = kind in PAGED_KINDS and _is_over(ages)
    children = () if is_over else _children(reading, source, kind, depth, limit)
    for child in children:
        articles.pop(child.url_key, None)  # where every link may be an article
    return Findings(
        articles=tuple(articles.values()),
        children=children,
        other_links=len(others),
        skipped=ages["old"],
        problem=reading.problem,
    )


def _age(moment: datetime | None, limit: datetime | None) -> str:
    if limit is None or moment is None:
        return "undated"
    return "old" if moment < limit else "new"


def _is_over(ages: Mapping[str, int]) -> bool:
    """Whether a listing has nothing of the wanted time any more.

    Undated links beside them are teasers of the page's margin, unless they are most.
    """
    return ages["old"] > 0 and not ages["new"] and ages["old"] >= ages["undated"]


def clean(text: Any) -> str:
    r"""A hint's text: white space folded, no control characters, cut to length.

    >>> clean("  Kazan\n forum\x00 ")
    'Kazan forum'
    """
    folded = " ".join(str(text or "").split())
    kept = (c for c in folded if c.isprintable() or c in JOINERS)
    return "".join(kept)[:MAX_HINT_CHARACTERS]


def _in_order(entries: Iterable[Entry], kind: str) -> list[Entry]:
    if kind != "sitemap":
        return list(entries)
    # Sitemaps have an order of their own making; news wants the newest first.
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(
        entries,
        key=lambda e: (e.dated_at or oldest, e.modified_at or oldest),
        reverse=True,
    )


def _found(
    entry: Entry, base: str, hints: Mapping[str, str] | None = None
) -> Found | None:
    # The text of a link may be "Read more": no hint at a title.
    try:
        url = urljoin(base, entry.url.strip()).split("#")[0]
        return Found(
            url=url,
            url_key=url_key(url),
            host=host_of(url),
            hints=_hints(entry) if hints is None else hints,
            modified_at=entry.modified_at,
        )
    except ValueError:
        return None


def _hints(entry: Entry) -> dict[str, str]:
    published = entry.published_at.isoformat() if entry.published_at else ""
    hints = {
        "title": clean(entry.title),
        "published_at": published,
        "language": clean(entry.language)[:35],
    }
    return {name: value for name, value in hints.items() if value}


def _children(
    reading: Reading, source: Source, kind: str, depth: int, limit: datetime | None
) -> tuple[Found, ...]:
    deepest = MAX_SITEMAP_DEPTH
    if kind in PAGED_KINDS:
        has_limit = limit is not None or kind == "json"  # its rule has a number
        deepest = MAX_BACKFILL_PAGES if has_limit else MAX_LISTING_PAGES
    if depth + 1 >= deepest:
        return ()
    hosts = source.own_hosts | {host_of(reading.base)}
    children: dict[str, Found] = {}
    for entry in _in_order(reading.children, kind):
        found = _found(entry, reading.base)
        if found is None or found.host not in hosts:
            continue
        if kind == "sitemap" and _age(entry.modified_at, limit) == "old":
            continue  # a day in its address may be the first of many
        children.setdefault(found.url_key, found)
    children.pop(url_key(reading.base), None)
    return tuple(children.values())[:MAX_CHILDREN]


def _start_of(since: date) -> datetime:
    # Anywhere on earth: a day begins 14 hours before it does in UTC.
    return datetime.combine(since, time(), UTC) - timedelta(hours=14)
