"""Which records of the page archive the store knows, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, select

from pipeline.documents import Page, WarcPlace
from pipeline.store.database import Database
from pipeline.store.documents import page_columns, page_of
from pipeline.store.tables import pages, urls
from pipeline.urls import page_key

BATCH = 1000

AnswerKind = Literal["page", "redirect", "unchanged", "error", "imported"]
ANSWER_KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)
"""What a record's status says: 2xx, 3xx but 304, 304, the rest; none at all."""


@dataclass(frozen=True, kw_only=True)
class ArchiveChoice:
    """Which records are asked for; an empty field is no condition.

    Attributes:
        url: The address, as fetched.
        source: Name of the source that it was fetched for.
        day: Of the fetch, in UTC.
        status: HTTP status; 0 for an imported page that had none.
        kind: See `ANSWER_KINDS`.
    """

    url: str = ""
    source: str = ""
    day: date | None = None
    status: int | None = None
    kind: AnswerKind | None = None


def answer_kind(status: int) -> AnswerKind:
    """What a record is, by its status.

    >>> answer_kind(304), answer_kind(0)
    ('unchanged', 'imported')
    """
    if status == 0:
        return "imported"
    if status == 304:
        return "unchanged"
    if 300 <= status < 400:
        return "redirect"
    return "page" if 200 <= status < 300 else "error"


def chosen_pages(
    connection: Connection, choice: ArchiveChoice, *, limit: int
) -> list[Page]:
    """Archived answers of any status, newest first."""
    statement = _chosen(choice).order_by(pages.c.id.desc()).limit(limit)
    return [page_of(row) for row in connection.execute(statement)]


def newest_body(connection: Connection, url: str) -> Page | None:
    """The newest page with a body that was archived of an address.

    Raises:
        ValueError: It is no address.
    """
    statement = (
        select(*page_columns())
        .join(urls, urls.c.id == pages.c.url_id)
        .where(urls.c.url_key == page_key(url), pages.c.body_checksum != "")
        .order_by(pages.c.id.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else page_of(row)


def places_of_bodies(
    connection: Connection, wanted: Mapping[int, str]
) -> dict[int, WarcPlace]:
    """Where the newest response with a body is, for rows of the frontier.

    Args:
        connection: To read with.
        wanted: By the row's id, the checksum of that body.
    """
    statement = (
        select(*page_columns())
        .where(pages.c.url_id.in_(list(wanted)), pages.c.status == 200)
        .order_by(pages.c.id)
    )
    found = [page_of(row) for row in connection.execute(statement)]
    return {p.url_id: p.place for p in found if p.body_checksum == wanted[p.url_id]}


def records_of_file(database: Database, file: str) -> Iterator[Page]:
    """What the store has in an archive file, in its order, read in short pages."""
    after = -1
    while True:
        statement = (
            select(*page_columns())
            .where(pages.c.archive_file == file, pages.c.archive_offset > after)
            .order_by(pages.c.archive_offset)
            .limit(BATCH)
        )
        with database.read() as connection:
            found = [page_of(row) for row in connection.execute(statement)]
        if not found:
            return
        yield from found
        after = found[-1].place.offset


def _chosen(choice: ArchiveChoice) -> Select[Any]:
    statement = select(*page_columns())
    if choice.url:
        statement = statement.where(pages.c.url == choice.url)
    if choice.source:
        statement = statement.where(pages.c.source == choice.source)
    if choice.status is not None:
        statement = statement.where(pages.c.status == choice.status)
    if choice.day is not None:
        begin = datetime.combine(choice.day, time(), UTC)
        end = begin + timedelta(days=1)
        statement = statement.where(
            pages.c.fetched_at >= begin, pages.c.fetched_at < end
        )
    return statement if choice.kind is None else statement.where(_is(choice.kind))


def _is(kind: AnswerKind) -> Any:
    status = pages.c.status
    match kind:
        case "imported":
            return status == 0
        case "unchanged":
            return status == 304
        case "redirect":
            return and_(status >= 300, status < 400, status != 304)
        case "page":
            return and_(status >= 200, status < 300)
        case _:
            return and_(status != 0, (status < 200) | (status >= 400))
