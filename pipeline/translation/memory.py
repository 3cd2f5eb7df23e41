"""What people wrote as engines: corrections and saved translations.

Both are exact after normalisation; a correction wins over everything else.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.documents import Translated, TranslationRequest
from pipeline.translation.chain import by_pair

_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans(dict.fromkeys("«»“”„‟″〝〞", '"') | dict.fromkeys("‘’‚‛′", "'"))

NAME = "memory"
CORRECTION = "correction"

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


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a person said a segment means.

    Attributes:
        text: The translation.
        author: Who said so, or "".
    """

    text: str
    author: str = ""


class Corrections(Protocol):
    """Where corrections are looked up."""

    def corrected(
        self, source: str, target: str, places: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Correction]:
        """Corrections by segment checksum and document id, for one pair."""
        ...


class CorrectionTranslator:
    """Answers with what people corrected: in this document, or everywhere."""

    name = CORRECTION

    def __init__(self, corrections: Corrections) -> None:
        self._corrections = corrections

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """The correction of each segment that has one."""
        answers = [_NOT_CORRECTED] * len(requests)
        for (source, target), numbers in by_pair(requests).items():
            places = {
                n: (segment_checksum(requests[n].text), requests[n].document)
                for n in numbers
            }
            found = self._corrections.corrected(source, target, set(places.values()))
            for number, place in places.items():
                if place in found:
                    answers[number] = Translated(
                        text=found[place].text,
                        engine=CORRECTION,
                        model=found[place].author,
                    )
        return answers


class MemoryTranslator:
    """Answers from the saved translations, and says so."""

    name = NAME

    def __init__(self, saved: SavedTranslations) -> None:
        self._saved = saved

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """The saved translation of each segment that has one."""
        answers: list[Translated] = [_NOT_SAVED] * len(requests)
        numbers_by_pair = by_pair(requests)
        for source, target in self._saved.known(numbers_by_pair.keys()):
            numbers = numbers_by_pair[source, target]
            sums = {n: segment_checksum(requests[n].text) for n in numbers}
            found = self._saved.look_up(source, target, sorted(set(sums.values())))
            for number, checksum in sums.items():
                if checksum in found:
                    text, origin = found[checksum]
                    answers[number] = Translated(text=text, engine=NAME, model=origin)
        return answers


_NOT_CORRECTED = Translated(text=None, engine=CORRECTION, reason="not_saved")
_NOT_SAVED = Translated(text=None, engine=NAME, reason="not_saved")


def segment_checksum(text: str) -> str:
    """Equal for segments that differ only in spaces, quotes or composition.

    The first 128 bits of the SHA-256 in hex: among a billion segments two differing
    ones are equal with a chance of about 1e-21.
    """
    known = normalise_segment(text).encode("utf-8", "surrogatepass")
    return hashlib.sha256(known).hexdigest()[:32]


def normalise_segment(text: str) -> str:
    """NFC, one kind of quotation mark, single spaces, no blanks around.

    >>> normalise_segment(' «Kazan»  “city” ')
    '"Kazan" "city"'
    """
    text = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return _SPACE.sub(" ", text).strip()
