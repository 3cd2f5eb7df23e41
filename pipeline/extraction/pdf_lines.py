"""The lines of a PDF's page, in the order in which they are read.

pdfminer.six joins characters to pieces of lines; it takes the wide blanks of justified
text for the gaps between columns. Here pieces on one height make a line, unless a strip
without text parts the page: then one column is read after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.extraction.tree_text import normalise
from pipeline.extraction.visual_order import in_reading_order, runs_to_the_left

if TYPE_CHECKING:
    from pdfminer.layout import LTPage, LTTextLine

BLANK = 0.15
"""Of the size of print: a wider gap between characters is a blank."""
GUTTER = 0.8
"""Of the size of print: a strip between columns is at least so wide."""
MIN_GUTTER_LINES = 4
"""With text on both sides of a strip."""
MAX_CROSSING = 0.15
"""Of the lines at a strip may cross it: headlines above columns."""

_UNREADABLE = re.compile(r"\(cid:\d+\)")
"""What pdfminer.six writes for a glyph whose character the file does not tell."""


@dataclass(frozen=True, kw_only=True)
class PdfLine:
    """A line; measures in points, `top` and `bottom` from the page's upper edge."""

    page: int
    text: str
    left: float
    top: float
    bottom: float
    size: float


@dataclass(frozen=True, kw_only=True)
class PdfPage:
    """A page.

    Attributes:
        lines: In the order in which they are read.
        unreadable: Glyphs of which the file does not tell the character.
        has_pictures: Whether it shows any.
    """

    lines: tuple[PdfLine, ...]
    unreadable: int = 0
    has_pictures: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    left: float
    right: float
    top: float
    bottom: float
    seen: str


def page_of(number: int, layout: LTPage) -> PdfPage:
    """A page of pdfminer.six's layout."""
    pieces: list[_Piece] = []
    unreadable = 0
    for line in _text_lines(layout):
        seen = _seen(line)
        unreadable += len(_UNREADABLE.findall(seen))
        seen = _UNREADABLE.sub("", seen).strip()
        if seen:
            top, bottom = layout.y1 - line.y1, layout.y1 - line.y0
            pieces.append(_Piece(line.x0, line.x1, top, bottom, seen))
    lines = (_line(number, row) for row in _rows_in_order(pieces))
    return PdfPage(
        lines=tuple(line for line in lines if line.text),
        unreadable=unreadable,
        has_pictures=any(_pictures(layout)),
    )


def _text_lines(layout: Iterable[Any]) -> Iterator[LTTextLine]:
    from pdfminer.layout import LTTextContainer, LTTextLine

    for box in layout:
        if isinstance(box, LTTextLine):
            yield box
        elif isinstance(box, LTTextContainer):
            yield from (line for line in box if isinstance(line, LTTextLine))


def _pictures(layout: Iterable[Any]) -> Iterator[bool]:
    from pdfminer.layout import LTFigure, LTImage

    for item in layout:
        if isinstance(item, LTImage):
            yield True
        elif isinstance(item, LTFigure):
            yield from _pictures(item)


def _seen(line: LTTextLine) -> str:
    """The piece's characters from left to right.

    Most programs write them so; where one wrote from right to left, they are sorted,
    and blanks come from the gaps.
    """
    from pdfminer.layout import LTChar

    characters = [c for c in line if isinstance(c, LTChar)]
    backwards = sum(b.x0 < a.x0 - 0.1 for a, b in pairwise(characters))
    if backwards * 2 < len(characters):
        return str(line.get_text()).replace("\n", " ")
    characters.sort(key=lambda c: c.x0)
    parts = [c.get_text() for c in characters[:1]]
    for before, c in pairwise(characters):
        blank = " " if c.x0 - before.x1 > BLANK * c.size else ""
        parts.append(blank + c.get_text())
    return "".join(parts)


def _line(number: int, row: Sequence[_Piece]) -> PdfLine:
    seen = " ".join(piece.seen for piece in row)
    return PdfLine(
        page=number,
        text=normalise(in_reading_order(seen)).replace("\n", " "),
        left=row[0].left,
        top=min(piece.top for piece in row),
        bottom=max(piece.bottom for piece in row),
        size=max(piece.bottom - piece.top for piece in row),
    )


def _rows_in_order(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Pieces on one height, from left to right; columns one after the other."""
    rows = _rows(pieces)
    at = _gutter(rows)
    if at is None:
        return rows
    found: list[list[_Piece]] = []
    columns: tuple[list[_Piece], list[_Piece]] = ([], [])
    for row in rows:
        if any(piece.left < at < piece.right for piece in row):
            found += _columns(columns)
            columns = ([], [])
            found.append(row)
        else:
            for piece in row:
                columns[piece.left > at].append(piece)
    return found + _columns(columns)


def _columns(columns: tuple[list[_Piece], list[_Piece]]) -> list[list[_Piece]]:
    left, right = (_rows_in_order(column) for column in columns)
    text = "".join(piece.seen for column in columns for piece in column)
    return right + left if runs_to_the_left(text) else left + right


def _rows(pieces: Iterable[_Piece]) -> list[list[_Piece]]:
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.top + p.bottom) / 2):
        middle = (piece.top + piece.bottom) / 2
        if rows and middle < rows[-1][0].bottom and piece.bottom > rows[-1][0].top:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda p: p.left)
    return rows


def _gutter(rows: Sequence[Sequence[_Piece]]) -> float | None:
    """The middle of the widest strip that parts enough lines; None without one."""
    parted = [row for row in rows if len(row) > 1]
    if len(parted) < MIN_GUTTER_LINES:
        return None
    gaps = sorted(
        (b.left - a.right, (a.right + b.left) / 2)
        for row in parted
        for a, b in pairwise(row)
        if b.left - a.right >= GUTTER * (a.bottom - a.top)
    )
    for _, at in reversed(gaps[-50:]):
        around = sum(row[0].left < at < row[-1].right for row in rows)
        crossing = sum(p.left < at < p.right for row in rows for p in row)
        if around - crossing >= MIN_GUTTER_LINES and crossing <= MAX_CROSSING * around:
            return at
    return None
