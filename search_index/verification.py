"""Proves that an index holds what the store says, and names each difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.store import Database, index_state
from pipeline.store.documents import load_documents
from search_index.engines.contract import EntryState, IndexEngine, IndexEntry, Snapshot
from search_index.entry import build_entry
from search_index.sync import Loader

BATCH = 500
"""Documents compared at a time."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which index and store differ."""

    document_id: str
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """What a comparison found.

    Attributes:
        generation: The living one, that was compared.
        documents: How many it holds.
        differences: Missing, strange, older or other documents.
        damage: Files whose checksum does not hold.
    """

    generation: str
    documents: int
    differences: tuple[Difference, ...] = ()
    damage: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether ids, versions, checksums and texts are equal and files whole."""
        return not self.differences and not self.damage


def verify(
    database: Database,
    index: IndexEngine,
    *,
    target: str,
    load: Loader = load_documents,
) -> VerifyReport:
    """Compares the living generation with the store, document by document.

    Every entry is made again from the store; ids, versions and checksums must
    be those the index holds, and so must the text it shows.

    Raises:
        UnavailableError: There is no index.
        DamageError: It cannot be read at all.
    """
    living = index.current()
    damage = tuple(index.damage())
    snapshot = index.snapshot()
    held = {state.id: state for state in snapshot.states()}
    documents = len(held)
    differences: list[Difference] = []
    for batch in _expected(database, target, load):
        differences += _compared(batch, held, snapshot)
    differences += [
        Difference(document_id=i, found=_said(state), expected="nothing")
        for i, state in sorted(held.items())
    ]
    return VerifyReport(
        generation=living.name if living else "",
        documents=documents,
        differences=tuple(differences),
        damage=damage,
    )


def _expected(
    database: Database, target: str, load: Loader
) -> Iterator[list[IndexEntry]]:
    last = ""
    while True:
        with database.read() as connection:
            ids = index_state.living_documents(connection, after=last, limit=BATCH)
            documents = load(connection, ids)
        if not ids:
            return
        last = ids[-1]
        yield [build_entry(d, target) for d in documents if not d.deleted]


def _compared(
    expected: list[IndexEntry], held: dict[str, EntryState], snapshot: Snapshot
) -> Iterator[Difference]:
    """Differences of one batch; takes its documents out of `held`."""
    shown = snapshot.stored([entry.id for entry in expected])
    for entry in expected:
        wanted = EntryState(id=entry.id, version=entry.version, checksum=entry.checksum)
        found = held.pop(entry.id, None)
        if found != wanted:
            yield Difference(
                document_id=entry.id, found=_said(found), expected=_said(wanted)
            )
        elif shown[entry.id].display != entry.display:
            yield Difference(
                document_id=entry.id, found="another text", expected="the store's text"
            )


def _said(state: EntryState | None) -> str:
    return "nothing" if state is None else f"version {state.version} {state.checksum}"
