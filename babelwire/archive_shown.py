"""The page archive as `babelwire archive` shows it, and what it finds wrong."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.archive import ArchivedPage, ArchiveProblem
    from pipeline.archive_stock import FileStock
    from pipeline.documents import Page, WarcPlace
    from pipeline.store import Database


@dataclass(kw_only=True)
class Verified:
    """What `verify_archive` found.

    Attributes:
        records: That the store knows.
        damaged: Records that are not what was written, or are not there.
        files: Each file of the archive, by name.
        other_files: In its folder, but no part of it.
    """

    records: int = 0
    damaged: list[ArchiveProblem] = field(default_factory=list)
    files: list[FileStock] = field(default_factory=list)
    other_files: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[ArchiveProblem]:
        """Damage of records, and between them."""
        return self.damaged + [p for file in self.files for p in file.problems]

    @property
    def missing(self) -> list[FileStock]:
        """Files that the store has records in, and that are gone."""
        return [file for file in self.files if file.state == "missing"]

    @property
    def orphans(self) -> int:
        """Whole records that the store does not know."""
        return sum(file.orphans for file in self.files)

    @property
    def is_whole(self) -> bool:
        """Whether everything that the store knows can be read as it was written."""
        return not self.problems and not self.missing


def verify_archive(database: Database, folder: Path) -> Verified:
    """Reads every record that the store knows, and counts what else is there."""
    from pipeline.archive import verify
    from pipeline.archive_stock import other_files, take_stock, unknown_files
    from pipeline.store.archive_places import records_of_file
    from pipeline.store.frontier import archive_files

    with database.read() as connection:
        names = archive_files(connection)
    found = Verified(other_files=other_files(folder))
    for name in names:
        places = (page.place for page in records_of_file(database, name))
        stock = take_stock(folder, name, places)
        found.files.append(stock)
        found.records += stock.records
        if stock.state != "missing":
            pages = records_of_file(database, name)
            expected = ((p.place, p.url, p.body_checksum) for p in pages)
            found.damaged += verify(folder, expected)
    for name in unknown_files(folder, names):
        found.files.append(take_stock(folder, name, ()))
    return found


def verified_json(found: Verified) -> dict[str, Any]:
    """The document of `archive verify --json`."""
    files = [
        {k: v for k, v in asdict(file).items() if k != "problems"}
        for file in found.files
    ]
    return {
        "schema": 1,
        "records": found.records,
        "damaged": [asdict(problem) for problem in found.problems],
        "missing_files": [file.name for file in found.missing],
        "orphans": found.orphans,
        "files": files,
        "other_files": found.other_files,
    }


def find_record(database: Database, what: str, offset: int | None) -> WarcPlace:
    """The place of a record that a person named.

    Args:
        database: The store.
        what: An archive file's name, an address, or a document's id.
        offset: Of the record, with a file's name.

    Raises:
        InputError: There is no such record; says how to name one.
    """
    from babelwire.reading import find_document
    from pipeline.store.archive_places import newest_body
    from pipeline.store.archived import find_place
    from pipeline.store.documents import load_pages, parse_reference

    with database.read() as connection:
        if offset is not None:
            place = find_place(connection, what, offset)
            if place is None:
                raise InputError(f"no archived page in {what} at byte {offset}")
            return place
        if parse_reference(what) is not None:
            document = find_document(connection, what)
            key = (document.id, document.revision)
            return load_pages(connection, [key])[key].place
        try:
            page = newest_body(connection, what)
        except ValueError as error:
            raise InputError(
                f'"{what}" is no address and no document id; for a record name its '
                'file and its offset, as "babelwire archive list" shows them'
            ) from error
    if page is None:
        raise InputError(f"no archived page of {what}")
    return page.place


def page_json(page: Page) -> dict[str, Any]:
    """An entry of `archive list --json`."""
    from pipeline.store.archive_places import answer_kind

    return {
        "fetched_at": page.fetched_at.isoformat(),
        "status": page.status,
        "kind": answer_kind(page.status),
        "source": page.source,
        "url": page.url,
        "content_type": page.content_type,
        "checksum": page.body_checksum,
        **_place_json(page.place),
    }


def record_json(page: ArchivedPage, place: WarcPlace) -> dict[str, Any]:
    """The document of `archive read --json`; a body may be no text."""
    return {
        "schema": 1,
        "url": page.url,
        "fetched_at": page.at.isoformat(),
        "status": page.status,
        "headers": [list(header) for header in page.headers],
        "checksum": page.checksum,
        **_place_json(place),
        "body_base64": base64.b64encode(page.body).decode("ascii"),
    }


def _place_json(place: WarcPlace) -> Mapping[str, Any]:
    return {"file": place.file, "offset": place.offset, "length": place.length}
