"""Reading a tantivy index: one unchanging view of it."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tantivy import Occur, Order, Query

from search_index.clauses import (
    FACET_FIELDS,
    Between,
    Clause,
    Everything,
    Plan,
    Term,
    Terms,
    all_of,
)
from search_index.engines.contract import (
    ClusterCounts,
    EntryState,
    Found,
    Page,
    PageRequest,
    Place,
    Ranked,
    Stretch,
    Summary,
    Timeline,
)
from search_index.engines.edits import is_one_edit, other_beginnings
from search_index.engines.paging import partial_below
from search_index.engines.spread import cluster_aggregation, cluster_counts
from search_index.engines.tantivy_queries import filtering, tantivy_query
from search_index.engines.tantivy_schema import translated_errors
from search_index.engines.timeline import days_of, in_parts
from search_index.query import Facet, Sort

if TYPE_CHECKING:
    from tantivy import DocAddress, Schema, Searcher

Keyed = tuple[float, "DocAddress"]
Fetch = Callable[[int], Any]
"""Takes a number of documents; gives tantivy's search result."""

DAY_MILLISECONDS = 86_400_000
FACET_SIZE = 10_000
"""More sources than anyone configures; facets count the whole answer."""

SPARE = 32
"""Documents fetched beyond the page, to see whether a tie crosses its end."""

BEGINNING = 3
"""Letters by which similar words are looked up; other beginnings are tried one by one,
some 1,500 of them. Fewer letters begin too many words, more are too many to try."""

SLICE = 10_000
"""Documents whose keys an export sorts at a time: some 2 MB."""


class TantivySnapshot:
    """One view of one generation."""

    def __init__(self, searcher: Searcher, schema: Schema, place: Path) -> None:
        self._searcher = searcher
        self._schema = schema
        self._place = place

    def page(self, request: PageRequest) -> Page:
        """Hits, facets and counts of one page."""
        plan, sort = request.plan, request.sort
        full = self.search(plan, limit=request.limit, offset=request.offset, sort=sort)
        return Page(
            full=full,
            some=partial_below(self, request, full),
            facets=self._facets(plan.full, request.timezone, request.timeline),
            counts=tuple(map(self.count, request.counted)),
        )

    def search(
        self,
        plan: Plan,
        *,
        partial: bool = False,
        limit: int,
        offset: int = 0,
        sort: Sort = "relevance",
    ) -> Found:
        """A page of full matches, or of the partial ones below them."""
        with translated_errors(self._place):
            fetch = self._fetcher(plan, self._matching(plan, partial), sort)
            total, page = self._page(fetch, offset, offset + limit)
            scored = plan.score is not None and sort == "relevance"
            return Found(
                total=total,
                hits=tuple(self._ranked(k if scored else 0.0, a) for k, a in page),
            )

    def count(self, clause: Clause) -> int:
        """How many documents match."""
        with translated_errors(self._place):
            return self._count(filtering(self._schema, clause))

    def timelines(
        self, clauses: Sequence[Clause], *, timezone: str, timeline: Timeline
    ) -> list[tuple[Facet, ...]]:
        """Of each clause, how many documents there are by part."""
        found = []
        with translated_errors(self._place):
            for clause in clauses:
                query = filtering(self._schema, clause)
                wanted = {timeline: _histogram("published")}
                buckets = self._searcher.aggregate(query, wanted)[timeline]["buckets"]
                found.append(in_parts(self._days(query, buckets, timezone), timeline))
        return found

    def clusters(
        self, clause: Clause, clusters: Sequence[str]
    ) -> Mapping[str, ClusterCounts]:
        """Documents of clusters in what matches, and where they are."""
        wanted = tuple(dict.fromkeys(clusters))
        if not wanted:
            return {}
        within = all_of(clause, Terms(field="cluster", tokens=wanted))
        with translated_errors(self._place):
            answer = self._searcher.aggregate(
                filtering(self._schema, within),
                cluster_aggregation(len(wanted), FACET_SIZE),
            )
        return cluster_counts(answer)

    def frequencies(self, terms: Sequence[tuple[str, str]]) -> list[int]:
        """In how many documents each token stands."""
        with translated_errors(self._place):
            return [self._searcher.doc_freq(field, token) for field, token in terms]

    def similar(self, field: str, token: str) -> Mapping[str, int]:
        """Tokens one edit away, with their documents."""
        if not token:
            return {}
        with translated_errors(self._place):
            alike = self._searcher.terms_with_prefix(field, token[:BEGINNING])
            found = {near: n for near, n in alike if is_one_edit(token, near)}
            for near in other_beginnings(token, BEGINNING):
                found[near] = self._searcher.doc_freq(field, near)
        return {near: n for near, n in found.items() if n}

    def close(self) -> None:
        """Nothing is kept that would not go by itself."""

    def iterate(self, clause: Clause) -> Iterator[Ranked]:
        """All that matches, by time and id; keys of one slice in memory."""
        with translated_errors(self._place):
            bounds = self._bounds(clause)
            if bounds is None:
                return
            for low, high in self._slices(clause, *bounds):
                for _, address in self._slice(clause, low, high):
                    yield self._ranked(0.0, address)

    def stretch(
        self, clause: Clause, *, limit: int, after: Place | None = None
    ) -> Stretch:
        """The next of what matches, by time and id."""
        with translated_errors(self._place):
            total, start = self.count(clause), 0
            if after is not None:
                alike = self._slice(clause, after.published, after.published)
                start = bisect_right(alike, after.id, key=lambda k: self._id(k[1]))
                clause = all_of(clause, Between(field="published", low=after.published))
            query = filtering(self._schema, clause)
            fetch = self._by_field(query, "published", Order.Asc)
            _, found = self._page(fetch, start, start + limit + 1)
            hits = tuple(self._ranked(0.0, address) for _, address in found[:limit])
            end = None
            if len(found) > limit:
                end = Place(published=int(found[limit - 1][0]), id=hits[-1].id)
            return Stretch(total=total, hits=hits, end=end)

    def stored(self, ids: Sequence[str]) -> dict[str, Ranked]:
        """Documents by id."""
        if not ids:
            return {}
        with translated_errors(self._place):
            query = filtering(self._schema, Terms(field="id", tokens=tuple(ids)))
            found = self._searcher.search(query, len(ids), count=False).hits
            ranked = [self._ranked(0.0, address) for _, address in found]
        return {one.id: one for one in ranked}

    def states(self) -> Iterator[EntryState]:
        """Every document's id, version and checksum, by time."""
        everything = Everything()
        with translated_errors(self._place):
            bounds = self._bounds(everything)
            if bounds is None:
                return
            for low, high in self._slices(everything, *bounds):
                for _, address in self._slice(everything, low, high):
                    yield self._state(address)

    def newer(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Those ids held in a version newer than the given one, and which.

        Versions come from one counter, so hardly ever is anything held that is
        newer than a batch: one range answers for all of it.
        """
        if not versions:
            return {}
        clause = all_of(
            Terms(field="id", tokens=tuple(versions)),
            Between(field="version", low=min(versions.values()) + 1),
        )
        with translated_errors(self._place):
            query = filtering(self._schema, clause)
            found = self._searcher.search(query, len(versions), count=False).hits
            states = [self._state(address) for _, address in found]
        return {s.id: s.version for s in states if s.version > versions[s.id]}

    def scores(self, clauses: Sequence[Clause], document_id: str) -> list[float]:
        """What each clause scores for a document."""
        with translated_errors(self._place):
            only = filtering(self._schema, Term(field="id", token=document_id))
            hits = self._searcher.search(only, 1, count=False).hits
            return [
                self._score(clause, hits[0][1]) if hits else 0.0 for clause in clauses
            ]

    def summary(self) -> Summary:
        """Counted in the columns, without reading a document."""
        wanted = {"versions": {"sum": {"field": "version"}}}
        with translated_errors(self._place):
            answer = self._searcher.aggregate(Query.all_query(), wanted)
            return Summary(
                documents=self._searcher.num_docs,
                version_sum=round(answer["versions"]["value"] or 0),
            )

    def _matching(self, plan: Plan, partial: bool) -> Query:
        if not partial:
            return filtering(self._schema, plan.full)
        if plan.partial is None:
            return Query.empty_query()
        excluded = tantivy_query(self._schema, plan.full)
        return Query.boolean_query(
            [
                (Occur.Must, filtering(self._schema, plan.partial)),
                (Occur.MustNot, excluded),
            ]
        )

    def _fetcher(self, plan: Plan, matching: Query, sort: Sort) -> Fetch:
        """A function that gives the first n in order of the key alone."""
        if sort == "time":
            return self._by_field(matching, "published", Order.Desc)
        if plan.score is None:
            return self._by_field(matching, "id_rank", Order.Asc)
        query = Query.boolean_query(
            [
                (Occur.Must, matching),
                (Occur.Should, tantivy_query(self._schema, plan.score)),
            ]
        )
        return lambda n: self._searcher.search(query, n, count=True)

    def _by_field(self, query: Query, field: str, order: Order) -> Fetch:
        return lambda n: self._searcher.search(
            query, n, count=True, order_by_field=field, order=order
        )

    def _page(self, fetch: Fetch, start: int, end: int) -> tuple[int, list[Keyed]]:
        """How many there are, and places `start` to `end` by key, then id.

        More is fetched until the last key on the page is not the last fetched
        one, because a tie that crosses the page's end is ordered by id.
        """
        wanted = end + SPARE
        result = fetch(wanted)
        found = result.hits
        while len(found) == wanted and found[-1][0] == found[end - 1][0]:
            wanted *= 4
            found = fetch(wanted).hits
        page: list[Keyed] = []
        place = 0
        for _, ties in groupby(found, key=lambda keyed: keyed[0]):
            group = list(ties)
            if place + len(group) > start and place < end:
                ordered = self._by_id(group)
                page += ordered[max(0, start - place) : end - place]
            place += len(group)
            if place >= end:
                break
        return int(result.count), page

    def _by_id(self, group: list[Keyed]) -> list[Keyed]:
        if len(group) == 1:
            return group
        addresses = [address for _, address in group]
        ranks = self._searcher.fast_field_values("id_rank", addresses)
        by_rank: dict[Any, list[Keyed]] = defaultdict(list)
        for rank, keyed in zip(ranks, group, strict=True):
            by_rank[rank].append(keyed)
        ordered: list[Keyed] = []
        for rank in sorted(by_rank):
            alike = by_rank[rank]
            if len(alike) > 1:  # ids equal in their first 60 bits
                alike = sorted(alike, key=lambda keyed: self._id(keyed[1]))
            ordered += alike
        return ordered

    def _slices(self, clause: Clause, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Ranges of time with few documents each, in order."""
        within = all_of(clause, Between(field="published", low=low, high=high))
        if low == high or self.count(within) <= SLICE:
            yield low, high
            return
        middle = (low + high) // 2
        yield from self._slices(clause, low, middle)
        yield from self._slices(clause, middle + 1, high)

    def _slice(self, clause: Clause, low: int, high: int) -> list[Keyed]:
        within = all_of(clause, Between(field="published", low=low, high=high))
        size = self.count(within)
        if size == 0:
            return []
        query = filtering(self._schema, within)
        fetch = self._by_field(query, "published", Order.Asc)
        return self._page(fetch, 0, size)[1]

    def _bounds(self, clause: Clause) -> tuple[int, int] | None:
        wanted = {
            "low": {"min": {"field": "published"}},
            "high": {"max": {"field": "published"}},
        }
        answer = self._searcher.aggregate(filtering(self._schema, clause), wanted)
        low, high = answer["low"]["value"], answer["high"]["value"]
        # Doubles hold milliseconds exactly for 285,000 years.
        return None if low is None else (int(low), int(high))

    def _facets(
        self, clause: Clause, timezone: str, timeline: Timeline
    ) -> Mapping[str, tuple[Facet, ...]]:
        """Over all that matches: most first, the timeline in order."""
        wanted: dict[str, Any] = {
            name: {"terms": {"field": field, "size": FACET_SIZE}}
            for name, field in FACET_FIELDS.items()
        }
        wanted[timeline] = _histogram("published")
        with translated_errors(self._place):
            query = filtering(self._schema, clause)
            answer = self._searcher.aggregate(query, wanted)
            utc_days = answer.pop(timeline)["buckets"]
            days = self._days(query, utc_days, timezone)
        found = {name: _facets(value["buckets"]) for name, value in answer.items()}
        return {**found, timeline: in_parts(days, timeline)}

    def _days(
        self, query: Query, utc_days: list[dict[str, Any]], timezone: str
    ) -> tuple[Facet, ...]:
        """Documents per day of a zone: its days are counted by their true bounds."""
        starts = [datetime.fromtimestamp(b["key"] / 1000, UTC) for b in utc_days]
        if timezone == "UTC":
            return tuple(
                Facet(value=f"{day:%Y-%m-%d}", count=b["doc_count"])
                for day, b in zip(starts, utc_days, strict=True)
            )
        ranges = [
            {"key": name, "from": low * 1.0, "to": high * 1.0}
            for name, low, high in days_of(starts, ZoneInfo(timezone))
        ]
        if not ranges:
            return ()
        wanted = {"day": {"range": {"field": "published", "ranges": ranges}}}
        buckets = self._searcher.aggregate(query, wanted)["day"]["buckets"]
        names = {r["key"] for r in ranges}
        return tuple(
            Facet(value=b["key"], count=b["doc_count"])
            for b in buckets
            if b["doc_count"] and b["key"] in names
        )

    def _ranked(self, score: float, address: DocAddress) -> Ranked:
        document: Any = self._searcher.doc(address)
        return Ranked(
            id=document.get_first("id"),
            score=float(score),
            display=bytes(document.get_first("display")).decode(),
        )

    def _score(self, clause: Clause, address: DocAddress) -> float:
        query = tantivy_query(self._schema, clause)
        try:
            account = query.explain(self._searcher, address)
        except ValueError:  # it does not match
            return 0.0
        return float(json.loads(account.to_json())["value"])

    def _state(self, address: DocAddress) -> EntryState:
        document: Any = self._searcher.doc(address)
        return EntryState(
            id=document.get_first("id"),
            version=document.get_first("version"),
            checksum=bytes(document.get_first("checksum")).decode(),
        )

    def _id(self, address: DocAddress) -> str:
        document: Any = self._searcher.doc(address)
        return str(document.get_first("id"))

    def _count(self, query: Query) -> int:
        found: Any = self._searcher.search(query, 1, count=True)
        return int(found.count)


def _histogram(field: str) -> dict[str, Any]:
    return {
        "histogram": {
            "field": field,
            "interval": DAY_MILLISECONDS,
            "min_doc_count": 1,
        }
    }


def _facets(buckets: list[dict[str, Any]]) -> tuple[Facet, ...]:
    found = [Facet(value=b["key"], count=b["doc_count"]) for b in buckets]
    return tuple(sorted(found, key=lambda facet: (-facet.count, facet.value)))
