"""What an engine is asked: a small algebra that every engine can answer.

No I/O. A query tree (`search_index/query.py`) is compiled into clauses once,
in Python, by `search_index/planning.py`; an engine only has to translate these
few node types, which is why tantivy and Elasticsearch rank alike.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDES = ("original", "translation")

TOKEN_FIELDS = ("f1", "f2", "f3", "title_f1", "title_f3")

SOUND_FIELD = "original_sounds"
"""What names in the original sound like, whatever their script
(`search_index/analysis/sounds.py`). Not searched for in translations: there names are
spelt in the target language."""

KEYWORD_FIELDS = (
    "id",
    "source",
    "kind",
    "country",
    "audience",
    "language",
    "languages",
    "translation_status",
    "cluster",
    "publisher_name",
    "owner_name",
)
"""Exact values. `language` is the document's tag, `languages` every prefix of
it (RFC 4647 basic filtering: `zh` finds `zh-Hans`)."""

FACET_FIELDS = {
    "language": "language",
    "source": "source",
    "kind": "kind",
    "country": "country",
    "audience": "audience",
    "publisher": "publisher_name",
    "owner": "owner_name",
}
"""Facets, and the keyword field that each counts; the timeline is one more."""

NAME_FIELDS = ("publisher", "owner")
"""Folded words with positions, so that part of a name finds it."""

TIME_FIELDS = ("published", "seen")
"""Milliseconds since 1970. `published` is when the document was first seen
where nobody says when it was published (`undated` = 1)."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A token in a field; scored by BM25 (k1 1.2, b .75)."""

    field: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Any of several exact values of a field."""

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Tokens in a row."""

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Near:
    """Two rows of tokens, either one first, at most `gap` tokens between them."""

    field: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    gap: int

    @property
    def are_two_words(self) -> bool:
        """Whether each row is one token, another one."""
        return len(self.left) == len(self.right) == 1 and self.left != self.right


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Any token that begins so."""

    field: str
    prefix: str


@dataclass(frozen=True, kw_only=True)
class Between:
    """A number in a range, both ends included; None leaves an end open."""

    field: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, kw_only=True)
class All:
    """Every one; scores add up."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """At least one; scores add up."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class Best:
    """At least one; the best score plus `tie` times the others (dis_max)."""

    clauses: tuple[Clause, ...]
    tie: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """Scores multiplied."""

    clause: Clause
    weight: float


@dataclass(frozen=True, kw_only=True)
class Without:
    """Every document that the clause does not match."""

    clause: Clause


@dataclass(frozen=True, kw_only=True)
class Everything:
    """Every document."""


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """No document."""


Clause = (
    Term
    | Terms
    | Sequence
    | Near
    | Beginning
    | Between
    | All
    | AnyOf
    | Best
    | Weighted
    | Without
    | Everything
    | Nothing
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One search, ready for an engine.

    Attributes:
        full: What a full match fulfils; does not score.
        partial: What a partial match fulfils, full ones not excluded yet;
            None where nothing may be relaxed.
        score: Adds to the score of whatever matches; None where nothing is
            scored (then the order is by id).
    """

    full: Clause
    partial: Clause | None = None
    score: Clause | None = None


def all_of(*clauses: Clause) -> Clause:
    """`All`, without what says nothing."""
    kept = tuple(c for c in clauses if not isinstance(c, Everything))
    if any(isinstance(c, Nothing) for c in kept):
        return Nothing()
    if not kept:
        return Everything()
    return kept[0] if len(kept) == 1 else All(clauses=kept)


def any_of(*clauses: Clause) -> Clause:
    """`AnyOf`, without what can not match and without repetitions."""
    kept = tuple(dict.fromkeys(c for c in clauses if not isinstance(c, Nothing)))
    if any(isinstance(c, Everything) for c in kept):
        return Everything()
    if not kept:
        return Nothing()
    return kept[0] if len(kept) == 1 else AnyOf(clauses=kept)


def sequence(field: str, tokens: tuple[str, ...]) -> Clause:
    """Tokens in a row; a single one is a term."""
    if not tokens:
        return Nothing()
    if len(tokens) == 1:
        return Term(field=field, token=tokens[0])
    return Sequence(field=field, tokens=tokens)
