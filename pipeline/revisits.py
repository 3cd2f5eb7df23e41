"""When a page is visited again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_REVISIT = timedelta(hours=1)
"""A text is edited most in its first hours; after that a page is visited again
whenever its age has doubled."""


def next_revisit(discovered_at: datetime, now: datetime, days: int) -> datetime | None:
    """When an article is to be visited again: as its age doubles; None: never.

    Args:
        discovered_at: When its URL was first seen.
        now: Of the visit just made.
        days: No revisit after so many since `discovered_at`.
    """
    due_at = now + max(FIRST_REVISIT, now - discovered_at)
    return due_at if due_at <= discovered_at + timedelta(days=days) else None
