"""Makes due again what was set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babelwire.assembly import now

if TYPE_CHECKING:
    from pipeline.store import Database

INDEX = "index"
"""Not a stage, but it sets documents aside, too."""


def revive(
    database: Database, stage: str | None = None, reason: str | None = None
) -> int:
    """Makes due what a stage or the index set aside; how many items.

    Args:
        database: The store.
        stage: Only what this one set aside; `INDEX` for the index.
        reason: Only what was set aside for it.
    """
    from pipeline.store import index_state, work
    from pipeline.store.readings import reopen

    number = 0
    with database.write() as connection:
        if stage != INDEX:
            number = work.revive(connection, now=now(), stage=stage, reason=reason)
            reopen(connection, "extraction")
        if stage in {None, INDEX}:
            number += index_state.revive(connection, reason=reason)
    return number
