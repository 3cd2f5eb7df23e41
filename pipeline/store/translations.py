"""Translations of readings, segment by segment.

Each segment's translation is a row of its own, shared by equal segments and never
changed: a reading only says which one stands beside which segment. What a recipe
has translated once is therefore never translated again, whatever becomes of the
document it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    delete,
    insert,
    select,
    update,
)

from pipeline.documents import TranslatedSegment, Translation
from pipeline.store.segment_translations import (
    MADE,
    Key,
    insert_into,
    keep,
    recipe_of,
    translated_of,
)
from pipeline.store.tables import (
    origins,
    readings,
    segment_translations,
    segments,
    translated_segments,
    translations,
)


def load_translations(
    connection: Connection, reading_ids: Sequence[int]
) -> dict[int, tuple[Translation, ...]]:
    """The stored translations of each reading; empty where there are none."""
    parts = TranslationsOf(connection, reading_ids)
    return {reading_id: parts.of(reading_id) for reading_id in reading_ids}


class TranslationsOf:
    """Translations of some readings, loaded in two queries."""

    def __init__(self, connection: Connection, reading_ids: Sequence[int]) -> None:
        self._translations = grouped(
            connection.execute(
                select(translations)
                .where(translations.c.reading_id.in_(reading_ids))
                .order_by(translations.c.reading_id, translations.c.target)
            )
        )
        placed = translated_segments.c
        self._translated = grouped(
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
                segments=tuple(map(translated_of, by_target.get(row.target, ()))),
            )
            for row in self._translations.get(reading_id, ())
        )


def grouped(rows: Iterable[Row[Any]]) -> dict[int, list[Row[Any]]]:
    """Rows by their reading, which they must be ordered by."""
    groups: Iterator[tuple[int, Iterator[Row[Any]]]] = groupby(
        rows, key=lambda row: row.reading_id
    )
    return {reading_id: list(group) for reading_id, group in groups}


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
    ids = keep(connection, wanted.rows, now)
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
    ids = keep(connection, wanted.rows, now)
    for reading, new in found.items():
        for piece in new[0].segments:
            translation_id = ids[wanted.key(reading, new[0], piece)]
            _put_one(connection, reading, target, piece.position, translation_id)
    return sorted(chosen)


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
        columns = (s.reading_id, s.position, s.checksum, s.language)
        self._segments = {
            (row.reading_id, row.position): (row.checksum, row.language)
            for row in connection.execute(
                select(*columns).where(s.reading_id.in_(items))
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
        checksum, language = self._segments[item, segment.position]
        source = language or self._languages[item]  # a quotation has its own
        return checksum, translation.target, source, recipe_of(segment)


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
    statement = insert_into(connection, translated_segments).values(
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
        select(*columns, *MADE)
        .join(segment_translations, made.id == translated_segments.c.translation_id)
        .join(origins, origins.c.id == made.origin_id)
    )
