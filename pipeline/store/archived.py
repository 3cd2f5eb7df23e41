"""What the store says of the page archive's records."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from pipeline.documents import Page, WarcPlace
from pipeline.store.documents import page_columns, page_of
from pipeline.store.tables import pages, urls

MAX_CHILDREN = 5
"""Sitemaps of a stored index that are read again: enough to see articles in one."""


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


@dataclass(frozen=True, kw_only=True)
class StoredEndpoint:
    """A source's endpoint with its newest stored body.

    Attributes:
        kind: `feed`, `sitemap` or `listing`.
        page: None where nothing of it is stored.
        children: Of a sitemap index: its sitemaps that were read last.
        reason: Why its latest visit failed, or "".
    """

    kind: str
    url_key: str
    page: Page | None
    children: tuple[Page, ...]
    reason: str


def stored_endpoints(connection: Connection, source: str) -> list[StoredEndpoint]:
    """A source's own endpoints, as they are stored."""
    rows = connection.execute(
        select(urls)
        .where(urls.c.source == source, urls.c.role == "endpoint", urls.c.via == "seed")
        .order_by(urls.c.id)
    ).all()
    return [
        StoredEndpoint(
            kind=row.endpoint_kind,
            url_key=row.url_key,
            page=_page(connection, row.page_id),
            children=tuple(_children(connection, row.id)),
            reason=row.reason,
        )
        for row in rows
    ]


def stored_articles(connection: Connection, source: str, *, limit: int) -> list[Page]:
    """The newest stored pages of a source's articles, one of each, newest first."""
    newest = (
        select(func.max(pages.c.id).label("id"))
        .join(urls, urls.c.id == pages.c.url_id)
        .where(
            pages.c.source == source,
            pages.c.status == 200,
            pages.c.body_checksum != "",
            urls.c.role == "article",
        )
        .group_by(pages.c.url_id)
        .subquery()
    )
    statement = (
        select(*page_columns())
        .where(pages.c.id.in_(select(newest.c.id)))
        .order_by(pages.c.id.desc())
        .limit(limit)
    )
    return [page_of(row) for row in connection.execute(statement)]


def _children(connection: Connection, parent_id: int) -> list[Page]:
    rows = connection.execute(
        select(*page_columns())
        .join(urls, urls.c.page_id == pages.c.id)
        .where(
            urls.c.parent_id == parent_id,
            urls.c.role == "endpoint",
            urls.c.endpoint_kind == "sitemap",
        )
        .order_by(urls.c.fetched_at.desc(), urls.c.id)
        .limit(MAX_CHILDREN)
    )
    return [page_of(row) for row in rows]


def _page(connection: Connection, page_id: int | None) -> Page | None:
    if page_id is None:
        return None
    statement = select(*page_columns()).where(pages.c.id == page_id)
    row = connection.execute(statement).first()
    return page_of(row) if row else None
