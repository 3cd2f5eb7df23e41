"""One hit a cluster: nearly the same text from several publishers is shown once.

A display option. What is shown is the best-ranked document of its cluster, with the
oldest one, after which the cluster is named, told beside it; totals, facets and exports
stay documents. Done here, in Python, over the pages of any engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from pipeline.errors import QueryError
from search_index.engines.contract import (
    ClusterCounts,
    Found,
    Page,
    PageRequest,
    Ranked,
    Snapshot,
)

MAX_GROUP_OFFSET = 1_000
"""Groups before a page: all hits above it have to be read, some 30 µs each."""

STEP = 100
"""Hits read at a time."""

MAX_READ = 20_000
"""Hits read for one page: a cluster of all documents ends the page, not the reader."""


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """A page of groups.

    Attributes:
        page: Its hits are the best of each group, full matches before partial ones.
        counts: What the answer has of the shown hits' clusters, by document id.
        oldest: The document each of those clusters is named after, also where it is not
            in the answer, by cluster; those that the index has.
    """

    page: Page
    counts: Mapping[str, ClusterCounts] = field(default_factory=dict)
    oldest: Mapping[str, Ranked] = field(default_factory=dict)


def grouped_page(snapshot: Snapshot, request: PageRequest) -> Grouped:
    """A page on which limit and offset count groups.

    Raises:
        QueryError: The offset is beyond `MAX_GROUP_OFFSET`.
    """
    if request.offset > MAX_GROUP_OFFSET:
        raise QueryError(
            f"offset: found {request.offset:,}, expected 0 to {MAX_GROUP_OFFSET:,} "
            "when documents are grouped",
            0,
        )
    first = snapshot.page(replace(request, limit=STEP, offset=0))
    every = _first_of_each(_hits(snapshot, request, first))
    chosen = list(islice(every, request.offset, request.offset + request.limit))
    full = tuple(ranked for ranked, _, partial in chosen if not partial)
    some = tuple(ranked for ranked, _, partial in chosen if partial)
    page = replace(
        first,
        full=Found(total=first.full.total, hits=full),
        some=Found(total=first.some.total, hits=some),
    )
    return Grouped(
        page=page,
        counts=_counts(snapshot, request, chosen),
        oldest=snapshot.stored([cluster for _, cluster, _ in chosen if cluster]),
    )


Placed = tuple[Ranked, str, bool]
"""A hit, its cluster, and whether it is a partial match."""


def _hits(
    snapshot: Snapshot, request: PageRequest, first: Page
) -> Iterator[tuple[Ranked, bool]]:
    """Every hit in order, read as far as is asked for."""
    yield from _walk(snapshot, request, first.full, partial=False)
    if request.plan.partial is None:
        return
    is_known = len(first.full.hits) < STEP
    some = first.some if is_known else _next(snapshot, request, 0, partial=True)
    yield from _walk(snapshot, request, some, partial=True)


def _walk(
    snapshot: Snapshot, request: PageRequest, found: Found, *, partial: bool
) -> Iterator[tuple[Ranked, bool]]:
    read = 0
    while found.hits:
        for hit in found.hits:
            yield hit, partial
        read += len(found.hits)
        if read >= min(found.total, MAX_READ):
            return
        found = _next(snapshot, request, read, partial=partial)


def _next(
    snapshot: Snapshot, request: PageRequest, offset: int, *, partial: bool
) -> Found:
    return snapshot.search(
        request.plan, partial=partial, limit=STEP, offset=offset, sort=request.sort
    )


def _first_of_each(hits: Iterator[tuple[Ranked, bool]]) -> Iterator[Placed]:
    seen: set[str] = set()
    for ranked, partial in hits:
        cluster = str(json.loads(ranked.display)["cluster"])
        if cluster in seen:
            continue
        if cluster:
            seen.add(cluster)
        yield ranked, cluster, partial


def _counts(
    snapshot: Snapshot, request: PageRequest, chosen: list[Placed]
) -> dict[str, ClusterCounts]:
    found: dict[str, ClusterCounts] = {}
    for partial, clause in ((False, request.plan.full), (True, request.plan.partial)):
        members = [(r.id, c) for r, c, p in chosen if p is partial and c]
        if members and clause is not None:
            counts = snapshot.clusters(clause, [cluster for _, cluster in members])
            found |= {i: counts[c] for i, c in members if c in counts}
    return found
