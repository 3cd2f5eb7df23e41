"""Groups of documents with (nearly) the same text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.fingerprints import COMMON_DOCUMENTS, Fingerprints, is_duplicate
from pipeline.store.documents import raise_versions
from pipeline.store.frontier import chunked
from pipeline.store.tables import (
    documents,
    fingerprint_sets,
    fingerprints,
    readings,
)

MAX_CANDIDATES = 20
"""Documents compared in full with a new one: those sharing most fingerprints."""


def current_documents(
    connection: Connection, reading_ids: Sequence[int]
) -> dict[int, str]:
    """The document each reading stands for; only readings that are shown now."""
    statement = select(readings.c.id, documents.c.id.label("document")).join(
        documents, documents.c.reading_id == readings.c.id
    )
    rows = connection.execute(statement.where(readings.c.id.in_(reading_ids)))
    return {row.id: row.document for row in rows}


@dataclass(frozen=True, kw_only=True)
class Fingerprinted:
    """A document with the fingerprints of the reading that it shows."""

    document_id: str
    reading_id: int
    found: Fingerprints


def assign(connection: Connection, batch: Sequence[Fingerprinted]) -> None:
    """Stores documents' fingerprints and groups each with its likes.

    Each is compared with all that were stored or stood before it in the batch.
    Raises the version of every document whose group changed.

    Args:
        connection: In a writing transaction.
        batch: Different documents.
    """
    if batch:
        _Batch(connection, batch).assign()


class _Batch:
    """One call of `assign`: what it needs of the store is looked up once."""

    def __init__(self, connection: Connection, batch: Sequence[Fingerprinted]) -> None:
        self._connection = connection
        self._batch = batch
        ids = [one.document_id for one in batch]
        self._holders = _holders(connection, _distinct_hashes(batch))
        self._sets = _fingerprint_sets(connection, ids)
        self._renewed = sorted(self._sets)
        self._grouped = _grouped(connection, ids)
        self._rows: list[dict[str, object]] = []

    def assign(self) -> None:
        for one in self._batch:
            self._assign(one)
        self._store()

    def _assign(self, one: Fingerprinted) -> None:
        document_id, found = one.document_id, one.found
        for value in self._held(document_id):
            self._holders[value].discard(document_id)
        shared = [v for v in found.hashes if self._holders.get(v)]
        common = {v for v in shared if len(self._holders[v]) > COMMON_DOCUMENTS}
        matches = self._matches(found, [v for v in shared if v not in common], common)
        if document_id in self._grouped:
            _leave(self._connection, document_id)
        self._keep(one, common)
        if matches:
            self._grouped.update(_join(self._connection, [document_id, *matches]))

    def _held(self, document_id: str) -> list[int]:
        """Looked-up fingerprints of the document's stored text."""
        known = self._sets.get(document_id)
        hashes = known.hashes if known else ()
        return [value for value in hashes if value in self._holders]

    def _keep(self, one: Fingerprinted, common: set[int]) -> None:
        # Boilerplate needs no further rows to be known as such.
        for value in one.found.hashes:
            if value not in common:
                self._holders.setdefault(value, set()).add(one.document_id)
                self._rows.append(
                    {"fingerprint": value, "document_id": one.document_id}
                )
        self._sets[one.document_id] = one.found

    def _matches(
        self, found: Fingerprints, shared: Sequence[int], common: set[int]
    ) -> list[str]:
        counts = Counter(
            document_id for value in shared for document_id in self._holders[value]
        )
        likely = [(-n, document_id) for document_id, n in counts.items()]
        candidates = [document_id for _, document_id in sorted(likely)[:MAX_CANDIDATES]]
        unknown = [c for c in candidates if c not in self._sets]
        if unknown:
            self._sets |= _fingerprint_sets(self._connection, unknown)
        return [
            candidate
            for candidate in candidates
            if candidate in self._sets
            and is_duplicate(found, self._sets[candidate], common)
        ]

    def _store(self) -> None:
        for table in (fingerprints, fingerprint_sets) if self._renewed else ():
            self._connection.execute(
                delete(table).where(table.c.document_id.in_(self._renewed))
            )
        self._connection.execute(insert(fingerprint_sets), list(map(_row, self._batch)))
        if self._rows:
            dialect = (
                sqlite if self._connection.dialect.name == "sqlite" else postgresql
            )
            statement = dialect.insert(fingerprints).on_conflict_do_nothing()
            self._connection.execute(statement, self._rows)


def _row(one: Fingerprinted) -> dict[str, object]:
    return {
        "document_id": one.document_id,
        "reading_id": one.reading_id,
        "fingerprints": list(one.found.hashes),
        "numbers": list(one.found.numbers),
    }


def _distinct_hashes(batch: Sequence[Fingerprinted]) -> list[int]:
    return sorted({value for one in batch for value in one.found.hashes})


def _holders(connection: Connection, hashes: Sequence[int]) -> dict[int, set[str]]:
    """Which documents have each hash; at most one more than are counted."""
    holders: dict[int, set[str]] = {}
    for chunk in chunked(hashes):
        rows = connection.execute(
            select(fingerprints.c.fingerprint, fingerprints.c.document_id).where(
                fingerprints.c.fingerprint.in_(chunk)
            )
        )
        for value, document_id in rows:
            holders.setdefault(value, set()).add(document_id)
    return holders


def _fingerprint_sets(
    connection: Connection, ids: Sequence[str]
) -> dict[str, Fingerprints]:
    rows = connection.execute(
        select(fingerprint_sets).where(fingerprint_sets.c.document_id.in_(ids))
    )
    return {
        row.document_id: Fingerprints(
            hashes=tuple(row.fingerprints), numbers=tuple(row.numbers)
        )
        for row in rows
    }


def _grouped(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of some documents that are in a group."""
    statement = select(documents.c.id).where(
        documents.c.id.in_(ids), documents.c.cluster_id != ""
    )
    return set(connection.scalars(statement))


def _leave(connection: Connection, document_id: str) -> None:
    """Takes a document out of its group; a group of one is none."""
    cluster_id = connection.scalar(
        select(documents.c.cluster_id).where(documents.c.id == document_id)
    )
    if not cluster_id:
        return
    _set_cluster(connection, [document_id], "")
    rest = sorted(_members(connection, [cluster_id]))
    # The group's name is its lowest id: it must not stay that of one who left.
    _set_cluster(connection, rest, rest[0] if len(rest) > 1 else "")
    raise_versions(connection, [document_id, *rest])


def _join(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Puts documents and their groups together, under the lowest id; all members."""
    groups = connection.scalars(
        select(documents.c.cluster_id)
        .where(documents.c.id.in_(ids), documents.c.cluster_id != "")
        .distinct()
    ).all()
    members = sorted({*ids, *_members(connection, list(groups))})
    _set_cluster(connection, members, members[0])
    raise_versions(connection, members)
    return members


def _members(connection: Connection, cluster_ids: Sequence[str]) -> list[str]:
    return list(
        connection.scalars(
            select(documents.c.id).where(documents.c.cluster_id.in_(cluster_ids))
        )
    )


def _set_cluster(connection: Connection, ids: Sequence[str], cluster_id: str) -> None:
    connection.execute(
        update(documents).where(documents.c.id.in_(ids)).values(cluster_id=cluster_id)
    )


def count(connection: Connection) -> int:
    """How many groups there are."""
    statement = select(func.count(documents.c.cluster_id.distinct())).where(
        documents.c.cluster_id != ""
    )
    return connection.scalar(statement) or 0
