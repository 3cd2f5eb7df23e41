"""Index and search times on 20,000 synthetic documents of news length."""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from babelwire.demo.world import World
from benchmarks.measured import percentile, verdict
from pipeline.documents import Document, Segment, TranslatedSegment, Translation
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION
from search_index.answer import SearchContext, answer, interpret
from search_index.entry import build_entry
from search_index.highlight import Highlighter
from search_index.planning import plan
from search_index.query import IndexEngine, SearchRequest

DOCUMENTS, SENTENCES, BATCH, ASKED = 20_000, 14, 500, 300
WARM_UP = 20
"""Queries asked first and not counted: a page asked of a running service."""
START = datetime(2024, 6, 1, tzinfo=UTC)


def main() -> None:
    """Builds one index and asks it."""
    chosen = random.Random(7)
    sentences = _sentences()
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(Path(folder) / "index")
        _build(index, sentences, chosen)
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        print(f"  size: {size / 2**20:.0f} MiB")
        words = sorted({w for s in sentences for w in s[1].split() if w.isalpha()})
        for name, filters in (("plain", ""), ("filtered", " lang:vi,ar kind:news")):
            asked = [" ".join(chosen.sample(words, 3)) + filters for _ in range(ASKED)]
            _report(name, [_ask(index, text) for text in asked][WARM_UP:])
        index.close()


def _report(name: str, pages: list[dict[str, float]]) -> None:
    """Percentiles of the whole page and of what it is made of."""
    for part in pages[0]:
        times = [page[part] * 1000 for page in pages]
        shown = f"p50 {percentile(times, 0.5):.2f}, p95 {percentile(times, 0.95):.2f}"
        print(f"  {name} {part}: {shown} ms")
    times = [page["page"] * 1000 for page in pages]
    verdict(f"{name} page p95 ms", percentile(times, 0.95), 10, at_least=False)


def _build(
    index: IndexEngine, sentences: list[tuple[str, str, str]], chosen: random.Random
) -> None:
    generation = index.create("bench", analysis=ANALYSIS_VERSION, target="en")
    analysed = written = 0.0
    with index.write(generation.name) as writer:
        batch = []
        for document in _documents(sentences, chosen):
            started = time.thread_time()
            batch.append(build_entry(document, "en"))
            analysed += time.thread_time() - started
            if len(batch) == BATCH:
                started = time.perf_counter()
                writer.put(batch)
                writer.commit()
                written += time.perf_counter() - started
                batch = []
    index.activate(generation.name)
    print(
        f"  analysis {DOCUMENTS / analysed:.0f} documents/s of CPU, "
        f"indexing after it {DOCUMENTS / written:.0f} documents/s"
    )


def _ask(index: IndexEngine, text: str) -> dict[str, float]:
    """CPU seconds of one page of 20 hits, then of its parts, each asked for again."""
    request = SearchRequest(text=text, limit=20, query_language="en")
    taken: dict[str, float] = {}

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        started = time.thread_time()
        yield
        taken[part] = time.thread_time() - started

    with timed("page"):
        answer(request, SearchContext(now=START), index=index)
    with timed("planning"):
        asked = interpret(request, SearchContext(now=START))
        planned = plan(asked)
    with timed("engine"):
        snapshot = index.snapshot()
        full = snapshot.search(planned, limit=20)
        room = 20 - len(full.hits)
        some = snapshot.search(planned, partial=True, limit=room) if room else full
    with timed("facets"):
        snapshot.facets(planned.full, timezone="UTC")
    hits = (*full.hits, *some.hits)[:20]
    with timed("decoding"):
        shown = [json.loads(hit.display) for hit in hits]
    with timed("highlighting"):
        highlighter = Highlighter(asked)
        for display in shown:
            highlighter.passages(display)
    return taken


def _sentences() -> list[tuple[str, str, str]]:
    """Language, original and English of the demo's sentences."""
    from importlib.resources import as_file, files

    from pipeline.translation.tmx import read_tmx

    assert World.load().articles
    with as_file(files("babelwire.demo") / "memory.tmx") as path:
        return [
            (pair.source_language, pair.source_text, pair.target_text)
            for pair in read_tmx(path)
        ]


def _documents(
    sentences: list[tuple[str, str, str]], chosen: random.Random
) -> Iterator[Document]:
    by_language: dict[str, list[tuple[str, str]]] = {}
    for language, original, english in sentences:
        by_language.setdefault(language, []).append((original, english))
    languages = sorted(by_language)
    for number in range(DOCUMENTS):
        language = chosen.choice(languages)
        pairs = chosen.choices(by_language[language], k=SENTENCES)
        yield _document(number, language, pairs, chosen)


def _document(
    number: int,
    language: str,
    pairs: list[tuple[str, str]],
    chosen: random.Random,
) -> Document:
    title, *body = (original for original, _ in pairs)
    text = " ".join(body)
    segments = [Segment(position=0, field="title", start=0, end=len(title), text=title)]
    at = 0
    for place, sentence in enumerate(body, start=1):
        segments.append(
            Segment(
                position=place,
                field="text",
                start=at,
                end=at + len(sentence),
                text=sentence,
            )
        )
        at += len(sentence) + 1
    translated = tuple(
        TranslatedSegment(position=place, text=english, engine="memory")
        for place, (_, english) in enumerate(pairs)
    )
    moment = START + timedelta(minutes=chosen.randrange(60 * 24 * 30))
    return Document(
        id=f"d{number:016}".translate(str.maketrans("0189", "abcd")),
        revision=1,
        version=number + 1,
        url=f"https://example.org/{number}",
        source=f"source-{number % 60}",
        publisher=f"Publisher {number % 60}",
        country=chosen.choice(["VN", "EG", "RU", "FR", "BR"]),
        owner="",
        audience=(),
        kind=chosen.choice(["news", "news", "news", "official"]),
        language=language,
        published_at=moment,
        published_precision="minute",
        first_seen_at=moment,
        title=title,
        text=text,
        segments=tuple(segments),
        translations=(Translation(target="en", status="done", segments=translated),),
    )


if __name__ == "__main__":
    main()
