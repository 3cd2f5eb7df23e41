"""The numbers, weekdays and months of a text, each with where it stands.

They tell the issues of a series apart: bulletins made from one template say other
numbers *in the same places*. A copy that somebody shortened or prefaced with a date
lacks some places and has others; what it shares with the original agrees.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from pipeline.tokens import tokens

MAX_NUMBERS: Final = 48
"""Kept of one text: the smallest hashes, so that two texts keep the same ones."""

NEIGHBOURS: Final = 2
"""Words before a number, and behind it, that say where it stands."""

_BITS, _MASK = 16, 0xFFFF
"""Of each of the three hashes; two numbers are taken for one once in 65,536 times."""

_NUMBER = re.compile(r"0*(\d*)(?<=\d)")
"""Also with what stands close to it: `480km`, `18th`, `2024년`."""

_HAN_DIGITS = frozenset("〇零一二三四五六七八九十百千万萬亿億")
"""Two or more in a row are a number: one is an article, or part of a word."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the numbers of a text stand to those of another one.

    Attributes:
        total: How many different ones it has.
        anywhere: Those of them that the other has, too.
        in_place: Occurrences where the other says the same in the same place.
        against: Occurrences where the other says something else in the same place.
    """

    total: int
    anywhere: int
    in_place: int
    against: int


def telling_numbers(words: Sequence[str]) -> tuple[int, ...]:
    """Of each number 48 bits, sorted: its value, what precedes it, what follows it.

    Args:
        words: Lower-case words, digits in ASCII; `pipeline.tokens.tokens`.
    """
    spans = dict(_spans(words))
    if not spans:
        return ()
    others, places = _others(words, spans)
    found = set()
    for start, (_, value) in spans.items():
        place = places[start]
        before = " ".join(others[max(0, place - NEIGHBOURS) : place])
        after = " ".join(others[place : place + NEIGHBOURS])
        found.add(
            _hash(value) << 2 * _BITS
            | _hash("<" + before) << _BITS
            | _hash(">" + after)
        )
    return tuple(sorted(found)[:MAX_NUMBERS])


def agreement(own: Sequence[int], other: Sequence[int]) -> Agreement:
    """How the numbers of a text stand to those of another one.

    Args:
        own: As `telling_numbers` gives them.
        other: The other text's.
    """
    own, other = _comparable(own, other)
    places: dict[tuple[str, int], set[int]] = {}
    for number in other:
        for place in _places(number):
            places.setdefault(place, set()).add(_value(number))
    in_place = against = 0
    for number in own:
        there = [places[place] for place in _places(number) if place in places]
        said = any(_value(number) in values for values in there)
        in_place += said
        against += bool(there) and not said
    values = set(map(_value, own))
    return Agreement(
        total=len(values),
        anywhere=len(values & set(map(_value, other))),
        in_place=in_place,
        against=against,
    )


def _comparable(
    own: Sequence[int], other: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """Both only as far as the one reaches that has more than are kept."""
    ends = [n[-1] for n in (own, other) if len(n) >= MAX_NUMBERS]
    if not ends:
        return own, other
    end = min(ends)
    return [n for n in own if n <= end], [n for n in other if n <= end]


def _value(number: int) -> int:
    return number >> 2 * _BITS


def _places(number: int) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("before", number >> _BITS & _MASK), ("after", number & _MASK)


def _spans(words: Sequence[str]) -> Iterator[tuple[int, tuple[int, str]]]:
    """Where each number begins, how many words it has, and its value."""
    calendar = _calendar()
    start = 0
    while start < len(words):
        word = words[start]
        length, value = 1, ""
        if number := _NUMBER.match(word):
            value = number[1] or "0"
        elif word in calendar:
            length, value = _named(words, start, calendar[word])
        if not value and word in _HAN_DIGITS:
            length, value = _han_number(words, start)
        if value:
            yield start, (length, value)
        start += length


def _named(
    words: Sequence[str], start: int, names: Mapping[tuple[str, ...], str]
) -> tuple[int, str]:
    for name, value in names.items():
        if tuple(words[start : start + len(name)]) == name:
            return len(name), value
    return 1, ""


def _han_number(words: Sequence[str], start: int) -> tuple[int, str]:
    end = start
    while end < len(words) and words[end] in _HAN_DIGITS:
        end += 1
    if end - start < 2:
        return 1, ""
    return end - start, "".join(words[start:end])


def _others(
    words: Sequence[str], spans: Mapping[int, tuple[int, str]]
) -> tuple[list[str], dict[int, int]]:
    """The words that are no numbers, and how many of them precede each number."""
    inside = {
        k for start, (length, _) in spans.items() for k in range(start, start + length)
    }
    others: list[str] = []
    places = {}
    for position, word in enumerate(words):
        if position in spans:
            places[position] = len(others)
        if position not in inside:
            others.append(word)
    return others, places


@cache
def names_of_days() -> Mapping[tuple[str, ...], str]:
    """The words of each weekday's and month's name in many languages, and which it is.

    >>> names_of_days()[("thứ", "hai")], names_of_days()[("июня",)]
    ('days 1', 'months 6')
    """
    text = files("pipeline").joinpath("calendar_names.toml").read_text("utf-8")
    return {
        tuple(tokens(name)): f"{kind} {number}"
        for kinds in tomllib.loads(text).values()
        for kind, rows in kinds.items()
        for number, names in enumerate(rows, start=1)
        for name in names
    }


@cache
def _calendar() -> Mapping[str, Mapping[tuple[str, ...], str]]:
    """Those by their first word, the longest first."""
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for name, value in sorted(names_of_days().items(), key=lambda i: -len(i[0])):
        found.setdefault(name[0], {})[name] = value
    return found


@lru_cache(maxsize=65_536)
def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=2)
    return int.from_bytes(digest.digest(), "big")
