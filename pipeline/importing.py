"""Takes in pages that others fetched: they go the same way as crawled ones.

Every page is written to the archive first, then to the store; evidence is the
imported file's checksum, kept in the page's hints. Imported pages belong to
sources of their own (`import-…`), so that they are counted apart.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from pipeline.archive import ArchivedResponse, ArchiveWriter, checksum_of
from pipeline.documents import WarcPlace
from pipeline.errors import InputError
from pipeline.extraction.article import ARTICLE_JSON
from pipeline.extraction.metadata import parse_date
from pipeline.failpoints import failpoint
from pipeline.foreign_archives import records
from pipeline.sources import Source
from pipeline.store import Database, work
from pipeline.store.sources import keep_sources
from pipeline.store.tables import pages, urls
from pipeline.urls import host_of, url_key

MAX_PAGE_BYTES: Final = 15 << 20
"""As in a crawl; a larger page is passed over."""

MAX_LINE_BYTES: Final = 32 << 20
"""Of JSON Lines: a page of 15 MiB with every character escaped."""

BATCH: Final = 64
PREFIX: Final = "import-"

_HTML = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\b", re.IGNORECASE)
_CANONICAL = re.compile(
    rb"""<link\s[^>]*rel=["']?canonical["']?[^>]*href=["']?([^"'\s>]+)"""
    rb"""|<meta\s[^>]*property=["']og:url["'][^>]*content=["']([^"']+)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A page to be taken in.

    Attributes:
        response: With its body decoded; status 200, or a resource.
        hints: What the file says of it, as a feed would.
    """

    response: ArchivedResponse
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record that is no page to be taken in."""

    reason: str
    detail: str = ""


@dataclass(kw_only=True)
class ImportReport:
    """What became of a file's records.

    Attributes:
        imported: Pages that are new.
        known: Pages that were there already.
        skipped: By reason.
        problems: Records that could not be read, for people.
    """

    imported: int = 0
    known: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def read_file(
    path: Path, *, url: str = "", now: datetime
) -> Iterator[Incoming | Skipped]:
    """The pages in a WARC, JSON Lines or HTML file, by its ending.

    Args:
        path: `.warc`, `.warc.gz`, `.arc(.gz)`, `.jsonl`, `.ndjson`, `.html`, `.htm`.
        url: Of a saved page that does not say where it came from.
        now: When a page was fetched that does not say so.

    Raises:
        InputError: Another ending, not readable, or no such file inside.
    """
    name = path.name.lower()
    if name.endswith((".warc", ".warc.gz", ".arc", ".arc.gz")):
        return _from_warc(path)
    if name.endswith((".jsonl", ".ndjson")):
        return _from_json_lines(path, now)
    if name.endswith((".html", ".htm")):
        return _from_saved_page(path, url)
    raise InputError(f"{path}: expected a .warc, .warc.gz, .jsonl or .html file")


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
        sources: Configured ones; a page on their hosts gets their publisher.
        chosen: The source all pages are to be counted for.
        evidence: Checksum of the file.
    """
    report = ImportReport()
    writer = ArchiveWriter(archive, now=lambda: now)
    pages_in = iter(incoming)
    try:
        while batch := list(islice(pages_in, BATCH)):
            _take_batch(
                database,
                writer,
                batch,
                report,
                _Context(sources, chosen, evidence, now),
            )
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


def _take_batch(
    database: Database,
    writer: ArchiveWriter,
    batch: list[Incoming | Skipped],
    report: ImportReport,
    context: _Context,
) -> None:
    good: list[Incoming] = []
    for item in batch:
        if isinstance(item, Skipped):
            report.skipped[item.reason] += 1
            if item.detail:
                report.problems.append(item.detail)
        else:
            good.append(item)
    with database.read() as connection:
        fresh = [i for i in good if not _is_known(connection, i.response)]
    report.known += len(good) - len(fresh)
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


def _is_known(connection: Connection, response: ArchivedResponse) -> bool:
    known = (
        select(pages.c.id)
        .join(urls, urls.c.id == pages.c.url_id)
        .where(
            urls.c.url_key == url_key(response.url),
            pages.c.body_checksum == checksum_of(response.body),
        )
    )
    return connection.execute(known.limit(1)).first() is not None


def _store(
    connection: Connection, item: Incoming, place: WarcPlace, context: _Context
) -> int:
    response = item.response
    source = _source_of(response.url, context).name
    url_id = _url_row(connection, response, source)
    statement = insert(pages).values(
        url_id=url_id,
        url=response.url,
        source=source,
        fetched_at=response.at,
        status=response.status,
        content_type=response.header("Content-Type"),
        body_checksum=checksum_of(response.body),
        body_bytes=len(response.body),
        hints={**item.hints, "import": context.evidence},
        archive_file=place.file,
        archive_offset=place.offset,
        archive_length=place.length,
    )
    page_id = int(connection.execute(statement.returning(pages.c.id)).scalar_one())
    _note_newest(connection, url_id, page_id, response)
    return page_id


def _url_row(connection: Connection, response: ArchivedResponse, source: str) -> int:
    """The address's row: the crawler's where it knows it already."""
    key = url_key(response.url)
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
        host=host_of(response.url),
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
        source = _source_of(item.response.url, context)
        found[source.name] = source
    return list(found.values())


def _source_of(url: str, context: _Context) -> Source:
    """The import's own source: named after the chosen or matching one, or the host."""
    host = host_of(url)
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


def _from_warc(path: Path) -> Iterator[Incoming | Skipped]:
    for record in records(path, max_body_bytes=MAX_PAGE_BYTES):
        response = record.response
        reason = _unsuitable(response, too_large=record.too_large)
        yield Skipped(reason=reason) if reason else Incoming(response=response)


def _unsuitable(response: ArchivedResponse, *, too_large: bool) -> str:
    if response.status not in {0, 200}:
        return f"http_{response.status}"
    if too_large:
        return "too_large"
    if not _HTML.match(response.header("Content-Type")):
        return "not_html"
    try:
        url_key(response.url)
    except ValueError:
        return "no_url"
    return ""


def _from_json_lines(path: Path, now: datetime) -> Iterator[Incoming | Skipped]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if line.strip():
                    yield _json_line(line, f"{path}:{number}", now)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _json_line(line: bytes, place: str, now: datetime) -> Incoming | Skipped:
    """An object with `url` and `html`, or `url`, `title` and `text`."""

    def bad(text: str) -> Skipped:
        return Skipped(reason="bad_line", detail=f"{place}: {text}")

    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return bad(f"not JSON: {error}")
    if not isinstance(row, dict):
        return bad("expected an object")
    wrong = next((k for k in _STRINGS if not isinstance(row.get(k, ""), str)), None)
    if wrong:
        return bad(f"{wrong}: found {row[wrong]!r}, expected a string")
    try:
        url_key(row.get("url", ""))
    except ValueError as error:
        return bad(f'url: found "{row.get("url", "")}": {error}')
    if not row.get("html") and not row.get("text"):
        return bad('expected "html", or "title" and "text"')
    return _from_row(row, now)


_STRINGS = ("url", "html", "title", "text", "published_at", "fetched_at", "language")


def _from_row(row: Mapping[str, Any], now: datetime) -> Incoming:
    at, _ = parse_date(row.get("fetched_at", ""))
    html = row.get("html", "")
    if html:
        content_type, body = "text/html; charset=utf-8", _utf8(html)
    else:
        article = {k: row[k] for k in ("title", "text", "published_at") if k in row}
        content_type = ARTICLE_JSON
        body = _utf8(json.dumps(article, ensure_ascii=False))
    hints = {
        key: row[key] for key in ("title", "published_at", "language") if row.get(key)
    }
    return Incoming(
        response=ArchivedResponse(
            url=row["url"],
            at=at or now,
            status=0,
            headers=(("Content-Type", content_type),),
            body=body,
            kind="resource",
        ),
        hints=hints,
    )


def _from_saved_page(path: Path, url: str) -> Iterator[Incoming | Skipped]:
    try:
        body = path.read_bytes()
        saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(body) > MAX_PAGE_BYTES:
        yield Skipped(reason="too_large")
        return
    found = url or _declared_url(body)
    try:
        url_key(found)
    except ValueError:
        yield Skipped(
            reason="no_url",
            detail=f"{path}: the page does not say where it came from; use --url",
        )
        return
    yield Incoming(
        response=ArchivedResponse(
            url=found,
            at=saved_at,
            status=0,
            headers=(("Content-Type", "text/html"),),
            body=body,
            kind="resource",
        )
    )


def _declared_url(body: bytes) -> str:
    match = _CANONICAL.search(body[:200_000])
    if match is None:
        return ""
    return (match[1] or match[2]).decode("utf-8", "replace")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
