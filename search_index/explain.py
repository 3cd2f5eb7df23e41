"""Says for a hit which words matched where, and what each part scored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.documents import Side
from search_index.clauses import AnyOf, Best, Clause, Term, Weighted
from search_index.display import translation_of
from search_index.engines.contract import Snapshot
from search_index.highlight import Highlighter
from search_index.planning import TIE, Interpretation, score_sides


@dataclass(frozen=True, kw_only=True)
class MatchedWord:
    """A word of a text that the query asked for.

    Attributes:
        side: Where it stands, with `field`.
        field: `title` or `text`.
        text: As written there.
        times: How often.
    """

    side: Side
    field: str
    text: str
    times: int


@dataclass(frozen=True, kw_only=True)
class ScoredToken:
    """What one token added to its side.

    Attributes:
        field: Of the index: `original_f1` words by recipe, `f2` grams, `f3` words
            as written.
    """

    field: str
    token: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a document is where it is.

    Attributes:
        sides: Score of each side; the best counts, and `tie` of the others.
        tokens: Highest first.
    """

    id: str
    words: tuple[MatchedWord, ...]
    sides: Mapping[Side, float]
    tokens: tuple[ScoredToken, ...]
    tie: float = TIE

    def to_json(self) -> dict[str, Any]:
        """For `search --explain --json`."""
        return {
            "words": [vars(word) for word in self.words],
            "sides": dict(self.sides),
            "tie": self.tie,
            "tokens": [vars(token) for token in self.tokens],
        }


def explain(
    asked: Interpretation, ids: Sequence[str], *, snapshot: Snapshot
) -> dict[str, Explanation]:
    """The account of each document, by id; the ones there are.

    Args:
        asked: As `search_index.interpretation.interpret` gives it.
        ids: Of the hits to explain.
        snapshot: Of the index that answered.
    """
    sides = score_sides(asked)
    terms = list(dict.fromkeys(t for side in sides.values() for t in _terms(side)))
    highlighter = Highlighter(asked)
    found = {}
    for document_id, ranked in snapshot.stored(ids).items():
        totals = snapshot.scores(list(sides.values()), document_id)
        parts = snapshot.scores(terms, document_id)
        found[document_id] = Explanation(
            id=document_id,
            words=tuple(_words(json.loads(ranked.display), highlighter)),
            sides=dict(zip(sides, totals, strict=True)),
            tokens=_tokens(terms, parts),
        )
    return found


def _terms(clause: Clause) -> Iterator[Weighted]:
    if isinstance(clause, Weighted):
        yield clause
    elif isinstance(clause, AnyOf | Best):
        for part in clause.clauses:
            yield from _terms(part)


def _tokens(
    terms: Sequence[Weighted], scores: Sequence[float]
) -> tuple[ScoredToken, ...]:
    found = [
        ScoredToken(field=term.clause.field, token=term.clause.token, score=score)
        for term, score in zip(terms, scores, strict=True)
        if score > 0 and isinstance(term.clause, Term)
    ]
    return tuple(sorted(found, key=lambda t: (-t.score, t.field, t.token)))


def _words(
    display: Mapping[str, Any], highlighter: Highlighter
) -> Iterator[MatchedWord]:
    texts: list[tuple[Side, str, str, str]] = [
        ("original", "title", display["title"], display["language"]),
        ("original", "text", display["text"], display["language"]),
        ("translation", "title", display["translated_title"], display["target"]),
        ("translation", "text", translation_of(display), display["target"]),
    ]
    for side, field, text, language in texts:
        counts: dict[str, int] = {}
        for start, end in highlighter.spans(text, side=side, language=language):
            counts[text[start:end]] = counts.get(text[start:end], 0) + 1
        for written, times in counts.items():
            yield MatchedWord(side=side, field=field, text=written, times=times)
