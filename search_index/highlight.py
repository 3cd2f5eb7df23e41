"""Passages of both sides with the matched words marked, in any script.

Done in Python, the same for every engine, from the surface of the text: a word
is marked when its tokens are among the query's. Offsets count code points of
the passage.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Any

import regex

from pipeline.documents import Side
from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import Analyzer, analyzer_for, primary
from search_index.analysis.analyzer import PLAIN_KEY, UNSPACED_KEY
from search_index.analysis.normalise import is_marked, lower, plain
from search_index.analysis.words import WORD, is_unspaced
from search_index.planning import Interpretation, required_tokens
from search_index.query import Passage, Tree

MAX_PASSAGE = 600
"""Code points; longer sentences are cut around their first marked word."""

BEFORE = 120
"""Code points kept before it then."""

Mark = tuple[int, int, int]
"""Start, end, and a bit for every word of the query that it is."""

_INSIDE = regex.compile(r"[\p{L}\p{M}\p{N}\u00ad\u200d\u2060\ufeff'’ʼ]")
_SENTENCE = regex.compile(r"[^\n.!?。！？؟।]+[.!?。！？؟।]*[\"”»’)\]]*")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A segment's place in its field, and its translation where there is one."""

    field: str
    start: int
    end: int
    translation: str | None


class Highlighter:
    """Marks what one query found; used for every hit of a page."""

    def __init__(self, interpretation: Interpretation) -> None:
        self._asked = interpretation
        self._matchers: dict[tuple[Side, str], _Matcher] = {}

    def passages(self, display: Mapping[str, Any]) -> tuple[Passage, ...]:
        """The best sentence of the original, and the one aligned with it.

        Args:
            display: As `search_index.entry` made it.
        """
        original = self._matcher("original", str(display["language"]))
        translation = self._matcher("translation", self._asked.target)
        if display["translation_status"] == "none_needed":
            original = original.joined(translation)
        cut = list(sentences(display))
        if not cut:
            return ()
        left = _original_marks(display, cut, original)
        right = _translation_marks(cut, translation)
        best = max(
            range(len(cut)),
            key=lambda n: (_words(left[n], right[n]), cut[n].field == "text", -n),
        )
        return tuple(_both_sides(display, cut[best], left[best], right[best]))

    def spans(self, text: str, *, side: Side, language: str) -> list[tuple[int, int]]:
        """Where a text of a side has what the query asks for."""
        return _merged(self._matcher(side, language).marks(text))

    def _matcher(self, side: Side, language: str) -> _Matcher:
        key = side, primary(language)
        if key not in self._matchers:
            self._matchers[key] = _matcher(self._asked, side, primary(language))
        return self._matchers[key]


def sentences(display: Mapping[str, Any]) -> Iterator[Sentence]:
    """A document's segments, or its sentences where it has no segments yet."""
    if display["segments"]:
        for field, start, end, translation in display["segments"]:
            yield Sentence(field=field, start=start, end=end, translation=translation)
        return
    for field in ("title", "text"):
        for match in _SENTENCE.finditer(display[field]):
            start, end = match.span()
            if match[0].strip():
                yield Sentence(field=field, start=start, end=end, translation=None)


class _Matcher:
    """Which surface words a query asks for, in one language of one side.

    Args:
        analyzer: Of the text's language.
        keys: Bits by key (`Analyzer.keys`).
        prefixes: Bits by beginning of a plain token.
        runs: Bits by string to be found in letters without spaces.
        phrases: Bits by plain tokens in a row.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        *,
        keys: Mapping[str, int],
        prefixes: Mapping[str, int],
        runs: Mapping[str, int],
        phrases: Mapping[tuple[str, ...], int],
    ) -> None:
        self._analyzer = analyzer
        self._keys = dict(keys)
        self._prefixes = dict(prefixes)
        self._runs = dict(runs)
        self._phrases = dict(phrases)
        self._wanted = frozenset(keys) | ({UNSPACED_KEY} if runs else frozenset())

    def marks(self, text: str) -> list[Mark]:
        """Every match in a text, in order."""
        found: list[Mark] = []
        bits = self._surfaces(text)
        if bits:
            found += self._word_marks(text, bits)
        if self._phrases:
            found += self._phrase_marks(text)
        return sorted(found)

    def joined(self, other: _Matcher) -> _Matcher:
        """What either of two marks, both of one language."""
        return _Matcher(
            self._analyzer,
            keys={**other._keys, **self._keys},
            prefixes={**other._prefixes, **self._prefixes},
            runs={**other._runs, **self._runs},
            phrases={**other._phrases, **self._phrases},
        )

    def _surfaces(self, text: str) -> dict[str, int]:
        """The different words of a text that are asked for, with their bits.

        Most words are not: they are passed over by one look into the
        analyzer's cache and one set operation.
        """
        keys, wanted = self._analyzer.keys, self._wanted
        words = set(WORD.findall(text))
        matched = {w: 0 for w in words if not wanted.isdisjoint(keys(w))}
        for word in matched:
            for key in keys(word):
                matched[word] |= self._keys.get(key, 0)
        if self._prefixes:
            for word in words:
                bits = self._prefix_bits(word)
                if bits:
                    matched[word] = matched.get(word, 0) | bits
        return matched

    def _prefix_bits(self, word: str) -> int:
        bits = 0
        for token in self._analyzer.plain(word):
            for prefix, bit in self._prefixes.items():
                bits |= bit if token.startswith(prefix) else 0
        return bits

    def _word_marks(self, text: str, bits: Mapping[str, int]) -> Iterator[Mark]:
        pattern = "|".join(map(re.escape, sorted(bits, key=len, reverse=True)))
        for match in re.finditer(pattern, text):
            start, end = match.span()
            whole = WORD.match(text, start)
            if whole is None or whole.end() != end or _is_inside_word(text, start):
                continue
            if is_unspaced(match[0]):
                for first, last, bit in _in_run(match[0], self._runs):
                    yield start + first, start + last, bit
            else:
                yield start, end, bits[match[0]]

    def _phrase_marks(self, text: str) -> Iterator[Mark]:
        tokens: list[str] = []
        places: list[tuple[int, int]] = []
        for match in WORD.finditer(text):
            for token in self._analyzer.plain(match[0]):
                tokens.append(token)
                places.append(match.span())
        for phrase, bit in self._phrases.items():
            for first in range(len(tokens) - len(phrase) + 1):
                if tuple(tokens[first : first + len(phrase)]) == phrase:
                    last = first + len(phrase) - 1
                    yield places[first][0], places[last][1], bit


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    words: tuple[str, ...]
    prefixes: tuple[str, ...]
    phrases: tuple[str, ...]


def _matcher(asked: Interpretation, side: Side, language: str) -> _Matcher:
    wanted = _wanted(asked.of_side(side), asked.names)
    analyzer = analyzer_for(language)
    is_understood = side == "translation" or language in asked.languages
    keys: dict[str, int] = {}
    runs: dict[str, int] = {}
    bits = (1 << place for place in count())
    for word, bit in zip(wanted.words, bits, strict=False):
        for each in WORD.findall(word):
            if is_understood:
                for token in required_tokens(analyzer, each):
                    keys[token] = keys.get(token, 0) | bit
            if is_unspaced(each):
                _add_run(each, bit, runs)
            elif not (is_understood and language == "vi" and is_marked(lower(each))):
                for token in analyzer.plain(each):
                    keys[PLAIN_KEY + token] = keys.get(PLAIN_KEY + token, 0) | bit
    prefixes = {
        token: bit
        for prefix, bit in zip(wanted.prefixes, bits, strict=False)
        for token in analyzer_for("und").fields(prefix).f3[-1:]
    }
    phrases = {
        analyzer_for("und").fields(phrase).f3: bit
        for phrase, bit in zip(wanted.phrases, bits, strict=False)
    }
    return _Matcher(analyzer, keys=keys, prefixes=prefixes, runs=runs, phrases=phrases)


def _add_run(word: str, bit: int, runs: dict[str, int]) -> None:
    """A run of letters without spaces is looked for whole and in its words."""
    run = plain(word)
    runs[run] = runs.get(run, 0) | bit
    for piece in analyzer_for("zh").tokens(word):
        runs.setdefault(piece, bit)


def _in_run(run: str, wanted: Mapping[str, int]) -> Iterator[Mark]:
    """Places of wanted strings in a run of letters without spaces.

    Width and marks may change a run's length: letters are made plain one by
    one, each remembering where it stood.
    """
    letters = [(made, place) for place, c in enumerate(run) for made in plain(c)]
    text = "".join(letter for letter, _ in letters)
    for piece, bit in wanted.items():
        at = text.find(piece)
        while piece and at >= 0:
            first, last = letters[at][1], letters[at + len(piece) - 1][1]
            yield first, last + 1, bit
            at = text.find(piece, at + len(piece))


def _wanted(tree: Tree, names: Mapping[str, Name]) -> _Wanted:
    words: list[str] = []
    prefixes: list[str] = []
    phrases: list[str] = []
    for leaf in _leaves(tree):
        if isinstance(leaf, tree_of.Word):
            words.append(leaf.text)
        elif isinstance(leaf, tree_of.Prefix):
            prefixes.append(leaf.text)
        elif isinstance(leaf, tree_of.Phrase):
            phrases.append(leaf.text)
        elif isinstance(leaf, tree_of.Filter):
            words += leaf.values if leaf.field == "title" else ()
            phrases += _spellings(leaf, names)
    return _Wanted(words=tuple(words), prefixes=tuple(prefixes), phrases=tuple(phrases))


def _spellings(leaf: tree_of.Filter, names: Mapping[str, Name]) -> Iterator[str]:
    for value in leaf.values if leaf.field == "name" else ():
        name = names.get(value.lower())
        for written in name.spellings.values() if name else ():
            yield from written


def _leaves(tree: Tree) -> Iterator[tree_of.Leaf]:
    """What a document gains by; nothing of what is excluded."""
    if isinstance(tree, tree_of.Near):
        yield from (tree.left, tree.right)
    elif isinstance(tree, tree_of.Group):
        yield from _leaves(tree.operand)
    elif isinstance(tree, tree_of.And | tree_of.Or):
        for operand in tree.operands:
            yield from _leaves(operand)
    elif not isinstance(tree, tree_of.Not):
        yield tree


def _original_marks(
    display: Mapping[str, Any], cut: Sequence[Sentence], matcher: _Matcher
) -> list[list[Mark]]:
    """Marks of every sentence, found in the whole fields at once."""
    marks = {field: matcher.marks(display[field]) for field in ("title", "text")}
    return [_within(marks[s.field], s.start, s.end) for s in cut]


def _translation_marks(cut: Sequence[Sentence], matcher: _Matcher) -> list[list[Mark]]:
    texts = [sentence.translation or "" for sentence in cut]
    marks = matcher.marks("\n".join(texts))
    starts = accumulate((len(text) + 1 for text in texts), initial=0)
    return [
        _within(marks, start, start + len(text))
        for start, text in zip(starts, texts, strict=False)
    ]


def _within(marks: list[Mark], start: int, end: int) -> list[Mark]:
    """Marks inside a stretch, counted from its start."""
    first = bisect_left(marks, (start, 0, 0))
    inside: list[Mark] = []
    for left, right, bit in marks[first:]:
        if left >= end:
            break
        if right <= end:
            inside.append((left - start, right - start, bit))
    return inside


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


def _is_inside_word(text: str, place: int) -> bool:
    """Whether a word that begins before `place` goes on there."""
    if place == 0 or not _INSIDE.match(text, place - 1):
        return False
    start = place - 1
    while start > 0 and _INSIDE.match(text, start - 1):
        start -= 1
    return any(
        m.start() < place < m.end() for m in WORD.finditer(text, start, place + 1)
    )


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
