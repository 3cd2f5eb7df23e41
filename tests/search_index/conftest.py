"""Every engine there is, behind its contract; a new one is one line here."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from pipeline.documents import Document
from search_index import open_index
from search_index.engines.contract import IndexEngine
from tests.search_index.samples import FORUM, write

ENGINES = ("tantivy",)

MakeIndex = Callable[[Iterable[Document]], IndexEngine]


@pytest.fixture(params=ENGINES)
def empty_index(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[IndexEngine]:
    """An engine without any generation."""
    index = open_index(tmp_path / "index", engine=request.param)
    yield index
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
