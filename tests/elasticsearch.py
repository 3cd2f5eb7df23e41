"""The Elasticsearch that tests may use: `BABELWIRE_TEST_ELASTICSEARCH` has its URLs.

`eval "$(bash tests/elasticsearch.sh start DIR)"` starts one on this machine alone.
"""

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search_index import open_index
from search_index.engines.contract import IndexEngine
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server

URLS = tuple(
    url for url in os.environ.get("BABELWIRE_TEST_ELASTICSEARCH", "").split(",") if url
)
ENGINES = [
    "tantivy",
    *([pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)] if URLS else []),
]
"""Every engine that is there, as a test's parameter."""

_numbers = itertools.count(1)


def unique_name() -> str:
    """Of an alias that nobody else uses: several processes share one server."""
    return f"test-{os.getpid()}-{next(_numbers)}"


def settings(**values: Any) -> ElasticsearchSettings:
    """Of an index of its own on the tests' server."""
    return ElasticsearchSettings(**{"urls": URLS, "name": unique_name(), **values})


@contextlib.contextmanager
def opened(
    engine: str, folder: Path, server: ElasticsearchSettings | None = None
) -> Iterator[IndexEngine]:
    """An empty index on any engine; what it made on a server is removed."""
    if engine != "elasticsearch":
        index = open_index(folder, engine=engine)
        yield index
        index.close()
        return
    chosen = server or settings()
    index = open_index(folder, engine=engine, server=chosen)
    try:
        yield index
    finally:
        index.close()
        remove(chosen)


def remove(chosen: ElasticsearchSettings) -> None:
    """Deletes every index of a name."""
    server = Server(chosen)
    with server.translated_errors():
        found = server.client.indices.get(index=f"{chosen.name}-*")
        for name in found:
            server.client.indices.delete(index=name)
    server.close()
