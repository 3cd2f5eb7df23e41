"""WARC: the archived records of what was found, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from babelwire.exports.released import Released, Report, batches
from pipeline.archive import read
from pipeline.documents import Page
from pipeline.errors import DamageError

if TYPE_CHECKING:
    from pipeline.store import Database
    from search_index.query import Hit

BATCH = 100
"""Places looked up in the store at once."""


def write_records(
    found: Iterable[Released], file: IO[bytes], *, database: Database, archive: Path
) -> Report:
    """The record behind each document that may leave as a whole.

    It is the page that first showed the revision found, a gzip member of its own with
    its checksums, copied as the archive has it; so the same documents give the same
    bytes again. The archive keeps no requests. A damaged record is left out and listed.

    Args:
        found: Read as far ahead as `BATCH`.
        file: Gets WARC 1.1, compressed by record.
        database: Knows the places.
        archive: Folder of the page archive.
    """
    report = Report(unit="record")
    for hits in batches(report.whole(found), BATCH):
        for reference, page in _load(hits, database):
            try:
                file.write(_record(page, archive))
            except DamageError as error:
                report.problems.append(f"{reference}: {error}")
            else:
                report.documents += 1
                report.parts += 1
    return report


def _record(page: Page | None, archive: Path) -> bytes:
    """The bytes of a page's record.

    Raises:
        DamageError: There is none, or its checksums do not hold.
    """
    if page is None:
        raise DamageError("no longer in the store")
    read(archive, page.place)
    with (archive / page.place.file).open("rb") as file:
        file.seek(page.place.offset)
        return file.read(page.place.length)


def _load(hits: Sequence[Hit], database: Database) -> list[tuple[str, Page | None]]:
    """What was found as `ID@REVISION`, with the page that first showed it."""
    from pipeline.store.documents import load_pages

    wanted = [(hit.id, hit.revision) for hit in hits]
    with database.read() as connection:
        pages = load_pages(connection, wanted)
    return [(f"{key[0]}@{key[1]}", pages.get(key)) for key in wanted]
