"""The rules of identity: what a page's extraction becomes, one page after the other.

They are DESIGN's: a document's id is given once; only a page of the address that
owns the document makes a revision of it, and only when two pages read by the
*same* extractor differ; every other address that leads to the document is an
alias (`duplicate`). An article that moved keeps its id, and two documents that turn
out to be one go on in the older (`pipeline.store.merges`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.differences import says_the_same
from pipeline.documents import Extraction, Page
from pipeline.fingerprints import containment
from pipeline.store.documents import next_version, next_versions
from pipeline.store.merges import (
    SAME_STORY,
    is_one_publisher,
    is_publishers,
    merge,
    moved_here,
    redirecting_to,
)
from pipeline.store.readings import (
    Extracted,
    Recorded,
    insert_readings,
    reading_row,
    text_checksum,
)
from pipeline.store.revision_changes import note_changes
from pipeline.store.tables import (
    document_urls,
    documents,
    readings,
    revisions,
    sources,
    urls,
)
from pipeline.urls import document_id, host_of, page_key, url_key


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A document that begins with a page.

    Attributes:
        id: Not yet in the store.
        extracted: The page.
        url_key: Of the page's address.
        canonical: The key of its canonical, which leads to it as well, or "".
    """

    id: str
    extracted: Extracted
    url_key: str
    canonical: str


def apply_rules(
    connection: Connection, extracted: Extracted, *, extractor: str, now: datetime
) -> Recorded:
    """Stores one extraction, after all that was stored before it.

    The outcome is not yet in the balance.
    """
    page, extraction = extracted.page, extracted.extraction
    if extraction.rejected:
        return Recorded(outcome="rejected", reason=extraction.rejected)
    own = _document_of(connection, page)
    if own is not None:
        # Another extractor version on a revision's page: a new reading of it.
        new = _replace_reading(connection, own, (page, extraction), extractor, now)
        return Recorded(outcome="stored", reading_ids=new)
    key = page_key(page.url)
    known = _known(connection, key)
    if known is not None and _is_stolen(connection, known, extraction):
        _give_back(connection, key)
        known = None
    if owned := _owned(connection, key, known, extraction, now):
        recorded = _compare(connection, extracted, owned, extractor, now)
        _follow_canonical(connection, owned, extracted, now)
        return recorded
    if known is not None:
        return Recorded(outcome="duplicate")
    canonical = _believed(connection, page, extraction)
    if canonical and (other := _known(connection, canonical)):
        if _tells_the_same(connection, other.document_id, extraction):
            _add_urls(connection, [_url_row(key, other.document_id, "page")])
            return Recorded(outcome="duplicate")
        canonical = ""
    return _first(connection, extracted, key, canonical, extractor, now)


def _owned(
    connection: Connection,
    key: str,
    known: _Known | None,
    extraction: Extraction,
    now: datetime,
) -> str:
    """The document whose own address this is, also since it moved here; or ""."""
    own = known.document_id if known is not None else ""
    moved = [
        document
        for document in moved_here(connection, key)
        if _tells_the_same(connection, document, extraction)
    ]
    if own and not (known is not None and known.relation == "first") and not moved:
        return ""
    if own:
        moved = [d for d in moved if d == own or is_one_publisher(connection, d, own)]
    elif moved:
        moved = [d for d in moved if is_one_publisher(connection, d, moved[0])]
        _add_urls(connection, [_url_row(key, moved[0], "page")])
    if moved:
        return merge(
            connection, {*moved, *([own] if own else [])}, address=key, now=now
        )
    return own


def _follow_canonical(
    connection: Connection, document: str, extracted: Extracted, now: datetime
) -> None:
    """Learns that another address, whose document is known, is this one's, too.

    Both tell the same story, and the other does not itself point somewhere else.
    """
    page, extraction = extracted.page, extracted.extraction
    key = _believed(connection, page, extraction)
    other = _known(connection, key) if key else None
    if other is None or other.document_id == document or other.relation != "first":
        return
    if _points_elsewhere(connection, other.document_id, {key, page_key(page.url)}):
        return
    if _tells_the_same(connection, other.document_id, extraction):
        merge(connection, [document, other.document_id], address=key, now=now)


def _points_elsewhere(
    connection: Connection, document: str, keys: Collection[str]
) -> bool:
    declared = connection.scalar(
        select(readings.c.canonical_url)
        .join(documents, documents.c.reading_id == readings.c.id)
        .where(documents.c.id == document)
    )
    return bool(declared) and _key(declared or "") not in {"", *keys}


def insert_documents(
    connection: Connection,
    new: Sequence[NewDocument],
    *,
    extractor: str,
    now: datetime,
) -> list[Recorded]:
    """Stores documents with their first reading, revision and addresses."""
    if not new:
        return []
    rows = [
        reading_row(
            (document.extracted.page, document.extracted.extraction),
            document=document.id,
            revision=1,
            extractor=extractor,
            now=now,
        )
        for document in new
    ]
    ids = insert_readings(connection, rows)
    connection.execute(insert(documents), _document_rows(connection, new, ids))
    connection.execute(
        insert(revisions),
        [
            _revision_row(row, reading_id, document.extracted.page)
            for row, reading_id, document in zip(rows, ids, new, strict=True)
        ],
    )
    _add_urls(connection, [row for document in new for row in _url_rows(document)])
    return [Recorded(outcome="stored", reading_ids=(number,)) for number in ids]


def _document_rows(
    connection: Connection, new: Sequence[NewDocument], reading_ids: Sequence[int]
) -> list[dict[str, Any]]:
    pages = [document.extracted.page for document in new]
    kinds = select(sources.c.name, sources.c.kind).where(
        sources.c.name.in_({page.source for page in pages})
    )
    kind_by_source = {row.name: row.kind for row in connection.execute(kinds)}
    versions = next_versions(connection, len(new))
    return [
        {
            "id": document.id,
            "source": page.source,
            "kind": kind_by_source.get(page.source),
            "url": _shown_url(document),
            "first_seen_at": page.fetched_at,
            "revision": 1,
            "reading_id": reading_id,
            "version": version,
        }
        for document, page, reading_id, version in zip(
            new, pages, reading_ids, versions, strict=True
        )
    ]


def _shown_url(document: NewDocument) -> str:
    """The page's address as the page itself writes it, without tracking.

    Only a canonical with the same key is the same address; another one, also of
    the same site, may be wrong and is not what was read.
    """
    page = document.extracted.page
    declared = document.extracted.extraction.canonical_url
    try:
        return declared if url_key(declared) == document.url_key else page.url
    except ValueError:
        return page.url


def _url_rows(document: NewDocument) -> list[dict[str, str]]:
    rows = [_url_row(document.url_key, document.id, "first")]
    if document.canonical:
        rows.append(_url_row(document.canonical, document.id, "canonical"))
    return rows


def _document_of(connection: Connection, page: Page) -> str | None:
    """The document that has a revision from this page."""
    # By way of the readings, which have an index on their pages.
    found: str | None = connection.scalar(
        select(revisions.c.document_id)
        .join(readings, readings.c.document_id == revisions.c.document_id)
        .where(
            readings.c.page_id == page.id,
            readings.c.revision == revisions.c.number,
            revisions.c.page_id == page.id,
        )
        .limit(1)
    )
    return found


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


def _believed(connection: Connection, page: Page, extraction: Extraction) -> str:
    """The declared canonical's key where it may be believed, or ""."""
    key = canonical_key(connection, page, extraction)
    return "" if not key or endpoints_among(connection, [key]) else key


def canonical_key(connection: Connection, page: Page, extraction: Extraction) -> str:
    """The declared canonical's key where it is the publisher's own, or "".

    Never a front page, and never the address of another language's edition: that is a
    document of its own (C13).
    """
    canonical, key = _key(extraction.canonical_url), _key(page.url)
    path = canonical.split("/", 3)[3:]
    if path in ([], [""]) or canonical == key or not key:
        return ""
    if canonical in {_key(url) for _, url in extraction.alternates}:
        return ""
    hosts = host_of(page.url), host_of(extraction.canonical_url)
    return canonical if is_publishers(connection, page.source, *hosts) else ""


def _key(url: str) -> str:
    try:
        return url_key(url)
    except ValueError:
        return ""


def endpoints_among(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Those of some URL keys that are an endpoint's: no article's canonical."""
    statement = select(urls.c.url_key).where(
        urls.c.url_key.in_(keys), urls.c.role == "endpoint"
    )
    return frozenset(connection.scalars(statement))


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
    new = NewDocument(
        id=_free_id(connection, canonical or key),
        extracted=extracted,
        url_key=key,
        canonical=canonical,
    )
    (recorded,) = insert_documents(connection, [new], extractor=extractor, now=now)
    _adopt_redirects(connection, key, new.id)
    return recorded


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
    if checksum == newest.text_checksum or _reads_the_same(
        connection, newest.reading_id, extraction
    ):
        return Recorded(outcome="unchanged", reading_ids=again)
    number = newest.number + 1
    row = reading_row(
        (page, extraction),
        document=document,
        revision=number,
        extractor=extractor,
        now=now,
    )
    (reading_id,) = insert_readings(connection, [row])
    connection.execute(insert(revisions), [_revision_row(row, reading_id, page)])
    note_changes(connection, document, number)
    _show(connection, document, reading_id, number)
    return Recorded(outcome="stored", reading_ids=(*again, reading_id))


def _reads_the_same(
    connection: Connection, reading_id: int, extraction: Extraction
) -> bool:
    """Whether a page says what a reading says, but for what its site changes itself."""
    row = connection.execute(
        select(readings.c.title, readings.c.text).where(readings.c.id == reading_id)
    ).one()
    return says_the_same((row.title, row.text), (extraction.title, extraction.text))


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
        readings.c.page_id == page.id,
        readings.c.extractor == (extraction.reader or extractor),
    )
    if extraction.rejected or connection.execute(exists).first():
        return ()
    number = revision.number
    row = reading_row(
        read, document=document, revision=number, extractor=extractor, now=now
    )
    (reading_id,) = insert_readings(connection, [row])
    connection.execute(
        update(revisions)
        .where(revisions.c.document_id == document, revisions.c.number == number)
        .values(
            reading_id=reading_id,
            text_checksum=row["text_checksum"],
        )
    )
    note_changes(connection, document, number)
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


def _revision_row(
    reading: Mapping[str, Any], reading_id: int, page: Page
) -> dict[str, Any]:
    return {
        "document_id": reading["document_id"],
        "number": reading["revision"],
        "page_id": page.id,
        "reading_id": reading_id,
        "text_checksum": reading["text_checksum"],
        "created_at": page.fetched_at,
    }


def _add_urls(connection: Connection, rows: Sequence[Mapping[str, str]]) -> None:
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(document_urls).on_conflict_do_nothing()
        connection.execute(statement, rows)


def _url_row(key: str, document: str, relation: str) -> dict[str, str]:
    return {"url_key": key, "document_id": document, "relation": relation}


def _adopt_redirects(connection: Connection, key: str, document: str) -> None:
    """Addresses that redirected here, also by way of others, lead here too."""
    redirecting = redirecting_to(connection, key)
    _add_urls(
        connection, [_url_row(each, document, "redirect") for each in redirecting]
    )
