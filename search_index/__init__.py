"""From document to answer: analysis, query language, engines, sync.

Contracts are `search_index.query` (what is asked and answered, and what an
engine offers) and `search_index.clauses` (what an engine is asked).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from search_index.engines.contract import IndexEngine

__all__ = ["open_index"]


def open_index(folder: Path, *, engine: str = "tantivy") -> IndexEngine:
    """The index in a workspace's folder; nothing is read or made yet.

    Raises:
        ConfigError: No such engine.
    """
    if engine == "tantivy":
        from search_index.engines.tantivy_index import TantivyIndex

        return TantivyIndex(folder)
    raise ConfigError(f'index.engine: found "{engine}", expected "tantivy"')
