"""What a feed, sitemap or listing page shows: pure, bytes in, `Findings` out.

Runs in the parser's process (`crawler.parsing`), which may be killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urljoin

from pipeline.sources import Source
from pipeline.urls import host_of, url_key

MAX_LINKS = 50_000
"""Of one endpoint: what sitemaps.org allows a file to list."""

MAX_CHILDREN = 1_000
"""Sitemaps that one index leads to; the most recently changed come first."""

MAX_SITEMAP_DEPTH = 3
"""An index may list an index; deeper than this nobody nests (C9)."""

MAX_LISTING_PAGES = 10
"""Pages of one paged listing; later ones were seen when they were the first."""

MAX_HINT_CHARACTERS = 500


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
        """When it was published, or else changed."""
        return self.published_at or self.modified_at


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
        kind: `feed`, `sitemap` or `listing`.
        depth: Of the endpoint below the source's own one.
        since: Entries dated earlier are passed over.
    """
    limit = _start_of(since) if since else None
    articles: dict[str, Found] = {}
    others: set[str] = set()
    skipped = 0
    for entry in _in_order(reading.entries, kind):
        found = _found(entry, reading.base, hints={} if kind == "listing" else None)
        if found is None or not source.is_article(found.url):
            others.add(found.url_key if found else entry.url)
        elif limit is not None and _is_before(entry, limit):
            skipped += 1
        elif len(articles) < MAX_LINKS:
            articles.setdefault(found.url_key, found)
    return Findings(
        articles=tuple(articles.values()),
        children=_children(reading, source, kind, depth, limit),
        other_links=len(others),
        skipped=skipped,
        problem=reading.problem,
    )


def clean(text: Any) -> str:
    r"""A hint's text: white space folded, no control characters, cut to length.

    >>> clean("  Kazan\n forum\x00 ")
    'Kazan forum'
    """
    folded = " ".join(str(text or "").split())
    return "".join(c for c in folded if c.isprintable())[:MAX_HINT_CHARACTERS]


def _in_order(entries: Iterable[Entry], kind: str) -> list[Entry]:
    if kind != "sitemap":
        return list(entries)
    # Sitemaps have an order of their own making; news wants the newest first.
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(entries, key=lambda e: e.dated_at or oldest, reverse=True)


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
    deepest = MAX_SITEMAP_DEPTH if kind == "sitemap" else MAX_LISTING_PAGES
    if depth + 1 >= deepest:
        return ()
    hosts = source.own_hosts | {host_of(reading.base)}
    children: dict[str, Found] = {}
    for entry in _in_order(reading.children, kind):
        found = _found(entry, reading.base)
        if found is None or found.host not in hosts:
            continue
        if limit is not None and _is_before(entry, limit):
            continue
        children.setdefault(found.url_key, found)
    children.pop(url_key(reading.base), None)
    return tuple(children.values())[:MAX_CHILDREN]


def _is_before(entry: Entry, limit: datetime) -> bool:
    return entry.dated_at is not None and entry.dated_at < limit


def _start_of(since: date) -> datetime:
    # Anywhere on earth: a day begins 14 hours before it does in UTC.
    return datetime.combine(since, time(), UTC) - timedelta(hours=14)
