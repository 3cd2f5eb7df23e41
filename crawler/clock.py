"""The time, as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """Both kinds of time.

    Attributes:
        now: Of the calendar, aware UTC: what is stored.
        monotonic: Seconds that only go forward: pace, waits (P7).
    """

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic

    def at(self, moment: datetime) -> float:
        """A moment on the monotonic clock."""
        return self.monotonic() + (moment - self.now()).total_seconds()
