"""Clauses in Elasticsearch's query language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search_index import clauses
from search_index.clauses import Clause

Body = dict[str, Any]


def elasticsearch_query(clause: Clause) -> Body:
    """The query that matches and scores as the clause says."""
    make: Callable[[Any], Body] = _MAKERS[type(clause)]
    return make(clause)


def filtered(matching: list[Clause], *, without: Clause | None = None) -> Body:
    """What matches all of these clauses, unscored."""
    body: Body = {"filter": [elasticsearch_query(clause) for clause in matching]}
    if without is not None:
        body["must_not"] = [elasticsearch_query(without)]
    return body


def _term(clause: clauses.Term) -> Body:
    return {"term": {clause.field: {"value": clause.token}}}


def _terms(clause: clauses.Terms) -> Body:
    return {"terms": {clause.field: list(clause.tokens)}}


def _sequence(clause: clauses.Sequence) -> Body:
    return {"match_phrase": {clause.field: {"query": " ".join(clause.tokens)}}}


def _near(clause: clauses.Near) -> Body:
    """Rows of tokens, in the one order or the other: intervals that may not overlap."""
    orders = ((clause.left, clause.right), (clause.right, clause.left))
    rules = [
        {
            "all_of": {
                "ordered": True,
                "max_gaps": clause.gap,
                "intervals": [
                    {"match": {"query": " ".join(row), "ordered": True, "max_gaps": 0}}
                    for row in order
                ],
            }
        }
        for order in orders
    ]
    return {"intervals": {clause.field: {"any_of": {"intervals": rules}}}}


def _beginning(clause: clauses.Beginning) -> Body:
    return {"prefix": {clause.field: {"value": clause.prefix}}}


def _between(clause: clauses.Between) -> Body:
    bounds = {"gte": clause.low, "lte": clause.high}
    return {
        "range": {
            clause.field: {k: v for k, v in bounds.items() if v is not None},
        }
    }


def _all(clause: clauses.All) -> Body:
    must = [c for c in clause.clauses if not isinstance(c, clauses.Without)]
    must_not = [c.clause for c in clause.clauses if isinstance(c, clauses.Without)]
    return {
        "bool": {
            "must": [elasticsearch_query(part) for part in must],
            "must_not": [elasticsearch_query(part) for part in must_not],
        }
    }


def _any_of(clause: clauses.AnyOf) -> Body:
    return {
        "bool": {
            "should": [elasticsearch_query(part) for part in clause.clauses],
            "minimum_should_match": 1,
        }
    }


def _best(clause: clauses.Best) -> Body:
    parts = [elasticsearch_query(part) for part in clause.clauses]
    return {"dis_max": {"queries": parts, "tie_breaker": clause.tie}}


def _weighted(clause: clauses.Weighted) -> Body:
    if isinstance(clause.clause, clauses.Term):
        value = {"value": clause.clause.token, "boost": clause.weight}
        return {"term": {clause.clause.field: value}}
    inner = elasticsearch_query(clause.clause)
    return {"bool": {"must": [inner], "boost": clause.weight}}


def _without(clause: clauses.Without) -> Body:
    return {"bool": {"must_not": [elasticsearch_query(clause.clause)]}}


def _everything(_clause: clauses.Everything) -> Body:
    return {"match_all": {}}


def _nothing(_clause: clauses.Nothing) -> Body:
    return {"match_none": {}}


_MAKERS: dict[type, Callable[[Any], Body]] = {
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
