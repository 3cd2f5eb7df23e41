"""Cuts a query into lexemes; every one knows where it stood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import QueryError
from search_index.query import FILTERS, QUOTATIONS

LexemeKind = Literal["(", ")", "-", "or", "near", "phrase", "filter", "word", "end"]

_INSIDE_WORDS = '"”‟'
"""Marks that open a quotation only where a word may begin: צה"ל is one word."""

_FILTER = re.compile(rf"({'|'.join(FILTERS)}):")
_NEAR = re.compile(r"NEAR/(\d{1,9})")


@dataclass(frozen=True, kw_only=True)
class Lexeme:
    """A piece of a query; `text` without quotation marks, `values` of a filter."""

    kind: LexemeKind
    text: str
    position: int
    values: tuple[tuple[str, int], ...] = ()


def lexemes(query: str) -> Iterator[Lexeme]:
    """The pieces of a query, `end` last.

    Raises:
        QueryError: A quotation without an end, a filter without a value.
    """
    place = 0
    while place < len(query):
        if is_space(query[place]):
            place += 1
            continue
        lexeme, place = _next(query, place)
        yield lexeme
    yield Lexeme(kind="end", text="", position=len(query))


def is_space(letter: str) -> bool:
    """White space; control characters count as it."""
    return letter.isspace() or unicodedata.category(letter) == "Cc"


def _next(query: str, place: int) -> tuple[Lexeme, int]:
    letter = query[place]
    if letter in "()":
        kind: LexemeKind = "(" if letter == "(" else ")"
        return Lexeme(kind=kind, text=letter, position=place), place + 1
    if letter in QUOTATIONS:
        text, end = _quotation(query, place)
        return Lexeme(kind="phrase", text=text, position=place), end
    if letter == "-" and _starts_operand(query, place + 1):
        return Lexeme(kind="-", text="-", position=place), place + 1
    match = _FILTER.match(query, place)
    if match is not None:
        return _filter(query, place, match[1])
    return _word(query, place)


def _starts_operand(query: str, place: int) -> bool:
    return (
        place < len(query) and not is_space(query[place]) and query[place] not in "-)"
    )


def _quotation(query: str, place: int) -> tuple[str, int]:
    closers = QUOTATIONS[query[place]]
    end = place + 1
    while end < len(query) and query[end] not in closers:
        end += 1
    if end == len(query):
        raise QueryError(
            f"the quotation that begins with {query[place]} has no end", place
        )
    words = "".join(" " if is_space(c) else c for c in query[place + 1 : end])
    return " ".join(words.split()), end + 1


def _word(query: str, place: int) -> tuple[Lexeme, int]:
    end = place + 1
    while end < len(query) and not _ends_word(query[end]):
        end += 1
    text = query[place:end]
    near = _NEAR.fullmatch(text)
    if text == "OR":
        return Lexeme(kind="or", text=text, position=place), end
    if near is not None:
        return Lexeme(kind="near", text=near[1], position=place), end
    return Lexeme(kind="word", text=text, position=place), end


def _ends_word(letter: str) -> bool:
    opens = letter in QUOTATIONS and letter not in _INSIDE_WORDS
    return is_space(letter) or letter in "()" or opens


def _filter(query: str, place: int, field: str) -> tuple[Lexeme, int]:
    values = []
    end = place + len(field)
    while end == place + len(field) or (end < len(query) and query[end] == ","):
        start = end + 1
        value, end = _filter_value(query, start)
        if not value:
            raise QueryError(
                f"{field}: needs a value right behind it, without a space", start
            )
        values.append((value, start))
    lexeme = Lexeme(kind="filter", text=field, position=place, values=tuple(values))
    return lexeme, end


def _filter_value(query: str, place: int) -> tuple[str, int]:
    if place < len(query) and query[place] in QUOTATIONS:
        return _quotation(query, place)
    end = place
    while end < len(query) and query[end] != "," and not _ends_word(query[end]):
        end += 1
    return query[place:end], end
