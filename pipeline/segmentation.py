"""Splits a reading into sentence-sized segments, losing nothing.

sentencex finds the boundaries; line breaks always end a segment. The offsets
of the segments are exact, so a translation stays aligned with its original.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from pipeline.documents import UNDETERMINED, Segment, SegmentField

SEGMENTER_VERSION = f"sentencex-{version('sentencex')}+1"

DEFAULT_LANGUAGE = "en"
"""Its rules serve a text whose language is undetermined."""


def segment_reading(title: str, text: str, language: str) -> tuple[Segment, ...]:
    """The segments of a reading: the title first, then the text in order.

    Args:
        title: One segment, however many sentences it has.
        text: Paragraphs joined by line feeds.
        language: BCP 47 tag or `und`.
    """
    spans: list[tuple[SegmentField, int, int]] = []
    if title.strip():
        spans.append(("title", *_trimmed(title, 0, len(title))))
    spans += [("text", start, end) for start, end in sentence_spans(text, language)]
    fields = {"title": title, "text": text}
    return tuple(
        Segment(position=n, field=f, start=start, end=end, text=fields[f][start:end])
        for n, (f, start, end) in enumerate(spans)
    )


def sentence_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, in code points, blanks around it left out."""
    base = _base_language(language)
    start = 0
    for line in text.split("\n"):
        yield from _line_spans(line, start, base)
        start += len(line) + 1


def _line_spans(line: str, offset: int, language: str) -> Iterator[tuple[int, int]]:
    from sentencex import segment

    at = 0
    for sentence in segment(language, line) if line.strip() else ():
        found = line.find(sentence, at)
        if found < 0:  # the library normalised something: keep the rest whole
            break
        start, end = _trimmed(line, found, found + len(sentence))
        if start < end:
            yield offset + start, offset + end
        at = found + len(sentence)
    start, end = _trimmed(line, at, len(line))
    if start < end:
        yield offset + start, offset + end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _base_language(language: str) -> str:
    base = language.split("-")[0].lower()
    return DEFAULT_LANGUAGE if base == UNDETERMINED else base
