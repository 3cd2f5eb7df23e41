"""Takes in pages that others fetched: they go the same way as crawled ones.

Every page is written to the archive first, then to the store; evidence is the
imported file's checksum, kept in the page's hints. Imported pages belong to
sources of their own (`import-…`), so that they are counted apart.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select, update

from pipeline.archive import ArchivedResponse, ArchiveWriter, checksum_of
from pipeline.documents import WarcPlace
from pipeline.extraction.cleaning import storable
from pipeline.failpoints import failpoint
from pipeline.incoming.found import Incoming, Skipped
from pipeline.sources import Source
from pipeline.store import Database, work
from pipeline.store.sources import keep_sources
from pipeline.store.tables import pages, urls
from pipeline.urls import host_of, page_key

BATCH: Final = 64
"""Pages in one transaction, as in a crawl."""

BATCH_BYTES: Final = 16 << 20
"""Of their bodies, after which a batch is written early: one is in memory."""

MAX_PROBLEMS: Final = 100
"""Kept of a file's problems; a broken file of gigabytes may have millions."""

MAX_TYPE_CHARACTERS: Final = 500
"""As in a crawl; what is longer is no media type."""

PREFIX: Final = "import-"


@dataclass(kw_only=True)
class ImportReport:
    """What became of a file's records.

    Attributes:
        imported: Pages that are new.
        known: Pages that were there already.
        attachments: Files that came with the new ones and are not read.
        skipped: By reason.
        problems: Records that could not be read, for people; the first of them.
        problem_count: All of them.
    """

    imported: int = 0
    known: int = 0
    attachments: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    def skip(self, skipped: Skipped) -> None:
        """Counts a record that is passed over."""
        self.skipped[skipped.reason] += 1
        if skipped.detail:
            self.problem_count += 1
            if len(self.problems) < MAX_PROBLEMS:
                self.problems.append(skipped.detail)


def import_pages(
    database: Database,
    archive: Path,
    incoming: Iterable[Incoming | Skipped],
    *,
    sources: Mapping[str, Source],
    chosen: Source | None,
    evidence: str,
    now: datetime,
) -> ImportReport:
    """Archives and stores pages in batches; what was stored stays stored.

    Args:
        database: The store.
        archive: Folder of the page archive.
        incoming: What a file has; see `pipeline.incoming.files`.
        sources: Configured ones; a page on their hosts gets their publisher.
        chosen: The source all pages are to be counted for.
        evidence: Checksum of the file.
        now: The time.
    """
    report = ImportReport()
    writer = ArchiveWriter(archive, now=lambda: now)
    context = _Context(sources, chosen, evidence, now)
    try:
        for batch in _batches(incoming, report):
            _take_batch(database, writer, batch, report, context)
    finally:
        writer.close()
    return report


def file_checksum(path: Path) -> str:
    """`sha256:` and hex of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class _Context:
    sources: Mapping[str, Source]
    chosen: Source | None
    evidence: str
    now: datetime


def _batches(
    incoming: Iterable[Incoming | Skipped], report: ImportReport
) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    size = 0
    for item in incoming:
        if isinstance(item, Skipped):
            report.skip(item)
            continue
        batch.append(item)
        size += len(item.response.body)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _take_batch(
    database: Database,
    writer: ArchiveWriter,
    batch: list[Incoming],
    report: ImportReport,
    context: _Context,
) -> None:
    fresh = _fresh(database, batch)
    report.known += len(batch) - len(fresh)
    placed = [(item, writer.append(item.response)) for item in fresh]
    writer.sync()
    failpoint("import.after_sync")
    if not placed:
        return
    with database.write() as connection:
        keep_sources(connection, _sources_of(fresh, context), context.now)
        items = [_store(connection, item, place, context) for item, place in placed]
        work.enqueue(connection, "extract", items, now=context.now)
    report.imported += len(placed)
    report.attachments += sum(item.attachments for item in fresh)


def _fresh(database: Database, batch: Iterable[Incoming]) -> list[Incoming]:
    """Those that the store does not have, once each."""
    found: dict[tuple[str, str], Incoming] = {}
    with database.read() as connection:
        for item in batch:
            key = page_key(item.response.url)
            checksum = checksum_of(item.response.body)
            if not _is_known(connection, key, checksum):
                found.setdefault((key, checksum), item)
    return list(found.values())


def _is_known(connection: Connection, key: str, checksum: str) -> bool:
    known = (
        select(pages.c.id)
        .join(urls, urls.c.id == pages.c.url_id)
        .where(urls.c.url_key == key, pages.c.body_checksum == checksum)
    )
    return connection.execute(known.limit(1)).first() is not None


def _store(
    connection: Connection, item: Incoming, place: WarcPlace, context: _Context
) -> int:
    response = item.response
    source = _source_of(item, context).name
    url_id = _url_row(connection, item, source)
    statement = insert(pages).values(
        url_id=url_id,
        url=response.url,
        source=source,
        fetched_at=response.at,
        status=response.status,
        content_type=storable(response.header("Content-Type"))[:MAX_TYPE_CHARACTERS],
        body_checksum=checksum_of(response.body),
        body_bytes=len(response.body),
        hints={**_stored_hints(item), "import": context.evidence},
        archive_file=place.file,
        archive_offset=place.offset,
        archive_length=place.length,
    )
    page_id = int(connection.execute(statement.returning(pages.c.id)).scalar_one())
    _note_newest(connection, url_id, page_id, response)
    return page_id


def _stored_hints(item: Incoming) -> dict[str, str]:
    return {name: storable(value) for name, value in item.hints.items()}


def _url_row(connection: Connection, item: Incoming, source: str) -> int:
    """The address's row: the crawler's where it knows it already."""
    response = item.response
    key = page_key(response.url)
    known = connection.scalar(
        select(urls.c.id).where(urls.c.url_key == key, urls.c.role == "article")
    )
    if known is not None:
        return int(known)
    statement = insert(urls).values(
        source=source,
        role="article",
        url=response.url,
        url_key=key,
        host=_host(item),
        via="import",
        hints={},
        discovered_at=response.at,
    )
    return int(connection.execute(statement.returning(urls.c.id)).scalar_one())


def _note_newest(
    connection: Connection, url_id: int, page_id: int, response: ArchivedResponse
) -> None:
    """An older capture than the newest known page changes no outcome."""
    newer = urls.c.fetched_at.is_(None) | (urls.c.fetched_at <= response.at)
    connection.execute(
        update(urls)
        .where(urls.c.id == url_id, newer)
        .values(
            page_id=page_id,
            fetched_at=response.at,
            visited_at=response.at,
            outcome="pending",
            reason="",
        )
    )


def _sources_of(items: Iterable[Incoming], context: _Context) -> list[Source]:
    found = {}
    for item in items:
        source = _source_of(item, context)
        found[source.name] = source
    return list(found.values())


def _host(item: Incoming) -> str:
    return item.host or host_of(item.response.url)


def _source_of(item: Incoming, context: _Context) -> Source:
    """The import's own source: named after the chosen or matching one, or the host."""
    host = _host(item)
    model = context.chosen or next(
        (s for s in context.sources.values() if host in s.own_hosts), None
    )
    slug = re.sub(r"[^a-z0-9]+", "-", host).strip("-")
    name = f"{PREFIX}{model.name if model else slug}"[:64].rstrip("-")
    if model is None:
        return Source(name=name, kind="news", publisher=host)
    return Source(
        name=name,
        kind=model.kind,
        publisher=model.publisher,
        country=model.country,
        owner=model.owner,
        audience=model.audience,
        rights=model.rights,
    )
