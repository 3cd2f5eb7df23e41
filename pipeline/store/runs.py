"""The `runs` table: one crawl of one source, with its balance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from pipeline.store.tables import runs

RunState = Literal["running", "done", "interrupted", "failed"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One crawl of one source.

    Attributes:
        counts: `balance` (the source's, at the end) and `run` (of this one).
        reason: Why it failed, or "".
        capped: `max_pages_per_run` was reached and articles are still due.
    """

    id: int
    source: str
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    counts: Mapping[str, Any]
    reason: str
    capped: bool


def start_run(connection: Connection, source: str, now: datetime) -> int:
    """Notes the beginning; the run's id."""
    result = connection.execute(
        insert(runs).values(source=source, started_at=now, state="running", counts={})
    )
    found = result.inserted_primary_key
    assert found is not None  # noqa: S101 - both databases give it
    return int(found[0])


def finish_run(
    connection: Connection,
    run_id: int,
    *,
    now: datetime,
    state: RunState,
    counts: Mapping[str, Any],
    reason: str = "",
    capped: bool = False,
) -> None:
    """Notes the end and its counts."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            finished_at=now,
            state=state,
            counts=dict(counts),
            reason=reason,
            capped=capped,
        )
    )


def close_abandoned_runs(connection: Connection, now: datetime) -> int:
    """Marks runs whose process died as interrupted; how many.

    Only for the process that holds the workspace's crawl lock.
    """
    result = connection.execute(
        update(runs)
        .where(runs.c.state == "running")
        .values(state="interrupted", finished_at=now, reason="its process died")
    )
    return result.rowcount


def last_end(connection: Connection) -> datetime | None:
    """When the latest run that is over ended, of whatever source."""
    ended: datetime | None = connection.scalar(select(func.max(runs.c.finished_at)))
    return ended


def latest_runs(connection: Connection, *, limit: int = 1000) -> dict[str, Run]:
    """The newest run of each source, among the newest `limit` runs."""
    rows = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(limit))
    found: dict[str, Run] = {}
    for row in rows:
        found.setdefault(row.source, Run(**row._mapping))
    return found


def runs_of(connection: Connection, source: str, *, limit: int) -> list[Run]:
    """The newest runs of a source, the newest first."""
    rows = connection.execute(
        select(runs)
        .where(runs.c.source == source)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return [Run(**row._mapping) for row in rows]
