"""Tells words that are one slip of the finger apart."""

from __future__ import annotations

from functools import cache


def is_one_edit(one: str, other: str) -> bool:
    """Whether two words differ by one edit: neither equal nor further apart.

    An edit is a letter more, less or another, or two neighbours swapped (Damerau,
    CACM 7(3), 1964).

    >>> is_one_edit("kazan", "kazna"), is_one_edit("kazan", "kazn")
    (True, True)
    >>> is_one_edit("kazan", "kazan"), is_one_edit("kazan", "kanza")
    (False, False)
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if len(left) != len(right):
        longer, shorter = sorted((left, right), key=len, reverse=True)
        return longer[1:] == shorter
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or swapped


def other_beginnings(word: str, length: int) -> set[str]:
    """Words one edit away that do not share the first `length` letters.

    Other letters are those of the same script.
    """
    letters = _letters(ord(word[0]) // 256)
    found = set()
    for place in range(length):
        before, rest = word[:place], word[place:]
        if len(rest) > 1:
            found.add(before + rest[1] + rest[0] + rest[2:])
        if rest:
            found.add(before + rest[1:])
            found.update(before + letter + rest[1:] for letter in letters)
        found.update(before + letter + rest for letter in letters)
    beginning = word[:length]
    return {w for w in found if w and w != word and not w.startswith(beginning)}


@cache
def _letters(block: int) -> str:
    """Small letters of a block of 256 code points: those of one script, mostly."""
    every = map(chr, range(block * 256, (block + 1) * 256))
    return "".join(c for c in every if c.isalpha() and c == c.lower())
