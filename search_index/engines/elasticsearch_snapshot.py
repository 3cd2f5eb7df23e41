"""Reading an index on Elasticsearch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import NotFoundError

from pipeline.errors import EngineError, UnavailableError
from search_index.clauses import FACET_FIELDS, Clause, Plan, Terms, all_of
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
    ViewGoneError,
)
from search_index.engines.edits import is_one_edit
from search_index.engines.elasticsearch_queries import elasticsearch_query, filtered
from search_index.engines.elasticsearch_schema import SHOWN, ranked, state
from search_index.engines.elasticsearch_server import Server, error_of_answer
from search_index.engines.paging import partial_below
from search_index.engines.spread import cluster_aggregation, cluster_counts
from search_index.query import Facet, Sort

Body = dict[str, Any]

FACET_SIZE = 10_000
"""More sources than anyone configures; facets count the whole answer."""

SLICE = 1_000
"""Documents of an export, or states, per request: some 10 MB."""

KEEP_ALIVE = "10m"
"""Between two requests of an export: as long as its reader may take for one slice."""

SIMILAR_SIZE = 1_000
"""Suggestions asked for: more than one edit makes of any word in an index."""


class ElasticsearchSnapshot:
    """One generation, as it stands when it is asked.

    A page is of one moment; `iterate` and `states` read at a point in time of their
    own, all stretches at one that is kept until `close`.
    """

    def __init__(self, server: Server, index: str, shards: int) -> None:
        self._server = server
        self._index = index
        self._exact: Body = (
            {"search_type": "dfs_query_then_fetch"} if shards > 1 else {}
        )
        self._points: set[str] = set()
        self._kept = ""

    def page(self, request: PageRequest) -> Page:
        """One request; a second where partial matches fill the page."""
        bodies = [_page_body(request), *map(_count_body, request.counted)]
        first, *counted = self._ask_together(bodies)
        full = _found(first)
        return Page(
            full=full,
            some=partial_below(self, request, full),
            facets=_facets(first["aggregations"], request.timeline),
            counts=tuple(_total(answer) for answer in counted),
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
        matching = plan.partial if partial else plan.full
        if matching is None:
            return Found(total=0, hits=())
        body = _search_body(
            plan,
            filtered([matching], without=plan.full if partial else None),
            sort=sort,
        )
        return _found(self._ask({**body, "size": limit, "from": offset}))

    def count(self, clause: Clause) -> int:
        """How many documents match."""
        return _total(self._ask(_count_body(clause)))

    def timelines(
        self, clauses: Sequence[Clause], *, timezone: str, timeline: Timeline
    ) -> list[tuple[Facet, ...]]:
        """Of each clause, how many documents there are by part; in one request."""
        wanted = {timeline: {"date_histogram": _histogram(timezone, timeline)}}
        bodies = [
            {"size": 0, "query": {"bool": filtered([clause])}, "aggs": wanted}
            for clause in clauses
        ]
        answers = self._ask_together(bodies) if bodies else []
        return [_parts(answer["aggregations"], timeline) for answer in answers]

    def clusters(
        self, clause: Clause, clusters: Sequence[str]
    ) -> Mapping[str, ClusterCounts]:
        """Documents of clusters in what matches, and where they are."""
        wanted = list(dict.fromkeys(clusters))
        if not wanted:
            return {}
        within = all_of(clause, Terms(field="cluster", tokens=tuple(wanted)))
        body = {
            "size": 0,
            "query": {"bool": filtered([within])},
            "aggs": cluster_aggregation(len(wanted), FACET_SIZE),
        }
        return cluster_counts(self._ask(body)["aggregations"])

    def frequencies(self, terms: Sequence[tuple[str, str]]) -> list[int]:
        """In how many documents each token stands."""
        if not terms:
            return []
        filters = [{"term": {field: {"value": token}}} for field, token in terms]
        body = {"size": 0, "aggs": {"tokens": {"filters": {"filters": filters}}}}
        buckets = self._ask(body)["aggregations"]["tokens"]["buckets"]
        return [bucket["doc_count"] for bucket in buckets]

    def similar(self, field: str, token: str) -> Mapping[str, int]:
        """Tokens one edit away, with their documents."""
        term = {
            "field": field,
            "suggest_mode": "always",
            "max_edits": 1,
            "prefix_length": 0,
            "min_word_length": 1,
            "max_term_freq": 2**30,
            "accuracy": 0.0,
            "size": SIMILAR_SIZE,
            "shard_size": SIMILAR_SIZE,
        }
        body = {"size": 0, "suggest": {"near": {"text": token, "term": term}}}
        suggested = self._ask(body)["suggest"]["near"]
        found = {
            option["text"]: option["freq"]
            for entry in suggested
            for option in entry["options"]
        }
        return {near: n for near, n in found.items() if is_one_edit(token, near)}

    def iterate(self, clause: Clause) -> Iterator[Ranked]:
        """All that matches at one point in time, by time and id."""
        return (ranked(hit) for hit in self._walk(_by_time(clause)))

    def stretch(
        self, clause: Clause, *, limit: int, after: Place | None = None
    ) -> Stretch:
        """The next of what matches at the point in time of the first stretch."""
        body = {**_by_time(clause), "track_total_hits": True}
        if after is not None:
            body["search_after"] = [after.published, after.id]
        point = self._kept or self._open_point()
        answer = self._next(body, point, limit + 1)
        self._kept = self._renewed(point, answer["pit_id"])
        found = answer["hits"]["hits"]
        hits = tuple(map(ranked, found[:limit]))
        end = None
        if len(found) > limit:
            end = Place(published=int(found[limit - 1]["sort"][0]), id=hits[-1].id)
        return Stretch(total=_total(answer), hits=hits, end=end)

    def stored(self, ids: Sequence[str]) -> dict[str, Ranked]:
        """Documents by id."""
        if not ids:
            return {}
        body = {"query": {"ids": {"values": list(ids)}}, "_source": SHOWN}
        hits = self._ask({**body, "size": len(ids)})["hits"]["hits"]
        return {hit["_id"]: ranked(hit) for hit in hits}

    def states(self) -> Iterator[EntryState]:
        """Every document's id, version and checksum."""
        body = {
            "sort": ["_shard_doc"],
            "_source": False,
            "docvalue_fields": ["version", "checksum"],
        }
        return (state(hit) for hit in self._walk(body))

    def scores(self, clauses: Sequence[Clause], document_id: str) -> list[float]:
        """What each clause scores for a document."""
        named = [
            {"bool": {"must": [elasticsearch_query(clause)], "_name": str(place)}}
            for place, clause in enumerate(clauses)
        ]
        query = {"filter": [{"ids": {"values": [document_id]}}], "should": named}
        body = {"query": {"bool": query}, "size": 1, "_source": False}
        hits = self._ask({**body, "include_named_queries_score": True})["hits"]["hits"]
        given = hits[0].get("matched_queries", {}) if hits else {}
        return [float(given.get(str(place), 0.0)) for place in range(len(clauses))]

    def summary(self) -> Summary:
        """Counted in the columns."""
        answer = self._ask(
            {
                "size": 0,
                "track_total_hits": True,
                "aggs": {"versions": {"sum": {"field": "version"}}},
            }
        )
        versions = answer["aggregations"]["versions"]["value"]
        return Summary(documents=_total(answer), version_sum=round(versions))

    def close(self) -> None:
        """Lets go of points in time that were not read to their end."""
        for point in list(self._points):
            self._close_point(point)

    def _ask(self, body: Body) -> Any:
        """A search; an answer that lacks a shard's documents is none."""
        return self._server.read(
            lambda client: client.search(
                index=self._index,
                allow_partial_search_results=False,
                **self._exact,
                **_renamed(body),
            )
        )

    def _ask_together(self, bodies: Sequence[Body]) -> list[Any]:
        if len(bodies) == 1:
            return [self._ask(bodies[0])]
        head = {"allow_partial_search_results": False, **self._exact}
        lines = [line for body in bodies for line in (head, body)]

        def ask(client: Any) -> Any:
            answers = client.msearch(searches=lines, index=self._index)["responses"]
            for answer in answers:
                if "error" in answer:
                    raise error_of_answer(answer)
            return answers

        found: list[Any] = self._server.read(ask)
        return found

    def _walk(self, body: Body) -> Iterator[Body]:
        """Every hit of a search at one point in time, a slice in memory."""
        point = self._open_point()
        try:
            body = {**body, "track_total_hits": False}
            while True:
                answer = self._next(body, point, SLICE)
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                yield from hits
                body["search_after"] = hits[-1]["sort"]
                point = self._renewed(point, answer["pit_id"])
        finally:
            self._close_point(point)

    def _next(self, body: Body, point: str, size: int) -> Any:
        try:
            return self._server.read(
                lambda client: client.search(
                    pit={"id": point, "keep_alive": KEEP_ALIVE},
                    size=size,
                    allow_partial_search_results=False,
                    **_renamed(body),
                )
            )
        except EngineError as error:
            if not isinstance(error.__cause__, NotFoundError):
                raise
            raise ViewGoneError(
                f"Elasticsearch ({self._server.nodes}): the view of the index has "
                f"gone, it is kept for {KEEP_ALIVE} between two readings: start again"
            ) from error

    def _open_point(self) -> str:
        answer = self._server.read(
            lambda client: client.open_point_in_time(
                index=self._index, keep_alive=KEEP_ALIVE
            )
        )
        point = str(answer["id"])
        self._points.add(point)
        return point

    def _renewed(self, old: str, new: str) -> str:
        self._points.discard(old)
        self._points.add(new)
        return new

    def _close_point(self, point: str) -> None:
        """The cluster forgets it by itself, too."""
        self._points.discard(point)
        with contextlib.suppress(UnavailableError), self._server.translated_errors():
            self._server.client.close_point_in_time(id=point)


def _page_body(request: PageRequest) -> Body:
    body = _search_body(request.plan, filtered([request.plan.full]), sort=request.sort)
    aggregations = _facet_bodies(request.timezone, request.timeline)
    page = {"size": request.limit, "from": request.offset, "aggs": aggregations}
    return {**body, **page}


def _search_body(plan: Plan, query: Body, *, sort: Sort) -> Body:
    """Order is by score then id, or newest first then id."""
    order: list[Any] = [{"id": "asc"}]
    if sort == "time":
        order.insert(0, {"published": "desc"})
    elif plan.score is not None:
        order.insert(0, "_score")
        query = {**query, "should": [elasticsearch_query(plan.score)]}
        query["minimum_should_match"] = 0
    return {
        "query": {"bool": query},
        "sort": order,
        "track_total_hits": True,
        "_source": SHOWN,
    }


def _by_time(clause: Clause) -> Body:
    return {
        "query": {"bool": filtered([clause])},
        "sort": [{"published": "asc"}, {"id": "asc"}],
        "_source": SHOWN,
    }


def _count_body(clause: Clause) -> Body:
    query = {"bool": filtered([clause])}
    return {"query": query, "size": 0, "track_total_hits": True}


def _renamed(body: Body) -> Body:
    """A request's body as the client's arguments."""
    names = {"from": "from_", "_source": "source"}
    return {names.get(key, key): value for key, value in body.items()}


def _facet_bodies(timezone: str, timeline: Timeline) -> Body:
    facets = {
        name: {"terms": {"field": field, "size": FACET_SIZE}}
        for name, field in FACET_FIELDS.items()
    }
    return {**facets, timeline: {"date_histogram": _histogram(timezone, timeline)}}


def _histogram(timezone: str, timeline: Timeline) -> Body:
    return {
        "field": "published",
        "calendar_interval": timeline,
        "time_zone": timezone,
        "format": "yyyy-MM-dd",
        "min_doc_count": 1,
    }


def _facets(answers: Body, timeline: Timeline) -> dict[str, tuple[Facet, ...]]:
    found = {
        name: sorted(
            (Facet(value=b["key"], count=b["doc_count"]) for b in answer["buckets"]),
            key=lambda facet: (-facet.count, facet.value),
        )
        for name, answer in answers.items()
        if name != timeline
    }
    facets = {name: tuple(values) for name, values in found.items()}
    return {**facets, timeline: _parts(answers, timeline)}


def _parts(answers: Body, timeline: Timeline) -> tuple[Facet, ...]:
    return tuple(
        Facet(value=b["key_as_string"], count=b["doc_count"])
        for b in answers[timeline]["buckets"]
    )


def _found(answer: Body) -> Found:
    return Found(total=_total(answer), hits=tuple(map(ranked, answer["hits"]["hits"])))


def _total(answer: Body) -> int:
    return int(answer["hits"]["total"]["value"])
