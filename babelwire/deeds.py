"""Who passed on or changed what is written down; what is searched for is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babelwire.assembly import now
from babelwire.users import user_name
from pipeline.store import users

if TYPE_CHECKING:
    from pipeline.store import Database


def log(database: Database, action: str, detail: str, *, actor: str = "") -> None:
    """Writes down who did what.

    Args:
        database: The store.
        action: One of those the desk has words for.
        detail: To what: ids and numbers, never the words of a search.
        actor: "" is whoever works at this machine.
    """
    with database.write() as connection:
        users.log(
            connection,
            actor=actor or user_name(),
            action=action,
            detail=detail,
            at=now(),
        )
