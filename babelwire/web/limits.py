"""How often somebody may do something, counted in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

MAX_KEYS = 10_000
"""Whoever was quiet the longest is forgotten beyond that: the memory stays flat."""


class RateLimiter:
    """At most so many times in so many seconds, for each key (a sliding window)."""

    def __init__(self, times: int, seconds: float, clock: Callable[[], float]) -> None:
        """Args: how many times (0: any number), in how many seconds of a clock."""
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, key: str) -> float:
        """How long until it may happen again; 0 for now."""
        with self._lock:
            recent = self._recent(key)
            if not self._times or len(recent) < self._times:
                return 0.0
            return max(recent[0] + self._seconds - self._clock(), 0.0)

    def note(self, key: str) -> None:
        """It happened."""
        with self._lock:
            recent = self._recent(key)
            recent.append(self._clock())
            self._seen[key] = recent
            self._seen.move_to_end(key)
            while len(recent) > self._times:
                recent.popleft()
            while len(self._seen) > MAX_KEYS:
                self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """Its past does not count any more."""
        with self._lock:
            self._seen.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        recent = self._seen.get(key, deque())
        ended = self._clock() - self._seconds
        while recent and recent[0] <= ended:
            recent.popleft()
        return recent
