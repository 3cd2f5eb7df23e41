"""The engine for more than one machine: Elasticsearch.

An alias (`babelwire`) names the living index, one of `babelwire-g-…`. Each index says
in its mapping which generation it is and whether it ever lived. Nothing is kept here
but the lock file of the workspace.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from pipeline.errors import EngineError, UnavailableError
from search_index.engines.contract import Generation
from search_index.engines.elasticsearch_schema import META, index_settings, mapping
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server
from search_index.engines.elasticsearch_snapshot import ElasticsearchSnapshot
from search_index.engines.elasticsearch_writer import ElasticsearchWriter
from search_index.engines.folder_lock import FolderLock
from search_index.engines.lease import Lease

MERGE_SECONDS = 3600.0
"""A new index is merged before it is searched: smaller by half and faster. It is
waited for so long; the cluster goes on merging by itself."""

SEGMENTS = 4
"""Of a merged shard: few to search, and none so large that it is never merged again."""

KNOWN_SECONDS = 1.0
"""So long a reader believes what the alias named: one request less for each page. The
index that lived before stays after a swap, so what it reads is complete."""


@dataclass(frozen=True, kw_only=True)
class _Index:
    name: str
    generation: Generation
    has_lived: bool


class ElasticsearchIndex:
    """`IndexEngine` on a cluster.

    Args:
        folder: Of the workspace's index: its lock file is there.
        settings: Where the cluster is.
        server: The connection to it, made where it is not given.
        timer: Seconds that only grow.
    """

    name = "elasticsearch"
    keeps_old = True

    def __init__(
        self,
        folder: Path,
        settings: ElasticsearchSettings,
        *,
        server: Server | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._server = server or Server(settings)
        self._lock = FolderLock(folder)
        self._lease = Lease(self._server, folder)
        self._known: dict[str, _Index] = {}
        self._timer = timer
        self._read: tuple[float, _Index] | None = None

    def current(self) -> Generation | None:
        """The generation that the alias names."""
        living = self._living()
        return living.generation if living else None

    def snapshot(self, generation: str | None = None) -> ElasticsearchSnapshot:
        """A generation's index, or the living one."""
        if generation is not None:
            index = self._index_name(generation)
        else:
            living = self._living_lately()
            if living is None:
                raise UnavailableError(
                    f"Elasticsearch ({self._server.nodes}): there is no index "
                    f'{self._settings.name} yet: run "babelwire index" first'
                )
            index = living.name
        return ElasticsearchSnapshot(self._server, index, self._settings.shards)

    @contextlib.contextmanager
    def write(self, generation: str) -> Iterator[ElasticsearchWriter]:
        """The one writer of a generation."""
        with self.exclusive():
            living = self._living()
            index = self._index_name(generation)
            is_living = living is not None and living.name == index
            writer = ElasticsearchWriter(self._server, index, is_living=is_living)
            try:
                yield writer
                if not is_living:
                    self._settle(writer, index)
            finally:
                writer.close()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Only one process changes the index, on all machines."""
        if self._lock.is_held:
            self._lease.check()
            yield
            return
        with self._lock.held(), self._lease.held():
            yield

    def create(self, name: str, *, analysis: str, target: str) -> Generation:
        """A new, empty index beside the living one."""
        meta = {"generation": name, "analysis": analysis, "target": target}
        with self.exclusive(), self._server.translated_errors():
            self._server.client.indices.create(
                index=self._index_name(name),
                settings=index_settings(self._settings),
                mappings=mapping({**meta, "lived": False}),
                wait_for_active_shards=1,
            )
        return Generation(name=name, analysis=analysis, target=target)

    def activate(self, generation: str) -> None:
        """Points the alias at it, in one step; the old index stays."""
        index = self._index_name(generation)
        self._read = None
        with self.exclusive(), self._server.translated_errors():
            indices = self._server.client.indices
            indices.put_settings(index=index, settings={"refresh_interval": None})
            indices.refresh(index=index)
            meta = next(iter(indices.get_mapping(index=index).values()))["mappings"]
            known = {**meta["_meta"], META: {**meta["_meta"][META], "lived": True}}
            indices.put_mapping(index=index, meta=known)
            alias = self._settings.name
            indices.update_aliases(
                actions=[
                    {
                        "remove": {
                            "index": f"{alias}-g-*",
                            "alias": alias,
                            "must_exist": False,
                        }
                    },
                    {"add": {"index": index, "alias": alias}},
                ]
            )

    def prune(self, *, unfinished: bool = False) -> list[str]:
        """Removes indices that are not living."""
        self._read = None
        with self.exclusive():
            living = self._living()
            gone = [
                index
                for index in self._all()
                if (living is None or index.name != living.name)
                and not (unfinished and index.has_lived)
            ]
            for index in gone:
                with self._server.translated_errors():
                    self._server.client.indices.delete(index=index.name)
        return sorted(index.generation.name for index in gone)

    def damage(self) -> list[str]:
        """Shards of the living index that cannot be read."""
        living = self._living()
        if living is None:
            return []
        health = self._server.read(
            lambda client: client.cluster.health(index=living.name, level="shards")
        )
        shards: Mapping[str, Any] = health["indices"][living.name]["shards"]
        return [
            f"{living.name}: shard {number} has no copy that can be read"
            for number, shard in sorted(shards.items())
            if not shard["primary_active"]
        ]

    def close(self) -> None:
        """Lets go of the connections."""
        self._server.close()

    def _settle(self, writer: ElasticsearchWriter, index: str) -> None:
        """Makes a new index visible, and small."""
        writer.refresh()
        with contextlib.suppress(UnavailableError), self._server.translated_errors():
            self._server.client.options(
                request_timeout=MERGE_SECONDS
            ).indices.forcemerge(index=index, max_num_segments=SEGMENTS)
        writer.refresh()

    def _living_lately(self) -> _Index | None:
        """What the alias named at most `KNOWN_SECONDS` ago."""
        if self._read is not None and self._timer() < self._read[0] + KNOWN_SECONDS:
            return self._read[1]
        asked_at, living = self._timer(), self._living()
        self._read = (asked_at, living) if living is not None else None
        return living

    def _living(self) -> _Index | None:
        """What the alias names, asked in few bytes."""
        names = sorted(
            self._found(lambda c: c.indices.get_alias(name=self._settings.name))
        )
        if len(names) > 1:
            raise EngineError(
                f"Elasticsearch ({self._server.nodes}): the alias "
                f"{self._settings.name} names several indices "
                f"({', '.join(names)}), expected one"
            )
        if not names:
            return None
        if names[0] not in self._known:
            self._known |= {index.name: index for index in self._mappings(names[0])}
        return self._known.get(names[0])

    def _all(self) -> list[_Index]:
        return self._mappings(f"{self._settings.name}-g-*")

    def _mappings(self, expression: str) -> list[_Index]:
        """What indices say of themselves; others than ours are passed over."""
        found = self._found(lambda c: c.indices.get_mapping(index=expression))
        read = [_read(name, one["mappings"]) for name, one in found.items()]
        return [index for index in read if index is not None]

    def _found(self, ask: Callable[[Elasticsearch], Any]) -> Mapping[str, Any]:
        """An answer by index; empty where there is nothing of the name."""
        try:
            found: Mapping[str, Any] = self._server.read(ask)
        except EngineError as error:
            if isinstance(error.__cause__, NotFoundError):
                return {}
            raise
        return found

    def _index_name(self, generation: str) -> str:
        return f"{self._settings.name}-{generation}"


def _read(name: str, about: Mapping[str, Any]) -> _Index | None:
    try:
        meta = about["_meta"][META]
        generation = Generation(
            name=meta["generation"], analysis=meta["analysis"], target=meta["target"]
        )
        return _Index(name=name, generation=generation, has_lived=bool(meta["lived"]))
    except (KeyError, TypeError):
        return None
