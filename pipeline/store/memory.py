"""Saved translations in the store, by the primary subtag of their language.

What is saved for `zh-Hans` or `pt-BR` serves `zh`, `pt`: an identifier cannot tell
regions, and a segment that is equal to the letter is the same in every one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.languages import primary
from pipeline.store.database import Database
from pipeline.store.tables import memory
from pipeline.translation.memory import LanguagePair, segment_checksum
from pipeline.translation.tmx import SavedTranslation

BATCH = 1000


class StoredTranslations:
    """Looks saved translations up for `MemoryTranslator`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, pairs: Collection[LanguagePair]) -> list[LanguagePair]:
        """Those of some pairs that have saved translations at all."""
        with self._database.read() as connection:
            return [
                pair for pair in pairs if connection.execute(_of_pair(*pair)).first()
            ]

    def look_up(
        self, source_language: str, target_language: str, checksums: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Translation and origin by checksum."""
        with self._database.read() as connection:
            return look_up(connection, source_language, target_language, checksums)


def look_up(
    connection: Connection,
    source_language: str,
    target_language: str,
    checksums: Sequence[str],
) -> dict[str, tuple[str, str]]:
    """Translation and origin by checksum."""
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(checksums), BATCH):
        statement = select(
            memory.c.checksum, memory.c.target_text, memory.c.origin
        ).where(
            *_is_pair(source_language, target_language),
            memory.c.checksum.in_(checksums[start : start + BATCH]),
        )
        for row in connection.execute(statement):
            found[row.checksum] = (row.target_text, row.origin)
    return found


def save(
    database: Database, pairs: Iterable[SavedTranslation], *, now: datetime
) -> int:
    """Stores pairs in batches; a later one of the same segment wins. How many."""
    rows = ({**_row(pair), "created_at": now} for pair in pairs)
    number = 0
    while batch := list(islice(rows, BATCH)):
        unique = {
            (r["source_language"], r["target_language"], r["checksum"]): r
            for r in batch
        }
        with database.write() as connection:
            _upsert(connection, list(unique.values()))
        number += len(batch)
    return number


def load(
    database: Database,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
) -> Iterator[SavedTranslation]:
    """Every saved translation (of a pair), in the order of languages and key."""
    after: tuple[str, str, str] | None = None
    while rows := _page(database, source_language, target_language, after):
        for row in rows:
            yield SavedTranslation(
                source_language=row.source_language,
                target_language=row.target_language,
                source_text=row.source_text,
                target_text=row.target_text,
                origin=row.origin,
            )
        last = rows[-1]
        after = (last.source_language, last.target_language, last.checksum)


def supply(connection: Connection) -> str:
    """Changes whenever translations were added: waiting documents try again."""
    number, newest = connection.execute(
        select(func.count(), func.max(memory.c.created_at))
    ).one()
    digest = hashlib.sha256(f"{number} {newest}".encode())
    return digest.hexdigest()[:12]


def _is_pair(source: str, target: str) -> tuple[ColumnElement[bool], ...]:
    return (
        memory.c.source_language == primary(source),
        memory.c.target_language == target,
    )


def _of_pair(source: str, target: str) -> Select[tuple[str]]:
    return select(memory.c.checksum).where(*_is_pair(source, target)).limit(1)


def _row(pair: SavedTranslation) -> dict[str, object]:
    return {
        "source_language": primary(pair.source_language),
        "target_language": pair.target_language,
        "checksum": segment_checksum(pair.source_text),
        "source_text": pair.source_text,
        "target_text": pair.target_text,
        "origin": pair.origin,
    }


def _upsert(connection: Connection, rows: list[dict[str, object]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(memory)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source_language", "target_language", "checksum"],
            set_={
                name: statement.excluded[name]
                for name in ("source_text", "target_text", "origin", "created_at")
            },
        ),
        rows,
    )


def _page(
    database: Database,
    source_language: str | None,
    target_language: str | None,
    after: tuple[str, str, str] | None,
) -> Sequence[Row[*tuple[Any, ...]]]:
    key = (memory.c.source_language, memory.c.target_language, memory.c.checksum)
    statement = select(memory).order_by(*key).limit(BATCH)
    if source_language:
        statement = statement.where(
            memory.c.source_language == primary(source_language)
        )
    if target_language:
        statement = statement.where(memory.c.target_language == target_language)
    if after is not None:
        statement = statement.where(tuple_(*key) > after)
    with database.read() as connection:
        return connection.execute(statement).all()
