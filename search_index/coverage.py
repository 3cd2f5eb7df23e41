"""What could have been found: the documents that a request's filters leave.

An answer without a document means one of three things: nothing was said (*silent*),
nothing was seen, or nothing could be read yet. These counts tell which.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_index.clauses import Clause, Plan, Terms, all_of
from search_index.engines.contract import IndexEngine, PageRequest, Snapshot
from search_index.interpretation import SearchContext, as_typed, interpret
from search_index.notices import filters_of
from search_index.planning import UNTRANSLATED, plan
from search_index.query import SearchRequest

MOST_LANGUAGES = 12
"""Rows of a table that a reader takes in."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Documents by part of the timeline, whatever the words of the request.

    Attributes:
        seen: How many there are, by the first day of the part; parts without one are
            left out.
        waiting: How many of them are not (wholly) translated.
    """

    seen: Mapping[str, int]
    waiting: Mapping[str, int]

    @property
    def documents(self) -> int:
        """How many there are in all."""
        return sum(self.seen.values())

    @property
    def untranslated(self) -> int:
        """How many of them are not (wholly) translated."""
        return sum(self.waiting.values())


def coverage(
    request: SearchRequest, context: SearchContext, *, index: IndexEngine
) -> Coverage:
    """What the filters of a request leave, its words left aside.

    Filters at the top of the query count; one inside parentheses is part of the words.

    Raises:
        QueryError: The query has no meaning.
        UnavailableError: There is no index yet, or its server does not answer.
    """
    left = filters_of(as_typed(request, context))
    with contextlib.closing(index.snapshot()) as snapshot:
        seen, waiting = _by_part(snapshot, request, [left, all_of(left, WAITING)])
    return Coverage(seen=seen, waiting=waiting)


WAITING = Terms(field="translation_status", tokens=UNTRANSLATED)


def _by_part(
    snapshot: Snapshot, request: SearchRequest, clauses: Sequence[Clause]
) -> list[dict[str, int]]:
    found = snapshot.timelines(
        clauses, timezone=request.timezone, timeline=request.timeline
    )
    return [{part.value: part.count for part in parts} for parts in found]


@dataclass(frozen=True, kw_only=True)
class LanguageRow:
    """One language's part of an answer, and of what could have been found.

    Attributes:
        language: BCP 47 tag of the originals.
        found: Full matches by part of the timeline, as in `Coverage`.
        coverage: What there is, whatever the words.
    """

    language: str
    found: Mapping[str, int]
    coverage: Coverage


def by_language(
    request: SearchRequest,
    context: SearchContext,
    *,
    index: IndexEngine,
    limit: int = MOST_LANGUAGES,
) -> list[LanguageRow]:
    """The languages with the most documents among what the filters leave.

    Arguments and errors as of `coverage`; `limit` languages at most.
    """
    asked = interpret(request, context)
    left, full = filters_of(asked), plan(asked).full
    with contextlib.closing(index.snapshot()) as snapshot:
        everything = snapshot.page(PageRequest(plan=Plan(full=left), limit=1))
        tags = [part.value for part in everything.facets["language"]][:limit]
        clauses = [
            all_of(clause, Terms(field="language", tokens=(tag,)))
            for tag in tags
            for clause in (full, left, all_of(left, WAITING))
        ]
        parts = iter(_by_part(snapshot, request, clauses))
    return [
        LanguageRow(
            language=tag,
            found=next(parts),
            coverage=Coverage(seen=next(parts), waiting=next(parts)),
        )
        for tag in tags
    ]
