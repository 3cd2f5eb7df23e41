"""Groups of documents with (nearly) the same text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

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


def assign(
    connection: Connection,
    document_id: str,
    reading_id: int,
    found: Fingerprints,
) -> None:
    """Stores a document's fingerprints and groups it with its likes.

    Raises the version of every document whose group changed.
    """
    holders = _holders(connection, found.hashes, document_id)
    common = {h for h, ids in holders.items() if len(ids) > COMMON_DOCUMENTS}
    matches = _matches(connection, found, holders, common)
    _leave(connection, document_id)
    _replace(connection, document_id, reading_id, found, common)
    if matches:
        _join(connection, [document_id, *matches])


def _holders(
    connection: Connection, hashes: Sequence[int], without: str
) -> dict[int, list[str]]:
    """Which other documents have each hash; at most one more than are counted."""
    holders: dict[int, list[str]] = {}
    for chunk in chunked(hashes):
        rows = connection.execute(
            select(fingerprints.c.fingerprint, fingerprints.c.document_id).where(
                fingerprints.c.fingerprint.in_(chunk),
                fingerprints.c.document_id != without,
            )
        )
        for value, document_id in rows:
            holders.setdefault(value, []).append(document_id)
    return holders


def _matches(
    connection: Connection,
    found: Fingerprints,
    holders: Mapping[int, list[str]],
    common: set[int],
) -> list[str]:
    shared = Counter(
        document_id
        for value, ids in holders.items()
        if value not in common
        for document_id in ids
    )
    candidates = [document_id for document_id, _ in shared.most_common(MAX_CANDIDATES)]
    rows = connection.execute(
        select(fingerprint_sets).where(fingerprint_sets.c.document_id.in_(candidates))
    )
    return [
        row.document_id
        for row in rows
        if is_duplicate(
            found,
            Fingerprints(hashes=tuple(row.fingerprints), numbers=tuple(row.numbers)),
            common,
        )
    ]


def _replace(
    connection: Connection,
    document_id: str,
    reading_id: int,
    found: Fingerprints,
    common: set[int],
) -> None:
    for table in (fingerprints, fingerprint_sets):
        connection.execute(delete(table).where(table.c.document_id == document_id))
    connection.execute(
        insert(fingerprint_sets).values(
            document_id=document_id,
            reading_id=reading_id,
            fingerprints=list(found.hashes),
            numbers=list(found.numbers),
        )
    )
    # Boilerplate needs no further rows to be known as such.
    rows = [
        {"fingerprint": value, "document_id": document_id}
        for value in found.hashes
        if value not in common
    ]
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(fingerprints).on_conflict_do_nothing(), rows)


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


def _join(connection: Connection, ids: Sequence[str]) -> None:
    """Puts documents and the groups they are in together, under the lowest id."""
    groups = connection.scalars(
        select(documents.c.cluster_id)
        .where(documents.c.id.in_(ids), documents.c.cluster_id != "")
        .distinct()
    ).all()
    members = sorted({*ids, *_members(connection, list(groups))})
    _set_cluster(connection, members, members[0])
    raise_versions(connection, members)


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
