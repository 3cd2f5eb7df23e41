"""Makes a snapshot: what the index finds, with what the store can prove of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from babelwire import __version__
from babelwire.sampling import Drawn, Sample
from babelwire.snapshots.contract import (
    FilterRecord,
    Head,
    IndexRecord,
    NoticeRecord,
    OriginRecord,
    QueryRecord,
    Record,
    SampleRecord,
    ShareRecord,
    TranslationRecord,
    UnderstoodRecord,
)
from pipeline.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from babelwire.snapshots.asking import View
    from pipeline.documents import Document, Page
    from pipeline.store import Database
    from search_index.query import Notice, SearchRequest

BATCH = 100
"""Documents read from the store at once: some 2 MB with their segments."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A snapshot before it is written.

    Attributes:
        head: Everything but the documents.
        records: The documents, read while they are asked for.
        drawn: The sample that they are, or None.
    """

    head: Head
    records: Iterator[Record]
    drawn: Drawn | None


def freeze(
    view: View,
    database: Database,
    *,
    name: str,
    sample: Sample | None,
    now: datetime,
) -> Frozen:
    """Everything that a view finds, or a sample of it.

    Args:
        view: Must stay open until the records are read.
        database: Has the revisions, their pages and translations.
        name: Of the snapshot.
        sample: None for all full matches.
        now: The time it is made.

    Raises:
        InputError: The query is no text that a file can hold.
    """
    total, notices = view.total_and_notices()
    drawn = view.draw(sample) if sample else None
    head = Head(
        schema=1,
        kind="snapshot",
        name=name,
        program=f"babelwire {__version__}",
        created_at=now.isoformat(),
        query=query_record(view.request),
        understood=_understood(view, notices),
        index=IndexRecord(
            engine=view.engine,
            generation=view.generation.name,
            analysis=view.generation.analysis,
            target=view.generation.target,
        ),
        total=total,
        unit="documents",
        sample=_sample_record(sample, drawn),
    )
    return Frozen(
        head=head, records=_records(view, database, total, drawn), drawn=drawn
    )


def query_record(request: SearchRequest) -> QueryRecord:
    """What was asked, as it is kept.

    Raises:
        InputError: It has what is no character.
    """
    from search_index.parser import parse

    try:
        request.text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the query is no text in UTF-8: {error.reason}") from error
    return QueryRecord(
        text=request.text,
        canonical=str(parse(request.text)),
        filters=tuple(
            FilterRecord(field=one.field, values=one.values) for one in request.filters
        ),
        timezone=request.timezone,
        language=request.query_language,
    )


def request_of(head: Head) -> SearchRequest:
    """The request that a snapshot answers, to ask it again.

    Raises:
        InputError: The snapshot has a filter that is none.
        QueryError: Or one whose value is none.
    """
    from search_index.parser import check_filter
    from search_index.query import FILTERS, Filter, SearchRequest

    query = head.query
    for one in query.filters:
        if one.field not in FILTERS:
            raise InputError(f'snapshot {head.name}: there is no filter "{one.field}"')
    return SearchRequest(
        text=query.text,
        timezone=query.timezone,
        query_language=query.language,
        filters=tuple(
            Filter(
                field=one.field,
                values=tuple(check_filter(one.field, value) for value in one.values),
            )
            for one in query.filters
        ),
    )


def sample_of(head: Head) -> Sample | None:
    """Which sample a snapshot has, to draw it again.

    Raises:
        InputError: It is stratified by what nothing can be stratified by.
    """
    from babelwire.sampling import STRATA

    told = head.sample
    if told is None:
        return None
    unknown = [field for field in told.by if field not in STRATA]
    if unknown:
        raise InputError(
            f'snapshot {head.name}: its sample is stratified by "{unknown[0]}", '
            f"expected {', '.join(STRATA)}"
        )
    return Sample(size=told.size, seed=told.seed, by=told.by)


def _understood(view: View, notices: Sequence[Notice]) -> UnderstoodRecord:
    asked = view.asked
    return UnderstoodRecord(
        languages=asked.languages,
        translated=None if asked.translated is None else str(asked.translated),
        names=tuple(name.id for name in asked.named),
        notices=tuple(NoticeRecord(code=n.code, text=n.text) for n in notices),
    )


def _sample_record(sample: Sample | None, drawn: Drawn | None) -> SampleRecord | None:
    if sample is None or drawn is None:
        return None
    return SampleRecord(
        size=sample.size,
        seed=sample.seed,
        by=sample.by,
        shares=tuple(
            ShareRecord(stratum=s.stratum, documents=s.documents, drawn=s.drawn)
            for s in drawn.shares
        ),
    )


def _records(
    view: View, database: Database, total: int, drawn: Drawn | None
) -> Iterator[Record]:
    chosen = (
        shown for shown in view.matches() if drawn is None or shown["id"] in drawn.ids
    )
    expected = total if drawn is None else len(drawn.ids)
    number = 0
    for batch in _batches(chosen, BATCH):
        yield from _load(batch, database, view.generation.target)
        number += len(batch)
    if number != expected or (drawn and drawn.total != total):
        raise UnavailableError(
            "the index was changed while its answer was frozen; ask again"
        )


def _load(
    batch: Sequence[dict[str, Any]], database: Database, target: str
) -> Iterator[Record]:
    """The documents at the revisions that were found, out of the store."""
    from pipeline.store.documents import load_documents, load_pages, load_revision

    wanted = [(shown["id"], shown["revision"]) for shown in batch]
    with database.read() as connection:
        newest = {d.id: d for d in load_documents(connection, [i for i, _ in wanted])}
        pages = load_pages(connection, wanted)
        found = []
        for key in wanted:
            document = newest.get(key[0])
            if document is not None and document.revision != key[1]:
                document = load_revision(connection, *key)
            found.append((document, pages.get(key)))
    for shown, (document, page) in zip(batch, found, strict=True):
        if document is None or document.deleted or page is None:
            raise UnavailableError(
                f"{shown['id']}@{shown['revision']} is in the index and not in the "
                'store: run "babelwire index", then ask again'
            )
        yield _record(shown, document, page, target)


def _record(
    shown: dict[str, Any], document: Document, page: Page, target: str
) -> Record:
    from pipeline.store.readings import text_checksum

    return Record(
        id=document.id,
        revision=document.revision,
        text_checksum=text_checksum(document.title, document.text),
        page_checksum=page.body_checksum,
        source=document.source,
        published_at=shown["published_at"],
        first_seen_at=shown["first_seen_at"],
        translation=_translation(document, target),
    )


def _translation(document: Document, target: str) -> TranslationRecord:
    from search_index.entry import status_of

    status = status_of(document, target)
    translation = document.translation(target)
    segments = () if translation is None else translation.segments
    if status == "none_needed" or not segments:
        return TranslationRecord(status=status, origins=(), checksum="")
    origins = sorted({(s.engine, s.model, s.version) for s in segments})
    texts = hashlib.sha256()
    for segment in segments:
        texts.update(f"{segment.text}\n".encode("utf-8", "surrogatepass"))
    return TranslationRecord(
        status=status,
        origins=tuple(
            OriginRecord(engine=e, model=m, version=v) for e, m, v in origins
        ),
        checksum=f"sha256:{texts.hexdigest()}",
    )


def _batches(
    found: Iterable[dict[str, Any]], size: int
) -> Iterator[list[dict[str, Any]]]:
    rest = iter(found)
    while batch := list(islice(rest, size)):
        yield batch
