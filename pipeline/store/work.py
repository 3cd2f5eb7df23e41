"""What each stage has to do: the `work` table.

A worker claims a batch, works outside any transaction, and finishes the batch
in the transaction that stores its results. A claim is a lease with a fresh
token: when it ran out and another worker claimed the item, the first one's
late result does not count any more (P6).
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.errors import StageError
from pipeline.store.tables import work

MAX_ATTEMPTS = 3
"""An item that failed so often is set aside (`dead`)."""

ALONE_AFTER = 2
"""Workers that died with an item until it is claimed alone: the first two deaths
may be a batch-mate's fault, or nobody's (a power cut)."""

MAX_CLAIMS = 6
"""An item whose workers died so often is set aside."""

LEASE = timedelta(minutes=10)
"""Much longer than the pause between two extensions: a worker that was not seen for
so long is gone, or stopped."""

MAX_DETAIL_CHARACTERS = 4000
"""Enough for a traceback."""

NEVER = datetime.max.replace(microsecond=0, tzinfo=UTC)
"""When an item that waits for something is due by the clock alone."""

RETRY_DELAYS = (timedelta(seconds=0), timedelta(minutes=1))
"""Before the second and the third attempt."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Items that are this worker's until the lease runs out.

    Attributes:
        buried: Items set aside on the way, because their workers died with them.
    """

    stage: str
    token: str
    items: tuple[int, ...]
    buried: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StageCounts:
    """How one stage stands: numbers of items."""

    due: int = 0
    claimed: int = 0
    done: int = 0
    dead: int = 0
    waiting: Mapping[str, int]
    dead_reasons: Mapping[str, int]


def enqueue(
    connection: Connection,
    stage: str,
    items: Iterable[int],
    *,
    now: datetime,
    input_version: str = "",
    priority: int = 0,
) -> None:
    """Makes items due; one that was done, waiting or set aside starts anew.

    Args:
        priority: The higher go first; then the newer items.
    """
    rows = [
        {
            "stage": stage,
            "item": item,
            "input_version": input_version,
            "state": "due",
            "due_at": now,
            "priority": priority,
        }
        for item in items
    ]
    if not rows:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(work)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["stage", "item"],
            set_={
                "input_version": statement.excluded.input_version,
                "state": "due",
                "due_at": statement.excluded.due_at,
                "priority": statement.excluded.priority,
                "attempts": 0,
                "claimed_by": "",
                "lease_until": None,
                "reason": "",
                "detail": "",
            },
        ),
        rows,
    )


def claim(
    connection: Connection,
    stage: str,
    *,
    limit: int,
    now: datetime,
    version: str = "",
) -> Claim:
    """Takes up to `limit` items that are due, or whose lease ran out.

    Whose worker died with it `ALONE_AFTER` times is claimed alone, so that an
    item that kills its worker takes no others along; after `MAX_CLAIMS` it is
    set aside.

    Args:
        version: The stage's: what is set aside stays so until another version.
    """
    buried = _bury_abandoned(connection, stage, now)
    due = and_(work.c.state == "due", work.c.due_at <= now)
    lost = and_(work.c.state == "claimed", work.c.lease_until <= now)
    rows = [
        row for free in (due, lost) for row in _choose(connection, stage, free, limit)
    ]
    rows.sort(key=lambda row: (row.priority, row.item), reverse=True)
    items = [row.item for row in rows[:limit] if not row.suspect]
    items = items or [row.item for row in rows[:1]]
    token = f"{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:16]}"
    if items:
        connection.execute(
            update(work)
            .where(work.c.stage == stage, work.c.item.in_(items))
            .values(
                state="claimed",
                claimed_by=token,
                input_version=version,
                lease_until=now + LEASE,
                attempts=work.c.attempts + 1,
            )
        )
    return Claim(stage=stage, token=token, items=tuple(items), buried=buried)


def _choose(
    connection: Connection, stage: str, free: ColumnElement[bool], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    chosen = (
        select(work.c.item, work.c.priority, _is_suspect().label("suspect"))
        .where(work.c.stage == stage, free)
        .order_by(work.c.priority.desc(), work.c.item.desc())
        .limit(limit)
    )
    return connection.execute(chosen.with_for_update(skip_locked=True)).all()


def extend(connection: Connection, claim: Claim, *, now: datetime) -> None:
    """Renews the lease of a batch that is still being worked on."""
    connection.execute(update(work).where(_held(claim)).values(lease_until=now + LEASE))


def _is_suspect() -> ColumnElement[bool]:
    return and_(work.c.state == "claimed", work.c.attempts >= ALONE_AFTER)


def take_back(connection: Connection, stage: str, *, now: datetime) -> int:
    """Ends the leases of this machine's workers that are dead; how many items.

    After a kill the next run goes on at once instead of waiting for the leases.
    A process number that was given to another program meanwhile only means
    waiting; a worker taken for dead that lives finds its claim gone (P6).
    """
    here = f"{_machine()}-"
    held = select(work.c.claimed_by).where(
        work.c.stage == stage,
        work.c.state == "claimed",
        work.c.claimed_by.startswith(here, autoescape=True),
    )
    dead = [
        token
        for token in connection.scalars(held.distinct())
        if not _is_alive(int(token.split("-")[1]))
    ]
    result = connection.execute(
        update(work)
        .where(work.c.stage == stage, work.c.claimed_by.in_(dead))
        .values(lease_until=now)
    )
    return result.rowcount


def dead_among(
    connection: Connection, stage: str, items: Sequence[int]
) -> tuple[int, ...]:
    """Those of some items that are set aside."""
    dead = select(work.c.item).where(
        work.c.stage == stage, work.c.state == "dead", work.c.item.in_(items)
    )
    return tuple(connection.scalars(dead))


def still_mine(connection: Connection, claim: Claim) -> frozenset[int]:
    """The items whose claim still holds; results of others must be dropped."""
    mine = select(work.c.item).where(_held(claim))
    return frozenset(connection.scalars(mine.with_for_update()))


def release(connection: Connection, claim: Claim) -> None:
    """Gives unfinished items back, as if they had not been claimed."""
    connection.execute(
        update(work)
        .where(_held(claim))
        .values(
            state="due",
            claimed_by="",
            lease_until=None,
            attempts=work.c.attempts - 1,
        )
    )


def finish(
    connection: Connection,
    claim: Claim,
    items: Sequence[int],
    *,
    input_version: str = "",
) -> None:
    """Marks items done by that version of the stage."""
    connection.execute(
        update(work)
        .where(_held(claim), work.c.item.in_(items))
        .values(
            state="done",
            input_version=input_version,
            claimed_by="",
            lease_until=None,
            attempts=0,
            reason="",
            detail="",
        )
    )


def fail(
    connection: Connection,
    claim: Claim,
    items: Sequence[int],
    error: StageError,
    *,
    now: datetime,
    input_version: str = "",
) -> None:
    """Notes failed items: due again, waiting for what is missing, or dead.

    Args:
        items: All of which failed with this error.
        input_version: The stage's version; with its supply where it waits.
    """
    if error.waiting:
        again_at = now + error.again_after if error.again_after else NEVER
        values: dict[str, object] = {
            "state": "waiting",
            "attempts": 0,
            "due_at": again_at,
        }
    else:
        last = not error.retry
        values = {
            "state": case(
                (or_(work.c.attempts >= MAX_ATTEMPTS, literal(last)), "dead"),
                else_="due",
            ),
            "due_at": case(
                (work.c.attempts <= 1, now + RETRY_DELAYS[0]),
                else_=now + RETRY_DELAYS[1],
            ),
        }
    connection.execute(
        update(work)
        .where(_held(claim), work.c.item.in_(items))
        .values(
            claimed_by="",
            lease_until=None,
            input_version=input_version,
            reason=error.reason,
            detail=error.detail[:MAX_DETAIL_CHARACTERS],
            **values,
        )
    )


def renew(
    connection: Connection, stage: str, *, version: str, supply: str, now: datetime
) -> int:
    """Makes due what another version of the stage did; how many.

    Waiting items become due again when what they may have waited for has
    changed (`supply`), e.g. a model was added, or when their time has come.
    """
    old = or_(
        and_(work.c.state.in_(("done", "dead")), work.c.input_version != version),
        and_(
            work.c.state == "waiting",
            or_(
                work.c.input_version != waiting_version(version, supply),
                work.c.due_at <= now,
            ),
        ),
    )
    result = connection.execute(
        update(work)
        .where(work.c.stage == stage, old)
        .values(state="due", due_at=now, attempts=0, reason="", detail="")
    )
    return result.rowcount


def waiting_version(version: str, supply: str) -> str:
    """The `input_version` of an item that waits."""
    return f"{version}+{supply}" if supply else version


def revive(
    connection: Connection,
    *,
    now: datetime,
    states: Sequence[str] = ("dead",),
    stage: str | None = None,
    reason: str | None = None,
) -> int:
    """Makes set-aside (or waiting) items due again; how many."""
    statement = update(work).where(work.c.state.in_(states))
    if stage is not None:
        statement = statement.where(work.c.stage == stage)
    if reason is not None:
        statement = statement.where(work.c.reason == reason)
    result = connection.execute(
        statement.values(state="due", due_at=now, attempts=0, reason="", detail="")
    )
    return result.rowcount


def counts(connection: Connection) -> dict[str, StageCounts]:
    """How every stage stands, by its name."""
    rows = connection.execute(
        select(work.c.stage, work.c.state, work.c.reason, func.count())
        .group_by(work.c.stage, work.c.state, work.c.reason)
        .order_by(work.c.stage)
    )
    found: dict[str, dict[str, dict[str, int]]] = {}
    for stage, state, reason, number in rows:
        by_state = found.setdefault(stage, {})
        by_state.setdefault(state, {})[reason] = number
    return {stage: _stage_counts(by_state) for stage, by_state in found.items()}


def set_aside(
    connection: Connection, *, limit: int = 100
) -> list[tuple[str, int, str, str]]:
    """Stage, item, reason and detail of what was set aside."""
    rows = connection.execute(
        select(work.c.stage, work.c.item, work.c.reason, work.c.detail)
        .where(work.c.state == "dead")
        .order_by(work.c.stage, work.c.item)
        .limit(limit)
    )
    return [(stage, item, reason, detail) for stage, item, reason, detail in rows]


def next_due_at(connection: Connection, stage: str) -> datetime | None:
    """When the next item of a stage becomes due; None when there is none."""
    due = select(func.min(work.c.due_at)).where(
        work.c.stage == stage, work.c.state == "due"
    )
    found: datetime | None = connection.scalar(due)
    return found


def _stage_counts(by_state: dict[str, dict[str, int]]) -> StageCounts:
    def total(state: str) -> int:
        return sum(by_state.get(state, {}).values())

    return StageCounts(
        due=total("due"),
        claimed=total("claimed"),
        done=total("done"),
        dead=total("dead"),
        waiting=by_state.get("waiting", {}),
        dead_reasons=by_state.get("dead", {}),
    )


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        work.c.stage == claim.stage,
        work.c.claimed_by == claim.token,
        work.c.state == "claimed",
    )


@cache
def _machine() -> str:
    """Eight characters for this machine's name."""
    name = socket.gethostname().encode("utf-8", "replace")
    return hashlib.sha256(name).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _bury_abandoned(
    connection: Connection, stage: str, now: datetime
) -> tuple[int, ...]:
    result = connection.execute(
        update(work)
        .where(
            work.c.stage == stage,
            work.c.state == "claimed",
            work.c.lease_until <= now,
            work.c.attempts >= MAX_CLAIMS,
        )
        .values(
            state="dead",
            claimed_by="",
            lease_until=None,
            reason="worker_died",
            detail=f"its worker died {MAX_CLAIMS} times while it held the item",
        )
        .returning(work.c.item)
    )
    return tuple(result.scalars())
