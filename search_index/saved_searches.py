"""Which of many saved searches does a new or changed document match?

Asking an engine for every search and every document is slow (20 to 1,700 documents per
second for 100 searches, measured). Here each search is filed under a few tokens of
which a matching document must have one, the rarest there are; only the searches that
share such a token with a document are evaluated, exactly, on the document's own tokens
as the index gets them. So the verdict is that of either engine, and needs none.

What a search matches is its plan's `full` clause (`search_index/planning.py`): partial
matches never count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from search_index import clauses
from search_index.clauses import KEYWORD_FIELDS, Clause
from search_index.engines.contract import IndexEntry
from search_index.rows import Places, near_pairs, places_of, rows_of

Feature = tuple[str, str]
"""A field and a token or value in it."""

Frequencies = Callable[[Sequence[Feature]], Sequence[int]]
"""In how many documents tokens stand (`Snapshot.frequencies`)."""

MAX_FEATURES = 1_000
"""A search filed under more is looked at for every document instead."""


def no_frequencies(features: Sequence[Feature]) -> list[int]:
    """Longer tokens are rarer: what is known without an index.

    >>> no_frequencies([("original_f3", "forum"), ("original_f3", "of")])
    [59, 62]
    """
    return [max(1, 64 - len(token)) for _, token in features]


class SavedSearches:
    """Searches that documents are matched against; adding and removing is cheap.

    Args:
        frequencies: Tell which tokens are rare. They may be old: they decide how many
            searches are looked at, never which of them match.
    """

    def __init__(self, frequencies: Frequencies = no_frequencies) -> None:
        self._frequencies = frequencies
        self._clauses: dict[str, Clause] = {}
        self._features: dict[str, frozenset[Feature] | None] = {}
        self._filed: dict[str, dict[str, set[str]]] = {}
        self._always: set[str] = set()

    def __len__(self) -> int:
        """How many searches there are."""
        return len(self._clauses)

    def add(self, name: str, clause: Clause) -> None:
        """Adds a search, or replaces the one of this name.

        Args:
            name: Of the search.
            clause: What a document must fulfil: `Plan.full`.
        """
        self.remove(name)
        features = self._required(clause)
        self._clauses[name] = clause
        self._features[name] = features
        if features is None:
            self._always.add(name)
            return
        for field, token in features:
            self._filed.setdefault(field, {}).setdefault(token, set()).add(name)

    def remove(self, name: str) -> None:
        """Forgets a search, if there is one of this name."""
        if name not in self._clauses:
            return
        del self._clauses[name]
        self._always.discard(name)
        for field, token in self._features.pop(name) or ():
            names = self._filed[field][token]
            names.discard(name)
            if not names:
                del self._filed[field][token]

    def matching(self, entry: IndexEntry) -> list[str]:
        """Names of the searches that a document fully matches, in order."""
        text = EntryTokens(entry)
        return sorted(
            name
            for name in self._candidates(text)
            if matches(self._clauses[name], text)
        )

    def _candidates(self, text: EntryTokens) -> set[str]:
        """Searches that the document may match: few of many."""
        found = set(self._always)
        for field, by_token in self._filed.items():
            for token in by_token.keys() & text.of(field):
                found |= by_token[token]
        return found

    def _required(self, clause: Clause) -> frozenset[Feature] | None:
        """Of these a matching document has at least one; None where of none."""
        if isinstance(clause, clauses.Term):
            return frozenset({(clause.field, clause.token)})
        if isinstance(clause, clauses.Terms):
            return frozenset((clause.field, token) for token in clause.tokens)
        if isinstance(clause, clauses.Sequence):
            each = [frozenset({(clause.field, token)}) for token in clause.tokens]
            return self._rarest(each)
        if isinstance(clause, clauses.Near):
            rows = (*clause.left, *clause.right)
            return self._rarest(frozenset({(clause.field, token)}) for token in rows)
        if isinstance(clause, clauses.Weighted):
            return self._required(clause.clause)
        if isinstance(clause, clauses.All):
            return self._rarest(map(self._required, clause.clauses))
        if isinstance(clause, clauses.AnyOf | clauses.Best):
            return _any_of(map(self._required, clause.clauses))
        return frozenset() if isinstance(clause, clauses.Nothing) else None

    def _rarest(
        self, each: Iterable[frozenset[Feature] | None]
    ) -> frozenset[Feature] | None:
        known = [features for features in each if features is not None]
        return min(known, key=self._cost, default=None)

    def _cost(self, features: frozenset[Feature]) -> int:
        # A keyword's value is shared by many documents, whatever its length.
        tokens = [(field, token) for field, token in features if not _is_value(field)]
        common = COMMON * (len(features) - len(tokens))
        return common + sum(self._frequencies(tokens))


def _is_value(field: str) -> bool:
    return field in KEYWORD_FIELDS and field != "id"


COMMON = 1_000_000
"""Documents that a value such as `kind:news` is taken to have: any word is rarer, so
searches are filed under values only where they ask for nothing else."""


def _any_of(
    each: Iterable[frozenset[Feature] | None],
) -> frozenset[Feature] | None:
    found: set[Feature] = set()
    for features in each:
        if features is None or len(found) + len(features) > MAX_FEATURES:
            return None
        found |= features
    return frozenset(found)


class EntryTokens:
    """A document's tokens, looked up as a search asks for them."""

    def __init__(self, entry: IndexEntry) -> None:
        self.entry = entry
        self._of: dict[str, frozenset[str]] = {}
        self._places: dict[str, Places] = {}

    def of(self, field: str) -> frozenset[str]:
        """The tokens or values of a field."""
        if field not in self._of:
            values: Iterable[str] = self.entry.keywords.get(field, ())
            if field in self.entry.tokens:
                values = self.entry.tokens[field].split()
            self._of[field] = frozenset(values)
        return self._of[field]

    def places(self, field: str) -> Places:
        """Where each token of a field stands."""
        if field not in self._places:
            self._places[field] = places_of(self.entry.tokens[field].split())
        return self._places[field]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """By field."""
        return {**self.entry.numbers, "version": self.entry.version}


def matches(clause: Clause, text: EntryTokens) -> bool:
    """Whether a document fulfils a clause, as an engine would answer."""
    check: Callable[[Any, EntryTokens], bool] = _CHECKS[type(clause)]
    return check(clause, text)


def _sequence(clause: clauses.Sequence, text: EntryTokens) -> bool:
    return bool(rows_of(clause.tokens, text.places(clause.field)))


def _near(clause: clauses.Near, text: EntryTokens) -> bool:
    places = text.places(clause.field)
    return any(near_pairs(clause.left, clause.right, clause.gap, places))


def _between(clause: clauses.Between, text: EntryTokens) -> bool:
    number = text.numbers[clause.field]
    above = clause.low is None or number >= clause.low
    return above and (clause.high is None or number <= clause.high)


_CHECKS: dict[type, Callable[[Any, EntryTokens], bool]] = {
    clauses.Term: lambda clause, text: clause.token in text.of(clause.field),
    clauses.Terms: lambda clause, text: (
        not text.of(clause.field).isdisjoint(clause.tokens)
    ),
    clauses.Sequence: _sequence,
    clauses.Near: _near,
    clauses.Beginning: lambda clause, text: any(
        token.startswith(clause.prefix) for token in text.of(clause.field)
    ),
    clauses.Between: _between,
    clauses.All: lambda clause, text: all(matches(c, text) for c in clause.clauses),
    clauses.AnyOf: lambda clause, text: any(matches(c, text) for c in clause.clauses),
    clauses.Best: lambda clause, text: any(matches(c, text) for c in clause.clauses),
    clauses.Weighted: lambda clause, text: matches(clause.clause, text),
    clauses.Without: lambda clause, text: not matches(clause.clause, text),
    clauses.Everything: lambda _clause, _text: True,
    clauses.Nothing: lambda _clause, _text: False,
}
