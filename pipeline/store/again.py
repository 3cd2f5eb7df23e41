"""Makes a source's work due again, on request."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.store import work
from pipeline.store.tables import documents, readings, revisions


def enqueue_again(
    connection: Connection, source: str, stage: str, *, now: datetime
) -> int:
    """Makes `stage` due for every document of a source; how many items.

    For `extract` these are the pages of all revisions, also of documents that were
    merged; for the other stages the readings that are shown now.
    """
    if stage == "extract":
        chosen = select(revisions.c.page_id).join(
            documents, documents.c.id == revisions.c.document_id
        )
    else:
        chosen = (
            select(readings.c.id)
            .join(documents, documents.c.reading_id == readings.c.id)
            .where(documents.c.deleted_at.is_(None))
        )
    items = list(connection.scalars(chosen.where(documents.c.source == source)))
    work.enqueue(connection, stage, items, now=now)
    return len(items)
