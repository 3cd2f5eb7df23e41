"""One translation of one segment's text each; shared, and never changed.

Equal segments share a row, whichever documents they stand in. What a recipe has
translated once is therefore never translated again, whatever becomes of the document
it was made for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.documents import PEOPLE, TranslatedSegment
from pipeline.store.database import Database
from pipeline.store.tables import origins, segment_translations, translation_counts
from pipeline.translation.cache import CachedTranslation
from pipeline.translation.checks import bad

BATCH = 200
"""Keys a statement; SQLite takes 32,766 variables, a key has up to four."""

Key = tuple[str, str, str, str]
"""Of a segment's translation: checksum, target, source language, recipe."""

MADE = (
    segment_translations.c.text,
    segment_translations.c.flags,
    segment_translations.c.recipe,
    segment_translations.c.created_at,
    origins.c.engine,
    origins.c.model,
    origins.c.version,
    origins.c.licence,
    origins.c.parameters,
)
"""A translation and who made it."""


class StoredTranslationCache:
    """What was translated before, for `pipeline.translation.chain`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look_up(
        self, source: str, target: str, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], CachedTranslation]:
        """Translations by checksum and recipe."""
        found: dict[tuple[str, str], CachedTranslation] = {}
        made = segment_translations.c
        keys = sorted(wanted)
        with self._database.read() as connection:
            for start in range(0, len(keys), BATCH):
                part = keys[start : start + BATCH]
                rows = connection.execute(
                    select(made.checksum, *MADE)
                    .join(origins, origins.c.id == made.origin_id)
                    .where(
                        made.source_language == source,
                        made.target_language == target,
                        tuple_(made.checksum, made.recipe).in_(part),
                    )
                )
                for row in rows:
                    found[row.checksum, row.recipe] = CachedTranslation(
                        text=row.text,
                        flags=tuple(row.flags),
                        engine=row.engine,
                        model=row.model,
                        version=row.version,
                        licence=row.licence,
                        parameters=row.parameters,
                    )
        return found


def latest_by_machine(
    connection: Connection, source: str, target: str, checksum: str
) -> TranslatedSegment | None:
    """The newest machine translation of a segment, by whatever recipe."""
    made = segment_translations.c
    row = connection.execute(
        select(literal(0).label("position"), *MADE)
        .join(origins, origins.c.id == made.origin_id)
        .where(
            made.checksum == checksum,
            made.source_language == source,
            made.target_language == target,
            origins.c.engine.not_in(sorted(PEOPLE)),
        )
        .order_by(made.created_at.desc(), made.id.desc())
        .limit(1)
    ).first()
    return translated_of(row) if row else None


def keep(
    connection: Connection,
    rows: Mapping[Key, TranslatedSegment],
    now: datetime,
    *,
    counted: bool = True,
) -> dict[Key, int]:
    """The ids of translations; new ones are inserted.

    Args:
        connection: Of a transaction that writes.
        rows: Translations by their keys.
        now: When they were made.
        counted: Whether they count in the flag rates; a query's do not, its few words
            are no sentence.
    """
    origin_ids = _origin_ids(connection, {_origin(row) for row in rows.values()})
    found = _ids(connection, list(rows))
    values = [
        {
            "checksum": checksum,
            "target_language": target,
            "source_language": source,
            "recipe": recipe,
            "origin_id": origin_ids[_origin(segment)],
            "text": segment.text,
            "flags": list(segment.flags),
            "created_at": now,
        }
        for (checksum, target, source, recipe), segment in rows.items()
        if (checksum, target, source, recipe) not in found
    ]
    if values:
        statement = insert_into(connection, segment_translations)
        connection.execute(statement.on_conflict_do_nothing(), values)
        new = {key: row for key, row in rows.items() if key not in found}
        if counted:
            _count(connection, new, origin_ids, now)
        found.update(_ids(connection, list(new)))
    return found


def _count(
    connection: Connection,
    new: Mapping[Key, TranslatedSegment],
    origin_ids: Mapping[_Origin, int],
    now: datetime,
) -> None:
    """Counts what machines made; by day, pair and origin."""
    tallies: dict[tuple[str, str, int], list[int]] = {}
    for (_, target, source, _), segment in new.items():
        if segment.by_machine:
            key = (source, target, origin_ids[_origin(segment)])
            tally = tallies.setdefault(key, [0, 0])
            tally[0] += 1
            tally[1] += bad(segment.flags) > 0
    for (source, target, origin_id), (number, flagged) in tallies.items():
        statement = insert_into(connection, translation_counts).values(
            day=now.strftime("%Y-%m-%d"),
            source_language=source,
            target_language=target,
            origin_id=origin_id,
            segments=number,
            flagged=flagged,
        )
        counts = translation_counts.c
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[
                    "day",
                    "source_language",
                    "target_language",
                    "origin_id",
                ],
                set_={
                    "segments": counts.segments + number,
                    "flagged": counts.flagged + flagged,
                },
            )
        )


def _ids(connection: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    made = segment_translations.c
    key = (made.checksum, made.target_language, made.source_language, made.recipe)
    found: dict[Key, int] = {}
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        statement = select(made.id, *key).where(tuple_(*key).in_(part))
        for row_id, checksum, target, source, recipe in connection.execute(statement):
            found[checksum, target, source, recipe] = row_id
    return found


def _origin_ids(
    connection: Connection, wanted: Iterable[_Origin]
) -> dict[_Origin, int]:
    found: dict[_Origin, int] = {}
    for origin in wanted:
        values = vars(origin)
        chosen = select(origins.c.id).filter_by(**values)
        origin_id = connection.scalar(chosen)
        if origin_id is None:
            statement = insert_into(connection, origins).values(**values)
            connection.execute(statement.on_conflict_do_nothing())
            origin_id = connection.execute(chosen).scalar_one()
        found[origin] = origin_id
    return found


def _origin(segment: TranslatedSegment) -> _Origin:
    return _Origin(
        engine=segment.engine,
        model=segment.model,
        version=segment.version,
        licence=segment.licence,
        parameters=segment.parameters,
    )


def recipe_of(segment: TranslatedSegment) -> str:
    """The segment's; what people wrote is told apart by what they wrote."""
    if segment.recipe and segment.by_machine:
        return segment.recipe
    known = f"{segment.engine}\n{segment.model}\n{segment.version}\n{segment.text}"
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def translated_of(row: Row[Any]) -> TranslatedSegment:
    """A segment's translation of a row with a position and the columns of `MADE`."""
    return TranslatedSegment(
        position=row.position,
        text=row.text,
        engine=row.engine,
        model=row.model,
        version=row.version,
        flags=tuple(row.flags),
        licence=row.licence,
        parameters=row.parameters,
        recipe=row.recipe,
        translated_at=row.created_at,
    )


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """A row of `origins`."""

    engine: str
    model: str
    version: str
    licence: str
    parameters: str


def insert_into(connection: Connection, table: Any) -> Any:
    """An INSERT of the database's own dialect, which knows `ON CONFLICT`."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
