"""The contract of a stage, and one batch through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from pipeline.errors import StageError
from pipeline.failpoints import failpoint
from pipeline.store import Database, work


class Stage(Protocol):
    """Works on items of one kind: pages, or readings.

    `load` and `save` are short and inside a transaction; `run` is neither.
    """

    name: str
    version: str
    batch_size: int

    def supply(self, connection: Connection) -> str:
        """Changes when waiting items are worth another try; "" if never."""
        ...

    def outdated(self, connection: Connection) -> Sequence[int]:
        """Items that are done and worth doing anew, after everything else.

        At most as many as one run may spend on them; none for most stages.
        """
        ...

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, Any]:
        """What `run` needs, by item; an item left out is obsolete and done."""
        ...

    def run(self, loaded: Mapping[int, Any]) -> Mapping[int, Any | StageError]:
        """A result, or what went wrong, for each item loaded."""
        ...

    def save(
        self, connection: Connection, results: Mapping[int, Any], now: datetime
    ) -> Mapping[int, StageError]:
        """Stores results and makes the next stages' items due.

        Returns what is stored but not finished: items that wait for more.
        """
        ...

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Called with items that will not be tried again by themselves."""
        ...


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """What one batch did: numbers of items."""

    stage: str
    claimed: int = 0
    done: int = 0
    waiting: int = 0
    failed: int = 0
    errors: tuple[tuple[int, StageError], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A claimed batch between loading and saving."""

    claim: work.Claim
    loaded: Mapping[int, Any]


def take(
    database: Database, stage: Stage, *, now: datetime, limit: int | None = None
) -> Batch | None:
    """Claims and loads the next batch; None when nothing is due."""
    with database.write() as connection:
        claim = work.claim(
            connection,
            stage.name,
            limit=limit or stage.batch_size,
            now=now,
            version=stage.version,
        )
        if claim.buried:
            stage.set_aside(connection, claim.buried)
    if not claim.items:
        return None
    failpoint("process.after_claim")
    with database.read() as connection:
        return Batch(claim=claim, loaded=stage.load(connection, claim.items))


def store(
    database: Database,
    stage: Stage,
    batch: Batch,
    results: Mapping[int, Any | StageError],
    clock: Callable[[], datetime],
) -> BatchReport:
    """Saves a batch's results and its claims' ends in one transaction.

    A result whose claim was lost meanwhile is dropped (P6).
    """
    failpoint("process.before_save")
    now = clock()
    with database.write() as connection:
        mine = work.still_mine(connection, batch.claim)
        errors = {
            item: result
            for item, result in results.items()
            if isinstance(result, StageError) and item in mine
        }
        good = {
            item: result
            for item, result in results.items()
            if item in mine and item not in errors
        }
        errors.update(stage.save(connection, good, now))
        failpoint("process.in_save")
        done = [item for item in batch.claim.items if item in mine - set(errors)]
        work.finish(connection, batch.claim, done, input_version=stage.version)
        _note_errors(connection, stage, batch.claim, errors, now)
    failpoint("process.after_save")
    waiting = sum(1 for error in errors.values() if error.waiting)
    return BatchReport(
        stage=stage.name,
        claimed=len(batch.claim.items),
        done=len(done),
        waiting=waiting,
        failed=len(errors) - waiting,
        errors=tuple(errors.items()),
    )


def _note_errors(
    connection: Connection,
    stage: Stage,
    claim: work.Claim,
    errors: Mapping[int, StageError],
    now: datetime,
) -> None:
    supply = stage.supply(connection) if errors else ""
    items_by_error: dict[StageError, list[int]] = {}
    for item, error in errors.items():
        items_by_error.setdefault(error, []).append(item)
    for error, items in items_by_error.items():
        version = stage.version
        if error.waiting:
            version = work.waiting_version(version, supply)
        work.fail(connection, claim, items, error, now=now, input_version=version)
    dead = work.dead_among(connection, stage.name, list(errors))
    if dead:
        stage.set_aside(connection, dead)
