"""Lines inside an article's text that are not of it, told by what they say.

Datelines ("KAZAN, June 21 (TASS) — …") stay: they are part of the first paragraph, and
say who reported from where.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pipeline.extraction.blocks import words

Removal = Literal["boilerplate", "read_also", "timestamp", "byline", "improbable"]

MAX_READ_ALSO_WORDS = 40
"""A longer line that begins so is a paragraph; the longest headlines have 30 words."""
HEADING_WORDS = 4
"""A line that leads to others has hardly more than the phrase itself."""
EDGE_LINES = 3
"""Times and bylines stand among the first or last so many lines."""
MAX_STAMP_CHARACTERS = 80
MAX_STAMP_WORDS = 5
"""Besides the numbers: "Published on Friday 21 June", "Обновлено 21 июня"; Chinese and
Japanese write 年月日, each a word here."""

_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)"
)
_CLOCK = re.compile(r"(?<!\d)[0-2]?\d[:.hч][0-5]\d(?::[0-5]\d)?(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMBER = re.compile(r"\d+")


def foreign_lines(
    lines: Sequence[str],
    *,
    boilerplate: Collection[str] = (),
    authors: Collection[str] = (),
    linked: Collection[str] = (),
) -> Iterator[tuple[int, Removal]]:
    """Numbers of the lines that are not of the article, each with the reason.

    Args:
        lines: Of the text, without the headline.
        boilerplate: Lines that the source's pages have in common.
        authors: As the page names them.
        linked: Lines that are links as a whole.
    """
    names = {name.lower() for name in authors}
    leads_on = False
    for number, line in enumerate(lines):
        is_edge = min(number, len(lines) - 1 - number) < EDGE_LINES
        leads_on = leads_on and line in linked
        if line in boilerplate:
            yield number, "boilerplate"
        elif is_read_also(line):
            leads_on = len(words(line)) <= HEADING_WORDS
            yield number, "read_also"
        elif leads_on:
            yield number, "read_also"
        elif is_edge and is_timestamp(line):
            yield number, "timestamp"
        elif is_edge and line.lower() in names:
            yield number, "byline"


def is_read_also(line: str) -> bool:
    """Whether a line leads to another article.

    >>> is_read_also("Читайте также: Мэр назвал"), is_read_also("Read more books!")
    (True, False)
    """
    beginning = line.lstrip(" \t>»*•-–—[(").lower()
    return (
        beginning.startswith(_read_also()) and len(words(line)) <= MAX_READ_ALSO_WORDS
    )


def is_timestamp(line: str) -> bool:
    """Whether a line says nothing but when something was published or changed.

    >>> is_timestamp("Обновлено: 21.06.2024, 10:30"), is_timestamp("Kazan won 25:23")
    (True, False)
    """
    if len(line) > MAX_STAMP_CHARACTERS:
        return False
    has_clock = _CLOCK.search(line) is not None
    if not (_DATE.search(line) or (has_clock and _YEAR.search(line))):
        return False
    rest = _NUMBER.sub(" ", line)
    return len(words(rest)) <= MAX_STAMP_WORDS


@cache
def _read_also() -> tuple[str, ...]:
    text = files("pipeline.extraction").joinpath("lines.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["read_also"])
