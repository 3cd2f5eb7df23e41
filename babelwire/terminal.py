"""What people see: aligned, quiet, safe on any terminal.

Results go to stdout, everything about the work to stderr. Text from pages is
shown with control characters escaped and with right-to-left text isolated, so
that it cannot move, hide or recolour what stands around it (W3).
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_BIDI_CONTROLS = frozenset(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
PLAIN_WIDTH = 120
"""Of tables and passages where the output is no terminal."""

MIN_TEXT_WIDTH = 8
"""Of a table's column of words on a narrow terminal."""

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def safe(text: str) -> str:
    r"""Text of a page, harmless on a terminal.

    Control and bidi-control characters are shown as escapes; text with
    right-to-left letters is isolated (UAX #9, FSI … PDI).

    >>> safe("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    shown = "".join(_visible(c) for c in text)
    if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in shown):
        return f"{_FIRST_STRONG_ISOLATE}{shown}{_POP_ISOLATE}"
    return shown


def one_line(text: str) -> str:
    """`safe`, with line breaks as spaces."""
    return safe(" ".join(text.split()))


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "document"), counted(1200, "document")
    ('1 document', '1,200 documents')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def out() -> Console:
    """For results, on stdout."""
    return _console(stderr=False)


def err() -> Console:
    """For progress, notes and errors, on stderr."""
    return _console(stderr=True)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on stdout."""
    write(json.dumps(document, ensure_ascii=False))


def write(line: str) -> None:
    """One line of a machine-readable result on stdout."""
    sys.stdout.write(line + "\n")


def note(text: str) -> None:
    """Something a person should know; on stderr."""
    from rich.text import Text

    err().print(Text(text, style="yellow"), soft_wrap=True)


def say(text: str) -> None:
    """How the work goes; on stderr."""
    from rich.text import Text

    err().print(Text(text), soft_wrap=True)


def error(text: str) -> None:
    """Why the command failed; one line on stderr."""
    from rich.text import Text

    line = Text("error: ", style="bold red")
    line.append(one_line(text), style="not bold default")
    err().print(line, soft_wrap=True)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | int]],
    *,
    numbers: frozenset[int] = frozenset(),
) -> None:
    """An aligned table on stdout; columns of nothing but zeros are left out.

    Args:
        headings: One per column.
        rows: Cells; already safe to show.
        numbers: Columns to align on the right.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [list(row) for row in rows]
    shown = [n for n in range(len(headings)) if any(line[n] != 0 for line in lines)]
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for number in shown:
        grid.add_column(
            Text(headings[number]),
            justify="right" if number in numbers else "left",
            no_wrap=number in numbers,
            min_width=None if number in numbers else MIN_TEXT_WIDTH,
            overflow="fold",
        )
    for line in lines:
        grid.add_row(*(Text(_cell(line[number])) for number in shown))
    out().print(grid)


def highlighted(text: str, places: Iterable[tuple[int, int]]) -> Text:
    """A passage with its matched words in bold; brackets where there is no colour.

    Args:
        text: Raw, as in a `Passage`.
        places: Offsets into it, in order.
    """
    from rich.text import Text

    plain = not out().is_terminal
    line, at = Text(), 0
    parts: list[tuple[str, str]] = []
    for start, end in places:
        parts.append((text[at:start], ""))
        marked = f"[{text[start:end]}]" if plain else text[start:end]
        parts.append((marked, "bold green"))
        at = end
    parts.append((text[at:], ""))
    isolate = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)
    if isolate:
        line.append(_FIRST_STRONG_ISOLATE)
    for part, style in parts:
        line.append("".join(_visible(c) for c in part.replace("\n", " ")), style=style)
    if isolate:
        line.append(_POP_ISOLATE)
    return line


@cache
def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(
        stderr=stderr, highlight=False, emoji=False, markup=False, width=width
    )


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI_CONTROLS:
        return character.encode("unicode_escape").decode("ascii")
    return character


def _cell(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell
