"""How translations stand: what waits, what is outdated, what checks flagged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, select

from pipeline.store.tables import (
    documents,
    origins,
    readings,
    translation_counts,
    translations,
)


def is_shown() -> ColumnElement[bool]:
    """Joins documents to `readings`, where the reading is the one that is shown.

    By the document's key: looked up by reading, every document would be read.
    """
    return and_(
        documents.c.id == readings.c.document_id,
        documents.c.reading_id == readings.c.id,
    )


def pairs_waiting_for(connection: Connection, reason: str) -> list[tuple[str, str]]:
    """Source and target languages of shown readings that wait for a reason."""
    t = translations.c
    rows = connection.execute(
        select(readings.c.language, t.target)
        .join(readings, readings.c.id == t.reading_id)
        .join(documents, is_shown())
        .where(t.reason == reason)
        .distinct()
    )
    return [(source, target) for source, target in rows]


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
            .join(readings, readings.c.id == t.reading_id)
            .join(documents, is_shown())
            .where(t.target == target, t.recipe == recipe)
            .order_by(t.reading_id.desc())
            .limit(limit - len(found))
        )
        found += connection.scalars(chosen)
    return found


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
