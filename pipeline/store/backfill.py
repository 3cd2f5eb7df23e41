"""Archive pages by date become endpoints, once: in a crawl back to a date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pipeline.archives import ArchivePage, archive_kind, archive_pages
from pipeline.sources import Source
from pipeline.store.frontier import chunked, insert_ignoring
from pipeline.store.tables import urls
from pipeline.urls import host_of, url_key

VIA = "archive"

NO_ARCHIVE_PAGE = "no_archive_page"
"""Why an archive page is no failure though there is none: a day without news."""

MAX_ARCHIVE_PAGES = 1_000
"""Of one source in one run: nearly three years of days; at two seconds between requests
half an hour. The next run back to the same date goes on with older ones."""

SLACK = timedelta(days=1)
"""A site's day begins and ends up to 14 hours before and after that of UTC."""


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """What `seed_archives` did.

    Attributes:
        due: Archive pages to visit in this run.
        left: Older ones, for another run.
    """

    due: int
    left: int


def seed_archives(
    connection: Connection, source: Source, now: datetime, since: date
) -> Backfill:
    """Makes a source's archive pages back to a day due, each once, newest first.

    One is visited again where its time was not over when it was read, where the visit
    failed, or where the source's scope has changed since. One address of all time (an
    older sitemap) is always.

    Args:
        connection: In a writing transaction.
        source: Must be in the table `sources`.
        now: The time.
        since: The first day wanted.
    """
    wanted = _wanted(source, since, now)
    known = _known(connection, source.name, wanted)
    scope = _scope(source)
    open_pages = {
        key: page
        for key, page in wanted.items()
        if key not in known or not _is_settled(known[key], page, scope)
    }
    chosen = dict(list(open_pages.items())[:MAX_ARCHIVE_PAGES])
    rows = [_row(source.name, key, page, scope, now) for key, page in chosen.items()]
    _make_due(connection, known, [row for row in rows if row["url_key"] in known])
    insert_ignoring(connection, [row for row in rows if row["url_key"] not in known])
    return Backfill(due=len(chosen), left=len(open_pages) - len(chosen))


def _wanted(
    source: Source, since: date, now: datetime
) -> dict[str, tuple[str, ArchivePage]]:
    """By URL key: the kind and the page; those of all time first, then the newest."""
    until = now.date() + SLACK
    pages = [
        (archive_kind(template), page)
        for template in source.archives
        for page in archive_pages(template, since - SLACK, until)
    ]
    pages.sort(key=lambda found: found[1].last_day or date.max, reverse=True)
    own = {url_key(url) for url in source.endpoints}
    wanted: dict[str, tuple[str, ArchivePage]] = {}
    for kind, page in pages:
        key = url_key(page.url)
        if key not in own:
            wanted.setdefault(key, (kind, page))
    return wanted


def _known(
    connection: Connection, source: str, keys: Mapping[str, Any]
) -> dict[str, Row[Any]]:
    known: dict[str, Row[Any]] = {}
    for chunk in chunked(keys):
        found = select(urls).where(
            urls.c.role == "endpoint",
            urls.c.source == source,
            urls.c.url_key.in_(chunk),
        )
        known |= {row.url_key: row for row in connection.execute(found)}
    return known


def _is_settled(row: Row[Any], wanted: tuple[str, ArchivePage], scope: str) -> bool:
    _, page = wanted
    is_read = row.outcome in {"stored", "unchanged", "rejected", "duplicate"}
    if page.last_day is None or not is_read or row.visited_at is None:
        return False
    is_whole = row.visited_at.date() > page.last_day + SLACK
    return bool(is_whole and row.hints.get("scope") == scope)


def _row(
    source: str, key: str, wanted: tuple[str, ArchivePage], scope: str, now: datetime
) -> dict[str, Any]:
    kind, page = wanted
    return {
        "source": source,
        "role": "endpoint",
        "endpoint_kind": kind,
        "url": page.url,
        "url_key": key,
        "host": host_of(page.url),
        "via": VIA,
        "hints": {"scope": scope},
        "discovered_at": now,
        "due_at": now,
    }


def _make_due(
    connection: Connection,
    known: Mapping[str, Row[Any]],
    rows: list[dict[str, Any]],
) -> None:
    """Known pages are read in full again."""
    whole = {"etag": "", "last_modified": "", "body_checksum": ""}
    kept = ("endpoint_kind", "url", "via", "hints", "due_at")
    for row in rows:
        values = {name: row[name] for name in kept}
        connection.execute(
            update(urls)
            .where(urls.c.id == known[row["url_key"]].id)
            .values(**values, **whole, attempts=0, depth=0)
        )


def _scope(source: Source) -> str:
    told = [source.allow, sorted(source.own_hosts)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
