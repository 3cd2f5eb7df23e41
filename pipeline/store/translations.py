"""Translations of readings, segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from pipeline.documents import Translation
from pipeline.store.documents import load_translations
from pipeline.store.tables import documents, translated_segments, translations


def replace_translations(
    connection: Connection,
    reading_id: int,
    found: Sequence[Translation],
    *,
    now: datetime,
) -> bool:
    """Stores a reading's translations; False when they were so already."""
    if _signature(found) == _signature(_stored(connection, reading_id)):
        return False
    for table in (translated_segments, translations):
        connection.execute(delete(table).where(table.c.reading_id == reading_id))
    rows = [
        {
            "reading_id": reading_id,
            "target": translation.target,
            "status": translation.status,
            "reason": translation.reason,
            "updated_at": now,
        }
        for translation in found
    ]
    if rows:
        connection.execute(insert(translations), rows)
    segments = _segment_rows(reading_id, found)
    if segments:
        connection.execute(insert(translated_segments), segments)
    return True


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


def _stored(connection: Connection, reading_id: int) -> list[Translation]:
    return list(load_translations(connection, reading_id))


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
