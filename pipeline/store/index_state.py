"""What each index acknowledged to hold: the `index_state` table.

A row is written after the engine acknowledged; the backlog is where a
document's version differs from it. A tombstone's row has an empty checksum, and so
has that of a document which the engine refused for good: it is set aside until its
next version, or until somebody revives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Join, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.tables import documents, index_state

READ_BATCH = 5_000


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A document as an engine acknowledged it; no checksum: not held there.

    Attributes:
        refused: Why the engine does not take it, or "".
    """

    document_id: str
    version: int
    checksum: str
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class IndexCounts:
    """How an index stands.

    Attributes:
        indexed: Documents it acknowledged to hold.
        backlog: Documents whose newest version it has not acknowledged.
        version_sum: Of the versions it holds, to compare with the index.
        refused: Documents that it does not take, set aside.
    """

    indexed: int
    backlog: int
    version_sum: int
    refused: int = 0


def backlog(
    connection: Connection, engine: str, generation: str, limit: int
) -> list[tuple[str, int]]:
    """Up to `limit` documents the index has not in their version, oldest first.

    Each with its newest version; deleted ones too, which have to be removed.
    """
    rows = connection.execute(
        select(documents.c.id, documents.c.version)
        .select_from(_joined(engine, generation))
        .where(_behind())
        .order_by(documents.c.version)
        .limit(limit)
    )
    return [(document_id, version) for document_id, version in rows]


def record(
    connection: Connection,
    engine: str,
    generation: str,
    acknowledged: Sequence[Acknowledged],
) -> None:
    """Notes what an engine acknowledged; never an older version over a newer."""
    if not acknowledged:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(index_state)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["engine", "generation", "document_id"],
            set_={
                "version": statement.excluded.version,
                "checksum": statement.excluded.checksum,
                "refused": statement.excluded.refused,
            },
            where=index_state.c.version <= statement.excluded.version,
        ),
        [
            {
                "engine": engine,
                "generation": generation,
                "document_id": one.document_id,
                "version": one.version,
                "checksum": one.checksum,
                "refused": one.refused,
            }
            for one in acknowledged
        ],
    )


def counts(connection: Connection, engine: str, generation: str) -> IndexCounts:
    """How a generation stands; zero indexed where it is unknown here."""
    held = connection.execute(
        select(func.count(), func.coalesce(func.sum(index_state.c.version), 0)).where(
            _of(engine, generation), index_state.c.checksum != ""
        )
    ).one()
    behind = connection.scalar(
        select(func.count()).select_from(_joined(engine, generation)).where(_behind())
    )
    refused = connection.scalar(
        select(func.count()).where(_of(engine, generation), index_state.c.refused != "")
    )
    return IndexCounts(
        indexed=held[0],
        backlog=behind or 0,
        version_sum=int(held[1]),
        refused=refused or 0,
    )


def fullest_generation(connection: Connection, engine: str) -> str | None:
    """The generation of an engine that holds the most, as far as is noted here."""
    return connection.scalar(
        select(index_state.c.generation)
        .where(index_state.c.engine == engine)
        .group_by(index_state.c.generation)
        .order_by(func.count().desc(), index_state.c.generation)
        .limit(1)
    )


def set_aside(connection: Connection, *, limit: int = 100) -> list[tuple[str, str]]:
    """Documents that an engine does not take, and why."""
    rows = connection.execute(
        select(index_state.c.document_id, index_state.c.refused)
        .where(index_state.c.refused != "")
        .order_by(index_state.c.document_id)
        .limit(limit)
    )
    return [(document_id, reason) for document_id, reason in rows]


def revive(connection: Connection, *, reason: str | None = None) -> int:
    """Puts what engines refused into the backlog again; how many.

    Args:
        reason: Only what was refused for this reason.
    """
    refused = index_state.c.refused
    chosen = refused != "" if reason is None else and_(refused == reason, refused != "")
    return connection.execute(delete(index_state).where(chosen)).rowcount


def acknowledged(
    connection: Connection, engine: str, generation: str, *, after: str = ""
) -> list[Acknowledged]:
    """One page of what is noted, by id; tombstones too. Empty after the last."""
    rows = connection.execute(
        select(
            index_state.c.document_id,
            index_state.c.version,
            index_state.c.checksum,
            index_state.c.refused,
        )
        .where(_of(engine, generation), index_state.c.document_id > after)
        .order_by(index_state.c.document_id)
        .limit(READ_BATCH)
    )
    return [
        Acknowledged(
            document_id=row[0], version=row[1], checksum=row[2], refused=row[3]
        )
        for row in rows
    ]


def living_documents(
    connection: Connection, *, after: str = "", limit: int = READ_BATCH
) -> list[str]:
    """One page of the ids that an index should hold. Empty after the last."""
    rows = connection.scalars(
        select(documents.c.id)
        .where(documents.c.deleted_at.is_(None), documents.c.id > after)
        .order_by(documents.c.id)
        .limit(limit)
    )
    return list(rows)


def forget(
    connection: Connection, engine: str, generation: str, ids: Sequence[str]
) -> None:
    """Takes notes back: those documents are in the backlog again."""
    for batch in _batches(ids):
        connection.execute(
            delete(index_state).where(
                _of(engine, generation), index_state.c.document_id.in_(batch)
            )
        )


def forget_other_generations(
    connection: Connection, engine: str, generation: str
) -> None:
    """Removes every note on an engine's generations but this one."""
    connection.execute(
        delete(index_state).where(
            index_state.c.engine == engine, index_state.c.generation != generation
        )
    )


def _joined(engine: str, generation: str) -> Join:
    return documents.outerjoin(
        index_state,
        and_(_of(engine, generation), index_state.c.document_id == documents.c.id),
    )


def _behind() -> ColumnElement[bool]:
    """Not noted in this version; a deleted one that never came is no work."""
    never_came = index_state.c.version.is_(None)
    return or_(
        and_(never_came, documents.c.deleted_at.is_(None)),
        index_state.c.version != documents.c.version,
    )


def _of(engine: str, generation: str) -> ColumnElement[bool]:
    return and_(index_state.c.engine == engine, index_state.c.generation == generation)


def _batches(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
