"""Filters of the query language as clauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.errors import QueryError
from pipeline.names import Name
from search_index.analysis import analyzer_for
from search_index.clauses import (
    SIDES,
    Between,
    Clause,
    Term,
    Terms,
    all_of,
    any_of,
    sequence,
)
from search_index.days import Span, span_of
from search_index.query import Filter

_EXACT = {
    "lang": "languages",
    "source": "source",
    "kind": "kind",
    "country": "country",
    "audience": "audience",
}


def filter_clause(
    node: Filter,
    *,
    zone: ZoneInfo,
    now: datetime,
    names: Mapping[str, Name],
    in_title: Callable[[str], Clause],
) -> Clause:
    """What a filter asks of a document.

    Raises:
        QueryError: No such name.
    """
    if node.field in _EXACT:
        return Terms(field=_EXACT[node.field], tokens=_exact(node))
    if node.field == "id":
        tokens = tuple(value.partition("@")[0] for value in node.values)
        return Terms(field="id", tokens=tokens)
    if node.field == "title":
        return any_of(*(in_title(value) for value in node.values))
    if node.field == "name":
        return any_of(*(_name(_known(value, names)) for value in node.values))
    if node.field in {"owner", "publisher"}:
        return any_of(*(_words(node.field, value) for value in node.values))
    spans = [span_of(value, zone=zone, now=now) for value in node.values]
    return any_of(*(_time(node.field, span) for span in spans))


def _exact(node: Filter) -> tuple[str, ...]:
    lower = node.field in {"lang", "source"}
    return tuple(value.lower() if lower else value for value in node.values)


def _words(field: str, value: str) -> Clause:
    return sequence(field, analyzer_for("und").fields(value).f3)


def _time(field: str, span: Span) -> Clause:
    if field == "from":
        return Between(field="published", low=span.start)
    if field == "to":
        return Between(field="published", high=span.end - 1)
    return Between(field="seen", low=span.start, high=span.end - 1)


def _known(value: str, names: Mapping[str, Name]) -> Name:
    if value.lower() in names:
        return names[value.lower()]
    known = ", ".join(sorted(names)[:10]) or "none is configured"
    raise QueryError(f'name: found "{value}", expected one of the names: {known}', 0)


def _name(name: Name) -> Clause:
    """Any spelling, on either side; single words also in their inflections."""
    found: list[Clause] = []
    for language, spellings in name.spellings.items():
        analyzer = analyzer_for(language)
        for spelling in spellings:
            fields = analyzer.fields(spelling)
            found += (sequence(f"{side}_f3", fields.f3) for side in SIDES)
            if len(fields.f3) == 1 and len(fields.f1) == 1:
                stem = Term(field="original_f1", token=fields.f1[0])
                tongue = Terms(field="languages", tokens=(language.lower(),))
                found.append(all_of(stem, tongue))
    return any_of(*found)
