"""XLSX: a workbook that runs nothing, written row by row in flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import IO, Any

from babelwire.exports.released import Released, Report
from babelwire.exports.tables import COLUMNS, harmless, row_of
from babelwire.rights import excerpt
from pipeline.xml_text import xml_text

CELL = 32_767
"""UTF-16 code units of a cell (Microsoft, "Excel specifications and limits")."""

ROWS = 1_048_576
"""Of a sheet (ibidem)."""

CUT = f"[cut here: a cell holds {CELL:,} characters]"
"""Ends a text that is too long for a cell."""

_WIDTHS = {"title": 40, "translated_title": 40, "text": 60, "translation": 60}
_WIDTH = 16
"""In characters; enough for an id, and for the date of a time."""


def write_spreadsheet(
    found: Iterable[Released], file: IO[bytes], *, rows: int = ROWS
) -> Report:
    """The rows of `write_csv` below a header that stays; text is text, never a formula.

    Args:
        found: Read one at a time.
        file: Need not be seekable; written when all has been read.
        rows: Of a sheet, its header included; more go to a further sheet.
    """
    report = Report()
    with _workbook(file) as book:
        bold = book.add_format({"bold": True})
        sheet = _Sheet(book, bold)
        for row in map(row_of, report.counting(found)):
            if sheet.rows == rows:
                sheet.finish()
                sheet = _Sheet(book, bold)
            sheet.add([row.get(column) for column in COLUMNS])
        sheet.finish()
    return report


def fitting(text: str) -> str:
    """As much of a text as a cell holds; a cut is marked.

    >>> fitting("short")
    'short'
    >>> fitting("a" * 40_000)[-50:]
    'aaaaaa… [cut here: a cell holds 32,767 characters]'
    """
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * CELL:
        return text
    room = CELL - len(f" {CUT}")
    points = len(units[: 2 * room].decode("utf-16-le", "ignore"))
    return f"{excerpt(text, points)} {CUT}"


class _Sheet:
    """One sheet; rows are added in order, and none is kept in memory."""

    def __init__(self, book: Any, bold: Any) -> None:
        self._sheet = book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(COLUMNS):
            self._sheet.set_column(number, number, _WIDTHS.get(column, _WIDTH))
            self._sheet.write_string(0, number, column, bold)
        self.rows = 1

    def add(self, values: Iterable[Any]) -> None:
        """Numbers as numbers, everything else as text."""
        for number, value in enumerate(values):
            if isinstance(value, int):
                self._sheet.write_number(self.rows, number, value)
            elif text := harmless(xml_text(value or "")):
                self._sheet.write_string(self.rows, number, fitting(text))
        self.rows += 1

    def finish(self) -> None:
        """Everything under the header can be filtered."""
        self._sheet.autofilter(0, 0, self.rows - 1, len(COLUMNS) - 1)


@contextmanager
def _workbook(file: IO[bytes]) -> Iterator[Any]:
    """Closed, and thereby written, if nothing went wrong; no file of it stays."""
    # It brings neither types nor stubs.
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.exceptions import (  # type: ignore[import-untyped]
        FileCreateError,
    )

    with TemporaryDirectory(prefix="babelwire-") as folder:
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        book = Workbook(_Destination(file), options)
        yield book
        try:
            book.close()
        except FileCreateError as error:  # what the system said, e.g. a full disk
            raise error.args[0] from None


class _Destination:
    """A file that is let alone after it failed.

    A `ZipFile` that is given up would try to end the archive, and print that it cannot.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._failed = False

    def write(self, data: bytes) -> int:
        """To the file, until it fails."""
        if self._failed:
            return len(data)
        try:
            return self._file.write(data)
        except OSError:
            self._failed = True
            raise

    def flush(self) -> None:
        """Of the file; as with everything below, until it fails."""
        if not self._failed:
            self._file.flush()

    def tell(self) -> int:
        """The place in the file; a pipe has none, which `ZipFile` can do without."""
        return 0 if self._failed else self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves the place in the file."""
        return 0 if self._failed else self._file.seek(offset, whence)
