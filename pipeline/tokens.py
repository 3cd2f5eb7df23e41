"""The words of a text in any language, for comparing and counting."""

from __future__ import annotations

import re
from itertools import islice

import regex

from pipeline.plain_text import plain

# Letters with their marks: `\w` would drop the vowel signs of Indic scripts.
# Scripts written without spaces count by the character.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""The inside of a class of `regex`: scripts in which a character counts as a word."""
_TOKEN = regex.compile(
    rf"[{UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+", regex.V1
)
_SPACED_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+")
"""The same, twice as fast, where none of those scripts is."""
_MAY_BE_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\U0010ffff]"
)
"""The blocks in which they lie, and others."""


def tokens(text: str) -> list[str]:
    """Lower-case words; single characters where a script has no spaces.

    How a word happens to be written does not count (`pipeline.plain_text`).

    >>> tokens("Kazan 2024: मेयर, 喀山")
    ['kazan', '2024', 'मेयर', '喀', '山']
    """
    flat = plain(text)
    found: list[str] = _pattern(flat).findall(flat)
    return found


def count_tokens(text: str, enough: int) -> int:
    """How many tokens a text has; counting ends at `enough`.

    >>> count_tokens("Kazan 2024", 120), count_tokens("one two three", 2)
    (2, 2)
    """
    return sum(1 for _ in islice(_pattern(text).finditer(text), enough))


def _pattern(text: str) -> regex.Pattern[str]:
    return _TOKEN if _MAY_BE_UNSPACED.search(text) else _SPACED_TOKEN
