"""Every engine there is, behind its contract; a new one is one line here."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from pipeline.documents import Document
from search_index import open_index
from search_index.engines.contract import IndexEngine
from search_index.engines.elasticsearch_server import ElasticsearchSettings
from tests import elasticsearch
from tests.search_index.samples import FORUM, write

MakeIndex = Callable[[Iterable[Document]], IndexEngine]
OpenIndex = Callable[[], IndexEngine]


@pytest.fixture(params=elasticsearch.ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of each engine that is there."""
    return str(request.param)


@pytest.fixture
def server(engine: str) -> ElasticsearchSettings | None:
    """Where the test's index is, for an engine that is a server."""
    return elasticsearch.settings() if engine == "elasticsearch" else None


@pytest.fixture
def cluster() -> Iterator[ElasticsearchSettings]:
    """Of an index of the test's own on a real server, whatever the test is run with."""
    chosen = elasticsearch.settings()
    yield chosen
    elasticsearch.remove(chosen)


@pytest.fixture
def empty_index(
    engine: str, server: ElasticsearchSettings | None, tmp_path: Path
) -> Iterator[IndexEngine]:
    """An engine without any generation."""
    with elasticsearch.opened(engine, tmp_path / "index", server) as index:
        yield index


@pytest.fixture
def open_again(
    engine: str, server: ElasticsearchSettings | None, tmp_path: Path
) -> Iterator[OpenIndex]:
    """Opens the test's index once more, as another process would."""
    opened: list[IndexEngine] = []

    def open_it() -> IndexEngine:
        opened.append(open_index(tmp_path / "index", engine=engine, server=server))
        return opened[-1]

    yield open_it
    for index in opened:
        index.close()


@pytest.fixture
def make_index(empty_index: IndexEngine) -> MakeIndex:
    """Fills an index with documents."""

    def make(documents: Iterable[Document]) -> IndexEngine:
        write(empty_index, documents)
        return empty_index

    return make


@pytest.fixture
def forum(make_index: MakeIndex) -> IndexEngine:
    return make_index(FORUM)
