"""From document to answer: analysis, query language, engines, sync.

Contracts are `search_index.query` (what is asked and answered, and what an
engine offers) and `search_index.clauses` (what an engine is asked).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.contacts import Contacts
    from search_index.engines.contract import IndexEngine
    from search_index.engines.elasticsearch_server import ElasticsearchSettings

__all__ = ["ENGINES", "open_index"]

ENGINES = ("tantivy", "elasticsearch")


def open_index(
    folder: Path,
    *,
    engine: str = "tantivy",
    server: ElasticsearchSettings | None = None,
    contacts: Contacts | None = None,
) -> IndexEngine:
    """The index of a workspace; nothing is read or made yet.

    Args:
        folder: Of an embedded index, and of the lock of any.
        engine: One of `ENGINES`.
        server: Where Elasticsearch is; its default is this machine.
        contacts: Told of each request to it; closed with the index.

    Raises:
        ConfigError: No such engine.
    """
    if engine == "tantivy":
        from search_index.engines.tantivy_index import TantivyIndex

        return TantivyIndex(folder)
    if engine == "elasticsearch":
        from search_index.engines.elasticsearch_index import ElasticsearchIndex
        from search_index.engines.elasticsearch_server import (
            ElasticsearchSettings,
            Server,
        )

        settings = server or ElasticsearchSettings()
        return ElasticsearchIndex(folder, settings, server=Server(settings, contacts))
    expected = ", ".join(f'"{known}"' for known in ENGINES)
    raise ConfigError(f'index.engine: found "{engine}", expected one of {expected}')
