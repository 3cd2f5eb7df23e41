"""TMX of aligned segments: the originals beside their translations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from babelwire.exports.released import Released, Report, batches
from babelwire.reading import aligned
from pipeline.documents import ORIGINAL, Document
from pipeline.translation.tmx import SavedTranslation, write_tmx

if TYPE_CHECKING:
    from pipeline.store import Database
    from search_index.query import Hit

BATCH = 100
"""Documents read from the store at once: some 2 MB with their segments."""


def write_segments(
    found: Iterable[Released], file: IO[str], *, database: Database, target: str
) -> Report:
    """The segment pairs of what may leave as a whole, each document as it was found.

    Args:
        found: Read as far ahead as `BATCH`.
        file: Gets TMX 1.4b.
        database: Has the segments.
        target: BCP 47 tag of the translations.
    """
    report = Report(unit="segment")
    documents = (
        document
        for hits in batches(report.whole(found), BATCH)
        for document in _load(hits, database)
    )
    report.parts = write_tmx(_all_pairs(documents, target, report), file)
    return report


def _all_pairs(
    documents: Iterable[Document], target: str, report: Report
) -> Iterator[SavedTranslation]:
    for document in documents:
        pairs = _pairs(document, target)
        report.documents += bool(pairs)
        report.untranslated += not pairs
        yield from pairs


def _pairs(document: Document, target: str) -> list[SavedTranslation]:
    return [
        SavedTranslation(
            source_language=segment.language or document.language,
            target_language=target,
            source_text=segment.text,
            target_text=translated.text,
            origin=document.id,
        )
        for segment, translated in aligned(document, target)
        if translated is not None and translated.text and translated.engine != ORIGINAL
    ]


def _load(hits: Sequence[Hit], database: Database) -> list[Document]:
    """At the revisions that were found; the store may know newer ones."""
    from pipeline.store.documents import load_documents, load_revision

    with database.read() as connection:
        newest = {d.id: d for d in load_documents(connection, [h.id for h in hits])}
        found = [
            newest[hit.id]
            if hit.id in newest and newest[hit.id].revision == hit.revision
            else load_revision(connection, hit.id, hit.revision)
            for hit in hits
        ]
    return [document for document in found if document is not None]
