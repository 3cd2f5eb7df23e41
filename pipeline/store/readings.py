"""Turns what was extracted from a page into a reading of a document's revision.

The rules of identity are DESIGN's: a document's id is given once; only a page
of the address that owns the document makes a revision of it, and only when two
pages read by the *same* extractor differ; every other address that leads to
the document is an alias (`duplicate`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.documents import UNDETERMINED, Extraction, Page, Segment
from pipeline.fingerprints import containment
from pipeline.store.documents import next_version, page_columns, page_of
from pipeline.store.frontier import resolve
from pipeline.store.tables import (
    document_urls,
    documents,
    pages,
    readings,
    revisions,
    segments,
    sources,
    urls,
    work,
)
from pipeline.urls import document_id, host_of, url_key

SAME_STORY = 0.5
"""A canonical address is believed only when this share of the smaller text's
word triples stands in the other text too (C13); the containment that FACTS
measured for near-duplicates."""

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


def load_texts(connection: Connection, ids: Sequence[int]) -> dict[int, Texts]:
    """Title, text and language ("" before it is identified) by reading."""
    columns = (readings.c.id, readings.c.title, readings.c.text, readings.c.language)
    rows = connection.execute(select(*columns).where(readings.c.id.in_(ids)))
    return {
        row.id: Texts(title=row.title, text=row.text, language=row.language)
        for row in rows
    }


def load_segments(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[str, tuple[Segment, ...]]]:
    """Language and segments by reading."""
    texts = load_texts(connection, ids)
    found: dict[int, list[Segment]] = {reading_id: [] for reading_id in texts}
    rows = connection.execute(
        select(segments)
        .where(segments.c.reading_id.in_(ids))
        .order_by(segments.c.reading_id, segments.c.position)
    )
    for row in rows:
        texts_of = texts[row.reading_id]
        field = texts_of.title if row.field == "title" else texts_of.text
        found[row.reading_id].append(
            Segment(
                position=row.position,
                field=row.field,
                start=row.start,
                end=row.end,
                text=field[row.start : row.end],
            )
        )
    return {
        reading_id: (texts[reading_id].language or UNDETERMINED, tuple(pieces))
        for reading_id, pieces in found.items()
    }


def pages_to_read_again(
    connection: Connection, page_ids: list[int], extractor: str
) -> dict[int, Page]:
    """The newest revisions' pages that only another extractor has read.

    By the id of the page that is to be compared with them.
    """
    own_url = select(pages.c.id.label("item"), urls.c.url_key).join(
        urls, urls.c.id == pages.c.url_id
    )
    item = own_url.where(pages.c.id.in_(page_ids)).subquery()
    statement = (
        select(item.c.item, *page_columns())
        .join(document_urls, document_urls.c.url_key == item.c.url_key)
        .join(documents, documents.c.id == document_urls.c.document_id)
        .join(readings, readings.c.id == documents.c.reading_id)
        .join(pages, pages.c.id == readings.c.page_id)
        .where(readings.c.extractor != extractor, pages.c.id != item.c.item)
    )
    return {row.item: page_of(row) for row in connection.execute(statement)}


def record(
    connection: Connection, extracted: Extracted, *, extractor: str, now: datetime
) -> Recorded:
    """Stores one extraction and says what became of the page.

    The balance's outcome is written for the address's newest page only.
    """
    result = _record(connection, extracted, extractor, now)
    newest = connection.execute(
        select(urls.c.page_id, urls.c.outcome).where(urls.c.id == extracted.page.url_id)
    ).one()
    if newest.page_id == extracted.page.id and not _is_reread(newest, result):
        resolve(connection, extracted.page.url_id, result.outcome, result.reason)
    return result


def _is_reread(newest: Row[Any, Any], result: Recorded) -> bool:
    """Another extractor's look at a page changes no outcome but a rejection's."""
    known: str = newest.outcome
    if known in {"pending", "rejected"}:
        return False
    return known == "duplicate" or result.outcome in {"unchanged", "rejected"}


def _record(
    connection: Connection, extracted: Extracted, extractor: str, now: datetime
) -> Recorded:
    page, extraction = extracted.page, extracted.extraction
    if extraction.rejected:
        return Recorded(outcome="rejected", reason=extraction.rejected)
    own = connection.execute(
        select(revisions.c.document_id, revisions.c.number).where(
            revisions.c.page_id == page.id
        )
    ).one_or_none()
    if own is not None:
        return _read_again(connection, extracted, own, extractor, now)
    key = url_key(page.url)
    known = _known(connection, key)
    if known is not None and known.relation == "first":
        return _compare(connection, extracted, known.document_id, extractor, now)
    if known is not None and not _is_stolen(connection, known, extraction):
        return Recorded(outcome="duplicate")
    if known is not None:
        _give_back(connection, key)
    canonical = _canonical_key(connection, page, extraction)
    if canonical and (other := _known(connection, canonical)):
        if _tells_the_same(connection, other.document_id, extraction):
            _add_url(connection, key, other.document_id, "page")
            return Recorded(outcome="duplicate")
        canonical = ""
    return _first(connection, extracted, key, canonical, extractor, now)


@dataclass(frozen=True)
class _Known:
    document_id: str
    relation: str


def _known(connection: Connection, key: str) -> _Known | None:
    row = connection.execute(
        select(document_urls.c.document_id, document_urls.c.relation).where(
            document_urls.c.url_key == key
        )
    ).one_or_none()
    return _Known(row.document_id, row.relation) if row else None


def _is_stolen(connection: Connection, known: _Known, extraction: Extraction) -> bool:
    """Whether another page claimed this address before it was read (C13)."""
    return known.relation == "canonical" and not _tells_the_same(
        connection, known.document_id, extraction
    )


def _give_back(connection: Connection, key: str) -> None:
    """The address becomes its own page's; who claimed it keeps id and text."""
    connection.execute(delete(document_urls).where(document_urls.c.url_key == key))


def _canonical_key(connection: Connection, page: Page, extraction: Extraction) -> str:
    """The declared canonical's key where it may be believed, or "".

    It lies on the same host, is not the front page, and is no endpoint.
    """
    try:
        canonical = url_key(extraction.canonical_url)
        same_host = host_of(extraction.canonical_url) == host_of(page.url)
    except ValueError:
        return ""
    path = canonical.split("/", 3)[3:]
    if not same_host or path in ([], [""]) or canonical == url_key(page.url):
        return ""
    endpoint = select(urls.c.id).where(
        urls.c.url_key == canonical, urls.c.role == "endpoint"
    )
    return "" if connection.execute(endpoint).first() else canonical


def _tells_the_same(
    connection: Connection, document: str, extraction: Extraction
) -> bool:
    text = connection.scalar(
        select(readings.c.text)
        .join(documents, documents.c.reading_id == readings.c.id)
        .where(documents.c.id == document)
    )
    return containment(text or "", extraction.text) >= SAME_STORY


def _first(
    connection: Connection,
    extracted: Extracted,
    key: str,
    canonical: str,
    extractor: str,
    now: datetime,
) -> Recorded:
    page = extracted.page
    document = _free_id(connection, canonical or key)
    reading_id = _insert_reading(
        connection, page, extracted.extraction, document, 1, extractor, now
    )
    kind = connection.scalar(
        select(sources.c.kind).where(sources.c.name == page.source)
    )
    connection.execute(
        insert(documents).values(
            id=document,
            source=page.source,
            kind=kind,
            url=page.url,
            first_seen_at=page.fetched_at,
            revision=1,
            reading_id=reading_id,
            version=next_version(connection),
        )
    )
    _insert_revision(connection, extracted, document, 1, reading_id)
    _add_url(connection, key, document, "first")
    if canonical:
        _add_url(connection, canonical, document, "canonical")
    _adopt_redirects(connection, key, document)
    return Recorded(outcome="stored", reading_ids=(reading_id,))


def _free_id(connection: Connection, key: str) -> str:
    """The key's id; the next free one where a false canonical had taken it."""
    number = 1
    candidate = document_id(key)
    taken = select(documents.c.id)
    while connection.execute(taken.where(documents.c.id == candidate)).first():
        number += 1
        candidate = document_id(f"{key}#{number}")
    return candidate


def _compare(
    connection: Connection,
    extracted: Extracted,
    document: str,
    extractor: str,
    now: datetime,
) -> Recorded:
    """A later page of the document's own address: a revision, or the same text."""
    page, extraction = extracted.page, extracted.extraction
    again: tuple[int, ...] = ()
    if extracted.earlier is not None:
        again = _replace_reading(
            connection, document, extracted.earlier, extractor, now
        )
    newest = connection.execute(
        select(revisions)
        .where(revisions.c.document_id == document)
        .order_by(revisions.c.number.desc())
        .limit(1)
    ).one()
    if page.fetched_at < newest.created_at:
        # An older capture, imported late.
        return Recorded(outcome="unchanged", reading_ids=again)
    checksum = text_checksum(extraction.title, extraction.text)
    if checksum == newest.text_checksum:
        return Recorded(outcome="unchanged", reading_ids=again)
    number = newest.number + 1
    reading_id = _insert_reading(
        connection, page, extraction, document, number, extractor, now
    )
    _insert_revision(connection, extracted, document, number, reading_id)
    _show(connection, document, reading_id, number)
    return Recorded(outcome="stored", reading_ids=(*again, reading_id))


def _read_again(
    connection: Connection,
    extracted: Extracted,
    own: Row[Any, Any],
    extractor: str,
    now: datetime,
) -> Recorded:
    """Another extractor version on a revision's page: a new reading of it."""
    new = _replace_reading(
        connection,
        own.document_id,
        (extracted.page, extracted.extraction),
        extractor,
        now,
    )
    return Recorded(outcome="stored", reading_ids=new)


def _replace_reading(
    connection: Connection,
    document: str,
    read: tuple[Page, Extraction],
    extractor: str,
    now: datetime,
) -> tuple[int, ...]:
    """A new reading of a revision's page, unless there is one by this extractor."""
    page, extraction = read
    revision = connection.execute(
        select(revisions).where(
            revisions.c.document_id == document, revisions.c.page_id == page.id
        )
    ).one()
    exists = select(readings.c.id).where(
        readings.c.page_id == page.id, readings.c.extractor == extractor
    )
    if extraction.rejected or connection.execute(exists).first():
        return ()
    number = revision.number
    reading_id = _insert_reading(
        connection, page, extraction, document, number, extractor, now
    )
    connection.execute(
        update(revisions)
        .where(revisions.c.document_id == document, revisions.c.number == number)
        .values(
            reading_id=reading_id,
            text_checksum=text_checksum(extraction.title, extraction.text),
        )
    )
    newest = select(func.max(revisions.c.number)).where(
        revisions.c.document_id == document
    )
    if number == connection.scalar(newest):
        _show(connection, document, reading_id, number)
    return (reading_id,)


def _show(
    connection: Connection, document: str, reading_id: int, revision: int
) -> None:
    connection.execute(
        update(documents)
        .where(documents.c.id == document)
        .values(
            reading_id=reading_id, revision=revision, version=next_version(connection)
        )
    )


def _insert_reading(
    connection: Connection,
    page: Page,
    extraction: Extraction,
    document: str,
    revision: int,
    extractor: str,
    now: datetime,
) -> int:
    statement = insert(readings).values(
        page_id=page.id,
        document_id=document,
        revision=revision,
        extractor=extractor,
        title=extraction.title,
        text=extraction.text,
        text_checksum=text_checksum(extraction.title, extraction.text),
        authors=list(extraction.authors),
        published_at=extraction.published_at,
        published_precision=extraction.published_precision,
        published_from=extraction.published_from,
        section=extraction.section,
        canonical_url=extraction.canonical_url,
        declared_language=extraction.declared_language,
        language_alternatives=[],
        created_at=now,
    )
    return int(connection.execute(statement.returning(readings.c.id)).scalar_one())


def _insert_revision(
    connection: Connection,
    extracted: Extracted,
    document: str,
    number: int,
    reading_id: int,
) -> None:
    page, extraction = extracted.page, extracted.extraction
    connection.execute(
        insert(revisions).values(
            document_id=document,
            number=number,
            page_id=page.id,
            reading_id=reading_id,
            text_checksum=text_checksum(extraction.title, extraction.text),
            created_at=page.fetched_at,
        )
    )


def _add_url(connection: Connection, key: str, document: str, relation: str) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(document_urls)
        .values(url_key=key, document_id=document, relation=relation)
        .on_conflict_do_nothing()
    )


def _adopt_redirects(connection: Connection, key: str, document: str) -> None:
    """Addresses that redirected here, also by way of others, lead here too."""
    found, targets = {key}, [key]
    while targets:
        redirecting = select(urls.c.url_key).where(
            urls.c.alias_of_key.in_(targets), urls.c.role == "article"
        )
        targets = [k for k in connection.scalars(redirecting) if k not in found]
        found.update(targets)
        for alias in targets:
            _add_url(connection, alias, document, "redirect")
