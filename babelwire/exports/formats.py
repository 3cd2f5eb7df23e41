"""The formats of an export, by the name a person chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from babelwire.exports.released import Released, Report

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.store import Database


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a file of one format is opened and served.

    Attributes:
        media_type: As IANA or its inventor names it.
        suffix: Of its file's name.
        is_binary: Whether it is bytes, and nothing for a terminal.
    """

    media_type: str
    suffix: str
    is_binary: bool = False


FORMATS = {
    "csv": Format(media_type="text/csv; charset=utf-8", suffix=".csv"),
    "jsonl": Format(media_type="application/jsonl", suffix=".jsonl"),
    "xlsx": Format(
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        suffix=".xlsx",
        is_binary=True,
    ),
    "tmx": Format(media_type="application/x-tmx+xml", suffix=".tmx"),
    "warc": Format(media_type="application/warc", suffix=".warc.gz", is_binary=True),
}
"""In the order in which they are offered."""


def write(
    name: str,
    found: Iterable[Released],
    file: IO[Any],
    *,
    workspace: Workspace,
    database: Database,
) -> Report:
    """Writes documents in a format, one at a time.

    Args:
        name: A key of `FORMATS`.
        found: As `release` gives them.
        file: Opened as the format says.
        workspace: Whose documents these are.
        database: Its store.
    """
    match name:
        case "csv":
            from babelwire.exports.tables import write_csv

            return write_csv(found, file)
        case "xlsx":
            from babelwire.exports.spreadsheet import write_spreadsheet

            return write_spreadsheet(found, file)
        case "tmx":
            from babelwire.exports.segments import write_segments

            target = workspace.config.target
            return write_segments(found, file, database=database, target=target)
        case "warc":
            from babelwire.exports.records import write_records

            archive = workspace.archive
            return write_records(found, file, database=database, archive=archive)
        case _:
            from babelwire.exports.tables import write_json_lines

            return write_json_lines(found, file)
