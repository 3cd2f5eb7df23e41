"""Passages of both sides with the matched words marked, in any script.

Done in Python, the same for every engine, from the surface of the text: a word
is marked when its tokens are among the query's. Offsets count code points of
the passage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from pipeline.documents import Side
from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import analyzer_for, primary
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
        best: tuple[tuple[int, int, int], Sentence] | None = None
        for place, sentence in enumerate(sentences(display)):
            left = original.marks(_original_text(display, sentence))
            right = translation.marks(sentence.translation or "")
            value = (_words(left, right), sentence.field == "text", -place)
            if best is None or value > best[0]:
                best = value, sentence
        if best is None:
            return ()
        return tuple(self._both_sides(display, best[1], original, translation))

    def spans(self, text: str, *, side: Side, language: str) -> list[tuple[int, int]]:
        """Where a text of a side has what the query asks for."""
        return _merged(self._matcher(side, language).marks(text))

    def _both_sides(
        self,
        display: Mapping[str, Any],
        sentence: Sentence,
        original: _Matcher,
        translation: _Matcher,
    ) -> Iterator[Passage]:
        text = _original_text(display, sentence)
        yield _passage("original", sentence.field, text, original.marks(text))
        if sentence.translation:
            marks = translation.marks(sentence.translation)
            yield _passage("translation", sentence.field, sentence.translation, marks)

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
    """Which surface words a query asks for, in one language of one side."""

    def __init__(
        self,
        tokens: Callable[[str], int],
        runs: Mapping[str, int],
        phrases: Mapping[tuple[str, ...], int],
    ) -> None:
        self._tokens = tokens
        self._runs = runs
        self._phrases = phrases
        self._known: dict[str, int] = {}

    def marks(self, text: str) -> list[Mark]:
        """Every match in a text, in order."""
        found: list[Mark] = []
        spans: list[tuple[int, int]] = []
        for match in WORD.finditer(text):
            word, (start, end) = match[0], match.span()
            bits = self._bits(word)
            if bits < 0:
                found += (
                    (start + first, start + last, bit)
                    for first, last, bit in _in_run(word, self._runs)
                )
            elif bits:
                found.append((start, end, bits))
            spans.append((start, end))
        if self._phrases:
            found += self._phrase_marks(text, spans)
        return sorted(found)

    def joined(self, other: _Matcher) -> _Matcher:
        """What either of two marks."""
        return _Matcher(
            lambda word: self._tokens(word) | other._tokens(word),
            {**other._runs, **self._runs},
            {**other._phrases, **self._phrases},
        )

    def _bits(self, word: str) -> int:
        known = self._known.get(word)
        if known is None:
            known = -1 if is_unspaced(word) else self._tokens(word)
            self._known[word] = known
        return known

    def _phrase_marks(self, text: str, spans: list[tuple[int, int]]) -> Iterator[Mark]:
        analyzer = analyzer_for("und")
        tokens: list[str] = []
        places: list[tuple[int, int]] = []
        for start, end in spans:
            for token in analyzer.plain(text[start:end]):
                tokens.append(token)
                places.append((start, end))
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
    understood = (
        [language] if side == "translation" or language in asked.languages else []
    )
    by_token: dict[str, int] = {}
    by_plain: dict[str, int] = {}
    runs: dict[str, int] = {}
    for place, word in enumerate(wanted.words):
        bit = 1 << place
        for each in WORD.findall(word):
            for tongue in understood:
                for token in required_tokens(analyzer_for(tongue), each):
                    by_token[token] = by_token.get(token, 0) | bit
            if not (understood == ["vi"] and is_marked(lower(each))):
                _add_plain(each, bit, by_plain, runs)
    prefixes = {
        token: 1 << (len(wanted.words) + place)
        for place, prefix in enumerate(wanted.prefixes)
        for token in analyzer_for("und").fields(prefix).f3[-1:]
    }
    phrases = {
        analyzer_for("und").fields(phrase).f3: 1
        << (len(wanted.words) + len(wanted.prefixes) + place)
        for place, phrase in enumerate(wanted.phrases)
    }
    bits = _bits_of(language, by_token, by_plain, prefixes)
    return _Matcher(bits, runs, phrases)


def _add_plain(
    word: str, bit: int, by_plain: dict[str, int], runs: dict[str, int]
) -> None:
    if is_unspaced(word):
        run = plain(word)
        runs[run] = runs.get(run, 0) | bit
        for piece in analyzer_for("zh").tokens(word):
            runs.setdefault(piece, bit)
        return
    tokens = analyzer_for("und").plain(word)
    for token in tokens:
        by_plain[token] = by_plain.get(token, 0) | bit


def _bits_of(
    language: str,
    by_token: Mapping[str, int],
    by_plain: Mapping[str, int],
    prefixes: Mapping[str, int],
) -> Callable[[str], int]:
    analyzer, every = analyzer_for(language), analyzer_for("und")

    def bits(word: str) -> int:
        found = 0
        for token in analyzer.tokens(word):
            found |= by_token.get(token, 0)
        for token in every.plain(word):
            found |= by_plain.get(token, 0)
            for prefix, bit in prefixes.items():
                found |= bit if token.startswith(prefix) else 0
        return found

    return bits


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


def _original_text(display: Mapping[str, Any], sentence: Sentence) -> str:
    return str(display[sentence.field])[sentence.start : sentence.end]


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
