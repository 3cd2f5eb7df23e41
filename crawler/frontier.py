"""What is due: the frontier's memory side. Pure; the time is an argument.

Holds a few rows of each host, taken from the table; says which to ask now, so
that every host is asked at its pace, and no host waits for another. Nothing is
written when a row is taken: what was not committed is still due in the table.

Times are seconds of a monotonic clock (P7).
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from pipeline.store.frontier import DueUrl

NEVER = math.inf

REFILL_ROWS = 32
"""Rows of one host held at most; taking them costs .06 ms (1 M rows pending)."""

LOW_WATER = 8
"""Rows left when a host is filled up again."""


@dataclass(frozen=True, kw_only=True)
class HostStanding:
    """How a host stands at a moment.

    Attributes:
        in_flight: Requests that wait for its answer.
        waiting: Rows in memory that wait for their turn; the table may have more.
        wait_seconds: Until it may be asked again; 0 where it may be now.
        is_held: It is left alone for longer than its pace asks.
    """

    host: str
    in_flight: int
    waiting: int
    wait_seconds: float
    is_held: bool


@dataclass
class _Host:
    delay: float
    rows: deque[DueUrl] = field(default_factory=deque)
    in_flight: int = 0
    not_before: float = 0.0
    held_until: float = 0.0
    refill_at: float = NEVER
    is_refilling: bool = False
    is_blocked: bool = False
    is_queued: bool = False
    failures: int = 0


class Frontier:
    """The hosts, their rows, and when each may be asked next."""

    def __init__(
        self,
        *,
        caps: Mapping[str, int],
        endpoint_cap: int = 200,
        concurrency: int = 64,
        per_host: int = 2,
    ) -> None:
        """Begins empty.

        Args:
            caps: By source, how many articles may be fetched.
            endpoint_cap: How many endpoints of each source may be.
            concurrency: Requests at once, over all hosts.
            per_host: Requests at once to a host without a delay.
        """
        self._caps = dict(caps)
        self._endpoint_caps = dict.fromkeys(caps, endpoint_cap)
        self._concurrency = concurrency
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}
        self._ready: list[tuple[float, int, str]] = []
        self._order = count()
        self._claimed: set[int] = set()
        self._claimed_by_host: dict[str, int] = {}
        self.in_flight = 0

    # --- Hosts ---------------------------------------------------------------

    def set_delay(self, host: str, seconds: float) -> None:
        """Raises a host's pace: the slowest of all who speak for it holds."""
        entry = self._host(host)
        entry.delay = max(entry.delay, seconds)

    def was_asked(self, host: str, until: float) -> None:
        """Another process asked a host until then: its pace counts from there."""
        entry = self._host(host)
        entry.not_before = max(entry.not_before, until + entry.delay)

    def hold(self, host: str, until: float) -> None:
        """Leaves a host alone: `Retry-After`, robots.txt unreachable."""
        entry = self._host(host)
        entry.held_until = max(entry.held_until, until)
        self._queue(host, entry)

    def failed(self, host: str) -> int:
        """Counts a connection that failed; how many in a row."""
        entry = self._host(host)
        entry.failures += 1
        return entry.failures

    def answered(self, host: str) -> bool:
        """The host answered; whether it had failed before."""
        entry = self._host(host)
        had_failed, entry.failures = entry.failures > 0, 0
        return had_failed

    # --- Rows ----------------------------------------------------------------

    def expect(self, host: str, at: float) -> None:
        """The table has, or will have at a time, rows of a host."""
        entry = self._host(host)
        entry.refill_at = min(entry.refill_at, at)

    def wants_rows(self, now: float) -> list[str]:
        """Hosts to be filled up from the table; each is named once."""
        wanted = []
        for name, host in self._hosts.items():
            is_low = len(host.rows) <= LOW_WATER and host.held_until <= now
            if is_low and host.refill_at <= now and not host.is_refilling:
                host.is_refilling = True
                host.refill_at = NEVER
                wanted.append(name)
        return wanted

    def refill_limit(self, host: str) -> int:
        """How many rows to ask the table for: it still lists those taken."""
        return REFILL_ROWS + self._claimed_by_host.get(host, 0)

    def refilled(
        self,
        host: str,
        rows: Iterable[DueUrl],
        next_at: float,
        *,
        more: bool,
        now: float,
    ) -> None:
        """Takes the table's answer for a host.

        Args:
            host: As named by `wants_rows`.
            rows: Those due, some of them perhaps taken already.
            next_at: When the next one becomes due.
            more: There are more due than were asked for.
            now: The time.
        """
        entry = self._host(host)
        entry.is_refilling = False
        new = self.add(rows)
        if more and new:
            next_at = now
        entry.refill_at = min(entry.refill_at, next_at)

    def add(self, rows: Iterable[DueUrl], *, first: bool = False) -> int:
        """Takes rows that are not taken already; how many.

        Args:
            rows: In the order to visit.
            first: Before all others of their hosts: endpoints.
        """
        distinct = {row.id: row for row in rows if row.id not in self._claimed}
        new = list(distinct.values())
        for row in reversed(new) if first else new:
            host = self._host(row.host)
            (host.rows.appendleft if first else host.rows.append)(row)
            self._claimed.add(row.id)
            self._claimed_by_host[row.host] = self._claimed_by_host.get(row.host, 0) + 1
            self._queue(row.host, host)
        return len(new)

    def committed(self, row: DueUrl) -> None:
        """Forgets a row: the table knows what became of it."""
        if row.id in self._claimed:
            self._claimed.discard(row.id)
            self._claimed_by_host[row.host] -= 1

    def take_all(
        self, host: str, sources: Collection[str] | None = None
    ) -> list[DueUrl]:
        """The waiting rows of a host, which stay taken until committed.

        Args:
            host: Whose.
            sources: Only theirs; None: all.
        """
        entry = self._host(host)
        rows = [row for row in entry.rows if sources is None or row.source in sources]
        taken = {row.id for row in rows}
        kept = [row for row in entry.rows if row.id not in taken]
        entry.rows.clear()
        entry.rows.extend(kept)
        return rows

    # --- Asking --------------------------------------------------------------

    def next(self, now: float) -> DueUrl | None:
        """A row whose host may be asked now; it counts as in flight."""
        while self._ready and self._ready[0][0] <= now:
            if self.in_flight >= self._concurrency:
                return None
            _, _, name = heapq.heappop(self._ready)
            host = self._hosts[name]
            host.is_queued = False
            if self._ready_at(host) > now or not self._is_free(host):
                self._queue(name, host)
                continue
            row = self._within_cap(host)
            if row is not None:
                self._spend(row, 1)
                host.in_flight += 1
                self.in_flight += 1
                self._queue(name, host)
                return row
        return None

    def finished(self, host: str, now: float) -> None:
        """An answer of a host is complete: its pace counts from here."""
        entry = self._host(host)
        entry.in_flight -= 1
        self.in_flight -= 1
        entry.not_before = now + entry.delay
        self._queue(host, entry)

    def skipped(self, row: DueUrl) -> None:
        """A row from `next` that was not asked for: robots.txt denies it."""
        entry = self._host(row.host)
        if row.role == "article" and self.is_exhausted(row.source):
            entry.refill_at = 0.0  # its place is free for another one
        self._spend(row, -1)
        entry.in_flight -= 1
        self.in_flight -= 1
        self._queue(row.host, entry)

    def block(self, row: DueUrl) -> None:
        """Puts a row from `next` back; its host asks nothing but robots.txt."""
        entry = self._host(row.host)
        self._spend(row, -1)
        entry.rows.appendleft(row)
        entry.is_blocked = True

    def unblock(self, host: str, now: float, *, asked: bool) -> None:
        """robots.txt of a blocked host is known.

        Args:
            host: As given to `block`.
            now: The time.
            asked: Whether it was asked for at the host just now.
        """
        entry = self._host(host)
        entry.is_blocked = False
        entry.in_flight -= 1
        self.in_flight -= 1
        if asked:
            entry.not_before = now + entry.delay
        self._queue(host, entry)

    # --- Standing ------------------------------------------------------------

    def standing(self, now: float) -> list[HostStanding]:
        """Hosts with something in flight or waiting, the busiest first."""
        found = [
            HostStanding(
                host=name,
                in_flight=host.in_flight,
                waiting=len(host.rows),
                wait_seconds=max(0.0, self._ready_at(host) - now),
                is_held=host.held_until > max(now, host.not_before),
            )
            for name, host in self._hosts.items()
            if host.rows or host.in_flight
        ]
        return sorted(found, key=lambda h: (-h.in_flight, -h.waiting, h.host))

    def exhausted_sources(self) -> list[str]:
        """Sources that may fetch no more articles in this run."""
        return [name for name, left in self._caps.items() if left <= 0]

    def is_exhausted(self, source: str) -> bool:
        """Whether a source's cap was reached."""
        return self._caps[source] <= 0

    def is_busy(self) -> bool:
        """Whether something is in flight or being read from the table."""
        return self.in_flight > 0 or any(h.is_refilling for h in self._hosts.values())

    def paced_at(self, now: float) -> float:
        """When the next row may be asked for that waits for its host's pace only.

        A host that is held (`Retry-After`) does not count: see `retry_at`.
        """
        times = [
            host.not_before
            for host in self._hosts.values()
            if host.rows and host.held_until <= max(host.not_before, now)
        ]
        return min(times, default=NEVER)

    def retry_at(self) -> float:
        """When something that waits for its time may be asked for; or NEVER."""
        times = []
        for host in self._hosts.values():
            if host.rows:
                times.append(max(host.held_until, host.not_before))
            elif host.refill_at < NEVER:
                times.append(max(host.held_until, host.refill_at))
        return min(times, default=NEVER)

    def ready_at(self) -> float:
        """When `next` may have something again; or NEVER.

        Where as much is in flight as may be, only an answer makes room.
        """
        if not self._ready or self.in_flight >= self._concurrency:
            return NEVER
        return self._ready[0][0]

    def refill_at(self) -> float:
        """When `wants_rows` may have something again; or NEVER."""
        refills = (
            max(host.refill_at, host.held_until)
            for host in self._hosts.values()
            if not host.is_refilling and len(host.rows) <= LOW_WATER
        )
        return min(refills, default=NEVER)

    # --- Inside --------------------------------------------------------------

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host(delay=0.0))

    def _ready_at(self, host: _Host) -> float:
        return max(host.not_before, host.held_until)

    def _queue(self, name: str, host: _Host) -> None:
        if host.rows and self._is_free(host) and not host.is_queued:
            host.is_queued = True
            heapq.heappush(self._ready, (self._ready_at(host), next(self._order), name))

    def _is_free(self, host: _Host) -> bool:
        limit = 1 if host.delay > 0 else self._per_host
        return host.in_flight < limit and not host.is_blocked

    def _within_cap(self, host: _Host) -> DueUrl | None:
        while host.rows:
            row = host.rows.popleft()
            caps = self._endpoint_caps if row.role == "endpoint" else self._caps
            if caps.get(row.source, 0) > 0:
                return row
            self.committed(row)  # stays due in the table
        return None

    def _spend(self, row: DueUrl, amount: int) -> None:
        caps = self._endpoint_caps if row.role == "endpoint" else self._caps
        caps[row.source] -= amount
