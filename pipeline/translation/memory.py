"""Saved translations as an engine: exact after normalisation."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from pipeline.documents import Translated, TranslationRequest

_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans(dict.fromkeys("«»“”„‟″〝〞", '"') | dict.fromkeys("‘’‚‛′", "'"))

NAME = "memory"

LanguagePair = tuple[str, str]
"""Source and target language."""


class SavedTranslations(Protocol):
    """Where saved translations are looked up."""

    def known(self, pairs: Collection[LanguagePair]) -> Collection[LanguagePair]:
        """Those of some pairs that have saved translations at all."""
        ...

    def look_up(
        self, source_language: str, target_language: str, checksums: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Translation and origin by checksum of the source segment."""
        ...


class MemoryTranslator:
    """Answers from the saved translations, and says so."""

    name = NAME

    def __init__(self, saved: SavedTranslations) -> None:
        self._saved = saved

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """The saved translation of each segment that has one."""
        answers: list[Translated] = [_NOT_SAVED] * len(requests)
        numbers_by_pair = _by_pair(requests)
        for source, target in self._saved.known(numbers_by_pair.keys()):
            numbers = numbers_by_pair[source, target]
            sums = {n: segment_checksum(requests[n].text) for n in numbers}
            found = self._saved.look_up(source, target, sorted(set(sums.values())))
            for number, checksum in sums.items():
                if checksum in found:
                    text, origin = found[checksum]
                    answers[number] = Translated(text=text, engine=NAME, model=origin)
        return answers


_NOT_SAVED = Translated(text=None, engine=NAME, reason="not_saved")


def segment_checksum(text: str) -> str:
    """Equal for segments that differ only in spaces, quotes or composition."""
    return hashlib.sha256(normalise_segment(text).encode()).hexdigest()


def normalise_segment(text: str) -> str:
    """NFC, one kind of quotation mark, single spaces, no blanks around.

    >>> normalise_segment(' «Kazan»  “city” ')
    '"Kazan" "city"'
    """
    text = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return _SPACE.sub(" ", text).strip()


def _by_pair(
    requests: Iterable[TranslationRequest],
) -> dict[LanguagePair, list[int]]:
    pairs: dict[LanguagePair, list[int]] = {}
    for number, request in enumerate(requests):
        pair = (request.source_language, request.target_language)
        pairs.setdefault(pair, []).append(number)
    return pairs
