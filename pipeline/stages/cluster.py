"""Reading → group of (nearly) the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from pipeline.errors import StageError
from pipeline.fingerprints import Fingerprints, fingerprint
from pipeline.store import clusters
from pipeline.store.readings import Texts, load_texts
from pipeline.tokens import count_tokens

SHORT_TOKENS = 12
"""A text of fewer says too little without its headline, e.g. an agency's flash."""


class ClusterStage:
    """Groups documents; a near-identical text is linked, never dropped."""

    name = "cluster"
    version = "triples-2"
    batch_size = 256

    def supply(self, connection: Connection) -> str:
        """Nothing waits here."""
        return ""

    def outdated(self, connection: Connection) -> Sequence[int]:
        """None: another version of the stage makes items due."""
        return ()

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, Texts]:
        """Texts of the readings that are shown now; others need no group."""
        shown = clusters.current_documents(connection, items)
        return load_texts(connection, list(shown))

    def run(self, loaded: Mapping[int, Texts]) -> Mapping[int, Fingerprints]:
        """Fingerprints of the original text."""
        return {item: fingerprint(_compared(texts)) for item, texts in loaded.items()}

    def save(
        self,
        connection: Connection,
        results: Mapping[int, Fingerprints],
        now: datetime,
    ) -> Mapping[int, StageError]:
        """Compares with what is stored."""
        shown = clusters.current_documents(connection, list(results))
        batch = [
            clusters.Fingerprinted(
                document_id=shown[item], reading_id=item, found=results[item]
            )
            for item in sorted(shown)
        ]
        clusters.assign(connection, batch)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Documents stay searchable without this stage's result."""


def _compared(texts: Texts) -> str:
    """The text; other headlines of one text do not count, but where there is little."""
    if count_tokens(texts.text, SHORT_TOKENS) >= SHORT_TOKENS:
        return texts.text
    return f"{texts.title}\n{texts.text}"
