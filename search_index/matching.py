"""Finds what a query asks for in a text of one language.

Done in Python, the same for every engine, from the surface of the text: a word
matches when its tokens are among the query's. Offsets count code points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from pipeline.documents import Side
from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import Analyzer, analyzer_for, primary
from search_index.analysis.analyzer import PLAIN_KEY, UNSPACED_KEY
from search_index.analysis.forms import Pieces
from search_index.analysis.normalise import is_marked, lower, plain
from search_index.analysis.small_words import is_small_word
from search_index.analysis.sounds import sounds_of
from search_index.analysis.words import WORD, is_unspaced
from search_index.planning import Interpretation, required_tokens
from search_index.query import Tree
from search_index.rows import near_pairs, places_of, rows_of

Pair = tuple[tuple[str, ...], tuple[str, ...], int]
"""Two rows of plain tokens, and how many others may stand between them."""

Mark = tuple[int, int, int]
"""Start, end, and a bit for every word of the query that it is."""


class Matcher:
    """Which words of a text a query asks for, in one language of one side.

    Args:
        analyzer: Of the text's language.
        keys: Bits by key (`Analyzer.keys`).
        prefixes: Bits by beginning of a plain token.
        runs: Bits by string to be found in letters without spaces.
        phrases: Bits by plain tokens in a row.
        sounds: Bits by what a name sounds like.
        nears: Bits by two rows of plain tokens and the places between them.
        is_understood: Whether keys may be other than plain tokens.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        *,
        is_understood: bool,
        keys: Mapping[str, int],
        prefixes: Mapping[str, int],
        runs: Mapping[str, int],
        phrases: Mapping[tuple[str, ...], int],
        sounds: Mapping[str, int],
        nears: Mapping[Pair, int],
    ) -> None:
        self._analyzer = analyzer
        self._is_understood = is_understood
        self._forms = analyzer.forms if is_understood else analyzer.plain_forms
        self._keys = dict(keys)
        self._prefixes = dict(prefixes)
        self._runs = dict(runs)
        self._phrases = dict(phrases)
        self._sounds = dict(sounds)
        self._nears = dict(nears)
        self._rows = [*phrases, *(left + right for left, right, _ in nears)]
        self._wanted = (*keys, UNSPACED_KEY) if runs else tuple(keys)
        self._inside: dict[str, tuple[Mark, ...]] = {}

    def marks(self, text: str) -> list[Mark]:
        """Every match in a text, in order."""
        pieces = self._forms.pieces(text)
        # Any piece may begin with a prefix; what does not is remembered as such.
        looks_at_all = self._prefixes or self._sounds
        asked = pieces.found if looks_at_all else pieces.having(self._wanted)
        found = [
            (place + start, place + end, bits)
            for piece in asked
            for start, end, bits in self._inside_of(piece)
            for place in _places(text, piece)
        ]
        if any(self._may_have(row, pieces) for row in self._rows):
            found += self._row_marks(text)
        found.sort()
        return found

    def joined(self, other: Matcher) -> Matcher:
        """What either of two marks, both of one language."""
        return Matcher(
            self._analyzer,
            is_understood=self._is_understood or other._is_understood,
            keys={**other._keys, **self._keys},
            prefixes={**other._prefixes, **self._prefixes},
            runs={**other._runs, **self._runs},
            phrases={**other._phrases, **self._phrases},
            sounds={**other._sounds, **self._sounds},
            nears={**other._nears, **self._nears},
        )

    def _inside_of(self, piece: str) -> tuple[Mark, ...]:
        if piece not in self._inside:
            self._inside[piece] = tuple(self._piece_marks(piece))
        return self._inside[piece]

    def _piece_marks(self, piece: str) -> Iterator[Mark]:
        for match in WORD.finditer(piece):
            start, end = match.span()
            if is_unspaced(match[0]):
                for first, last, bit in _in_run(match[0], self._runs):
                    yield start + first, start + last, bit
            else:
                bits = self._bits(match[0])
                if bits:
                    yield start, end, bits

    def _bits(self, word: str) -> int:
        bits = 0
        for key in self._analyzer.keys(word):
            bits |= self._keys.get(key, 0)
        for key in self._analyzer.sounds(word) if self._sounds else ():
            bits |= self._sounds.get(key, 0)
        if self._prefixes:
            for token in self._analyzer.plain(word):
                for prefix, bit in self._prefixes.items():
                    bits |= bit if token.startswith(prefix) else 0
        return bits

    @staticmethod
    def _may_have(phrase: tuple[str, ...], pieces: Pieces) -> bool:
        """Whether all words of a phrase occur; unspaced letters hide theirs."""
        return bool(pieces.having((UNSPACED_KEY,))) or all(
            pieces.having((PLAIN_KEY + token,)) for token in phrase
        )

    def _row_marks(self, text: str) -> Iterator[Mark]:
        """Marks of tokens in a row, and of two rows near each other."""
        tokens: list[str] = []
        places: list[tuple[int, int]] = []
        for match in WORD.finditer(text):
            for token, start, end in self._tokens_in(match[0]):
                tokens.append(token)
                places.append((match.start() + start, match.start() + end))
        where = places_of(tokens)

        def marked(first: int, row: tuple[str, ...], bit: int) -> Mark:
            return places[first][0], places[first + len(row) - 1][1], bit

        for phrase, bit in self._phrases.items():
            for first in rows_of(phrase, where):
                yield marked(first, phrase, bit)
        for (left, right, gap), bit in self._nears.items():
            for one, other in near_pairs(left, right, gap, where):
                yield marked(one, left, bit)
                yield marked(other, right, bit)

    def _tokens_in(self, word: str) -> Iterator[tuple[str, int, int]]:
        """Plain tokens and their places: of a run of letters, each its own part."""
        tokens = self._analyzer.plain(word)
        if not is_unspaced(word):
            yield from ((token, 0, len(word)) for token in tokens)
            return
        letters, text = _plain_letters(word)
        at = 0
        for token in tokens:
            at = text.find(token, at)
            if at < 0:
                return
            yield token, letters[at], letters[at + len(token) - 1] + 1
            at += len(token)


def matcher(
    asked: Interpretation, side: Side, language: str, *, by_sound: bool = False
) -> Matcher:
    """What a query asks of texts of one language on one side.

    Args:
        asked: The query.
        side: Of the texts.
        language: Of the texts, its primary subtag.
        by_sound: Mark what sounds like the query's names, too.
    """
    wanted = _wanted(asked, side, language)
    is_understood = side == "translation" or language in asked.languages
    words = _Words(
        language, is_understood=is_understood, by_sound=by_sound and not is_understood
    )
    bits = (1 << place for place in count())
    for word, bit in zip(wanted.words, bits, strict=False):
        words.add(word, bit)
    return Matcher(
        words.analyzer,
        is_understood=is_understood,
        keys=words.keys,
        sounds=words.sounds,
        runs=words.runs,
        prefixes={
            token: bit
            for prefix, bit in zip(wanted.prefixes, bits, strict=False)
            for token in _plain_row(prefix)[-1:]
        },
        phrases={
            _plain_row(phrase): bit
            for phrase, bit in zip(wanted.phrases, bits, strict=False)
        },
        nears={
            (
                _plain_row(near.left.text),
                _plain_row(near.right.text),
                near.distance - 1,
            ): bit
            for near, bit in zip(wanted.nears, bits, strict=False)
        },
    )


class _Words:
    """Words of a query by all that tells them in texts of one language."""

    def __init__(self, language: str, *, is_understood: bool, by_sound: bool) -> None:
        self.analyzer = analyzer_for(language)
        self.keys: dict[str, int] = {}
        self.runs: dict[str, int] = {}
        self.sounds: dict[str, int] = {}
        self._is_understood = is_understood
        self._by_sound = by_sound
        self._accents_tell = is_understood and language == "vi"

    def add(self, word: str, bit: int) -> None:
        """Adds a word, which may be several joined by marks."""
        for each in WORD.findall(word):
            if self._is_understood:
                _set_bit(self.keys, required_tokens(self.analyzer, each), bit)
            if is_unspaced(each):
                _add_run(each, bit, self.runs)
            elif not (self._accents_tell and is_marked(lower(each))):
                plain_keys = (PLAIN_KEY + token for token in self.analyzer.plain(each))
                _set_bit(self.keys, plain_keys, bit)
            if self._by_sound:
                _set_bit(self.sounds, sounds_of(each), bit)


def _set_bit(found: dict[str, int], keys: Iterable[str], bit: int) -> None:
    for key in keys:
        found[key] = found.get(key, 0) | bit


def _plain_row(text: str) -> tuple[str, ...]:
    """The plain tokens of a text, in any language."""
    return analyzer_for("und").fields(text).f3


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    words: tuple[str, ...]
    prefixes: tuple[str, ...]
    phrases: tuple[str, ...]
    nears: tuple[tree_of.Near, ...]


def _places(text: str, piece: str) -> Iterator[int]:
    """Where a piece stands between spaces."""
    size, at = len(piece), text.find(piece)
    while at >= 0:
        end = at + size
        begins = at == 0 or text[at - 1].isspace()
        if begins and (end == len(text) or text[end].isspace()):
            yield at
        at = text.find(piece, end)


def _add_run(word: str, bit: int, runs: dict[str, int]) -> None:
    """A run of letters without spaces is looked for whole and in its words."""
    run = plain(word)
    runs[run] = runs.get(run, 0) | bit
    for piece in _without_small(analyzer_for("zh").tokens(word), "zh"):
        runs.setdefault(piece, bit)


def _in_run(run: str, wanted: Mapping[str, int]) -> Iterator[Mark]:
    """Places of wanted strings in a run of letters without spaces."""
    letters, text = _plain_letters(run)
    for piece, bit in wanted.items():
        at = text.find(piece)
        while piece and at >= 0:
            yield letters[at], letters[at + len(piece) - 1] + 1, bit
            at = text.find(piece, at + len(piece))


def _plain_letters(run: str) -> tuple[list[int], str]:
    """Where each plain letter of a run stood, and the plain letters.

    Width and marks may change a run's length: letters are made plain one by one.
    """
    letters = [(made, place) for place, c in enumerate(run) for made in plain(c)]
    return [place for _, place in letters], "".join(made for made, _ in letters)


def _wanted(asked: Interpretation, side: Side, language: str) -> _Wanted:
    words: list[str] = []
    prefixes: list[str] = []
    phrases: list[str] = []
    nears: list[tree_of.Near] = []
    for leaf in _leaves(asked.of_side(side)):
        if isinstance(leaf, tree_of.Word):
            words.append(leaf.text)
        elif isinstance(leaf, tree_of.Prefix):
            prefixes.append(leaf.text)
        elif isinstance(leaf, tree_of.Phrase):
            phrases.append(leaf.text)
        elif isinstance(leaf, tree_of.Near):
            nears.append(leaf)
        elif isinstance(leaf, tree_of.Filter):
            words += _title_words(leaf)
            phrases += _spellings(leaf, asked.names, language)
    is_translated = side == "translation" and asked.translated is not None
    tongue = asked.target if is_translated else asked.languages[0]
    others = bool(prefixes or phrases or nears)
    return _Wanted(
        words=_without_small(words, tongue, others=others),
        prefixes=tuple(prefixes),
        phrases=tuple(phrases),
        nears=tuple(nears),
    )


def _without_small(
    words: Sequence[str], language: str, *, others: bool = False
) -> tuple[str, ...]:
    """Words that say something; all of them where none does and nothing else is."""
    telling = tuple(word for word in words if not _is_small(word, language))
    return telling if telling or others else tuple(words)


def _is_small(text: str, language: str) -> bool:
    return all(is_small_word(word, language) for word in WORD.findall(text))


def _title_words(leaf: tree_of.Filter) -> Iterator[str]:
    for value in leaf.values if leaf.field == "title" else ():
        yield from WORD.findall(value)


def _spellings(
    leaf: tree_of.Filter, names: Mapping[str, Name], language: str
) -> Iterator[str]:
    """How names are spelt; a country only as texts of the language have it."""
    for value in leaf.values if leaf.field == "name" else ():
        if (name := names.get(value.lower())) is None:
            continue
        for tag, written in name.spellings.items():
            if name.type != "country" or primary(tag) == language:
                yield from written


def _leaves(tree: Tree) -> Iterator[tree_of.Leaf]:
    """What a document gains by; nothing of what is excluded."""
    if isinstance(tree, tree_of.Group):
        yield from _leaves(tree.operand)
    elif isinstance(tree, tree_of.And | tree_of.Or):
        for operand in tree.operands:
            yield from _leaves(operand)
    elif not isinstance(tree, tree_of.Not):
        yield tree
