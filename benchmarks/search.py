"""Loading, size and result pages of both engines, 100,000 documents of news length.

Elasticsearch is measured where `BABELWIRE_TEST_ELASTICSEARCH` names a server
(`eval "$(bash tests/elasticsearch.sh start DIR)"`). `search=20000` takes fewer.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.articles import START, Articles
from benchmarks.measured import median, percentile, verdict
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION
from search_index.answer import answer
from search_index.engines.contract import IndexEngine, IndexEntry, PageRequest
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server
from search_index.entry import build_entry
from search_index.highlight import Highlighter
from search_index.interpretation import SearchContext, interpret
from search_index.planning import plan
from search_index.query import Passage, SearchRequest

BATCH, ASKED, WARM_UP, READERS = 500, 300, 20, 8
"""The first queries are not counted: a page is asked of a running service."""

LIMIT = 20
FILTERS = " lang:vi,ar kind:news"
SEARCH_GOAL_MS, VISIBLE_GOAL_MS, LOAD_GOAL, SIZE_GOAL_MIB = 10, 50, 3_000, 300
ANALYSIS_GOAL = 500
NAME = "babelwire-benchmark"


@dataclass
class Loaded:
    """An engine, and the seconds it took to take everything."""

    index: IndexEngine
    folder: Path
    seconds: float = 0.0
    settling: float = 0.0
    rebuilding: float = 0.0
    writing: Any = None
    writer: Any = None


def main(documents: int = 100_000) -> None:
    """Loads the same documents into every engine and asks them."""
    articles = Articles()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        loaded = [
            Loaded(stack.enter_context(_opened(engine, Path(folder))), Path(folder))
            for engine in _engines()
        ]
        _load(loaded, articles, documents)
        queries = articles.queries(ASKED + WARM_UP)
        for each in loaded:
            print(f"  -- {each.index.name}")
            _report_loading(each, documents)
            _report_pages(each.index, queries)
            _report_readers(each.index, queries)
            _report_visibility(each.index, articles, documents)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 2**20 if sys.platform == "darwin" else 2**10
        print(f"  memory of this process at its peak: {peak / unit:.0f} MiB")


def _engines() -> tuple[str, ...]:
    if os.environ.get("BABELWIRE_TEST_ELASTICSEARCH"):
        return "tantivy", "elasticsearch"
    print("  Elasticsearch is left out: BABELWIRE_TEST_ELASTICSEARCH names no server.")
    return ("tantivy",)


@contextlib.contextmanager
def _opened(engine: str, folder: Path) -> Iterator[IndexEngine]:
    urls = tuple(os.environ.get("BABELWIRE_TEST_ELASTICSEARCH", "").split(","))
    settings = ElasticsearchSettings(urls=urls, name=NAME, timeout_seconds=120)
    index = open_index(folder / engine, engine=engine, server=settings)
    try:
        yield index
    finally:
        if engine == "elasticsearch":
            index.prune()
            server = Server(settings)
            server.client.indices.delete(index=f"{NAME}-g-bench,{NAME}-lock")
            server.close()
        index.close()


def _load(loaded: Sequence[Loaded], articles: Articles, documents: int) -> None:
    """Every batch is analysed once and given to each engine in turn."""
    analysed = 0.0
    for each in loaded:
        each.index.create("g-bench", analysis=ANALYSIS_VERSION, target="en")
        each.writing = each.index.write("g-bench")
        each.writer = each.writing.__enter__()
    stream = articles.take(documents)
    while batch := list(islice(stream, BATCH)):
        started = time.thread_time()
        entries = [build_entry(document, "en") for document in batch]
        analysed += time.thread_time() - started
        for each in loaded:
            _put(each, entries)
    for each in loaded:
        started = time.perf_counter()
        each.writing.__exit__(None, None, None)  # merged, and visible
        each.index.activate("g-bench")
        each.settling = time.perf_counter() - started
    print(f"  {documents:,} documents, with translations {2 * documents:,} texts")
    rate = 2 * documents / analysed
    verdict("texts analysed a second of CPU", rate, ANALYSIS_GOAL, at_least=True)
    for each in loaded:
        each.rebuilding = analysed + each.seconds + each.settling


def _put(each: Loaded, entries: Sequence[IndexEntry]) -> None:
    started = time.perf_counter()
    each.writer.put(entries)
    each.writer.commit()
    each.seconds += time.perf_counter() - started


def _report_loading(each: Loaded, documents: int) -> None:
    rate = documents / each.seconds
    verdict("documents/s after analysis", rate, LOAD_GOAL, at_least=True)
    print(f"  merging at the end: {each.settling:.1f} s")
    print(f"  a rebuild, without reading the store: {each.rebuilding:.1f} s")
    print(f"  size: {_size(each):.0f} MiB (goal ≤ {SIZE_GOAL_MIB} without grams)")


def _size(each: Loaded) -> float:
    if each.index.name == "tantivy":
        place = each.folder / "tantivy"
        return sum(f.stat().st_size for f in place.rglob("*") if f.is_file()) / 2**20
    urls = tuple(os.environ["BABELWIRE_TEST_ELASTICSEARCH"].split(","))
    server = Server(ElasticsearchSettings(urls=urls))
    stats = server.client.indices.stats(index=f"{NAME}-g-bench", metric="store")
    nodes = server.client.nodes.stats(metric="jvm")["nodes"]
    heap = sum(node["jvm"]["mem"]["heap_used_in_bytes"] for node in nodes.values())
    print(f"  heap in use: {heap / 2**20:.0f} MiB")
    server.close()
    return float(stats["_all"]["total"]["store"]["size_in_bytes"]) / 2**20


def _report_pages(index: IndexEngine, queries: Sequence[str]) -> None:
    """One reader: the whole page, and what it is made of."""
    pages: dict[str, list[dict[str, float]]] = {}
    for name, filters in (("plain", ""), ("filtered", FILTERS)):
        pages[name] = [_parts(index, text + filters) for text in queries][WARM_UP:]
        for part in pages[name][0]:
            times = [page[part] * 1000 for page in pages[name]]
            print(f"  {name} {part}: {_shown(times)}")
    p95 = percentile([page["page"] * 1000 for page in pages["filtered"]], 0.95)
    if index.name == "tantivy":
        verdict("page p95 ms", p95, SEARCH_GOAL_MS, at_least=False)
    plain = median([page["page"] for page in pages["plain"]])
    filtered = median([page["page"] for page in pages["filtered"]])
    verdict("filtered page / plain page", filtered / plain, 2, at_least=False)
    ratios = [
        (page["page"] - page["of it highlighting"] - page["decoding"])
        / page["bare query"]
        for page in pages["plain"]
    ]
    marking = median([page["highlighting again"] * 1000 for page in pages["plain"]])
    verdict("highlighting of 20 hits, ms", marking, 3, at_least=False)
    verdict(
        "page without highlighting / bare query", median(ratios), 1.3, at_least=False
    )


def _parts(index: IndexEngine, text: str) -> dict[str, float]:
    """Seconds of one page of 20 hits, then of its parts, each asked for again."""
    request = SearchRequest(text=text, limit=LIMIT, query_language="en")
    context = SearchContext(now=START)
    taken: dict[str, float] = {}

    @contextlib.contextmanager
    def timed(part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        taken[part] = time.perf_counter() - started

    with timed("page"), _highlighting() as highlighting:
        answer(request, context, index=index)
    taken["of it highlighting"] = sum(highlighting)
    with timed("planning"):
        asked = interpret(request, context)
        planned = plan(asked)
    snapshot = index.snapshot()
    with timed("bare query"):
        full = snapshot.search(planned, limit=LIMIT)
        room = LIMIT - len(full.hits)
        some = snapshot.search(planned, partial=True, limit=room) if room else full
    with timed("hits and facets"):
        snapshot.page(PageRequest(plan=planned, limit=LIMIT))
    hits = (*full.hits, *some.hits)[:LIMIT]
    with timed("decoding"):
        shown = [json.loads(hit.display) for hit in hits]
    with timed("highlighting again"):
        highlighter = Highlighter(asked)
        for display in shown:
            highlighter.passages(display)
    return taken


@contextlib.contextmanager
def _highlighting() -> Iterator[list[float]]:
    """Seconds spent with each hit's passages, words not met before among them."""
    taken: list[float] = []
    passages = Highlighter.passages

    def timed(self: Highlighter, display: Mapping[str, Any]) -> tuple[Passage, ...]:
        started = time.perf_counter()
        found = passages(self, display)
        taken.append(time.perf_counter() - started)
        return found

    with mock.patch.object(Highlighter, "passages", timed):
        yield taken


def _report_readers(index: IndexEngine, queries: Sequence[str]) -> None:
    """Eight at once, as in a service: threads of one process share its interpreter."""
    times: list[float] = []

    def read(part: Sequence[str]) -> None:
        for text in part:
            started = time.perf_counter()
            request = SearchRequest(
                text=text + FILTERS, limit=LIMIT, query_language="en"
            )
            answer(request, SearchContext(now=START), index=index)
            times.append((time.perf_counter() - started) * 1000)

    readers = [
        threading.Thread(target=read, args=[queries[n::READERS]])
        for n in range(READERS)
    ]
    started = time.perf_counter()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    rate = len(times) / (time.perf_counter() - started)
    print(f"  {READERS} readers: {_shown(times)}, {rate:.0f} pages/s")


def _report_visibility(index: IndexEngine, articles: Articles, first: int) -> None:
    """From a change to a search that finds it."""
    times = []
    for document in articles.take(20, first):
        entry = build_entry(document, "en")
        with index.write("g-bench") as writer:
            started = time.perf_counter()
            writer.put([entry])
            writer.commit()
            found = index.snapshot().stored([document.id])
            times.append((time.perf_counter() - started) * 1000)
        assert document.id in found
    verdict("change to visible, ms", median(times), VISIBLE_GOAL_MS, at_least=False)


def _shown(times: Sequence[float]) -> str:
    return f"p50 {percentile(times, 0.5):.2f}, p95 {percentile(times, 0.95):.2f} ms"


if __name__ == "__main__":
    main()
