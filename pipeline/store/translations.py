"""Translations of readings, segment by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from pipeline.documents import Translation
from pipeline.store.documents import load_translations
from pipeline.store.tables import documents, translated_segments, translations


def replace_translations(
    connection: Connection,
    found: Mapping[int, Sequence[Translation]],
    *,
    now: datetime,
) -> list[int]:
    """Stores readings' translations; those whose were not so already."""
    stored = load_translations(connection, list(found))
    changed = [
        reading_id
        for reading_id, new in found.items()
        if _signature(new) != _signature(stored[reading_id])
    ]
    replaced = [reading_id for reading_id in changed if stored[reading_id]]
    if replaced:
        for table in (translated_segments, translations):
            connection.execute(delete(table).where(table.c.reading_id.in_(replaced)))
    rows = [row for item in changed for row in _rows(item, found[item], now)]
    if rows:
        connection.execute(insert(translations), rows)
    segments = [row for item in changed for row in _segment_rows(item, found[item])]
    if segments:
        connection.execute(insert(translated_segments), segments)
    return changed


def count_by_status(connection: Connection, target: str) -> dict[str, int]:
    """How many documents' translations into `target` have each status."""
    statement = (
        select(translations.c.status, func.count())
        .join(documents, documents.c.reading_id == translations.c.reading_id)
        .where(translations.c.target == target)
        .group_by(translations.c.status)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def _signature(found: Sequence[Translation]) -> list[tuple[object, ...]]:
    return [
        (t.target, t.status, t.reason, t.segments)
        for t in sorted(found, key=lambda t: t.target)
    ]


def _rows(
    reading_id: int, found: Sequence[Translation], now: datetime
) -> list[dict[str, object]]:
    return [
        {
            "reading_id": reading_id,
            "target": translation.target,
            "status": translation.status,
            "reason": translation.reason,
            "updated_at": now,
        }
        for translation in found
    ]


def _segment_rows(
    reading_id: int, found: Sequence[Translation]
) -> list[dict[str, object]]:
    return [
        {
            "reading_id": reading_id,
            "target": translation.target,
            "position": segment.position,
            "text": segment.text,
            "engine": segment.engine,
            "model": segment.model,
            "version": segment.version,
            "flags": list(segment.flags),
        }
        for translation in found
        for segment in translation.segments
    ]
