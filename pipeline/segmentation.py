"""Splits a reading into sentence-sized segments, losing nothing.

sentencex finds the boundaries, except after the few abbreviations that it does
not know (`abbreviations.toml`); line breaks always end a segment. The offsets of
the segments are exact, so a translation stays aligned with its original.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from pipeline.documents import UNDETERMINED, Segment, SegmentField
from pipeline.languages import primary

SEGMENTER_VERSION = f"sentencex-{version('sentencex')}+3"

OPENING = "([{\"'“‘«„–—-"
"""May stand before an abbreviation without a blank."""

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
    start = 0
    for end in _boundaries(line, language):
        first, last = _trimmed(line, start, end)
        if first < last and end < len(line) and _needs_more(line[first:last], language):
            continue
        if first < last:
            yield offset + first, offset + last
        start = end


def _boundaries(line: str, language: str) -> Iterator[int]:
    """Where sentencex ends sentences; the end of the line is the last one."""
    from sentencex import segment

    at = 0
    for sentence in segment(language, line) if line.strip() else ():
        found = line.find(sentence, at)
        if found < 0:  # the library normalised something: keep the rest whole
            break
        at = found + len(sentence)
        if at < len(line):
            yield at
    yield len(line)


def _needs_more(sentence: str, language: str) -> bool:
    """Whether it ends with an abbreviation that something must follow."""
    known = _abbreviations().get(language)
    if not known:
        return False
    return sentence.split()[-1].lstrip(OPENING) in known


@cache
def _abbreviations() -> Mapping[str, frozenset[str]]:
    path = files("pipeline").joinpath("abbreviations.toml")
    lists = tomllib.loads(path.read_text("utf-8"))
    return {language: frozenset(words) for language, words in lists.items()}


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _base_language(language: str) -> str:
    base = primary(language)
    return DEFAULT_LANGUAGE if base == UNDETERMINED else base
