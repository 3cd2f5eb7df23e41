"""Proves a snapshot: whether this workspace still has what was frozen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from babelwire.snapshots.contract import Record
from babelwire.snapshots.files import read_checksums, read_head, read_records
from pipeline.errors import DamageError

if TYPE_CHECKING:
    from pipeline.documents import Document, Revision
    from pipeline.store import Database

BATCH = 100
"""Documents read from the store at once: some 2 MB with their segments."""


def differences(path: Path, database: Database, archive: Path) -> Iterator[str]:
    """Each difference between a snapshot and this workspace, in words, as it is found.

    Translations, the index and the query's answer may change with time and are what
    `snapshot diff` tells; what was published, and the page that shows it, may not.

    Args:
        path: The snapshot.
        database: The workspace's store.
        archive: The page archive.

    Raises:
        InputError: The file is no snapshot of schema 1.
    """
    read_head(path)
    sums = read_checksums(path)
    if not sums.hold:
        yield (
            f"the file itself: its checksum is {sums.told}, its content has "
            f"{sums.content}; it was changed after it was written"
        )
    records = read_records(path)
    while batch := list(islice(records, BATCH)):
        yield from _batch_differences(batch, database, archive)


def _batch_differences(
    batch: Sequence[Record], database: Database, archive: Path
) -> Iterator[str]:
    from pipeline.store.documents import load_documents, load_revisions

    with database.read() as connection:
        ids = [record.id for record in batch]
        newest = {d.id: d for d in load_documents(connection, ids)}
        revisions = {i: load_revisions(connection, i) for i in newest}
    for record in batch:
        known = revisions.get(record.id, [])
        of_number = {revision.number: revision for revision in known}
        here = of_number.get(record.revision)
        document = newest.get(record.id)
        found = (
            [_gone(record, document)]
            if document is None or _is_gone(document) or here is None
            else _document_differences(record, here, archive)
        )
        yield from (f"{record.citation}: {text}" for text in found)


def _is_gone(document: Document) -> bool:
    """A merged document's revisions stay."""
    return document.deleted and not document.merged_into


def _gone(record: Record, document: Document | None) -> str:
    if document is None or _is_gone(document):
        return "the document is gone from this workspace"
    return (
        f"the document has no revision {record.revision} here; its newest is "
        f"{document.revision}"
    )


def _document_differences(
    record: Record, here: Revision, archive: Path
) -> Iterator[str]:
    from pipeline.archive import read
    from pipeline.store.readings import text_checksum

    if record.text_checksum != here.text_checksum:
        yield (
            f"the revision's text differs: {record.text_checksum} in the file, "
            f"{here.text_checksum} here"
        )
    if text_checksum(here.title, here.text) != here.text_checksum:
        yield "the revision's text is not what its own checksum here says"
    try:
        archived = read(archive, here.page.place).checksum
    except DamageError as error:
        yield f"its archived page cannot be read: {error}"
        return
    if archived != record.page_checksum:
        yield (
            f"its archived page differs: {record.page_checksum} in the file, "
            f"{archived} here"
        )
