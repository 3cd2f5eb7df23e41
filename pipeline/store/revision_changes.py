"""What each revision made of the one before it, as the store keeps it.

Offsets belong to two readings: they are worked out again when either text is read by a
better extractor, and whoever finds them outdated does not believe them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select, update

from pipeline.differences import Changes, compared
from pipeline.store.tables import readings, revisions


def note_changes(connection: Connection, document: str, number: int) -> None:
    """Stores what the revision changed, and what the one after it did.

    Args:
        connection: In a writing transaction.
        document: Its id.
        number: Of a revision that is new, or that was read again.
    """
    rows = connection.execute(
        select(
            revisions.c.number,
            revisions.c.reading_id,
            readings.c.title,
            readings.c.text,
        )
        .join(readings, readings.c.id == revisions.c.reading_id)
        .where(
            revisions.c.document_id == document,
            revisions.c.number.between(number - 1, number + 1),
        )
        .order_by(revisions.c.number)
    ).all()
    for before, after in pairwise(rows):
        found = compared((before.title, before.text), (after.title, after.text))
        value = {
            "readings": [before.reading_id, after.reading_id],
            "title": [list(change) for change in found.title],
            "text": [list(change) for change in found.text],
        }
        connection.execute(
            update(revisions)
            .where(
                revisions.c.document_id == document,
                revisions.c.number == after.number,
            )
            .values(changes=value)
        )


def stored_changes(value: Any, before: int, after: int) -> Changes | None:
    """The changes in a row of `revisions`; None where they are of other readings.

    Args:
        value: Of its column.
        before: The reading of the revision before.
        after: Its own.
    """
    if not value or value["readings"] != [before, after]:
        return None
    return Changes(
        title=tuple(tuple(change) for change in value["title"]),
        text=tuple(tuple(change) for change in value["text"]),
    )
