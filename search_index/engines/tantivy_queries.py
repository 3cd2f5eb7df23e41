"""Clauses as tantivy queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tantivy import FieldType, Occur, Query

from search_index import clauses
from search_index.clauses import Clause

if TYPE_CHECKING:
    from tantivy import Schema

FEW_TERMS = 64
"""Up to so many values a union of posting lists is faster than tantivy's term
set, which fills a bit set for each segment first."""


def tantivy_query(schema: Schema, clause: Clause) -> Query:
    """The query that matches and scores as the clause says."""
    make: Callable[[Schema, Any], Query] = _MAKERS[type(clause)]
    return make(schema, clause)


def filtering(schema: Schema, clause: Clause) -> Query:
    """The same without any score."""
    return Query.const_score_query(tantivy_query(schema, clause), 0.0)


def _term(schema: Schema, clause: clauses.Term) -> Query:
    return Query.term_query(schema, clause.field, clause.token, "freq")


def _terms(schema: Schema, clause: clauses.Terms) -> Query:
    if len(clause.tokens) > FEW_TERMS:
        return Query.term_set_query(schema, clause.field, list(clause.tokens))
    return _should(
        [Query.term_query(schema, clause.field, t, "basic") for t in clause.tokens]
    )


def _sequence(schema: Schema, clause: clauses.Sequence) -> Query:
    return Query.phrase_query(schema, clause.field, list(clause.tokens))


def _near(schema: Schema, clause: clauses.Near) -> Query:
    """A sloppy phrase also finds two words the other way round, two moves further.

    So both orders together are exact for two words; rows of words need a phrase for
    every distance.
    """
    orders = ((clause.left, clause.right), (clause.right, clause.left))
    if clause.are_two_words:
        return _should(
            [
                Query.phrase_query(schema, clause.field, [*first, *then], clause.gap)
                for first, then in orders
            ]
        )
    phrases = dict.fromkeys(
        (*enumerate(first), *enumerate(then, start=len(first) + gap))
        for first, then in orders
        for gap in range(clause.gap + 1)
    )
    return _should(
        [Query.phrase_query(schema, clause.field, list(each)) for each in phrases]
    )


def _beginning(schema: Schema, clause: clauses.Beginning) -> Query:
    # Tokens are letters, marks and digits: nothing to escape.
    return Query.regex_query(schema, clause.field, clause.prefix + ".*")


def _between(schema: Schema, clause: clauses.Between) -> Query:
    return Query.range_query(
        schema, clause.field, FieldType.Integer, clause.low, clause.high
    )


def _all(schema: Schema, clause: clauses.All) -> Query:
    parts = []
    for part in clause.clauses:
        if isinstance(part, clauses.Without):
            parts.append((Occur.MustNot, tantivy_query(schema, part.clause)))
        else:
            parts.append((Occur.Must, tantivy_query(schema, part)))
    if all(occur == Occur.MustNot for occur, _ in parts):
        parts.append((Occur.Must, Query.all_query()))
    return Query.boolean_query(parts)


def _any_of(schema: Schema, clause: clauses.AnyOf) -> Query:
    return _should([tantivy_query(schema, part) for part in clause.clauses])


def _best(schema: Schema, clause: clauses.Best) -> Query:
    parts = [tantivy_query(schema, part) for part in clause.clauses]
    return Query.disjunction_max_query(parts, clause.tie)


def _weighted(schema: Schema, clause: clauses.Weighted) -> Query:
    return Query.boost_query(tantivy_query(schema, clause.clause), clause.weight)


def _without(schema: Schema, clause: clauses.Without) -> Query:
    excluded = tantivy_query(schema, clause.clause)
    return Query.boolean_query(
        [(Occur.Must, Query.all_query()), (Occur.MustNot, excluded)]
    )


def _everything(_schema: Schema, _clause: clauses.Everything) -> Query:
    return Query.all_query()


def _nothing(_schema: Schema, _clause: clauses.Nothing) -> Query:
    return Query.empty_query()


def _should(queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


_MAKERS: dict[type, Callable[[Any, Any], Query]] = {
    clauses.Term: _term,
    clauses.Terms: _terms,
    clauses.Sequence: _sequence,
    clauses.Near: _near,
    clauses.Beginning: _beginning,
    clauses.Between: _between,
    clauses.All: _all,
    clauses.AnyOf: _any_of,
    clauses.Best: _best,
    clauses.Weighted: _weighted,
    clauses.Without: _without,
    clauses.Everything: _everything,
    clauses.Nothing: _nothing,
}
