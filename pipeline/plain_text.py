"""A text without how it happens to be written: for comparing, never for showing.

Texts that differ only in these are equal afterwards: case; Unicode's compatible forms
(ligatures, full width, Arabic presentation forms) and the order of combining marks;
characters that are not seen (joiners, marks of direction, soft hyphens); the vowel
points of Arabic and Hebrew, and the tatweel; ё and е; the Arabic and Persian yeh and
kaf; the digits of all scripts, and how thousands are set apart.
"""

from __future__ import annotations

import re
import unicodedata

import regex

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point (DerivedCoreProperties of Unicode 16, its blocks)."""

_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff]"
)
"""The marks of the Hebrew and Arabic blocks, and the tatweel: written at will."""

_VARIANTS = str.maketrans("ёیىک\u02bc\u02bb", "еييك''")
_ANY_VARIANT = re.compile("[ёیىک\u02bc\u02bb]")
"""Letters that keyboards exchange; two apostrophes that Unicode counts as letters."""

_MARKS = regex.compile(r"\p{M}{2,}")
_OTHER_DIGIT = re.compile(r"[^\W\D0-9]")
_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:[.,'’\u066c\u066b _]\d{3})+(?!\d)", re.ASCII)
_NO_DIGIT = re.compile(r"\D")


def plain(text: str) -> str:
    r"""The text in lower case, without what the module names.

    >>> plain("Ёлка ﬁ \u200b1’998 ١٬٩٩٨ كِتـاب")
    'елка fi 1998 1998 كتاب'
    """
    lower = text.lower() if text.isascii() else _canonical(text)
    return _GROUPED.sub(_ungrouped, lower)


def _canonical(text: str) -> str:
    flat = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    flat = _POINTS.sub("", flat)
    if _ANY_VARIANT.search(flat):
        flat = flat.translate(_VARIANTS)
    # Unicode orders only some marks; people type them in any order (न + ़ + ा).
    flat = _MARKS.sub(_sorted, flat)
    return _OTHER_DIGIT.sub(_ascii_digit, flat)


def _sorted(marks: regex.Match[str]) -> str:
    return "".join(sorted(marks[0]))


def _ascii_digit(digit: re.Match[str]) -> str:
    return str(int(digit[0]))


def _ungrouped(number: re.Match[str]) -> str:
    return _NO_DIGIT.sub("", number[0])
