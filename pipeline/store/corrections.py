"""Corrections: what people said a segment means, and what each of them changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from pipeline.documents import UNDETERMINED, TranslatedSegment
from pipeline.store import memory, work
from pipeline.store.database import Database
from pipeline.store.documents import raise_for_readings
from pipeline.store.segment_translations import latest_by_machine
from pipeline.store.tables import corrections, documents, readings, segments
from pipeline.store.translation_state import is_shown
from pipeline.store.translations import put, take_away
from pipeline.translation.memory import CORRECTION, NAME, Correction, segment_checksum

FIRST = 20
"""Priority of a person's wish: before everything else."""

BATCH = 500
"""Checksums a statement, well under any database's limit of variables."""


@dataclass(frozen=True, kw_only=True)
class StoredCorrection:
    """One correction, undone or not.

    Attributes:
        document_id: "" for one that holds everywhere.
    """

    id: int
    document_id: str
    source_language: str
    target_language: str
    source_text: str
    target_text: str
    author: str
    created_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a segment stands in a document's shown reading."""

    document_id: str
    reading_id: int
    position: int
    url: str


def add(
    connection: Connection,
    *,
    document_id: str,
    source_language: str,
    target_language: str,
    source_text: str,
    target_text: str,
    author: str,
    now: datetime,
) -> int:
    """Stores a correction; its number. `document_id` "": it holds everywhere."""
    result = connection.execute(
        insert(corrections)
        .values(
            document_id=document_id,
            source_language=source_language,
            target_language=target_language,
            checksum=segment_checksum(source_text),
            source_text=source_text,
            target_text=target_text,
            author=author,
            created_at=now,
        )
        .returning(corrections.c.id)
    )
    number: int = result.scalar_one()
    return number


def find(connection: Connection, number: int) -> StoredCorrection | None:
    """The correction with that number."""
    row = connection.execute(
        select(corrections).where(corrections.c.id == number)
    ).first()
    return _stored(row) if row else None


def undo(connection: Connection, number: int, *, now: datetime) -> None:
    """Takes a correction back; what held before holds again."""
    connection.execute(
        update(corrections)
        .where(corrections.c.id == number, corrections.c.undone_at.is_(None))
        .values(undone_at=now)
    )


def load(connection: Connection, *, limit: int = 100) -> list[StoredCorrection]:
    """Corrections, the newest first."""
    statement = select(corrections).order_by(corrections.c.id.desc()).limit(limit)
    return [_stored(row) for row in connection.execute(statement)]


def places(
    connection: Connection, source_language: str, text: str, document_id: str = ""
) -> list[Place]:
    """Where a segment stands in what is shown: of one document, or of all.

    That is what a correction of it changes.
    """
    s = segments.c
    statement = (
        select(
            documents.c.id.label("document_id"),
            s.reading_id,
            s.position,
            documents.c.url,
        )
        .join(readings, readings.c.id == s.reading_id)
        .join(documents, is_shown())
        .where(
            s.checksum == segment_checksum(text),
            or_(
                s.language == source_language,
                and_(s.language == "", readings.c.language == source_language),
            ),
            documents.c.deleted_at.is_(None),
        )
        .order_by(documents.c.id, s.position)
    )
    if document_id:
        statement = statement.where(documents.c.id == document_id)
    return [Place(**row._mapping) for row in connection.execute(statement)]


def show_now(
    connection: Connection,
    found: Sequence[Place],
    correction: StoredCorrection,
    now: datetime,
) -> None:
    """Sets a correction beside its segments, at once and without any engine.

    Where a document has one of its own, that stays.
    """
    source, target = correction.source_language, correction.target_language
    checksum = segment_checksum(correction.source_text)
    held = _held(connection, source, target, [checksum])
    changed: list[int] = []
    for place in found:
        own = held.get((checksum, place.document_id)) or held[checksum, ""]
        segment = TranslatedSegment(
            position=0, text=own.text, engine=CORRECTION, model=own.author
        )
        at = [(place.reading_id, place.position)]
        changed += put(connection, at, target, segment, now)
    _translate_again(connection, found, changed, now)


def show_what_held_before(
    connection: Connection,
    found: Sequence[Place],
    correction: StoredCorrection,
    now: datetime,
) -> None:
    """Sets the former translation beside the segments of an undone correction.

    Another correction that holds, else what was saved, else what a machine said last;
    where there is none, the segment waits for one.
    """
    target = correction.target_language
    for place in found:
        before = _before(connection, place, correction)
        at = [(place.reading_id, place.position)]
        if before is None:
            take_away(connection, at, target)
        else:
            put(connection, at, target, before, now)
    _translate_again(connection, found, [place.reading_id for place in found], now)


def _before(
    connection: Connection, place: Place, correction: StoredCorrection
) -> TranslatedSegment | None:
    source, target = correction.source_language, correction.target_language
    checksum = segment_checksum(correction.source_text)
    held = _held(connection, source, target, [checksum])
    other = held.get((checksum, place.document_id)) or held.get((checksum, ""))
    if other is not None:
        return TranslatedSegment(
            position=0, text=other.text, engine=CORRECTION, model=other.author
        )
    saved = memory.look_up(connection, source, target, [checksum]).get(checksum)
    if saved is not None:
        text, origin = saved
        return TranslatedSegment(position=0, text=text, engine=NAME, model=origin)
    return latest_by_machine(connection, source, target, checksum)


def _translate_again(
    connection: Connection,
    found: Sequence[Place],
    changed: Sequence[int],
    now: datetime,
) -> None:
    """The documents show something else; their translations are looked at again."""
    raise_for_readings(connection, changed)
    items = sorted({place.reading_id for place in found})
    work.enqueue(connection, "translate", items, now=now, priority=FIRST)


class StoredCorrections:
    """Looks corrections up for `CorrectionTranslator`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def corrected(
        self, source: str, target: str, places: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], Correction]:
        """Corrections by checksum and document; the document's own before others."""
        if source == UNDETERMINED:
            return {}
        sums = sorted({checksum for checksum, _ in places})
        found: dict[tuple[str, str], Correction] = {}
        with self._database.read() as connection:
            for start in range(0, len(sums), BATCH):
                part = sums[start : start + BATCH]
                found.update(_held(connection, source, target, part))
        return {
            (checksum, document): chosen
            for checksum, document in places
            if (chosen := found.get((checksum, document)) or found.get((checksum, "")))
        }


def _held(
    connection: Connection, source: str, target: str, sums: Sequence[str]
) -> dict[tuple[str, str], Correction]:
    """Those that hold, by checksum and document: of several, the newest."""
    c = corrections.c
    rows = connection.execute(
        select(c.checksum, c.document_id, c.target_text, c.author)
        .where(
            c.undone_at.is_(None),
            c.source_language == source,
            c.target_language == target,
            c.checksum.in_(sums),
        )
        .order_by(c.id)
    )
    return {
        (row.checksum, row.document_id): Correction(
            text=row.target_text, author=row.author
        )
        for row in rows
    }


def _stored(row: Row[Any]) -> StoredCorrection:
    return StoredCorrection(
        id=row.id,
        document_id=row.document_id,
        source_language=row.source_language,
        target_language=row.target_language,
        source_text=row.source_text,
        target_text=row.target_text,
        author=row.author,
        created_at=row.created_at,
        undone_at=row.undone_at,
    )
