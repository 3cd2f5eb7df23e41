"""Politeness that outlives a process: held hosts, and what robots.txt said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.tables import hosts, robots

RobotsState = Literal["rules", "allow", "unreachable"]


@dataclass(frozen=True, kw_only=True)
class HostHold:
    """Why a host is not to be asked before a moment.

    Attributes:
        host: With its port, where that is not the scheme's own.
        not_before_at: Until then.
        failures: In a row, up to now.
        reason: `retry_after`, `robots_unreachable`, `unreachable`, …
    """

    host: str
    not_before_at: datetime
    failures: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RobotsRecord:
    """The robots.txt of an origin.

    Attributes:
        origin: Scheme, host and port.
        expires_at: Then it is fetched again.
        state: `allow`: there is none (4xx); `unreachable`: nothing is allowed.
        body: The text, where the state is `rules`.
        reason: Why it is unreachable.
    """

    origin: str
    fetched_at: datetime
    expires_at: datetime
    state: RobotsState
    body: str = ""
    reason: str = ""


def held_hosts(connection: Connection, now: datetime) -> dict[str, HostHold]:
    """The hosts that must be left alone for now."""
    rows = connection.execute(select(hosts).where(hosts.c.not_before_at > now))
    return {row.host: HostHold(**row._mapping) for row in rows}


def hold_host(connection: Connection, hold: HostHold) -> None:
    """Keeps a hold, in place of an earlier one of that host."""
    values = {
        "not_before_at": hold.not_before_at,
        "failures": hold.failures,
        "reason": hold.reason,
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(
        insert(hosts)
        .values(host=hold.host, **values)
        .on_conflict_do_update(index_elements=["host"], set_=values)
    )


def release_host(connection: Connection, host: str) -> None:
    """Forgets a hold: the host answered."""
    connection.execute(delete(hosts).where(hosts.c.host == host))


def robots_of(connection: Connection, origin: str) -> RobotsRecord | None:
    """What is known of an origin's robots.txt, however old."""
    row = connection.execute(select(robots).where(robots.c.origin == origin)).first()
    return None if row is None else RobotsRecord(**row._mapping)


def unreachable_robots(connection: Connection, now: datetime) -> list[RobotsRecord]:
    """The robots.txt that could not be read, for as long as that holds."""
    rows = connection.execute(
        select(robots).where(robots.c.state == "unreachable", robots.c.expires_at > now)
    )
    return [RobotsRecord(**row._mapping) for row in rows]


def keep_robots(connection: Connection, record: RobotsRecord) -> None:
    """Keeps what an origin's robots.txt said, in place of what it said before."""
    values = {
        "fetched_at": record.fetched_at,
        "expires_at": record.expires_at,
        "state": record.state,
        "body": record.body,
        "reason": record.reason,
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(
        insert(robots)
        .values(origin=record.origin, **values)
        .on_conflict_do_update(index_elements=["origin"], set_=values)
    )
