"""Passages of both sides with the matched words marked, in any script.

Whole sentences: the segments of a document, and their translations beside them.
Offsets count code points of the passage.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import regex

from pipeline.documents import Side
from search_index.analysis import primary
from search_index.matching import Mark, Matcher, matcher
from search_index.planning import Interpretation, counts_by_sound
from search_index.query import Passage

MAX_PASSAGE = 600
"""Code points; longer sentences are cut around their first marked word."""

BEFORE = 120
"""Code points kept before it then."""

Marks = dict[int, list[Mark]]
"""Marks by the place of their sentence, counted from its start."""

_SENTENCE = regex.compile(r"[^\n.!?。！？؟।]+[.!?。！？؟।]*[\"”»’)\]]*")


class Sentence(NamedTuple):
    """A segment's place in its field, and its translation where there is one."""

    field: str
    start: int
    end: int
    translation: str | None


class Highlighter:
    """Marks what one query found; used for every hit of a page."""

    def __init__(self, interpretation: Interpretation) -> None:
        self._asked = interpretation
        self._matchers: dict[tuple[Side, str, bool, bool], Matcher] = {}

    def passages(self, display: Mapping[str, Any]) -> tuple[Passage, ...]:
        """The best sentence of the text, and the one aligned with it.

        Where the headline has more of the query's words, it goes before.

        Args:
            display: As `search_index.entry` made it.
        """
        language = str(display["language"])
        is_both = display["translation_status"] == "none_needed"
        original = self._matcher(
            "original",
            language,
            is_both=is_both,
            by_sound=counts_by_sound(self._asked, display["translation_status"]),
        )
        translation = self._matcher("translation", self._asked.target)
        cut = list(sentences(display))
        left = _original_marks(display, cut, original)
        right = _translation_marks(cut, translation)
        return tuple(
            passage
            for place in _best(cut, left, right)
            for passage in _both_sides(
                display, cut[place], left.get(place, ()), right.get(place, ())
            )
        )

    def spans(self, text: str, *, side: Side, language: str) -> list[tuple[int, int]]:
        """Where a text of a side has what the query asks for."""
        return _merged(self._matcher(side, language).marks(text))

    def _matcher(
        self,
        side: Side,
        language: str,
        *,
        is_both: bool = False,
        by_sound: bool = False,
    ) -> Matcher:
        """The matcher of a side; `is_both` where a text is its own translation."""
        key = side, primary(language), is_both, by_sound
        if key not in self._matchers:
            made = matcher(self._asked, side, primary(language), by_sound=by_sound)
            if is_both:
                made = made.joined(self._matcher("translation", self._asked.target))
            self._matchers[key] = made
        return self._matchers[key]


def sentences(display: Mapping[str, Any]) -> Iterator[Sentence]:
    """A document's segments, or its sentences where it has no segments yet."""
    if display["segments"]:
        yield from map(Sentence._make, display["segments"])
        return
    for field in ("title", "text"):
        for match in _SENTENCE.finditer(display[field]):
            start, end = match.span()
            if match[0].strip():
                yield Sentence(field=field, start=start, end=end, translation=None)


def _best(cut: Sequence[Sentence], left: Marks, right: Marks) -> list[int]:
    """Places of the sentences to show: one of the text, a better headline before.

    Where no sentence of the text matches, its first one is shown, with its
    translation if any has one.
    """
    found: dict[str, tuple[int, int]] = {}
    for place in sorted({*left, *right}):
        words = _words(left.get(place, ()), right.get(place, ()))
        field = cut[place].field
        if field not in found or words > found[field][0]:
            found[field] = words, place
    title, text = found.get("title"), found.get("text")
    shown = [] if title is None or (text and text[0] >= title[0]) else [title[1]]
    if text:
        return [*shown, text[1]]
    lines = [n for n, sentence in enumerate(cut) if sentence.field == "text"]
    translated = [n for n in lines if cut[n].translation]
    return [*shown, *(translated or lines)[:1]] or list(range(len(cut)))[:1]


def _original_marks(
    display: Mapping[str, Any], cut: Sequence[Sentence], matcher: Matcher
) -> Marks:
    """Marks of every sentence, found in the whole fields at once."""
    found: Marks = {}
    for field in ("title", "text"):
        marks = matcher.marks(display[field])
        if marks:
            places = [n for n, sentence in enumerate(cut) if sentence.field == field]
            bounds = [(cut[n].start, cut[n].end) for n in places]
            _share_out(marks, places, bounds, found)
    return found


def _translation_marks(cut: Sequence[Sentence], matcher: Matcher) -> Marks:
    texts = [sentence.translation or "" for sentence in cut]
    marks = matcher.marks("\n".join(texts))
    found: Marks = {}
    if marks:
        starts = accumulate((len(text) + 1 for text in texts), initial=0)
        bounds = [
            (start, start + len(text))
            for start, text in zip(starts, texts, strict=False)
        ]
        _share_out(marks, range(len(cut)), bounds, found)
    return found


def _share_out(
    marks: Iterable[Mark],
    places: Sequence[int],
    bounds: Sequence[tuple[int, int]],
    found: Marks,
) -> None:
    """Gives each mark to the sentence it lies in, if it lies in one."""
    starts = [start for start, _ in bounds]
    for left, right, bits in marks:
        at = bisect_right(starts, left) - 1
        if at >= 0 and right <= bounds[at][1]:
            start = starts[at]
            found.setdefault(places[at], []).append((left - start, right - start, bits))


def _both_sides(
    display: Mapping[str, Any],
    sentence: Sentence,
    original: Sequence[Mark],
    translation: Sequence[Mark],
) -> Iterator[Passage]:
    text = str(display[sentence.field])[sentence.start : sentence.end]
    yield _passage("original", sentence.field, text, original)
    if sentence.translation:
        yield _passage("translation", sentence.field, sentence.translation, translation)


def _words(*sides: Iterable[Mark]) -> int:
    """How many words of the query the better of two sides has, then both."""
    counts = []
    for marks in sides:
        bits = 0
        for _, _, bit in marks:
            bits |= bit
        counts.append(bits.bit_count())
    return max(counts) * 1000 + sum(counts)


def _passage(side: Side, field: str, text: str, marks: Sequence[Mark]) -> Passage:
    spans = _merged(marks)
    start, end = _window(text, spans)
    shown = text[start:end]
    inside = [(a - start, b - start) for a, b in spans if a >= start and b <= end]
    lead = len(shown) - len(shown.lstrip())
    shown = shown.strip()
    return Passage(
        side=side,
        field=field,
        text=shown,
        highlights=tuple((a - lead, b - lead) for a, b in inside),
    )


def _window(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if len(text) <= MAX_PASSAGE:
        return 0, len(text)
    start = max(0, (spans[0][0] if spans else 0) - BEFORE)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(text), start + MAX_PASSAGE)
    if end < len(text):
        space = text.rfind(" ", start + 1, end)
        end = space if space > start else end
    return start, end


def _merged(marks: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted((mark[0], mark[1]) for mark in marks):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
