"""Marks segments in another language than their document's: quotations, verses.

A wrong mark costs more than a missed one: the segment would be translated by the
wrong model. So only clear cases are marked, and never a name, a slogan or a sentence
in a close neighbour of the document's language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pipeline.documents import UNDETERMINED, Identifier, Segment
from pipeline.identification.families import are_close
from pipeline.identification.identifiers import is_minor
from pipeline.identification.texts import plain_text
from pipeline.languages import primary

MIN_LETTERS: Final = 30
"""Letters of a quotation in the document's own script …"""
MIN_PLAIN_WORDS: Final = 4
"""… and its words without a capital: names, titles and brands are no quotations."""
MIN_SURE: Final = 0.9
"""Confidence that it is in the other language or a close neighbour of that."""
MIN_OF_FAMILY: Final = 0.6
"""Confidence in the one of these neighbours that it is marked as."""
MAX_OWN: Final = 0.02
"""Confidence that it is in the document's."""

MIN_LETTERS_OF_SCRIPT: Final = 16
"""Letters in another script than the document's, which tells by itself …"""
MIN_PLAIN_WORDS_OF_SCRIPT: Final = 3
MIN_SURE_OF_SCRIPT: Final = 0.6
DENSE: Final = 2
"""A letter of Chinese, Japanese or Korean says as much as two or three others."""
SCRIPT_SHARE: Final = 0.8
"""… where so many letters of the segment are in it."""

_SCRIPTS = re.compile(
    "(?P<Latin>[A-Za-z\u00aa-\u024f\u1e00-\u1eff])|(?P<Cyrillic>[\u0400-\u052f])"
    "|(?P<Arabic>[\u0620-\u077f\u08a0-\u08ff])|(?P<Han>[\u3400-\u9fff\uf900-\ufaff])"
    "|(?P<Kana>[\u3041-\u30ff])|(?P<Hangul>[\uac00-\ud7a3])"
    "|(?P<Greek>[\u0370-\u03ff])|(?P<Hebrew>[\u05d0-\u05ea])"
    "|(?P<Indic>[\u0900-\u0dff])|(?P<Thai>[\u0e01-\u0eff])|(?P<other>[^\\W\\d_])"
)
_CASED = frozenset({"Latin", "Cyrillic", "Greek"})
_ONE_SCRIPT = {"Kana": "Han"}
"""Japanese is written in both."""
_PLAIN_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_EAST_ASIAN = frozenset({"zh", "ja"})
"""A Japanese headline may be all in Chinese characters."""

SAMPLE: Final = 2_000
"""Characters of a document that tell its script."""


def mark_quotations(
    segments: Sequence[Segment], language: str, identifier: Identifier
) -> tuple[Segment, ...]:
    """The segments, each with its language where it is clearly another one.

    Args:
        segments: Of one reading.
        language: The document's; of an undetermined one nothing is marked.
        identifier: Asked for each segment that is long enough.
    """
    if language == UNDETERMINED:
        return tuple(segments)
    sample = " ".join(s.text for s in segments)[:SAMPLE]
    own_script, _ = _script(sample)
    return tuple(
        replace(s, language=_other_language(s.text, language, own_script, identifier))
        for s in segments
    )


def _other_language(
    text: str, language: str, own_script: str, identifier: Identifier
) -> str:
    """The language of a quotation; "" of everything else."""
    text = plain_text(text)
    script, letters = _script(text)
    has_own_script = script in {"", own_script}
    if not _is_long_enough(text, script, letters, has_own_script=has_own_script):
        return ""
    found = identifier.identify(text)
    sure = MIN_SURE if has_own_script else MIN_SURE_OF_SCRIPT
    if found.language == UNDETERMINED or is_minor(found.language):
        return ""
    if _may_be(found.language, language):
        return ""
    ranked = [(found.language, found.confidence), *found.alternatives]
    family = sum(p for tag, p in ranked if _may_be(tag, found.language))
    if family < sure or found.confidence < MIN_OF_FAMILY:
        return ""
    own = sum(p for tag, p in found.alternatives if _may_be(tag, language))
    return "" if own > MAX_OWN else found.language


def _is_long_enough(
    text: str, script: str, letters: int, *, has_own_script: bool
) -> bool:
    needed = MIN_LETTERS if has_own_script else MIN_LETTERS_OF_SCRIPT
    if script in {"Han", "Hangul"}:
        return letters * DENSE >= needed
    words = MIN_PLAIN_WORDS if has_own_script else MIN_PLAIN_WORDS_OF_SCRIPT
    plain = [w for w in _PLAIN_WORD.findall(text) if not w[0].isupper()]
    return letters >= needed and (script not in _CASED or len(plain) >= words)


def _may_be(tag: str, language: str) -> bool:
    """Whether one is the other, or is taken for it."""
    one, other = primary(tag), primary(language)
    return are_close(one, other) or {one, other} <= _EAST_ASIAN


def _script(text: str) -> tuple[str, int]:
    """The script that most letters are in, and how many; "" for a mixture."""
    counts = Counter(
        _ONE_SCRIPT.get(match.lastgroup or "", match.lastgroup or "")
        for match in _SCRIPTS.finditer(text)
    )
    if not counts:
        return "", 0
    (script, most), *_ = counts.most_common(1)
    return (script, most) if most >= SCRIPT_SHARE * counts.total() else ("", most)
