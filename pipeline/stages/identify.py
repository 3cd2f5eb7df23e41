"""Reading → language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from pipeline.documents import Identification, Identifier
from pipeline.errors import StageError
from pipeline.identification import identify_document
from pipeline.store import work
from pipeline.store.documents import raise_for_readings
from pipeline.store.readings import Texts, load_texts
from pipeline.store.tables import readings


class IdentifyStage:
    """Writes the language of each reading; what the site declares is a hint."""

    name = "identify"
    batch_size = 256

    def __init__(self, identifier: Identifier) -> None:
        self._identifier = identifier
        self.version = identifier.version

    def supply(self, connection: Connection) -> str:
        """Nothing waits here."""
        return ""

    def outdated(self, connection: Connection) -> Sequence[int]:
        """None: another version of the stage makes items due."""
        return ()

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, Texts]:
        """Title and text of the readings."""
        return load_texts(connection, items)

    def run(self, loaded: Mapping[int, Texts]) -> Mapping[int, Identification]:
        """One identification per reading."""
        return {
            item: identify_document(
                texts.title, texts.text, self._identifier, texts.declared_language
            )
            for item, texts in loaded.items()
        }

    def save(
        self,
        connection: Connection,
        results: Mapping[int, Identification],
        now: datetime,
    ) -> Mapping[int, StageError]:
        """Stores the languages; segmentation is due."""
        rows = [
            {
                "reading": item,
                "language": found.language,
                "language_confidence": found.confidence,
                "language_alternatives": [list(a) for a in found.alternatives],
                "identifier": self.version,
            }
            for item, found in results.items()
        ]
        if rows:
            one = readings.c.id == bindparam("reading")
            connection.execute(update(readings).where(one), rows)
        raise_for_readings(connection, list(results))
        work.enqueue(connection, "segment", results, now=now)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Documents stay searchable without this stage's result."""
