"""Brings an index up to date with the store.

At least once, and the same again: a batch is put, committed, and only then
noted in `index_state`. A process that dies in between leaves the batch in the
backlog; putting it again changes nothing, for an older version never replaces a
newer one and an equal one replaces itself. What the engine refuses for good is noted
with its reason and not held there: set aside until its next version.

An index that is gone, damaged, made by another analysis or for another target, or
that belongs to another store, is built anew as a generation of its own.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from pipeline.documents import Document
from pipeline.errors import DamageError
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
    Refusal,
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
        refused: Documents that the engine does not take, set aside.
        repaired: Documents the index did not hold as noted, brought again.
        rebuilt: Why a new generation was made, or "".
    """

    generation: str
    written: int = 0
    removed: int = 0
    refused: int = 0
    repaired: int = 0
    rebuilt: str = ""

    def __add__(self, other: SyncReport) -> SyncReport:
        """Both together, of one generation."""
        return replace(
            self,
            written=self.written + other.written,
            removed=self.removed + other.removed,
            refused=self.refused + other.refused,
            repaired=self.repaired + other.repaired,
        )


class _ForeignIndexError(Exception):
    """The index holds versions that the store never had."""


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
        UnavailableError: A server does not answer; run again.
    """
    feed = _Feed(database, index, batch, on_progress, load)
    with index.exclusive():
        living = index.current()
        reason = _why_anew(index, living, target)
        if living is not None and not reason:
            if index.prune(unfinished=index.keeps_old):  # what a killed rebuild left
                feed.forget_all_but(living.name)
            try:
                return feed.bring_up_to_date(living, target)
            except _ForeignIndexError:
                reason = "it held newer documents than the store"
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

    The living one answers until the new one has caught up and holds what was noted, id
    by id, with the same checksums. Arguments and errors as of `sync`.
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

    def bring_up_to_date(
        self, generation: Generation, target: str, *, thoroughly: bool = False
    ) -> SyncReport:
        """The backlog, and whatever the index does not hold as noted.

        Args:
            generation: To be written.
            target: Language of its translations.
            thoroughly: Compare every id and checksum, not only their sums.
        """
        report = self._drain(generation, target)
        repaired = self._reconcile(generation, thoroughly=thoroughly)
        if repaired:
            report += self._drain(generation, target)
        return replace(report, repaired=repaired)

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
                report += self._bring(writer, generation, target, waiting)
                done = report.written + report.removed + report.refused
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
    ) -> SyncReport:
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
        refused = self._commit(writer)
        failpoint("index.after_commit")
        taken = [entry for entry in entries if entry.id not in refused]
        self._note(generation, taken, gone, refused.values())
        return SyncReport(
            generation=generation.name,
            written=len(taken),
            removed=len(gone),
            refused=len(refused),
        )

    @staticmethod
    def _commit(writer: IndexWriter) -> dict[str, Refusal]:
        """Makes a batch durable; an older version of what is refused goes, too."""
        refused = {one.id: one for one in writer.commit()}
        if refused:
            writer.delete([(one.id, one.version) for one in refused.values()])
            writer.commit()
        return refused

    def _note(
        self,
        generation: Generation,
        entries: Sequence[IndexEntry],
        gone: Sequence[tuple[str, int]],
        refused: Iterable[Refusal],
    ) -> None:
        notes = [
            *(
                Acknowledged(document_id=e.id, version=e.version, checksum=e.checksum)
                for e in entries
            ),
            *(Acknowledged(document_id=i, version=v, checksum="") for i, v in gone),
            *(
                Acknowledged(
                    document_id=one.id,
                    version=one.version,
                    checksum="",
                    refused=one.reason or "refused",
                )
                for one in refused
            ),
        ]
        failpoint("index.before_state")
        with self._database.write() as connection:
            index_state.record(connection, self._index.name, generation.name, notes)
        failpoint("index.after_state")

    def _reconcile(self, generation: Generation, *, thoroughly: bool) -> int:
        """Takes back notes that the index does not bear out; how many.

        Two sums tell whether there are any: an index restored from a copy, or
        one of another store, holds other versions than are noted.
        """
        engine, name = self._index.name, generation.name
        with contextlib.closing(self._index.snapshot(name)) as snapshot:
            summary = snapshot.summary()
            with self._database.read() as connection:
                noted = index_state.counts(connection, engine, name)
            sums = summary.documents, summary.version_sum
            if not thoroughly and sums == (noted.indexed, noted.version_sum):
                return 0
            held = {s.id: (s.version, s.checksum) for s in snapshot.states()}
        wrong = self._wrong_notes(generation, held)
        self._remove_strangers(generation, held)
        with self._database.write() as connection:
            index_state.forget(connection, engine, name, wrong)
        return len(wrong) + len(held)

    def _wrong_notes(
        self, generation: Generation, held: dict[str, tuple[int, str]]
    ) -> list[str]:
        """Documents not held as noted; takes all that are noted out of `held`."""
        wrong = []
        for note in self._notes(generation):
            version, checksum = held.pop(note.document_id, (note.version, ""))
            if version > note.version:
                raise _ForeignIndexError  # an older one could not replace it
            if (version, checksum) != (note.version, note.checksum):
                wrong.append(note.document_id)
        return wrong

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

    def _remove_strangers(
        self, generation: Generation, held: Mapping[str, tuple[int, str]]
    ) -> None:
        """Removes what no note speaks of; a document of the store comes again."""
        if held:
            with self._index.write(generation.name) as writer:
                writer.delete([(i, version) for i, (version, _) in held.items()])
                writer.commit()


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
    """Whether there is a living generation that can be read.

    Raises:
        UnavailableError: A server does not answer: that says nothing of its index.
    """
    if index.current() is None:
        return False
    try:
        with contextlib.closing(index.snapshot()) as snapshot:
            snapshot.summary()
    except DamageError:
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
    report = feed.bring_up_to_date(generation, target, thoroughly=True)
    index.activate(name)
    index.prune(unfinished=index.keeps_old)
    feed.forget_all_but(name)
    return replace(report, rebuilt=reason)
