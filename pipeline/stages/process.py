"""Runs the stages over whatever is due.

Extraction happens in children; while they read the next pages, this process
stores the last ones and runs the other stages on them.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from pipeline.errors import StageError
from pipeline.stages.stage import Batch, BatchReport, Stage, store, take
from pipeline.store import Database, work

IN_FLIGHT = 2
"""Extraction batches at once: one in the children, one waiting for them."""

EXTRACT = "extract"

LAST = -10
"""Priority of what is done already and only done better."""
HEARTBEAT_SECONDS = 60.0
"""A batch's lease is renewed so often while it is worked on: a tenth of the lease."""


@dataclass(kw_only=True)
class Tally:
    """What a stage did so far: numbers of items."""

    done: int = 0
    waiting: int = 0
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, report: BatchReport) -> None:
        """Counts one batch."""
        self.done += report.done
        self.waiting += report.waiting
        self.failed += report.failed
        for _, error in report.errors:
            self.reasons[error.reason] = self.reasons.get(error.reason, 0) + 1


def always() -> bool:
    """The `go_on` of a run that nobody stops."""
    return True


class Processor:
    """Takes batches of every stage in turn until nothing is due."""

    def __init__(
        self,
        database: Database,
        stages: Sequence[Stage],
        clock: Callable[[], datetime],
    ) -> None:
        """Args: the store, the stages in the order of a page's way, the clock."""
        self._database = database
        self._stages = tuple(stages)
        self._clock = clock

    def renew(self) -> int:
        """Makes due what is worth doing again; how many items.

        What older versions of the stages did, what waited for something that
        has come, and what a process held that was killed.
        """
        with self._database.write() as connection:
            return sum(self._renew(connection, stage) for stage in self._stages)

    def _renew(self, connection: Connection, stage: Stage) -> int:
        now = self._clock()
        taken_back = work.take_back(connection, stage.name, now=now)
        outdated = stage.outdated(connection)
        work.enqueue(connection, stage.name, outdated, now=now, priority=LAST)
        return (
            len(outdated)
            + taken_back
            + work.renew(
                connection,
                stage.name,
                version=stage.version,
                supply=stage.supply(connection),
                now=now,
            )
        )

    def run(
        self,
        *,
        go_on: Callable[[], bool] = always,
        on_batch: Callable[[BatchReport], None] | None = None,
    ) -> Mapping[str, Tally]:
        """Works until nothing is due now, or `go_on` says no after a batch.

        What was claimed and not finished is given back, whatever happens.
        """
        drain = _Drain(self._database, self._stages, self._clock, on_batch)
        try:
            drain.run(go_on)
        finally:
            drain.close()
        return drain.tallies


class _Drain:
    """One call of `Processor.run`."""

    def __init__(
        self,
        database: Database,
        stages: Sequence[Stage],
        clock: Callable[[], datetime],
        on_batch: Callable[[BatchReport], None] | None,
    ) -> None:
        self.tallies = {stage.name: Tally() for stage in stages}
        self._database = database
        self._clock = clock
        self._on_batch = on_batch
        self._extract = next((s for s in stages if s.name == EXTRACT), None)
        self._others = [stage for stage in stages if stage.name != EXTRACT]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="extract")
        self._in_flight: deque[tuple[Batch, Future[Mapping[int, Any]]]] = deque()
        self._held: Batch | None = None
        self._closed = threading.Event()
        self._heart = threading.Thread(target=self._keep_alive, daemon=True)
        self._heart.start()

    def run(self, go_on: Callable[[], bool]) -> None:
        while go_on():
            self._send_pages()
            busy = [self._one_batch(stage) for stage in self._others]
            if self._in_flight and (self._in_flight[0][1].done() or not any(busy)):
                self._receive_pages()
            elif not any(busy) and not self._in_flight:
                return

    def close(self) -> None:
        """Gives unfinished claims back."""
        self._closed.set()
        unfinished = self._unfinished()
        try:
            if unfinished:
                with self._database.write() as connection:
                    for batch in unfinished:
                        work.release(connection, batch.claim)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _unfinished(self) -> list[Batch]:
        held = [self._held] if self._held is not None else []
        return [batch for batch, _ in tuple(self._in_flight)] + held

    def _keep_alive(self) -> None:
        """Renews leases: a slow engine may take longer over a batch than a lease.

        A process that is stopped stops renewing too, and loses its claims (P6).
        """
        while not self._closed.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(Exception), self._database.write() as connection:
                for batch in self._unfinished():
                    work.extend(connection, batch.claim, now=self._clock())

    def _send_pages(self) -> None:
        stage = self._extract
        while stage is not None and len(self._in_flight) < IN_FLIGHT:
            batch = take(self._database, stage, now=self._clock())
            if batch is None:
                return
            future = self._thread.submit(stage.run, batch.loaded)
            self._in_flight.append((batch, future))

    def _receive_pages(self) -> None:
        assert self._extract is not None  # noqa: S101 - something is in flight
        batch, future = self._in_flight[0]
        results = future.result()
        self._finish(self._extract, batch, results)
        self._in_flight.popleft()

    def _one_batch(self, stage: Stage) -> bool:
        batch = take(self._database, stage, now=self._clock())
        if batch is None:
            return False
        self._held = batch
        results: Mapping[int, Any | StageError] = (
            stage.run(batch.loaded) if batch.loaded else {}
        )
        self._finish(stage, batch, results)
        self._held = None
        return True

    def _finish(
        self, stage: Stage, batch: Batch, results: Mapping[int, Any | StageError]
    ) -> None:
        report = store(self._database, stage, batch, results, self._clock)
        self.tallies[stage.name].add(report)
        if self._on_batch is not None:
            self._on_batch(report)
