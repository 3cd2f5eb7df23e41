"""Rows of tokens in a text: where they stand, and which stand near each other.

The same for what is marked in a passage (`matching.py`) and for what a saved search
matches (`saved_searches.py`). Engines answer alike: `clauses.Sequence`, `clauses.Near`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

Places = Mapping[str, Sequence[int]]
"""Where each token stands, in order."""


def places_of(tokens: Iterable[str]) -> Places:
    """Where each token of a text stands.

    >>> places_of(["a", "b", "a"])
    {'a': [0, 2], 'b': [1]}
    """
    found: dict[str, list[int]] = {}
    for place, token in enumerate(tokens):
        found.setdefault(token, []).append(place)
    return found


def rows_of(row: Sequence[str], places: Places) -> list[int]:
    """Where tokens stand in a row: the places of the first, in order.

    >>> rows_of(("a", "b"), places_of("abaab"))
    [0, 3]
    """
    found = set(places.get(row[0], ()))
    for distance, token in enumerate(row[1:], start=1):
        found &= {place - distance for place in places.get(token, ())}
    return sorted(found)


def near_pairs(
    left: Sequence[str], right: Sequence[str], gap: int, places: Places
) -> Iterator[tuple[int, int]]:
    """Where two rows follow each other, either one first, at most `gap` tokens between.

    Yields:
        The places of the first token of `left` and of `right`.

    >>> list(near_pairs("a", "b", 1, places_of("axbxxa")))
    [(0, 2)]
    """
    lefts, rights = rows_of(left, places), rows_of(right, places)
    yield from _following(lefts, len(left), rights, gap)
    for second, first in _following(rights, len(right), lefts, gap):
        yield first, second


def _following(
    firsts: Sequence[int], length: int, seconds: Sequence[int], gap: int
) -> Iterator[tuple[int, int]]:
    for first in firsts:
        at = bisect_left(seconds, first + length)
        while at < len(seconds) and seconds[at] <= first + length + gap:
            yield first, seconds[at]
            at += 1
