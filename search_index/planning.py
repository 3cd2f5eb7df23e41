"""Compiles a query tree into what engines are asked (`search_index/clauses.py`).

*Where a word occurs.* The first field of the originals (`original_f1`) holds
tokens made by each document's own recipe, so a token of the query's recipe
means something only in documents of that language: English `run` (from
*running*) is a syllable of Vietnamese. There it must hold together with the
language. Besides, every word is looked for as it is written (folded, unstemmed,
`f3`) in originals of every language: that is how `BRICS` finds Vietnamese,
Turkish and Russian pages. Translations are all in one language and need neither.

*A full match* has every word in one side. *A partial match* has all that is
never relaxed (filters, `-`, quotations, parentheses); where that asks for no
word, it has at least one of the words.

*The score* is the best of translation and original plus .3 of the other, each
the sum of words and grams by the weights of its recipe: measured on FLORES and
XQuAD, where reciprocal-rank fusion was worse (tests/quality/test_ranking.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.documents import Side, TranslationStatus
from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import Analyzer, analyzer_for
from search_index.analysis.normalise import is_marked, lower
from search_index.analysis.small_words import is_small_word
from search_index.analysis.sounds import sounds_of
from search_index.analysis.words import WORD
from search_index.clauses import (
    SOUND_FIELD,
    AnyOf,
    Beginning,
    Best,
    Clause,
    Everything,
    Near,
    Nothing,
    Plan,
    Term,
    Terms,
    Weighted,
    Without,
    all_of,
    any_of,
    sequence,
)
from search_index.filters import filter_clause
from search_index.query import Tree

Leg = tuple[Clause | None, Clause | None]
"""Scores of words, and of grams, by one recipe."""

TIE = 0.3
"""Of the worse side (measured on FLORES: R@10 of half sentences .973–.989)."""


UNTRANSLATED = ("waiting", "partial", "failed")
"""How a translation stands that leaves part of a document unsearched."""

SOUND_WEIGHT = 0.25
"""As much as a gram: what is written alike goes before what sounds alike."""


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """A query as it is understood.

    Attributes:
        tree: As typed; for the originals, and for the translations too where
            `translated` is None.
        translated: The same in the target language.
        languages: What the words may be in, best first.
        target: Language of the translations.
        zone: Days are this zone's.
        now: For `today` and the like.
        names: What `name:` may name.
        like: Id of the document whose words these are, or "".
        named: Names in the words that are looked for in their other spellings, too.
    """

    tree: Tree
    translated: Tree | None = None
    languages: tuple[str, ...]
    target: str
    zone: ZoneInfo
    now: datetime
    names: Mapping[str, Name] = field(default_factory=dict)
    like: str = ""
    named: tuple[Name, ...] = ()

    @property
    def is_untranslated(self) -> bool:
        """Whether it is in another language than the translations, and stayed so."""
        return self.translated is None and self.languages[0] != self.target

    def of_side(self, side: Side) -> Tree:
        """The tree that a side is searched with."""
        if side == "translation" and self.translated is not None:
            return self.translated
        return self.tree


def plan(interpretation: Interpretation) -> Plan:
    """What full and partial matches fulfil, and how they score."""
    compiler = _Compiler(interpretation)
    full = compiler.full()
    return Plan(full=full, partial=compiler.partial(full), score=compiler.score())


def score_sides(interpretation: Interpretation) -> dict[Side, Clause]:
    """What each side adds to a score; the better one counts in full."""
    compiler = _Compiler(interpretation)
    sides: dict[Side, Clause | None] = {
        "original": compiler.original_score(),
        "translation": compiler.translation_score(),
    }
    return {side: clause for side, clause in sides.items() if clause is not None}


def words_of(tree: Tree) -> Iterator[tree_of.Word]:
    """The words that an interactive page may relax."""
    for operand in _top(tree):
        if isinstance(operand, tree_of.Word):
            yield operand


def scored_text(tree: Tree) -> Iterator[str]:
    """The text of everything a document gains by, in order."""
    if isinstance(tree, tree_of.Word | tree_of.Phrase | tree_of.Prefix):
        yield tree.text
    elif isinstance(tree, tree_of.Near):
        yield from (tree.left.text, tree.right.text)
    elif isinstance(tree, tree_of.Group):
        yield from scored_text(tree.operand)
    elif isinstance(tree, tree_of.And | tree_of.Or):
        for operand in tree.operands:
            yield from scored_text(operand)
    elif isinstance(tree, tree_of.Filter) and tree.field == "title":
        yield from tree.values


def counts_by_sound(asked: Interpretation, status: TranslationStatus) -> bool:
    """Whether a document counts for names that only sound like the query's.

    Args:
        asked: The query.
        status: How the document's translation stands.
    """
    return asked.is_untranslated or status in UNTRANSLATED


def _top(tree: Tree) -> tuple[Tree, ...]:
    return tree.operands if isinstance(tree, tree_of.And) else (tree,)


def required_tokens(analyzer: Analyzer, word: str) -> tuple[str, ...]:
    """The first-field tokens that say a word occurs in a text of its language.

    A Vietnamese syllable typed with accents must occur with them; without, in
    any accents.
    """
    tokens = analyzer.tokens(word)
    if analyzer.recipe.words != "syllables":
        return tokens
    return tokens[:1] if is_marked(lower(word)) else tokens[1:]


class _Compiler:
    def __init__(self, interpretation: Interpretation) -> None:
        self._asked = interpretation
        self._languages = {
            "original": interpretation.languages,
            "translation": (interpretation.target,),
        }
        self._make: dict[type, Callable[[Any, Side], Clause]] = {
            tree_of.Word: self._word,
            tree_of.Phrase: self._phrase,
            tree_of.Prefix: self._prefix,
            tree_of.Near: self._near,
            tree_of.Filter: self._filter,
            tree_of.Everything: lambda _node, _side: Everything(),
            tree_of.Group: lambda node, side: self._on(node.operand, side),
            tree_of.Not: lambda node, _side: Without(
                clause=self._anywhere(node.operand)
            ),
            tree_of.And: lambda node, side: all_of(
                *(self._on(operand, side) for operand in node.operands)
            ),
            tree_of.Or: lambda node, side: any_of(
                *(self._on(operand, side) for operand in node.operands)
            ),
        }

    def full(self) -> Clause:
        """Every part on one side; what holds of the whole document only once."""
        sides: list[list[Clause]] = [
            [self._on(part, side) for part in _top(self._asked.of_side(side))]
            for side in ("original", "translation")
        ]
        common = [clause for clause in sides[0] if clause in sides[1]]
        own = [all_of(*(c for c in side if c not in common)) for side in sides]
        return all_of(*common, any_of(*own))

    def partial(self, full: Clause) -> Clause | None:
        """Every part that is never relaxed, and any of the words."""
        sides: tuple[Side, Side] = ("original", "translation")
        touched = [
            clause
            for side in sides
            for word in words_of(self._asked.of_side(side))
            for clause in self._touching(word, side)
        ]
        parts = [
            part
            for part in _top(self._asked.tree)
            if not isinstance(part, tree_of.Word)
        ]
        strict = all_of(*(self._anywhere(part) for part in parts))
        touched += _present(self._sounding())
        has_words = any(any(scored_text(part)) for part in parts)
        clause = strict if has_words else all_of(strict, any_of(*touched))
        return None if not touched or clause == full else clause

    def score(self) -> Clause | None:
        """The best side, with a share of the other."""
        sides = [*_present(self.translation_score()), *_present(self.original_score())]
        if not sides:
            return None
        best = sides[0] if len(sides) == 1 else Best(clauses=tuple(sides), tie=TIE)
        return any_of(best, *_present(self._sounding()))

    def _sounding(self) -> Clause | None:
        """Documents of other languages with words that sound like the query's names.

        Only what is not translated yet: elsewhere the translation spells the name; but
        all of them where nothing translated the query. They are partial matches at
        best: a key is that of some other words, too. Small words have none, and a
        quotation is meant as it is written.
        """
        language = self._asked.languages[0]
        keys = [
            key
            for word in words_of(self._asked.tree)
            for each in WORD.findall(word.text)
            if not is_small_word(each, language)
            for key in sounds_of(each)
        ]
        sounding = _weighted(SOUND_FIELD, list(dict.fromkeys(keys)), SOUND_WEIGHT)
        if sounding is None:
            return None
        known = Terms(field="languages", tokens=self._asked.languages)
        unseen: Clause = Terms(field="translation_status", tokens=UNTRANSLATED)
        if self._asked.is_untranslated:
            unseen = Everything()
        # What only narrows must not score, and each engine would score it its own way.
        return all_of(
            sounding, Weighted(clause=unseen, weight=0.0), Without(clause=known)
        )

    def translation_score(self) -> Clause | None:
        """Words and grams in the target language."""
        return _sum(*self._leg("translation", self._asked.target))

    def original_score(self) -> Clause | None:
        """The best reading of the words; grams that readings share count once.

        max(a + g, b + g) = max(a, b) + g, with fewer terms to look up.
        """
        readings = [self._leg("original", each) for each in self._asked.languages]
        by_grams: dict[Clause | None, list[Clause]] = {}
        for words, grams in (*readings, self._plain_leg()):
            by_grams.setdefault(grams, []).extend(_present(words))
        sums = [_sum(_best(words), grams) for grams, words in by_grams.items()]
        return _best([one for each in sums for one in _present(each)])

    def _on(self, node: Tree, side: Side) -> Clause:
        return self._make[type(node)](node, side)

    def _anywhere(self, node: Tree) -> Clause:
        return any_of(self._on(node, "original"), self._on(node, "translation"))

    def _word(self, node: tree_of.Word, side: Side) -> Clause:
        stemmed = [self._stemmed(node, side, each) for each in self._read_as(side)]
        found = any_of(*stemmed)
        if side == "translation" and not isinstance(found, Nothing):
            return found  # what is written alike has the same stem
        return any_of(found, self._written(node.text, side))

    def _read_as(self, side: Side) -> tuple[str, ...]:
        """Languages whose stems are looked for on a side.

        An original in the target language is its own translation, so its stems
        are found there.
        """
        if side == "translation":
            return (self._asked.target,)
        return tuple(
            each for each in self._asked.languages if each != self._asked.target
        )

    def _stemmed(self, node: tree_of.Word, side: Side, language: str) -> Clause:
        analyzer = analyzer_for(language)
        tokens = [
            token
            for word in WORD.findall(node.text)
            for token in required_tokens(analyzer, word)
        ]
        if not tokens:
            return Nothing()
        found = all_of(*(Term(field=f"{side}_f1", token=token) for token in tokens))
        return self._in_language(found, side, language)

    def _touching(self, node: tree_of.Word, side: Side) -> Iterator[Clause]:
        """What any piece of a word gives; the whole where it is one piece."""
        for word in WORD.findall(node.text):
            tokens: list[Clause] = [
                self._in_language(Term(field=f"{side}_f1", token=token), side, language)
                for language in self._read_as(side)
                for token in required_tokens(analyzer_for(language), word)
            ]
            yield from tokens
            if side == "original" or not tokens:
                yield self._written(word, side)

    @staticmethod
    def _in_language(clause: Clause, side: Side, language: str) -> Clause:
        if side == "translation":
            return clause
        return all_of(clause, Terms(field="languages", tokens=(language.lower(),)))

    def _written(self, text: str, side: Side) -> Clause:
        """A word as it is written; not in Vietnamese, where accents count."""
        found = _in_text(side, _plain(text))
        if "vi" in self._languages[side] and is_marked(lower(text)):
            if side == "translation":
                return Nothing()
            return all_of(
                found, Without(clause=Terms(field="languages", tokens=("vi",)))
            )
        return found

    def _phrase(self, node: tree_of.Phrase, side: Side) -> Clause:
        return _in_text(side, _plain(node.text))

    def _prefix(self, node: tree_of.Prefix, side: Side) -> Clause:
        *before, last = _plain(node.text)
        beginning = Beginning(field=f"{side}_f3", prefix=last)
        return all_of(_in_text(side, tuple(before)), beginning) if before else beginning

    def _near(self, node: tree_of.Near, side: Side) -> Clause:
        left, right = _plain(node.left.text), _plain(node.right.text)
        if not left or not right:
            return Nothing()
        gap = node.distance - 1
        return Near(field=f"{side}_f3", left=left, right=right, gap=gap)

    def _filter(self, node: tree_of.Filter, _side: Side) -> Clause:
        asked = self._asked
        return filter_clause(
            node,
            zone=asked.zone,
            now=asked.now,
            names=asked.names,
            target=asked.target,
            in_title=self._in_title,
        )

    def _in_title(self, text: str) -> Clause:
        found: list[Clause] = []
        for side in ("original", "translation"):
            found.append(sequence(f"{side}_title_f3", _plain(text)))
            for language in self._languages[side]:
                tokens = analyzer_for(language).fields("", text).title_f1
                stems = all_of(
                    *(Term(field=f"{side}_title_f1", token=t) for t in tokens)
                )
                if tokens:
                    found.append(self._in_language(stems, side, language))
        return any_of(*found)

    def _leg(self, side: Side, language: str) -> Leg:
        """Words and grams of one side by one recipe."""
        analyzer = analyzer_for(language)
        words = self._scored_words(side)
        tokens = [token for word in words for token in analyzer.tokens(word)]
        grams = analyzer.gram_tokens(words)
        return (
            _weighted(f"{side}_f1", tokens, analyzer.recipe.weight),
            _weighted(f"{side}_f2", grams, analyzer.recipe.gram_weight),
        )

    def _plain_leg(self) -> Leg:
        """Words as they are written, in originals of any language."""
        analyzer = analyzer_for("und")
        words = self._scored_words("original")
        tokens = [token for word in words for token in analyzer.plain(word)]
        grams = analyzer.gram_tokens(words)
        return (
            _weighted("original_f3", tokens, analyzer.recipe.weight),
            _weighted("original_f2", grams, analyzer.recipe.gram_weight),
        )

    def _scored_words(self, side: Side) -> list[str]:
        tree = self._asked.of_side(side)
        return [word for text in scored_text(tree) for word in WORD.findall(text)]


def _in_text(side: Side, tokens: tuple[str, ...]) -> Clause:
    return sequence(f"{side}_f3", tokens)


def _plain(text: str) -> tuple[str, ...]:
    analyzer = analyzer_for("und")
    return tuple(token for word in WORD.findall(text) for token in analyzer.plain(word))


def _weighted(field: str, tokens: Iterable[str], weight: float) -> Clause | None:
    """Tokens of a field, each as often as it was asked for."""
    return _sum(
        *(
            Weighted(clause=Term(field=field, token=token), weight=weight * times)
            for token, times in Counter(tokens).items()
        )
    )


def _sum(*clauses: Clause | None) -> Clause | None:
    parts: list[Clause] = []
    for clause in clauses:
        parts += clause.clauses if isinstance(clause, AnyOf) else _present(clause)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else AnyOf(clauses=tuple(parts))


def _best(clauses: list[Clause]) -> Clause | None:
    unique = tuple(dict.fromkeys(clauses))
    if not unique:
        return None
    return unique[0] if len(unique) == 1 else Best(clauses=unique)


def _present(clause: Clause | None) -> list[Clause]:
    return [] if clause is None else [clause]
