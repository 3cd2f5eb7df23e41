"""The embedded engine: tantivy in a folder of the workspace."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DamageError, UnavailableError
from search_index.engines.contract import Generation, IndexEntry, Refusal
from search_index.engines.folder_lock import FolderLock
from search_index.engines.generations import Generations
from search_index.engines.tantivy_schema import (
    open_index,
    tantivy_document,
    translated_errors,
)
from search_index.engines.tantivy_snapshot import TantivySnapshot

if TYPE_CHECKING:
    import tantivy

WRITER_HEAP_BYTES = 64_000_000
"""One indexing thread: analysis in Python is slower than tantivy, so more
threads only make more segments."""

FOOTER_MAGIC = 1337
"""Ends every tantivy file (tantivy/src/directory/footer.rs), after the length
of a JSON footer that has the CRC-32 of all before it."""

_Written = tuple[int, int, int]


class TantivyIndex:
    """`IndexEngine` on tantivy."""

    name = "tantivy"
    keeps_old = False

    def __init__(self, folder: Path) -> None:
        self._generations = Generations(folder)
        self._lock = FolderLock(folder)
        self._opened: dict[str, tantivy.Index] = {}
        self._read: dict[str, _Written] = {}

    def current(self) -> Generation | None:
        """The living generation."""
        return self._generations.current()

    def snapshot(self, generation: str | None = None) -> TantivySnapshot:
        """The newest committed view."""
        name = generation or self._living()
        try:
            return self._snapshot(name)
        except DamageError:
            if generation or self._living() == name:
                raise
            return self._snapshot(self._living())  # it was swapped just now

    @contextlib.contextmanager
    def write(self, generation: str) -> Iterator[TantivyWriter]:
        """The one writer of a generation; what is not committed is dropped."""
        place = self._generations.path(generation)
        with self.exclusive():
            snapshot = self.snapshot(generation)
            with translated_errors(place):
                index = self._index(generation)
                writer = index.writer(WRITER_HEAP_BYTES, num_threads=1)
            try:
                yield TantivyWriter(writer, snapshot, place)
                with translated_errors(place):
                    writer.wait_merging_threads()
            finally:
                del writer

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Only one process changes the index at a time."""
        return self._lock.held()

    def create(self, name: str, *, analysis: str, target: str) -> Generation:
        """A new, empty generation beside the living one."""
        generation = Generation(name=name, analysis=analysis, target=target)
        with self.exclusive(), translated_errors(self._generations.path(name)):
            self._generations.create(generation)
            self._index(name)
        return generation

    def activate(self, generation: str) -> None:
        """Makes it the living one."""
        with self.exclusive():
            self._generations.activate(generation)

    def prune(self, *, unfinished: bool = False) -> list[str]:
        """Removes what is not living; open searches keep their files."""
        with self.exclusive():
            names = self._generations.prune(unfinished=unfinished)
        for name in names:
            self._opened.pop(name, None)
            self._read.pop(name, None)
        return names

    def damage(self) -> list[str]:
        """Files of the living generation whose checksum does not hold."""
        place = self._generations.path(self._living())
        listed = json.loads((place / ".managed.json").read_text(encoding="utf-8"))
        found = [_file_damage(place / name) for name in sorted(listed)]
        return [trouble for trouble in found if trouble]

    def close(self) -> None:
        """Lets go of the files."""
        self._opened.clear()
        self._read.clear()

    def _snapshot(self, name: str) -> TantivySnapshot:
        place = self._generations.path(name)
        with translated_errors(place):
            index = self._index(name)
            written = _written(place)
            if self._read.get(name) != written:
                index.reload()
                self._read[name] = written
            return TantivySnapshot(index.searcher(), index.schema, place)

    def _living(self) -> str:
        living = self.current()
        if living is None:
            raise UnavailableError(
                f'{self._generations.folder}: there is no index yet: run "babelwire '
                'index" first'
            )
        return living.name

    def _index(self, name: str) -> tantivy.Index:
        if name not in self._opened:
            self._opened[name] = open_index(self._generations.path(name))
        return self._opened[name]


class TantivyWriter:
    """`IndexWriter` on one tantivy writer."""

    def __init__(
        self, writer: tantivy.IndexWriter, snapshot: TantivySnapshot, place: Path
    ) -> None:
        self._writer = writer
        self._snapshot = snapshot
        self._place = place
        self._written: dict[str, int] = {}

    def put(self, entries: Sequence[IndexEntry]) -> None:
        """Adds or replaces, unless something newer is there."""
        held = self._snapshot.newer({entry.id: entry.version for entry in entries})
        with translated_errors(self._place):
            for entry in entries:
                if entry.id in held or self._is_stale(entry.id, entry.version):
                    continue
                self._writer.delete_documents_by_term("id", entry.id)
                self._writer.add_document(tantivy_document(entry))
                self._written[entry.id] = entry.version

    def delete(self, states: Sequence[tuple[str, int]]) -> None:
        """Removes, unless something newer is there."""
        held = self._snapshot.newer(dict(states))
        with translated_errors(self._place):
            for document_id, version in states:
                if document_id in held or self._is_stale(document_id, version):
                    continue
                self._writer.delete_documents_by_term("id", document_id)
                self._written[document_id] = version

    def commit(self) -> tuple[Refusal, ...]:
        """Durable and visible; whatever is put is taken."""
        with translated_errors(self._place):
            self._writer.commit()
        return ()

    def _is_stale(self, document_id: str, version: int) -> bool:
        """Whether this writer wrote something newer already."""
        return self._written.get(document_id, version) > version


def _written(place: Path) -> _Written:
    """Tells one commit from another: each puts a new `meta.json` in place.

    Looking takes a hundredth of the time of a reload (.4 ms at 20,000 documents).
    """
    found = (place / "meta.json").stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _file_damage(path: Path) -> str | None:
    """What is wrong with one tantivy file, or None."""
    if path.name == "meta.json":
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: {error.strerror}"
    length = int.from_bytes(content[-8:-4], "little")
    if int.from_bytes(content[-4:], "little") != FOOTER_MAGIC or length > len(content):
        return f"{path}: its end is missing"
    body = content[: -8 - length]
    footer = json.loads(content[-8 - length : -8])
    if zlib.crc32(body) != footer["crc"]:
        return f"{path}: its checksum does not hold"
    return None
