"""From a request to an answer: page, passages, notices."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from search_index.clauses import Plan
from search_index.display import translation_of
from search_index.engines.contract import (
    IndexEngine,
    Page,
    PageRequest,
    Place,
    Ranked,
    Snapshot,
)
from search_index.grouping import Grouped, grouped_page
from search_index.highlight import Highlighter
from search_index.interpretation import SearchContext, complete, interpret
from search_index.notices import Unseen, notices_of
from search_index.parser import parse
from search_index.planning import Interpretation, plan
from search_index.query import Hit, Oldest, Results, SearchRequest
from search_index.recency import favouring_recent
from search_index.suggestions import FEW_MATCHES, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Exported:
    """One full match of an export: a hit and its texts."""

    hit: Hit
    text: str
    translation: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some full matches of an answer that is read in parts, by time and id.

    Attributes:
        total: Full matches in all.
        found: These.
        end: Where they end; None where nothing follows.
    """

    total: int
    found: tuple[Exported, ...]
    end: Place | None


class OpenAnswer:
    """Every full match of a request, read in parts, all of one view of the index.

    From end to end the parts are what `export` gives at the moment of the first one.
    For one thread at a time; to be closed.

    Attributes:
        query: As it was asked.
    """

    def __init__(
        self, request: SearchRequest, context: SearchContext, *, index: IndexEngine
    ) -> None:
        """Arguments and errors as of `answer`."""
        self.query = request.text
        asked = interpret(request, context)
        self._snapshot = index.snapshot()
        try:
            asked = complete(asked, request, self._snapshot)
        except BaseException:
            self._snapshot.close()
            raise
        self._full = plan(asked).full
        self._highlighter = Highlighter(asked)

    def part(self, limit: int, after: Place | None = None) -> Part:
        """The next full matches; the same ones again from the same place.

        Args:
            limit: So many, 1 or more.
            after: Where the part before ended; None begins.

        Raises:
            ViewGoneError: The engine no longer keeps that moment.
        """
        stretch = self._snapshot.stretch(self._full, limit=limit, after=after)
        return Part(
            total=stretch.total,
            found=tuple(_exported(one, self._highlighter) for one in stretch.hits),
            end=stretch.end,
        )

    def close(self) -> None:
        """Lets go of the view; nothing more is asked."""
        self._snapshot.close()


def answer(
    request: SearchRequest,
    context: SearchContext,
    *,
    index: IndexEngine,
    timer: Callable[[], float] = time.perf_counter,
) -> Results:
    """The page that a request asks for.

    Args:
        request: What is asked.
        context: Of who asks.
        index: Answers it.
        timer: Seconds, for `took_ms`.

    Raises:
        QueryError: The query has no meaning; with the position.
        UnavailableError: There is no index yet, or its server does not answer.
        DamageError: The index's files are not what was written.
    """
    started = timer()
    asked = interpret(request, context)
    with contextlib.closing(index.snapshot()) as snapshot:
        asked = complete(asked, request, snapshot)
        planned = plan(asked)
        if request.recent:
            planned = favouring_recent(planned, context.now)
        unseen = Unseen.of(request, asked, planned)
        found = _found(snapshot, request, planned, unseen)
        suggested = _suggested(request, asked, snapshot, found.page)
    return Results(
        query=request.text,
        total=found.page.full.total,
        hits=_hits(request, asked, found),
        facets=found.page.facets,
        notices=notices_of(
            asked, found.page, unseen.counted(found.page.counts), suggested
        ),
        took_ms=(timer() - started) * 1000,
    )


def export(
    request: SearchRequest, context: SearchContext, *, index: IndexEngine
) -> Iterator[Exported]:
    """Every full match, ordered by time and id: as many as `total` says.

    One view of the index answers all of it, whatever is written meanwhile.
    Arguments and errors as of `answer`.
    """
    asked = interpret(request, context)
    with contextlib.closing(index.snapshot()) as snapshot:
        asked = complete(asked, request, snapshot)
        highlighter = Highlighter(asked)
        for ranked in snapshot.iterate(plan(asked).full):
            yield _exported(ranked, highlighter)


def _found(
    snapshot: Snapshot, request: SearchRequest, planned: Plan, unseen: Unseen
) -> Grouped:
    """The page, and what is behind each hit where clusters are grouped."""
    wanted = PageRequest(
        plan=planned,
        limit=request.limit,
        offset=request.offset,
        sort=request.sort,
        timezone=request.timezone,
        timeline=request.timeline,
        counted=unseen.clauses,
    )
    if not request.group:
        return Grouped(page=snapshot.page(wanted))
    return grouped_page(snapshot, wanted)


def _suggested(
    request: SearchRequest, asked: Interpretation, snapshot: Snapshot, page: Page
) -> str | None:
    """A better spelling of the words as typed."""
    total = page.full.total
    if total > FEW_MATCHES or request.like or asked.translated is not None:
        return None
    return did_you_mean(parse(request.text), asked, snapshot, total)


def _hits(
    request: SearchRequest,
    asked: Interpretation,
    grouped: Grouped,
) -> tuple[Hit, ...]:
    highlighter = Highlighter(asked)
    page = grouped.page

    def score(ranked: Ranked) -> float | None:
        return None if request.sort == "time" else round(ranked.score, 6)

    return tuple(
        _in_group(
            _hit(json.loads(one.display), highlighter, score=score(one), match=match),
            grouped,
        )
        for found, match in ((page.full, "all"), (page.some, "some"))
        for one in found.hits
    )


def _in_group(hit: Hit, grouped: Grouped) -> Hit:
    """The hit with what is behind it."""
    counts = grouped.counts.get(hit.id)
    if counts is None:
        return hit
    head = grouped.oldest.get(hit.cluster)
    return replace(hit, group=counts, oldest=_oldest(head) if head else None)


def _oldest(ranked: Ranked) -> Oldest:
    display = json.loads(ranked.display)
    return Oldest(
        id=display["id"],
        publisher=display["publisher"],
        country=display["country"],
        first_seen_at=datetime.fromisoformat(display["first_seen_at"]),
    )


def _exported(ranked: Ranked, highlighter: Highlighter) -> Exported:
    display = json.loads(ranked.display)
    return Exported(
        hit=_hit(display, highlighter, score=None, match="all"),
        text=display["text"],
        translation=translation_of(display),
    )


def _hit(
    display: Mapping[str, Any],
    highlighter: Highlighter,
    *,
    score: float | None,
    match: Any,
) -> Hit:
    published = display["published_at"]
    return Hit(
        id=display["id"],
        revision=display["revision"],
        url=display["url"],
        source=display["source"],
        publisher=display["publisher"],
        country=display["country"],
        kind=display["kind"],
        language=display["language"],
        published_at=datetime.fromisoformat(published) if published else None,
        published_precision=display["published_precision"],
        first_seen_at=datetime.fromisoformat(display["first_seen_at"]),
        title=display["title"],
        translated_title=display["translated_title"],
        translation_status=display["translation_status"],
        translated_by=display["translated_by"],
        score=score,
        match=match,
        cluster=display["cluster"],
        duplicates=display["duplicates"],
        passages=highlighter.passages(display),
    )
