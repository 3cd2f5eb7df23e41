"""Readings in the store: what further stages load of them, and their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, literal, select, union_all, update

from pipeline.documents import UNDETERMINED, Extraction, Page, Segment
from pipeline.store.documents import page_columns, page_of
from pipeline.store.tables import (
    document_urls,
    documents,
    pages,
    readings,
    segments,
    urls,
    work,
)
from pipeline.store.text_choices import choice_row

BY_LINES = " lines"
"""Ends the version of what read a page that stopped the extractors."""

Outcome = Literal["stored", "unchanged", "duplicate", "rejected"]


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """A page with what the present extractor read in it.

    Attributes:
        earlier: The newest revision's page read by the present extractor, where
            the store has only another version's reading of it.
    """

    page: Page
    extraction: Extraction
    earlier: tuple[Page, Extraction] | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of a page.

    Attributes:
        outcome: For the balance.
        reason: Why it was rejected.
        reading_ids: New readings, which the further stages have to work on: of
            this page, and of the earlier page that was read again with it.
    """

    outcome: Outcome
    reason: str = ""
    reading_ids: tuple[int, ...] = ()


def text_checksum(title: str, text: str) -> str:
    """`sha256:` and hex of title, line feed and text in UTF-8."""
    digest = hashlib.sha256(f"{title}\n{text}".encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"


def load_pages(connection: Connection, ids: list[int]) -> dict[int, Page]:
    """Pages by their ids."""
    rows = connection.execute(select(*page_columns()).where(pages.c.id.in_(ids)))
    return {row.page_id: page_of(row) for row in rows}


def reopen(connection: Connection, reason: str) -> None:
    """Revived pages are pending again in the balance."""
    due = select(work.c.item).where(work.c.stage == "extract", work.c.state == "due")
    connection.execute(
        update(urls)
        .where(
            urls.c.outcome == "failed",
            urls.c.reason == reason,
            urls.c.page_id.in_(due),
        )
        .values(outcome="pending", reason="")
    )


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What the stages after extraction read of a reading."""

    title: str
    text: str
    language: str
    declared_language: str = ""


def load_texts(connection: Connection, ids: Sequence[int]) -> dict[int, Texts]:
    """Title, text and language ("" before it is identified) by reading."""
    r = readings.c
    rows = connection.execute(
        select(r.id, r.title, r.text, r.language, r.declared_language).where(
            r.id.in_(ids)
        )
    )
    return {
        row.id: Texts(
            title=row.title,
            text=row.text,
            language=row.language,
            declared_language=row.declared_language,
        )
        for row in rows
    }


def load_segments(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[str, tuple[Segment, ...]]]:
    """Language and segments by reading."""
    texts = load_texts(connection, ids)
    found: dict[int, list[Segment]] = {reading_id: [] for reading_id in texts}
    c = segments.c
    rows = connection.execute(
        select(c.reading_id, c.position, c.field, c.start, c.end, c.language)
        .where(c.reading_id.in_(ids))
        .order_by(c.reading_id, c.position)
    )
    for reading_id, position, field, start, end, language in rows:
        of = texts[reading_id]
        text = (of.title if field == "title" else of.text)[start:end]
        found[reading_id].append(
            Segment(
                position=position,
                field=field,
                start=start,
                end=end,
                text=text,
                language=language,
            )
        )
    return {
        reading_id: (texts[reading_id].language or UNDETERMINED, tuple(pieces))
        for reading_id, pieces in found.items()
    }


def documents_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The ids of the documents that readings belong to."""
    statement = select(readings.c.id, readings.c.document_id).where(
        readings.c.id.in_(ids)
    )
    return {row.id: row.document_id for row in connection.execute(statement)}


@dataclass(frozen=True, kw_only=True)
class EarlierPage:
    """The page of a document's newest revision, and what read it last."""

    page: Page
    reader: str


def earlier_pages(
    connection: Connection, page_ids: list[int]
) -> dict[int, EarlierPage]:
    """The newest revisions' pages, by the id of the page to be compared with them."""
    item = _keys_of(page_ids).subquery()
    statement = (
        select(item.c.item, readings.c.extractor, *page_columns())
        .join(document_urls, document_urls.c.url_key == item.c.url_key)
        .join(documents, documents.c.id == document_urls.c.document_id)
        .join(readings, readings.c.id == documents.c.reading_id)
        .join(pages, pages.c.id == readings.c.page_id)
        .where(pages.c.id != item.c.item)
        .order_by(item.c.is_own)
    )
    return {
        row.item: EarlierPage(page=page_of(row), reader=row.extractor)
        for row in connection.execute(statement)
    }


def _keys_of(page_ids: list[int]) -> Any:
    """The URL keys of pages, and those that redirect there: an article may have moved.

    A page's own comes last, and counts where both lead to documents.
    """
    own = select(
        pages.c.id.label("item"), urls.c.url_key, literal(1).label("is_own")
    ).join(urls, urls.c.id == pages.c.url_id)
    old = urls.alias()
    moved = (
        select(pages.c.id, old.c.url_key, literal(0))
        .join(urls, urls.c.id == pages.c.url_id)
        .join(old, old.c.alias_of_key == urls.c.url_key)
        .where(old.c.alias_of_key != "", old.c.role == "article")
    )
    wanted = pages.c.id.in_(page_ids)
    return union_all(own.where(wanted), moved.where(wanted))


def read_by_lines_alone(connection: Connection) -> int:
    """How many documents show a page that stopped the extractors (P5)."""
    statement = (
        select(func.count())
        .select_from(documents)
        .join(readings, readings.c.id == documents.c.reading_id)
        .where(
            readings.c.extractor.endswith(BY_LINES, autoescape=True),
            documents.c.deleted_at.is_(None),
        )
    )
    return connection.scalar(statement) or 0


def insert_readings(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Stores new readings, each of another page; their ids in the same order.

    Args:
        connection: In a writing transaction.
        rows: As `reading_row` makes them.
    """
    returned = connection.execute(
        insert(readings).returning(
            readings.c.id, readings.c.page_id, sort_by_parameter_order=True
        ),
        rows,
    )
    ids = {row.page_id: row.id for row in returned}
    return [ids[row["page_id"]] for row in rows]


def reading_row(
    read: tuple[Page, Extraction],
    *,
    document: str,
    revision: int,
    extractor: str,
    now: datetime,
) -> dict[str, Any]:
    """The row of one reading, of that document's revision."""
    page, extraction = read
    return {
        "page_id": page.id,
        "document_id": document,
        "revision": revision,
        "extractor": extraction.reader or extractor,
        "title": extraction.title,
        "text": extraction.text,
        "text_checksum": text_checksum(extraction.title, extraction.text),
        "authors": list(extraction.authors),
        "published_at": extraction.published_at,
        "published_precision": extraction.published_precision,
        "published_from": extraction.published_from,
        "published_zone": extraction.published_zone,
        "modified_at": extraction.modified_at,
        "modified_precision": extraction.modified_precision,
        "modified_from": extraction.modified_from,
        "modified_zone": extraction.modified_zone,
        "date_flags": list(extraction.date_flags),
        "tags": list(extraction.tags),
        "image_url": extraction.image_url,
        "text_choice": choice_row(extraction.choice),
        "section": extraction.section,
        "canonical_url": extraction.canonical_url,
        "declared_language": extraction.declared_language,
        "alternates": [list(each) for each in extraction.alternates],
        "language_alternatives": [],
        "created_at": now,
    }
