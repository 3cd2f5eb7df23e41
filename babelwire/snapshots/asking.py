"""One view of the index, asked one thing: all that is frozen or drawn comes from it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from babelwire.sampling import Drawn, Found, Sample, draw, stratum_of
from pipeline.errors import UnavailableError

if TYPE_CHECKING:
    from babelwire.searching import Desk
    from search_index.answer import Exported
    from search_index.clauses import Clause
    from search_index.engines.contract import Generation, Snapshot
    from search_index.planning import Interpretation
    from search_index.query import Notice, SearchRequest


@dataclass(frozen=True, kw_only=True)
class View:
    """What a request means to one moment of the index.

    Attributes:
        request: What is asked.
        asked: How it is understood.
        engine: Name of the engine that answers.
        generation: The building of the index that answers.
        index: At that moment, whatever is written meanwhile.
    """

    request: SearchRequest
    asked: Interpretation
    engine: str
    generation: Generation
    index: Snapshot

    def total_and_notices(self) -> tuple[int, tuple[Notice, ...]]:
        """How many full matches there are, and what to know of them."""
        from search_index.engines.contract import Found as FoundHits
        from search_index.engines.contract import PageRequest
        from search_index.notices import Unseen, notices_of
        from search_index.planning import plan

        planned = plan(self.asked)
        unseen = Unseen.of(self.request, self.asked, planned)
        wanted = PageRequest(
            plan=planned,
            limit=1,
            timezone=self.request.timezone,
            counted=unseen.clauses,
        )
        page = self.index.page(wanted)
        page = replace(page, some=FoundHits(total=0, hits=()))  # only full ones count
        notices = notices_of(self.asked, page, unseen.counted(page.counts))
        return page.full.total, notices

    def matches(self) -> Iterator[dict[str, Any]]:
        """Every full match as the index shows it, by time and id."""
        for ranked in self.index.iterate(self._full()):
            yield json.loads(ranked.display)

    def draw(self, sample: Sample) -> Drawn:
        """A sample of the full matches; only ids and strata are kept."""
        return draw(lambda: self._strata(sample), sample)

    def _strata(self, sample: Sample) -> Found:
        for ranked in self.index.iterate(self._full()):
            shown = json.loads(ranked.display) if sample.by else {}
            yield ranked.id, stratum_of(shown, sample.by)

    def _full(self) -> Clause:
        from search_index.planning import plan

        return plan(self.asked).full


@contextlib.contextmanager
def open_view(desk: Desk, request: SearchRequest) -> Iterator[View]:
    """What the index has now.

    Raises:
        QueryError: The query has no meaning; with the position.
        UnavailableError: There is no index yet, or its server does not answer.
        DamageError: The index's files are not what was written.
    """
    from search_index.interpretation import complete, interpret

    asked = interpret(request, desk.context)
    generation = desk.index.current()
    if generation is None:
        raise UnavailableError('there is no index yet: run "babelwire index"')
    with contextlib.closing(desk.index.snapshot(generation.name)) as index:
        yield View(
            request=request,
            asked=complete(asked, request, index),
            engine=desk.index.name,
            generation=generation,
            index=index,
        )


def only(found: Iterable[Exported], drawn: Drawn) -> Iterator[Exported]:
    """Those of the sample, in the order of `found`, which is read no further.

    Raises:
        UnavailableError: One of the sample is not found (any more).
    """
    left = set(drawn.ids)
    rest = iter(found)
    while left and (one := next(rest, None)) is not None:
        if one.hit.id in left:
            left.remove(one.hit.id)
            yield one
    if left:
        raise UnavailableError(
            f"{len(left):,} of the sample's {len(drawn.ids):,} documents left the "
            "index while it was written; ask again"
        )
