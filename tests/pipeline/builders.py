"""Small things the store's tests need: sources, pages, extractions, documents."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pipeline.documents import Document, Extraction, Kind, Page, WarcPlace
from pipeline.sources import Source
from pipeline.store import Database
from pipeline.store.documents import load_documents
from pipeline.store.readings import Extracted, Recorded
from pipeline.store.recording import record
from pipeline.store.sources import keep_sources
from pipeline.store.tables import documents, pages, readings, urls
from pipeline.urls import host_of, url_key

NOW = datetime(2024, 6, 21, 10, 30, tzinfo=UTC)
SITE = "https://lantern.example"
EXTRACTOR = "test-1"

WORDS = [
    "".join(letters) for letters in product("bdfklmn", "aeiou", "bdfklmn", "aeiou")
]
"""1,225 words, none of which has a digit."""

TEXT = (
    "Mayors of one hundred and ten cities met in Kazan on Friday.\n"
    "They signed fourteen agreements on transport, water and housing, and spoke "
    "about how cities may learn from each other without travelling far.\n"
    "The next meeting is to be held in Da Nang in the spring of 2025."
)
OTHER_TEXT = (
    "Growers in the south expect the largest rice harvest for nine years.\n"
    "The ministry said prices would stay where they are until the end of August, "
    "while exporters hope for new contracts with buyers on the islands."
)


def make_source(name: str = "lantern", kind: Kind = "news", **fields: Any) -> Source:
    known = {"publisher": "The Lantern", "feeds": (f"{SITE}/feed.xml",), **fields}
    return Source(name=name, kind=kind, **known)


def add_source(
    connection: Connection, name: str = "lantern", kind: Kind = "news", **fields: Any
) -> None:
    keep_sources(connection, [make_source(name, kind, **fields)], NOW)


def make_page(
    connection: Connection,
    url: str = f"{SITE}/a",
    *,
    source: str = "lantern",
    at: datetime = NOW,
    hints: Mapping[str, str] | None = None,
    role: str = "article",
    **fields: Any,
) -> Page:
    """A fetched page that nobody has processed yet; `fields` are its URL's."""
    url_id = _url(connection, url, source=source, at=at, role=role)
    page_id = connection.execute(
        insert(pages)
        .values(
            url_id=url_id,
            url=url,
            source=source,
            fetched_at=at,
            status=200,
            content_type="text/html",
            body_checksum="sha256:" + hashlib.sha256(url.encode()).hexdigest(),
            hints=dict(hints or {}),
            archive_file="x.warc.gz",
            archive_offset=0,
            archive_length=1,
        )
        .returning(pages.c.id)
    ).scalar_one()
    connection.execute(
        update(urls)
        .where(urls.c.id == url_id)
        .values(page_id=page_id, outcome="pending", fetched_at=at, **fields)
    )
    return Page(
        id=page_id,
        url_id=url_id,
        url=url,
        source=source,
        fetched_at=at,
        status=200,
        content_type="text/html",
        body_checksum="sha256:" + hashlib.sha256(url.encode()).hexdigest(),
        place=WarcPlace(file="x.warc.gz", offset=0, length=1),
        hints=dict(hints or {}),
    )


def add_url(connection: Connection, url: str, **fields: Any) -> int:
    """A known address without a page; `fields` are the row's."""
    url_id = _url(connection, url, source="lantern", at=NOW, role="article")
    connection.execute(update(urls).where(urls.c.id == url_id).values(**fields))
    return url_id


def make_extraction(
    text: str = TEXT, title: str = "Mayors meet in Kazan", **fields: Any
) -> Extraction:
    return Extraction(title=title, text=text, **fields)


def record_page(
    connection: Connection,
    page: Page,
    text: str = TEXT,
    *,
    extractor: str = EXTRACTOR,
    earlier: tuple[Page, Extraction] | None = None,
    now: datetime = NOW,
    **fields: Any,
) -> Recorded:
    extraction = make_extraction(text, **fields)
    extracted = Extracted(page=page, extraction=extraction, earlier=earlier)
    return record(connection, extracted, extractor=extractor, now=now)


def add_document(
    connection: Connection, url: str = f"{SITE}/a", text: str = TEXT, **fields: Any
) -> tuple[str, int]:
    """A document read from a page: its id and its reading's."""
    recorded = record_page(connection, make_page(connection, url), text, **fields)
    (reading_id,) = recorded.reading_ids
    document_id = connection.scalar(
        select(readings.c.document_id).where(readings.c.id == reading_id)
    )
    assert document_id is not None
    return document_id, reading_id


def shown(database: Database) -> list[Document]:
    """Every document, by its URL."""
    with database.read() as connection:
        ids = connection.scalars(select(documents.c.id).order_by(documents.c.url))
        return load_documents(connection, list(ids))


def outcome(database: Database, url: str) -> tuple[str, str]:
    """Outcome and reason of an address in the balance."""
    with database.read() as connection:
        statement = select(urls.c.outcome, urls.c.reason)
        row = connection.execute(statement.where(urls.c.url == url)).one()
    return row.outcome, row.reason


def _url(
    connection: Connection, url: str, *, source: str, at: datetime, role: str
) -> int:
    key = url_key(url)
    known = connection.scalar(
        select(urls.c.id).where(urls.c.url_key == key, urls.c.role == role)
    )
    if known is not None:
        return known
    return connection.execute(
        insert(urls)
        .values(
            source=source,
            role=role,
            url=url,
            url_key=key,
            host=host_of(url),
            hints={},
            discovered_at=at,
        )
        .returning(urls.c.id)
    ).scalar_one()
