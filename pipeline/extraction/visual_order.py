"""Lines in the order in which they are seen, back in the order they are read in.

A PDF has the glyphs of a line from left to right. This undoes the Unicode bidirectional
algorithm (UAX #9) for what news has: text in one direction, with words and numbers of
the other inside.
"""

from __future__ import annotations

import re
import unicodedata

import regex

_RTL = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
"""Hebrew, Arabic, Syriac, Thaana, N'Ko and their forms, but no digits."""
_RIGHT = re.compile(f"[{_RTL}]")
_RIGHT_SPAN = re.compile(f"[{_RTL}](?:[^A-Za-zÀ-ɏͰ-ԯ]*[{_RTL}])?")
"""In a line that runs to the right: from the first of these letters to the last."""
_LETTER = rf"[\p{{L}}\p{{M}}--[{_RTL}]]"
_CONNECTED = rf"[ .,:/'’&+@_\-–]{{1,3}}(?={_LETTER}|\p{{Nd}})"
_NUMBER = r"\p{Nd}+(?:[.,:/\-–٫٬]\p{Nd}+)*[%٪]?"
_LEFT_RUN = regex.compile(
    rf"{_LETTER}(?:{_LETTER}|\p{{Nd}}|{_CONNECTED})*|{_NUMBER}", regex.V1
)
"""Words to the right with the numbers that follow them, or one number."""
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_FORMS = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]+")
"""Ligatures and the contextual forms of Arabic and Hebrew letters."""


def in_reading_order(line: str) -> str:
    """A line whose characters stand from left to right, as it is read.

    Letters in contextual forms and ligatures become plain ones.

    >>> in_reading_order(".ﺔﻟود 35 (BRICS) ﻦﻣ")
    'من (BRICS) 35 دولة.'
    >>> in_reading_order("Kazan 2024")
    'Kazan 2024'
    """
    if runs_to_the_left(line):
        line = _turned(line)
    elif _RIGHT.search(line):
        line = _RIGHT_SPAN.sub(lambda span: _turned(span[0]), line)
    return _FORMS.sub(lambda m: unicodedata.normalize("NFKC", m[0]), line)


def runs_to_the_left(text: str) -> bool:
    """Whether at least half of its letters are Arabic, Hebrew and the like."""
    found = len(_RIGHT.findall(text))
    return found > 0 and found * 2 >= sum(map(str.isalpha, text))


def _turned(seen: str) -> str:
    """From right to left, but words and numbers of the other direction as they are."""
    pieces: list[str] = []
    at = 0
    for run in _LEFT_RUN.finditer(seen):
        pieces += [seen[at : run.start()][::-1].translate(_MIRRORED), run[0]]
        at = run.end()
    pieces.append(seen[at:][::-1].translate(_MIRRORED))
    return "".join(reversed(pieces))
