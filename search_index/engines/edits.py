"""Tells words that are one slip of the finger apart."""

from __future__ import annotations


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
