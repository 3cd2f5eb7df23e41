"""Reading → segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from pipeline.documents import Segment
from pipeline.errors import StageError
from pipeline.segmentation import SEGMENTER_VERSION, segment_reading
from pipeline.store import work
from pipeline.store.documents import raise_for_readings
from pipeline.store.readings import Texts, load_texts
from pipeline.store.tables import segments, translated_segments, translations


class SegmentStage:
    """Stores sentence-sized pieces with their offsets."""

    name = "segment"
    version = SEGMENTER_VERSION
    batch_size = 256

    def supply(self, connection: Connection) -> str:
        """Nothing waits here."""
        return ""

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, Texts]:
        """Title, text and language of the readings."""
        return load_texts(connection, items)

    def run(self, loaded: Mapping[int, Texts]) -> Mapping[int, tuple[Segment, ...]]:
        """The segments of each reading."""
        return {
            item: segment_reading(texts.title, texts.text, texts.language)
            for item, texts in loaded.items()
        }

    def save(
        self,
        connection: Connection,
        results: Mapping[int, tuple[Segment, ...]],
        now: datetime,
    ) -> Mapping[int, StageError]:
        """Replaces segments and what hung on them; translation is due."""
        items = list(results)
        for table in (translated_segments, translations, segments):
            connection.execute(delete(table).where(table.c.reading_id.in_(items)))
        rows = [
            {
                "reading_id": item,
                "position": piece.position,
                "field": piece.field,
                "start": piece.start,
                "end": piece.end,
            }
            for item, pieces in results.items()
            for piece in pieces
        ]
        if rows:
            connection.execute(insert(segments), rows)
        raise_for_readings(connection, items)
        work.enqueue(connection, "translate", items, now=now)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Documents stay searchable without this stage's result."""
