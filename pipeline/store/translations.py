"""Translations of readings, segment by segment.

Each segment's translation is a row of its own, shared by equal segments and never
changed: a reading only says which one stands beside which segment. What a recipe
has translated once is therefore never translated again, whatever becomes of the
document it was made for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.documents import PEOPLE, TranslatedSegment, Translation
from pipeline.store.database import Database
from pipeline.store.tables import (
    documents,
    origins,
    readings,
    segment_translations,
    segments,
    translated_segments,
    translation_counts,
    translations,
)
from pipeline.translation.cache import CachedTranslation
from pipeline.translation.checks import bad

BATCH = 200
"""Keys a statement; SQLite takes 32,766 variables, a key has up to four."""

Key = tuple[str, str, str, str]
"""Of a segment's translation: checksum, target, source language, recipe."""


def load_translations(
    connection: Connection, reading_ids: Sequence[int]
) -> dict[int, tuple[Translation, ...]]:
    """The stored translations of each reading; empty where there are none."""
    parts = TranslationsOf(connection, reading_ids)
    return {reading_id: parts.of(reading_id) for reading_id in reading_ids}


class TranslationsOf:
    """Translations of some readings, loaded in two queries."""

    def __init__(self, connection: Connection, reading_ids: Sequence[int]) -> None:
        self._translations = _grouped(
            connection.execute(
                select(translations)
                .where(translations.c.reading_id.in_(reading_ids))
                .order_by(translations.c.reading_id, translations.c.target)
            )
        )
        placed = translated_segments.c
        self._translated = _grouped(
            connection.execute(
                _with_origins(placed.reading_id, placed.target, placed.position)
                .where(placed.reading_id.in_(reading_ids))
                .order_by(placed.reading_id, placed.target, placed.position)
            )
        )

    def of(self, reading_id: int) -> tuple[Translation, ...]:
        """By target."""
        by_target: Mapping[str, list[Row[Any]]] = {
            target: list(rows)
            for target, rows in groupby(
                self._translated.get(reading_id, ()), key=lambda row: row.target
            )
        }
        return tuple(
            Translation(
                target=row.target,
                status=row.status,
                reason=row.reason,
                recipe=row.recipe,
                segments=tuple(map(_translated, by_target.get(row.target, ()))),
            )
            for row in self._translations.get(reading_id, ())
        )


def replace_translations(
    connection: Connection,
    found: Mapping[int, Sequence[Translation]],
    *,
    now: datetime,
) -> list[int]:
    """Stores readings' translations; those that show something else now.

    What machines translated anew is counted, with its flags (`count_by_day`).

    Raises:
        KeyError: A translated segment has no segment.
    """
    wanted = _Wanted(connection, found)
    ids = _keep(connection, wanted.rows, now)
    before = load_translations(connection, list(found))
    placed = _placed(connection, list(found))
    changed, outdated = [], []
    for reading_id, new in found.items():
        own = {
            (t.target, s.position): ids[wanted.key(reading_id, t, s)]
            for t in new
            for s in t.segments
        }
        if _shown(before[reading_id]) != _shown(new) or placed[reading_id] != own:
            changed.append(reading_id)
            placed[reading_id] = own
        elif _recipes(before[reading_id]) != _recipes(new):
            outdated.append(reading_id)
    _place(connection, {item: (found[item], placed[item]) for item in changed}, now)
    for reading_id in outdated:
        _note_recipes(connection, reading_id, found[reading_id])
    return changed


def put(
    connection: Connection,
    places: Sequence[tuple[int, int]],
    target: str,
    segment: TranslatedSegment,
    now: datetime,
) -> list[int]:
    """Sets one translation beside some segments; the readings that have a place for it.

    Args:
        places: Reading and position.
        segment: Its position does not count.
    """
    chosen = _readings_with(connection, [reading for reading, _ in places], target)
    there = [place for place in places if place[0] in chosen]
    found = {
        reading: [
            Translation(
                target=target,
                status="done",
                segments=tuple(
                    replace(segment, position=position)
                    for other, position in there
                    if other == reading
                ),
            )
        ]
        for reading in chosen
    }
    wanted = _Wanted(connection, found)
    ids = _keep(connection, wanted.rows, now)
    for reading, new in found.items():
        for piece in new[0].segments:
            translation_id = ids[wanted.key(reading, new[0], piece)]
            _put_one(connection, reading, target, piece.position, translation_id)
    return sorted(chosen)


def latest_by_machine(
    connection: Connection, source: str, target: str, checksum: str
) -> TranslatedSegment | None:
    """The newest machine translation of a segment, by whatever recipe."""
    made = segment_translations.c
    row = connection.execute(
        select(literal(0).label("position"), *_MADE)
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
    return _translated(row) if row else None


def take_away(
    connection: Connection, places: Sequence[tuple[int, int]], target: str
) -> None:
    """Leaves some segments without a translation."""
    for reading, position in places:
        connection.execute(
            delete(translated_segments).where(
                translated_segments.c.reading_id == reading,
                translated_segments.c.target == target,
                translated_segments.c.position == position,
            )
        )


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
                    select(made.checksum, *_MADE)
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


def pairs_waiting_for(connection: Connection, reason: str) -> list[tuple[str, str]]:
    """Source and target languages of shown readings that wait for a reason."""
    t = translations.c
    rows = connection.execute(
        select(readings.c.language, t.target)
        .join(readings, readings.c.id == t.reading_id)
        .join(documents, documents.c.reading_id == t.reading_id)
        .where(t.reason == reason)
        .distinct()
    )
    return [(source, target) for source, target in rows]


@dataclass(frozen=True, kw_only=True)
class DayCount:
    """What one origin translated of one pair on one day (ISO date, UTC)."""

    day: str
    source_language: str
    target_language: str
    engine: str
    model: str
    segments: int
    flagged: int


def count_by_day(connection: Connection, *, since: str) -> list[DayCount]:
    """New machine translations since a day (ISO date), the oldest day first."""
    c = translation_counts.c
    rows = connection.execute(
        select(
            c.day,
            c.source_language,
            c.target_language,
            origins.c.engine,
            origins.c.model,
            c.segments,
            c.flagged,
        )
        .join(origins, origins.c.id == c.origin_id)
        .where(c.day >= since)
        .order_by(c.day, c.source_language, c.target_language, c.origin_id)
    )
    return [DayCount(**row._mapping) for row in rows]


def outdated_readings(
    connection: Connection,
    recipe_of: Callable[[str, str], str],
    *,
    limit: int,
) -> list[int]:
    """Shown readings that today's engines would translate otherwise, newest first.

    Args:
        recipe_of: Today's recipe of a source and a target language; "" while there
            is nothing to translate with, which makes nothing outdated.
        limit: At most so many.
    """
    t = translations.c
    stored = connection.execute(
        select(t.target, t.recipe).where(t.recipe != "").distinct()
    ).all()
    found: list[int] = []
    for target, recipe in stored:
        if len(found) >= limit:
            break
        one = connection.scalar(
            select(readings.c.language)
            .join(translations, t.reading_id == readings.c.id)
            .where(t.target == target, t.recipe == recipe)
            .limit(1)
        )
        if recipe_of(one or "", target) in {"", recipe}:
            continue
        chosen = (
            select(t.reading_id)
            .join(documents, documents.c.reading_id == t.reading_id)
            .where(t.target == target, t.recipe == recipe)
            .order_by(t.reading_id.desc())
            .limit(limit - len(found))
        )
        found += connection.scalars(chosen)
    return found


def count_by_status(connection: Connection, target: str) -> dict[str, int]:
    """How many documents' translations into `target` have each status."""
    statement = (
        select(translations.c.status, func.count())
        .join(documents, documents.c.reading_id == translations.c.reading_id)
        .where(translations.c.target == target)
        .group_by(translations.c.status)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """A row of `origins`."""

    engine: str
    model: str
    version: str
    licence: str
    parameters: str


class _Wanted:
    """The rows that some readings' translations need."""

    def __init__(
        self, connection: Connection, found: Mapping[int, Sequence[Translation]]
    ) -> None:
        items = list(found)
        languages = select(readings.c.id, readings.c.language).where(
            readings.c.id.in_(items)
        )
        self._languages = {
            row.id: row.language for row in connection.execute(languages)
        }
        s = segments.c
        self._checksums = {
            (row.reading_id, row.position): row.checksum
            for row in connection.execute(
                select(s.reading_id, s.position, s.checksum).where(
                    s.reading_id.in_(items)
                )
            )
        }
        self.rows = {
            self.key(item, translation, segment): segment
            for item, new in found.items()
            for translation in new
            for segment in translation.segments
        }

    def key(
        self, item: int, translation: Translation, segment: TranslatedSegment
    ) -> Key:
        return (
            self._checksums[item, segment.position],
            translation.target,
            self._languages[item],
            _recipe(segment),
        )


def _recipe(segment: TranslatedSegment) -> str:
    """The segment's; what people wrote is told apart by what they wrote."""
    if segment.recipe and segment.by_machine:
        return segment.recipe
    known = f"{segment.engine}\n{segment.model}\n{segment.version}\n{segment.text}"
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _keep(
    connection: Connection, rows: Mapping[Key, TranslatedSegment], now: datetime
) -> dict[Key, int]:
    """The ids of translations; of new ones, which are inserted, too."""
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
        statement = _insert(connection, segment_translations)
        connection.execute(statement.on_conflict_do_nothing(), values)
        new = {key: row for key, row in rows.items() if key not in found}
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
        statement = _insert(connection, translation_counts).values(
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
            statement = _insert(connection, origins).values(**values)
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


def _placed(
    connection: Connection, items: Sequence[int]
) -> dict[int, dict[tuple[str, int], int]]:
    placed: dict[int, dict[tuple[str, int], int]] = {item: {} for item in items}
    statement = select(translated_segments).where(
        translated_segments.c.reading_id.in_(items)
    )
    for row in connection.execute(statement):
        placed[row.reading_id][row.target, row.position] = row.translation_id
    return placed


def _place(
    connection: Connection,
    changed: Mapping[int, tuple[Sequence[Translation], Mapping[tuple[str, int], int]]],
    now: datetime,
) -> None:
    for table in (translated_segments, translations):
        connection.execute(delete(table).where(table.c.reading_id.in_(list(changed))))
    heads = [
        {
            "reading_id": item,
            "target": translation.target,
            "status": translation.status,
            "reason": translation.reason,
            "recipe": translation.recipe,
            "updated_at": now,
        }
        for item, (new, _) in changed.items()
        for translation in new
    ]
    rows = [
        {
            "reading_id": item,
            "target": target,
            "position": position,
            "translation_id": translation_id,
        }
        for item, (_, places) in changed.items()
        for (target, position), translation_id in places.items()
    ]
    if heads:
        connection.execute(insert(translations), heads)
    if rows:
        connection.execute(insert(translated_segments), rows)


def _readings_with(
    connection: Connection, reading_ids: Sequence[int], target: str
) -> set[int]:
    """Those that have a translation into `target`, however far it came."""
    statement = select(translations.c.reading_id).where(
        translations.c.target == target,
        translations.c.reading_id.in_(sorted(set(reading_ids))),
    )
    return set(connection.scalars(statement))


def _put_one(
    connection: Connection,
    reading: int,
    target: str,
    position: int,
    translation_id: int,
) -> None:
    statement = _insert(connection, translated_segments).values(
        reading_id=reading,
        target=target,
        position=position,
        translation_id=translation_id,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["reading_id", "target", "position"],
            set_={"translation_id": translation_id},
        )
    )


def _note_recipes(
    connection: Connection, reading_id: int, new: Sequence[Translation]
) -> None:
    """The same translation by today's recipe: nothing that anyone sees."""
    for translation in new:
        connection.execute(
            update(translations)
            .where(
                translations.c.reading_id == reading_id,
                translations.c.target == translation.target,
            )
            .values(recipe=translation.recipe)
        )


def _shown(found: Sequence[Translation]) -> list[tuple[object, ...]]:
    return sorted((t.target, t.status, t.reason) for t in found)


def _recipes(found: Sequence[Translation]) -> dict[str, str]:
    return {t.target: t.recipe for t in found}


def _with_origins(*columns: Any) -> Any:
    made = segment_translations.c
    return (
        select(*columns, *_MADE)
        .join(segment_translations, made.id == translated_segments.c.translation_id)
        .join(origins, origins.c.id == made.origin_id)
    )


_MADE = (
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


def _translated(row: Row[Any]) -> TranslatedSegment:
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


def _grouped(rows: Iterable[Row[Any]]) -> dict[int, list[Row[Any]]]:
    groups: Iterator[tuple[int, Iterator[Row[Any]]]] = groupby(
        rows, key=lambda row: row.reading_id
    )
    return {reading_id: list(group) for reading_id, group in groups}


def _insert(connection: Connection, table: Any) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
