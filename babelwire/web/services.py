"""What the pages stand on: one workspace's store and index, opened once.

Requests come from many threads. The store and the index take them as they come;
translating a query is done by one thread at a time, for engines keep a process each.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from babelwire.assembly import now
from babelwire.searching import local_zone, open_desk

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.names import Name
    from pipeline.store import Database
    from search_index.interpretation import SearchContext
    from search_index.query import IndexEngine


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a page may ask.

    Attributes:
        workspace: Whose pages these are.
        database: Its store.
        index: Answers searches.
        timezone: IANA name: the machine's, where a reader's is not known.
    """

    workspace: Workspace
    database: Database
    index: IndexEngine
    timezone: str
    _context: SearchContext

    def context(self) -> SearchContext:
        """What questions need besides their words, now; names as they are now.

        Its `all_names` have the countries, too.
        """
        names = _names(self.workspace.names_folder)
        return replace(self._context, now=now(), names=names)

    def fresh_workspace(self) -> Workspace:
        """The same, its files read again where one of them changed."""
        known = self.workspace
        folders = (known.sources_folder, known.names_folder)
        return _workspace_of(
            known.root, (_state(known.root), *(_state(folder) for folder in folders))
        )

    @property
    def target(self) -> str:
        """The language that is translated to and searched."""
        return self.workspace.config.target


@contextlib.contextmanager
def open_services(workspace: Workspace) -> Iterator[Services]:
    """The store and the index of a workspace."""
    database = workspace.open()
    try:
        with open_desk(workspace, database) as desk:
            yield Services(
                workspace=workspace,
                database=database,
                index=desk.index,
                timezone=local_zone(),
                _context=_one_at_a_time(desk.context),
            )
    finally:
        database.close()


def _names(folder: Path) -> Mapping[str, Name]:
    """The names of a folder, read again only when a file of it changed."""
    return _names_of(folder, _state(folder))


State = tuple[tuple[str, int, int], ...]
"""Names, times and sizes of a folder's TOML files: what tells that one changed."""


def _state(folder: Path) -> State:
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    states = [(path.name, path.stat()) for path in files]
    return tuple((name, s.st_mtime_ns, s.st_size) for name, s in states)


@lru_cache(maxsize=8)
def _names_of(folder: Path, _when: State) -> Mapping[str, Name]:
    from pipeline.names import read_names

    return read_names(folder)


@lru_cache(maxsize=8)
def _workspace_of(root: Path, _when: tuple[State, ...]) -> Workspace:
    from babelwire.workspace import Workspace

    return Workspace(root)


def _one_at_a_time(context: SearchContext) -> SearchContext:
    """The same, its translator locked while it works."""
    translate = context.translate_query
    if translate is None:
        return context
    lock = threading.Lock()

    def locked(text: str, language: str) -> str | None:
        with lock:
            return translate(text, language)

    return replace(context, translate_query=locked)
