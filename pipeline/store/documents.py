"""Documents as they may be shown: reading them out of the store, and versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.documents import (
    UNDETERMINED,
    Document,
    Page,
    Revision,
    Segment,
    Translation,
    WarcPlace,
)
from pipeline.store.revision_changes import stored_changes
from pipeline.store.tables import (
    counters,
    document_urls,
    documents,
    pages,
    readings,
    revisions,
    segments,
    sources,
)
from pipeline.store.text_choices import choice_of
from pipeline.store.translations import TranslationsOf, grouped
from pipeline.urls import page_key

_ID = re.compile(r"(d[a-z2-7]{16})(?:@(\d{1,9}))?")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A document, or one revision of it, as written: `ID` or `ID@REVISION`."""

    id: str
    revision: int | None = None


def parse_reference(text: str) -> Reference | None:
    """The reference in `text`, or None where it is none.

    >>> parse_reference("dfxhautcqiqn7zt5j@2")
    Reference(id='dfxhautcqiqn7zt5j', revision=2)
    """
    match = _ID.fullmatch(text.strip())
    if match is None:
        return None
    return Reference(id=match[1], revision=int(match[2]) if match[2] else None)


def load_documents(connection: Connection, ids: Sequence[str]) -> list[Document]:
    """The documents with these ids, in that order; unknown ids are left out."""
    rows = {row.id: row for row in connection.execute(_current(ids))}
    found = [rows[i] for i in ids if i in rows]
    duplicates = _duplicates(connection, {row.cluster_id for row in found})
    parts = _Parts(connection, [row.reading_id for row in found])
    return [
        _document(row, parts, duplicates.get(row.cluster_id, 1) - 1) for row in found
    ]


def load_revision(
    connection: Connection, document_id: str, number: int
) -> Document | None:
    """The document as its revision `number` showed it; None if there is none.

    That of one that was merged is no tombstone: its words stay citable.
    """
    statement = (
        _columns()
        .join(revisions, revisions.c.document_id == documents.c.id)
        .join(readings, readings.c.id == revisions.c.reading_id)
        .where(documents.c.id == document_id, revisions.c.number == number)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    found = _document(row, _Parts(connection, [row.reading_id]), 0, revision=number)
    return replace(found, deleted=False) if found.merged_into else found


def load_revisions(connection: Connection, document_id: str) -> list[Revision]:
    """Every revision of a document, oldest first."""
    statement = (
        select(
            revisions.c.number,
            revisions.c.reading_id,
            revisions.c.text_checksum,
            revisions.c.changes,
            revisions.c.created_at,
            readings.c.title,
            readings.c.text,
            *page_columns(),
        )
        .join(readings, readings.c.id == revisions.c.reading_id)
        .join(pages, pages.c.id == revisions.c.page_id)
        .where(revisions.c.document_id == document_id)
        .order_by(revisions.c.number)
    )
    rows = connection.execute(statement).all()
    return [
        Revision(
            number=row.number,
            page=page_of(row),
            title=row.title,
            text=row.text,
            text_checksum=row.text_checksum,
            created_at=row.created_at,
            changes=stored_changes(
                row.changes, before.reading_id if before else 0, row.reading_id
            ),
        )
        for before, row in zip([None, *rows], rows, strict=False)
    ]


def load_pages(
    connection: Connection, wanted: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], Page]:
    """The page that first showed each of these revisions, by document and number."""
    key = tuple_(revisions.c.document_id, revisions.c.number)
    statement = (
        select(revisions.c.document_id, revisions.c.number, *page_columns())
        .join(pages, pages.c.id == revisions.c.page_id)
        .where(key.in_(wanted))
    )
    return {
        (row.document_id, row.number): page_of(row)
        for row in connection.execute(statement)
    }


def find_document(connection: Connection, url: str) -> str | None:
    """The id of the document that an address leads to."""
    found: str | None = connection.scalar(
        select(document_urls.c.document_id).where(
            document_urls.c.url_key == page_key(url)
        )
    )
    return found


def cluster_members(connection: Connection, cluster_id: str) -> list[str]:
    """Ids of the documents of a cluster, in the order they were first seen."""
    if not cluster_id:
        return []
    statement = (
        select(documents.c.id)
        .where(documents.c.cluster_id == cluster_id, documents.c.deleted_at.is_(None))
        .order_by(documents.c.first_seen_at, documents.c.id)
    )
    return list(connection.scalars(statement))


def raise_versions(connection: Connection, ids: Iterable[str]) -> None:
    """Gives each document the next version; in the transaction of the change."""
    unique = list(dict.fromkeys(ids))
    if not unique:
        return
    last = _advance(connection, "version", len(unique))
    first = last - len(unique) + 1
    connection.execute(
        update(documents).where(documents.c.id == bindparam("document")),
        [
            {"document": document_id, "version": version}
            for version, document_id in enumerate(unique, start=first)
        ],
    )


def next_version(connection: Connection) -> int:
    """The next version, for a document that is being inserted."""
    return _advance(connection, "version", 1)


def next_versions(connection: Connection, number: int) -> range:
    """So many next versions, in order.

    Whoever took any holds the counter until its transaction ends: others who want
    some wait. Taking none serves to wait for them.
    """
    last = _advance(connection, "version", number)
    return range(last - number + 1, last + 1)


def raise_for_readings(connection: Connection, reading_ids: Sequence[int]) -> None:
    """Raises the documents that show one of these readings now."""
    of = select(readings.c.document_id).where(readings.c.id.in_(reading_ids))
    shown = select(documents.c.id).where(
        documents.c.id.in_(of), documents.c.reading_id.in_(reading_ids)
    )
    raise_versions(connection, sorted(connection.scalars(shown)))


def count(connection: Connection) -> int:
    """How many documents there are, tombstones apart."""
    statement = (
        select(func.count())
        .select_from(documents)
        .where(documents.c.deleted_at.is_(None))
    )
    return connection.scalar(statement) or 0


def count_by_source(connection: Connection) -> dict[str, int]:
    """How many documents each source has, tombstones apart."""
    statement = (
        select(documents.c.source, func.count())
        .where(documents.c.deleted_at.is_(None))
        .group_by(documents.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def page_columns() -> list[Any]:
    """The columns `page_of` needs."""
    return [column.label(f"page_{column.name}") for column in pages.c]


def page_of(row: Row[Any]) -> Page:
    """The `Page` in a row that selected `page_columns()`."""
    return Page(
        id=row.page_id,
        url_id=row.page_url_id,
        url=row.page_url,
        source=row.page_source,
        fetched_at=row.page_fetched_at,
        status=row.page_status,
        content_type=row.page_content_type,
        body_checksum=row.page_body_checksum,
        place=WarcPlace(
            file=row.page_archive_file,
            offset=row.page_archive_offset,
            length=row.page_archive_length,
        ),
        hints=row.page_hints,
    )


def _advance(connection: Connection, name: str, by: int) -> int:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(counters)
        .values(name=name, value=by)
        .on_conflict_do_update(
            index_elements=["name"], set_={"value": counters.c.value + by}
        )
        .returning(counters.c.value)
    )
    return int(connection.execute(statement).scalar_one())


def _columns() -> Any:
    return select(
        documents,
        sources.c.publisher,
        sources.c.country,
        sources.c.owner,
        sources.c.audience,
        sources.c.rights,
        readings.c.id.label("shown_reading_id"),
        *(
            column
            for column in readings.c
            if column.name not in {"id", "revision", "document_id"}
        ),
    ).join(sources, sources.c.name == documents.c.source)


def _current(ids: Sequence[str]) -> Any:
    return (
        _columns()
        .join(readings, readings.c.id == documents.c.reading_id)
        .where(documents.c.id.in_(ids))
    )


def _duplicates(connection: Connection, clusters: Iterable[str]) -> dict[str, int]:
    named = [cluster for cluster in clusters if cluster]
    if not named:
        return {}
    statement = (
        select(documents.c.cluster_id, func.count())
        .where(documents.c.cluster_id.in_(named), documents.c.deleted_at.is_(None))
        .group_by(documents.c.cluster_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


class _Parts:
    """Segments and translations of some readings, loaded in three queries."""

    def __init__(self, connection: Connection, reading_ids: Sequence[int]) -> None:
        self._segments = grouped(
            connection.execute(
                select(segments)
                .where(segments.c.reading_id.in_(reading_ids))
                .order_by(segments.c.reading_id, segments.c.position)
            )
        )
        self._translations = TranslationsOf(connection, reading_ids)

    def segments(self, reading_id: int, title: str, text: str) -> tuple[Segment, ...]:
        fields = {"title": title, "text": text}
        return tuple(
            Segment(
                position=row.position,
                field=row.field,
                start=row.start,
                end=row.end,
                text=fields[row.field][row.start : row.end],
                language=row.language,
            )
            for row in self._segments.get(reading_id, ())
        )

    def translations(self, reading_id: int) -> tuple[Translation, ...]:
        return self._translations.of(reading_id)


def _document(
    row: Row[Any], parts: _Parts, duplicates: int, revision: int | None = None
) -> Document:
    reading_id = row.shown_reading_id
    published_at: datetime | None = row.published_at
    return Document(
        id=row.id,
        revision=revision or row.revision,
        version=row.version,
        url=row.url,
        source=row.source,
        publisher=row.publisher,
        country=row.country,
        owner=row.owner,
        audience=tuple(row.audience),
        kind=row.kind,
        language=row.language or UNDETERMINED,
        language_alternatives=tuple((t, c) for t, c in row.language_alternatives),
        published_at=published_at,
        published_precision=row.published_precision,
        first_seen_at=row.first_seen_at,
        title=row.title,
        text=row.text,
        authors=tuple(row.authors),
        section=row.section,
        published_from=row.published_from,
        published_zone=row.published_zone,
        modified_at=row.modified_at,
        modified_precision=row.modified_precision,
        modified_zone=row.modified_zone,
        date_flags=tuple(row.date_flags or ()),
        tags=tuple(row.tags or ()),
        image_url=row.image_url,
        choice=choice_of(row.text_choice),
        segments=parts.segments(reading_id, row.title, row.text),
        translations=parts.translations(reading_id),
        cluster=row.cluster_id if duplicates else "",
        duplicates=duplicates,
        rights=row.rights,
        deleted=row.deleted_at is not None,
        merged_into=row.merged_into,
        withdrawn_at=row.withdrawn_at,
    )
