"""Fingerprints in the store: who has which, and what each document's are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.fingerprints import COMMON_DOCUMENTS, Fingerprints
from pipeline.store.frontier import chunked
from pipeline.store.tables import (
    documents,
    fingerprint_sets,
    fingerprints,
    readings,
)

HELD_BY = COMMON_DOCUMENTS + 1
"""So many rows of one fingerprint tell that it is boilerplate; more are not kept."""

_BYTES = 6

Holders = dict[int, set[int]]
"""The numbers of the documents that have a fingerprint."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the store knows of a document.

    Attributes:
        number: Of its row.
        document_id: Its id.
        found: Its fingerprints.
        language: Of what it shows now; "" or `und` where nobody knows.
    """

    number: int
    document_id: str
    found: Fingerprints
    language: str


def load_holders(connection: Connection, hashes: Iterable[int]) -> Holders:
    """Which documents have each hash; one more than are counted, at most."""
    holders: Holders = {}
    for chunk in chunked(hashes):
        rows = connection.execute(
            select(fingerprints.c.fingerprint, fingerprints.c.number).where(
                fingerprints.c.fingerprint.in_(chunk)
            )
        )
        for value, number in rows:
            holders.setdefault(value, set()).add(number)
    return holders


def load_held(
    connection: Connection,
    *,
    ids: Iterable[str] = (),
    numbers: Iterable[int] = (),
) -> list[Held]:
    """What is known of documents, by their ids or numbers; deleted ones left out."""
    c = fingerprint_sets.c
    wanted = [
        *(c.document_id.in_(chunk) for chunk in chunked(ids)),
        *(c.number.in_(chunk) for chunk in chunked(numbers)),
    ]
    statement = (
        select(fingerprint_sets, readings.c.language)
        .join(documents, documents.c.id == c.document_id)
        .join(readings, readings.c.id == documents.c.reading_id)
        .where(documents.c.deleted_at.is_(None))
    )
    return [
        Held(
            number=row.number,
            document_id=row.document_id,
            found=Fingerprints(
                hashes=_unpacked(row.hashes),
                level=row.level,
                numbers=_unpacked(row.numbers),
            ),
            language=row.language,
        )
        for condition in wanted
        for row in connection.execute(statement.where(condition))
    ]


def keep(
    connection: Connection, found: Sequence[tuple[str, int, Fingerprints]]
) -> dict[str, int]:
    """Stores documents' fingerprints; their numbers.

    Args:
        connection: In a writing transaction.
        found: Id, reading and fingerprints; the ids have none so far.
    """
    rows = [
        {
            "document_id": document_id,
            "reading_id": reading_id,
            "level": fingerprints_of.level,
            "hashes": _packed(fingerprints_of.hashes),
            "numbers": _packed(fingerprints_of.numbers),
        }
        for document_id, reading_id, fingerprints_of in found
    ]
    if not rows:
        return {}
    c = fingerprint_sets.c
    statement = insert(fingerprint_sets).returning(c.document_id, c.number)
    return {row.document_id: row.number for row in connection.execute(statement, rows)}


def index(connection: Connection, rows: Iterable[tuple[int, int]]) -> None:
    """Makes documents be found: hash and number of each."""
    values = [{"fingerprint": value, "number": number} for value, number in rows]
    if values:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        statement: Any = dialect.insert(fingerprints).on_conflict_do_nothing()
        connection.execute(statement, values)


def forget(connection: Connection, held: Sequence[Held]) -> None:
    """Takes documents' fingerprints away."""
    if not held:
        return
    numbers_of: dict[int, list[int]] = {}
    for one in held:
        for value in one.found.indexed:
            numbers_of.setdefault(value, []).append(one.number)
    gone = {one.number for one in held}
    c = fingerprints.c
    for values in chunked(numbers_of):
        for numbers in chunked(gone):
            connection.execute(
                delete(fingerprints).where(
                    c.fingerprint.in_(values), c.number.in_(numbers)
                )
            )
    for numbers in chunked(gone):
        connection.execute(
            delete(fingerprint_sets).where(fingerprint_sets.c.number.in_(numbers))
        )


def update_readings(connection: Connection, readings_of: Mapping[str, int]) -> None:
    """Notes that another reading of a document has the same fingerprints."""
    if readings_of:
        connection.execute(
            update(fingerprint_sets)
            .where(fingerprint_sets.c.document_id == bindparam("document"))
            .values(reading_id=bindparam("reading")),
            [{"document": d, "reading": r} for d, r in readings_of.items()],
        )


def _packed(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(_BYTES, "big") for value in values)


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(packed[start : start + _BYTES], "big")
        for start in range(0, len(packed), _BYTES)
    )
