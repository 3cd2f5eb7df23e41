"""How many documents of an answer mention each name: names as a facet.

Names are no field of the index: what a name's spellings match changes with its file,
and the index would have to be built anew. So they are counted when somebody asks, a
clause each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

from search_index.analysis import primary
from search_index.clauses import Clause, Plan, all_of
from search_index.engines.contract import IndexEngine, PageRequest, Snapshot
from search_index.filters import name_clause
from search_index.interpretation import SearchContext, complete, interpret
from search_index.planning import plan
from search_index.query import Facet, SearchRequest

MOST_NAMES = 30
"""As many as a reader looks through in a column."""

TOGETHER = 100
"""Clauses of one request: a server gets them in one body, some kilobytes each."""


def name_counts(
    request: SearchRequest,
    context: SearchContext,
    *,
    index: IndexEngine,
    limit: int = MOST_NAMES,
    chosen: Iterable[str] = (),
) -> tuple[Facet, ...]:
    """The names that the full matches mention, by id, most first, then by id.

    Args:
        request: What is asked; its filters by name hold.
        context: Whose names are counted, countries too.
        index: Answers it.
        limit: How many at most.
        chosen: Ids that are given in any case.

    Raises:
        QueryError: The query has no meaning; with the position.
        UnavailableError: There is no index yet, or its server does not answer.
    """
    asked = interpret(request, context)
    with contextlib.closing(index.snapshot()) as snapshot:
        full = plan(complete(asked, request, snapshot)).full
        everything = PageRequest(plan=Plan(full=full), limit=1)
        there = snapshot.page(everything).facets["language"]
        languages = {primary(part.value) for part in there}
        clauses = {
            name.id: all_of(full, name_clause(name, asked.target, languages))
            for name in context.all_names.values()
        }
        counts = dict(_counted(snapshot, full, clauses)) if there else {}
    ranked = sorted((-number, name) for name, number in counts.items() if number)
    shown = {name: -number for number, name in ranked[:limit]}
    shown |= {name: counts.get(name, 0) for name in chosen if name in clauses}
    return tuple(Facet(value=name, count=number) for name, number in shown.items())


def _counted(
    snapshot: Snapshot, full: Clause, clauses: Mapping[str, Clause]
) -> Iterator[tuple[str, int]]:
    names = list(clauses)
    for start in range(0, len(names), TOGETHER):
        some = names[start : start + TOGETHER]
        asked = tuple(clauses[name] for name in some)
        page = snapshot.page(PageRequest(plan=Plan(full=full), limit=1, counted=asked))
        yield from zip(some, page.counts, strict=True)
