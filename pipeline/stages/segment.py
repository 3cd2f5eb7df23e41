"""Reading → segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from pipeline.documents import Identifier, Segment
from pipeline.errors import StageError
from pipeline.identification import mark_quotations
from pipeline.segmentation import SEGMENTER_VERSION, segment_reading
from pipeline.store import work
from pipeline.store.documents import raise_for_readings
from pipeline.store.readings import Texts, load_texts
from pipeline.store.tables import segments, translated_segments, translations
from pipeline.translation.memory import segment_checksum

FIRST = 10
"""Priority of translating what mentions a name of the user's lists."""


@dataclass(frozen=True, kw_only=True)
class SegmentedReading:
    """What the stage makes of a reading.

    Attributes:
        preferred: Whether it is to be translated before others.
    """

    segments: tuple[Segment, ...]
    preferred: bool = False


class SegmentStage:
    """Stores sentence-sized pieces with their offsets."""

    name = "segment"
    batch_size = 256

    def __init__(
        self,
        prefers: Callable[[str, str], bool] | None = None,
        identifier: Identifier | None = None,
    ) -> None:
        """Nothing is asked before there is a text.

        Args:
            prefers: Whether a text of a language is to be translated before others.
            identifier: Finds segments in another language; without it none is marked.
        """
        self._prefers = prefers
        self._identifier = identifier
        self.version = SEGMENTER_VERSION
        if identifier is not None:
            self.version += f"+{identifier.version}"

    def supply(self, connection: Connection) -> str:
        """Nothing waits here."""
        return ""

    def outdated(self, connection: Connection) -> Sequence[int]:
        """None: another version of the stage makes items due."""
        return ()

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, Texts]:
        """Title, text and language of the readings."""
        return load_texts(connection, items)

    def run(self, loaded: Mapping[int, Texts]) -> Mapping[int, SegmentedReading]:
        """The segments of each reading."""
        return {item: self._segmented(texts) for item, texts in loaded.items()}

    def save(
        self,
        connection: Connection,
        results: Mapping[int, SegmentedReading],
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
                "checksum": segment_checksum(piece.text),
                "language": piece.language,
            }
            for item, reading in results.items()
            for piece in reading.segments
        ]
        if rows:
            connection.execute(insert(segments), rows)
        raise_for_readings(connection, items)
        first = [item for item in items if results[item].preferred]
        rest = [item for item in items if not results[item].preferred]
        work.enqueue(connection, "translate", first, now=now, priority=FIRST)
        work.enqueue(connection, "translate", rest, now=now)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Documents stay searchable without this stage's result."""

    def _segmented(self, texts: Texts) -> SegmentedReading:
        whole = f"{texts.title}\n{texts.text}"
        preferred = self._prefers is not None and self._prefers(whole, texts.language)
        pieces = segment_reading(texts.title, texts.text, texts.language)
        if self._identifier is not None:
            pieces = mark_quotations(pieces, texts.language, self._identifier)
        return SegmentedReading(segments=pieces, preferred=preferred)
