"""Brings an index up to date with the store.

At least once, and the same again: a batch is put, committed, and only then
noted in `index_state`. A process that dies in between leaves the batch in the
backlog; putting it again changes nothing, for an older version never replaces a
newer one and an equal one replaces itself.

An index that is gone, damaged, or made by another analysis or for another
target is built anew as a generation of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from pipeline.documents import Document
from pipeline.errors import DamageError, UnavailableError
from pipeline.failpoints import failpoint
from pipeline.store import Database, index_state
from pipeline.store.documents import load_documents
from pipeline.store.index_state import Acknowledged
from search_index.analysis import ANALYSIS_VERSION
from search_index.engines.contract import (
    Generation,
    IndexEngine,
    IndexEntry,
    IndexWriter,
)
from search_index.entry import build_entry

BATCH = 500
"""Documents per commit: some 5 MB of text; a commit costs about 10 ms."""

PIECE = 50
"""Documents put at a time: the engine works on them while the next are analysed."""

Loader = Callable[[Connection, Sequence[str]], list[Document]]
Progress = Callable[[int, int], None]
"""Takes how many documents are done, and of how many."""


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a sync did.

    Attributes:
        generation: The one that lives now.
        written: Documents put.
        removed: Documents removed.
        repaired: Documents the index did not hold as noted, brought again.
        rebuilt: Why a new generation was made, or "".
    """

    generation: str
    written: int = 0
    removed: int = 0
    repaired: int = 0
    rebuilt: str = ""


def new_generation_name() -> str:
    """A name that was never used before."""
    return f"g-{uuid.uuid4().hex[:12]}"


def sync(
    database: Database,
    index: IndexEngine,
    *,
    target: str,
    batch: int = BATCH,
    on_progress: Progress | None = None,
    load: Loader = load_documents,
    new_name: Callable[[], str] = new_generation_name,
) -> SyncReport:
    """Brings every changed document to the index.

    Args:
        database: The store.
        index: Its living generation is written; one is made where needed.
        target: BCP 47 tag of the translations to be searched.
        batch: Documents per commit.
        on_progress: Told after every commit.
        load: Reads documents out of the store.
        new_name: Names a new generation.

    Raises:
        LockedError: Another process changes the index.
        DiskFullError: What was committed stays; run again.
    """
    feed = _Feed(database, index, batch, on_progress, load)
    with index.exclusive():
        living = index.current()
        reason = _why_anew(index, living, target)
        if living is not None and not reason:
            if index.prune():  # what a killed rebuild left
                feed.forget_all_but(living.name)
            return feed.bring_up_to_date(living, target)
        return _build(feed, index, target, new_name(), reason)


def rebuild(
    database: Database,
    index: IndexEngine,
    *,
    target: str,
    batch: int = BATCH,
    on_progress: Progress | None = None,
    load: Loader = load_documents,
    new_name: Callable[[], str] = new_generation_name,
) -> SyncReport:
    """Builds a new generation beside the living one, and swaps.

    The living one answers until the new one has caught up and its counts are
    equal to the store's. Arguments and errors as of `sync`.
    """
    feed = _Feed(database, index, batch, on_progress, load)
    with index.exclusive():
        return _build(feed, index, target, new_name(), "asked for")


class _Feed:
    """Puts what the store has into generations of one index."""

    def __init__(
        self,
        database: Database,
        index: IndexEngine,
        batch: int,
        on_progress: Progress | None,
        load: Loader,
    ) -> None:
        self._database = database
        self._index = index
        self._batch = batch
        self._on_progress = on_progress
        self._load = load

    def bring_up_to_date(self, generation: Generation, target: str) -> SyncReport:
        """The backlog, and whatever the index does not hold as noted."""
        report = self._drain(generation, target)
        repaired = self._reconcile(generation)
        if repaired:
            again = self._drain(generation, target)
            report = replace(
                report,
                written=report.written + again.written,
                removed=report.removed + again.removed,
                repaired=repaired,
            )
        return report

    def forget_all_but(self, name: str) -> None:
        """Removes the notes on generations that are gone."""
        with self._database.write() as connection:
            index_state.forget_other_generations(connection, self._index.name, name)

    def _drain(self, generation: Generation, target: str) -> SyncReport:
        report = SyncReport(generation=generation.name)
        waiting = self._next(generation)
        if not waiting:
            return report
        with self._database.read() as connection:
            total = index_state.counts(
                connection, self._index.name, generation.name
            ).backlog
        with self._index.write(generation.name) as writer:
            while waiting:
                written, removed = self._bring(writer, generation, target, waiting)
                report = replace(
                    report,
                    written=report.written + written,
                    removed=report.removed + removed,
                )
                done = report.written + report.removed
                if self._on_progress is not None:
                    self._on_progress(done, max(total, done))
                waiting = self._next(generation)
        return report

    def _next(self, generation: Generation) -> list[tuple[str, int]]:
        with self._database.read() as connection:
            return index_state.backlog(
                connection, self._index.name, generation.name, self._batch
            )

    def _bring(
        self,
        writer: IndexWriter,
        generation: Generation,
        target: str,
        waiting: Sequence[tuple[str, int]],
    ) -> tuple[int, int]:
        """One batch: written, committed, noted."""
        with self._database.read() as connection:
            documents = self._load(connection, [i for i, _ in waiting])
        living = [d for d in documents if not d.deleted]
        known = {d.id for d in living}
        gone = [(i, version) for i, version in waiting if i not in known]
        entries: list[IndexEntry] = []
        failpoint("index.before_write")
        for start in range(0, len(living), PIECE):
            piece = [build_entry(d, target) for d in living[start : start + PIECE]]
            writer.put(piece)
            entries += piece
        writer.delete(gone)
        failpoint("index.after_write")
        writer.commit()
        failpoint("index.after_commit")
        self._note(generation, entries, gone)
        return len(entries), len(gone)

    def _note(
        self,
        generation: Generation,
        entries: Sequence[IndexEntry],
        gone: Sequence[tuple[str, int]],
    ) -> None:
        notes = [
            Acknowledged(document_id=e.id, version=e.version, checksum=e.checksum)
            for e in entries
        ] + [Acknowledged(document_id=i, version=v, checksum="") for i, v in gone]
        failpoint("index.before_state")
        with self._database.write() as connection:
            index_state.record(connection, self._index.name, generation.name, notes)
        failpoint("index.after_state")

    def _reconcile(self, generation: Generation) -> int:
        """Takes back notes that the index does not bear out; how many.

        Two sums tell whether there are any: an index restored from a copy, or
        one of another store, holds other versions than are noted.
        """
        engine, name = self._index.name, generation.name
        snapshot = self._index.snapshot(name)
        summary = snapshot.summary()
        with self._database.read() as connection:
            noted = index_state.counts(connection, engine, name)
        if (summary.documents, summary.version_sum) == (
            noted.indexed,
            noted.version_sum,
        ):
            return 0
        held = {s.id: (s.version, s.checksum) for s in snapshot.states()}
        wrong = []
        for note in self._notes(generation):
            found = held.pop(note.document_id, (note.version, ""))
            if found != (note.version, note.checksum):
                wrong.append(note.document_id)
        self._remove_strangers(generation, sorted(held))
        with self._database.write() as connection:
            index_state.forget(connection, engine, name, wrong)
        return len(wrong) + len(held)

    def _notes(self, generation: Generation) -> list[Acknowledged]:
        notes: list[Acknowledged] = []
        while True:
            after = notes[-1].document_id if notes else ""
            with self._database.read() as connection:
                page = index_state.acknowledged(
                    connection, self._index.name, generation.name, after=after
                )
            if not page:
                return notes
            notes += page

    def _remove_strangers(self, generation: Generation, ids: Sequence[str]) -> None:
        """Removes what no note speaks of; a document of the store comes again."""
        if ids:
            with self._index.write(generation.name) as writer:
                writer.delete([(i, _ANY_VERSION) for i in ids])
                writer.commit()


_ANY_VERSION = 2**62


def _why_anew(index: IndexEngine, living: Generation | None, target: str) -> str:
    """Why a new generation is needed, or ""."""
    if living is None:
        return "there was no index"
    if living.analysis != ANALYSIS_VERSION:
        return f"analysis {living.analysis} is not {ANALYSIS_VERSION}"
    if living.target != target:
        return f"translations into {living.target}, not {target}, were searched"
    return "" if _can_answer(index) else "its files were damaged"


def _can_answer(index: IndexEngine) -> bool:
    """Whether there is a living generation that can be read."""
    try:
        index.snapshot().summary()
    except (DamageError, UnavailableError):
        return False
    return True


def _build(
    feed: _Feed, index: IndexEngine, target: str, name: str, reason: str
) -> SyncReport:
    """A new generation: filled first, unless nothing else can answer."""
    answers = _can_answer(index)
    generation = index.create(name, analysis=ANALYSIS_VERSION, target=target)
    if not answers:
        index.activate(name)
    report = feed.bring_up_to_date(generation, target)
    index.activate(name)
    index.prune()
    feed.forget_all_but(name)
    return replace(report, rebuilt=reason)
