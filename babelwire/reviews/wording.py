"""Words of a document for a review: a headline, a passage, the first sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from babelwire.rights import excerpt
from pipeline.documents import ORIGINAL, Document, Segment, TranslatedSegment
from pipeline.languages import primary
from pipeline.reviews import Origin, SummaryBy

_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my"})
"""Languages whose sentences follow each other without a space."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """A part of a document, in the original or translated.

    Attributes:
        positions: The segments it is made of; empty where there are none yet.
        origins: What translated those, each once.
    """

    text: str
    language: str
    by: SummaryBy
    positions: tuple[int, ...] = ()
    origins: tuple[Origin, ...] = ()


def translated_headline(document: Document, target: str) -> Words | None:
    """None where it is not translated, or not wholly."""
    title = [s.position for s in document.segments if s.field == "title"]
    return translated_words(document, target, title)


def translated_words(
    document: Document, target: str, positions: Sequence[int]
) -> Words | None:
    """The translation of some segments; None unless all of them have one."""
    known = _translations(document, target)
    if not positions or any(position not in known for position in positions):
        return None
    return _translated([known[position] for position in positions], target)


def original_words(document: Document, positions: Sequence[int]) -> Words | None:
    """Some segments in the original; None where one of them is not there."""
    known = {segment.position: segment for segment in document.segments}
    if not positions or any(position not in known for position in positions):
        return None
    return _original(document, [known[position] for position in positions])


def first_sentences(document: Document, target: str, limit: int) -> Words:
    """How the text begins, in the target language where it is translated so far.

    Whole sentences up to `limit` code points; where the first is longer, as much of it
    as ends with a word.
    """
    segments = [s for s in document.segments if s.field == "text"]
    known = _translations(document, target)
    if segments and segments[0].position in known:
        return _beginning(_translated_run(segments, known), document, target, limit)
    if segments:
        return _beginning([(s.text, s, None) for s in segments], document, "", limit)
    text = excerpt(" ".join(document.text.split()), limit)
    return Words(text=text, language=document.language, by="original")


_Sentence = tuple[str, Segment, TranslatedSegment | None]


def _translated_run(
    segments: Sequence[Segment], known: dict[int, TranslatedSegment]
) -> list[_Sentence]:
    """The segments from the first on that have a translation."""
    run: list[_Sentence] = []
    for segment in segments:
        translated = known.get(segment.position)
        if translated is None:
            break
        run.append((translated.text, segment, translated))
    return run


def _beginning(
    sentences: Sequence[_Sentence], document: Document, target: str, limit: int
) -> Words:
    length = len(sentences[0][0])
    number = 1
    while number < len(sentences):
        length += 1 + len(sentences[number][0])
        if length > limit:
            break
        number += 1
    taken = sentences[:number]
    translated = [t for _, _, t in taken if t is not None]
    words = (
        _translated(translated, target)
        if translated
        else _original(document, [segment for _, segment, _ in taken])
    )
    return replace(words, text=excerpt(words.text, limit))


def _translated(segments: Sequence[TranslatedSegment], target: str) -> Words:
    by_machine = any(segment.by_machine for segment in segments)
    return Words(
        text=_joined((segment.text for segment in segments), target),
        language=target,
        by="machine" if by_machine else "people",
        positions=tuple(segment.position for segment in segments),
        origins=origins_of(segments),
    )


def origins_of(segments: Iterable[TranslatedSegment]) -> tuple[Origin, ...]:
    """What translated them, each once, in order of appearance."""
    return tuple(
        dict.fromkeys(
            Origin(engine=s.engine, model=s.model, version=s.version)
            for s in segments
            if s.engine != ORIGINAL
        )
    )


def _original(document: Document, segments: Sequence[Segment]) -> Words:
    return Words(
        text=_joined((segment.text for segment in segments), document.language),
        language=document.language,
        by="original",
        positions=tuple(segment.position for segment in segments),
    )


def _joined(sentences: Iterable[str], language: str) -> str:
    space = "" if primary(language) in _WITHOUT_SPACES else " "
    return space.join(" ".join(sentence.split()) for sentence in sentences)


def _translations(document: Document, target: str) -> dict[int, TranslatedSegment]:
    """None where the document is in the target language itself."""
    if primary(document.language) == primary(target):
        return {}
    translation = document.translation(target)
    return {s.position: s for s in translation.segments} if translation else {}
