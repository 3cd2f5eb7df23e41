"""What the store says of the page archive's records."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from pipeline.documents import Page, WarcPlace
from pipeline.store.database import Database
from pipeline.store.documents import page_columns, page_of
from pipeline.store.tables import pages

BATCH = 1000


def newest_pages(
    connection: Connection, *, url: str | None = None, limit: int = 50
) -> list[Page]:
    """Archived pages, newest first."""
    statement = select(*page_columns()).order_by(pages.c.id.desc()).limit(limit)
    if url is not None:
        statement = statement.where(pages.c.url == url)
    return [page_of(row) for row in connection.execute(statement)]


def find_place(connection: Connection, file: str, offset: int) -> WarcPlace | None:
    """The place of the record that begins there; None if no page does."""
    length = connection.scalar(
        select(pages.c.archive_length).where(
            pages.c.archive_file == file, pages.c.archive_offset == offset
        )
    )
    if length is None:
        return None
    return WarcPlace(file=file, offset=offset, length=length)


def expected_records(database: Database) -> Iterator[tuple[WarcPlace, str, str]]:
    """Place, URL and body checksum of every page, read in short pages."""
    after = 0
    while True:
        statement = (
            select(*page_columns())
            .where(pages.c.id > after)
            .order_by(pages.c.id)
            .limit(BATCH)
        )
        with database.read() as connection:
            found = [page_of(row) for row in connection.execute(statement)]
        if not found:
            return
        for page in found:
            yield page.place, page.url, page.body_checksum
        after = found[-1].id
