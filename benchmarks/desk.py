"""Pages of the desk over an index of news, 8 readers at once; weight, memory, cases.

The index is filled directly, so that a size can be chosen (`desk=20000`); the page of a
document and the API's cases are measured on the demo's workspace, which has a store and
an archive.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from re import findall
from urllib.parse import quote

from babelwire.searching import Desk
from babelwire.web.services import open_services
from babelwire.workspace import make_workspace
from benchmarks import desk_browser, desk_cases
from benchmarks.articles import START, Articles
from benchmarks.desk_served import Served, served
from benchmarks.measured import ROOT, median, percentile, verdict
from search_index.analysis import ANALYSIS_VERSION
from search_index.engines.contract import IndexEngine
from search_index.entry import build_entry
from search_index.interpretation import SearchContext
from search_index.query import SearchRequest

READERS, ASKED, WARM_UP, BATCH, TURNS = 8, 800, 40, 500, 4
MANY = 10_000
SEARCH_RATIO, DOCUMENT_MS, MEMORY_GROWTH = 1.5, 30, 1.1


def main(documents: int = 100_000) -> None:
    """Prints the figures and their goals."""
    articles = Articles()
    queries = articles.queries(ASKED)
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder) / "w")
        with open_services(workspace) as services:
            _fill(services.index, articles, documents)
            with served(workspace.root) as desk:
                _report_search(desk, services.index, queries)
        with served(workspace.root) as desk:
            desk_browser.report(desk, "/?q=" + quote(queries[0]))
            _report_memory(desk, queries)
    with _demo() as desk:
        _report_documents(desk)
        desk_cases.report(desk)


def _fill(index: IndexEngine, articles: Articles, documents: int) -> None:
    index.create("g-bench", analysis=ANALYSIS_VERSION, target="en")
    stream = articles.take(documents)
    with index.write("g-bench") as writer:
        while batch := list(islice(stream, BATCH)):
            writer.put([build_entry(document, "en") for document in batch])
            writer.commit()
    index.activate("g-bench")


def _times(desk: Served, paths: Sequence[str], readers: int) -> list[float]:
    def get(path: str) -> None:
        desk.get(path)

    return _together(get, paths, readers)


def _together(
    do: Callable[[str], None], texts: Sequence[str], readers: int
) -> list[float]:
    """Milliseconds of each, done by several at once; the first ones not counted."""
    times: list[float] = []

    def work(part: Sequence[str]) -> None:
        for text in part:
            started = time.perf_counter()
            do(text)
            times.append((time.perf_counter() - started) * 1000)

    for part in (texts[:WARM_UP], texts[WARM_UP:]):
        times.clear()
        threads = [
            threading.Thread(target=work, args=[part[n::readers]])
            for n in range(readers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return times


def _report_search(desk: Served, index: IndexEngine, queries: Sequence[str]) -> None:
    """The same searches by as many threads, served and not, in turns.

    In turns, so that what else the machine does falls on both.
    """
    alone = Desk(index=index, context=SearchContext(now=START))

    def ask(text: str) -> None:
        alone.ask(SearchRequest(text=text, limit=20, group=True))

    engine: list[float] = []
    pages: list[float] = []
    part = -(-len(queries) // TURNS)
    for first in range(0, len(queries), part):
        asked = queries[first : first + part]
        engine += _together(ask, asked, READERS)
        pages += _times(desk, ["/?q=" + quote(text) for text in asked], READERS)
    print(f"  search page, {READERS} readers: {_shown(pages)}")
    print(f"  its query and highlighting alone: {_shown(engine)}")
    ratio = percentile(pages, 0.95) / percentile(engine, 0.95)
    verdict("search page / query, p95", ratio, SEARCH_RATIO, at_least=False)


def _report_memory(desk: Served, queries: Sequence[str]) -> None:
    """After everything was met once, nothing should grow any more."""
    paths = ["/?q=" + quote(text) for text in queries]
    _times(desk, paths, READERS)
    before = desk.memory_mib()
    for n in range(0, MANY, len(paths)):
        _times(desk, paths[: min(len(paths), MANY - n)], READERS)
    after = desk.memory_mib()
    print(f"  memory: {before:.0f} MiB, after {MANY:,} requests {after:.0f} MiB")
    growth = after / before
    verdict("memory after / before", growth, MEMORY_GROWTH, at_least=False)


@contextmanager
def _demo() -> Iterator[Served]:
    """The demo's desk."""
    with tempfile.TemporaryDirectory() as folder:
        world = f"{folder}/world"
        demo = [sys.executable, "-m", "babelwire", "demo", "--folder", world]
        subprocess.run(demo, check=True, capture_output=True, cwd=ROOT)
        with served(Path(world)) as desk:
            yield desk


def _report_documents(desk: Served) -> None:
    found = findall(rb'href="(/documents/[^"]+)"', desk.get("/?group=0"))
    paths = [path.decode() for path in found] * 10
    times = _times(desk, paths, 1)
    print(f"  page of a document, one reader: {_shown(times)}")
    verdict("page of a document, ms", median(times), DOCUMENT_MS, at_least=False)


def _shown(times: Sequence[float]) -> str:
    return f"p50 {percentile(times, 0.5):.1f}, p95 {percentile(times, 0.95):.1f} ms"
