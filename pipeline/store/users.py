"""Those who work at the desk, their sessions, and the log of what they did."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.errors import InputError
from pipeline.store.desk_tables import desk_log, sessions, users

Role = Literal["reader", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""

Kind = Literal["browser", "token"]

IDLE = timedelta(hours=12)
"""A browser that is not used for so long is asked for the password again: a working day
(OWASP Session Management: 15 minutes to hours, by the risk)."""

MAX_NAME = 64
"""Characters of a user's name."""

USED_STEP = timedelta(minutes=5)
"""So exactly is it known when a session was used: reading writes rarely."""


def includes(has: Role, needs: Role) -> bool:
    """Whether one role may do what another may.

    >>> includes("editor", "reader"), includes("editor", "admin")
    (True, False)
    """
    return ROLES.index(has) >= ROLES.index(needs)


@dataclass(frozen=True, kw_only=True)
class User:
    """Someone at the desk.

    Attributes:
        name: What they are called in every log.
        role: What they may do.
        created_at: When they were added.
    """

    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A line of the log."""

    at: datetime
    actor: str
    action: str
    detail: str


def add(
    connection: Connection, *, name: str, role: Role, password_hash: str, at: datetime
) -> None:
    """Adds a user.

    Raises:
        InputError: There is one of that name.
    """
    if find(connection, name) is not None:
        raise InputError(f'there is a user "{name}" already')
    connection.execute(
        insert(users).values(
            name=name, role=role, password_hash=password_hash, created_at=at
        )
    )


def change(
    connection: Connection,
    name: str,
    *,
    role: Role | None = None,
    password_hash: str | None = None,
) -> None:
    """Another role or password; either ends the user's sessions.

    Raises:
        InputError: There is no such user.
    """
    values = {"role": role, "password_hash": password_hash}
    given = {key: value for key, value in values.items() if value is not None}
    result = connection.execute(update(users).where(users.c.name == name).values(given))
    if result.rowcount != 1:
        raise _unknown(name)
    connection.execute(delete(sessions).where(sessions.c.user_name == name))


def remove(connection: Connection, name: str) -> None:
    """Takes a user out, with their sessions; the log keeps their name.

    Raises:
        InputError: There is no such user.
    """
    connection.execute(delete(sessions).where(sessions.c.user_name == name))
    if connection.execute(delete(users).where(users.c.name == name)).rowcount != 1:
        raise _unknown(name)


def find(connection: Connection, name: str) -> User | None:
    """A user by name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    if row is None:
        return None
    return User(name=row.name, role=row.role, created_at=row.created_at)


def load_all(connection: Connection) -> list[User]:
    """Every user, by name."""
    rows = connection.execute(select(users).order_by(users.c.name))
    return [User(name=r.name, role=r.role, created_at=r.created_at) for r in rows]


def count(connection: Connection) -> int:
    """How many there are."""
    return connection.scalar(select(func.count()).select_from(users)) or 0


def password_hash(connection: Connection, name: str) -> str | None:
    """What a password is compared with; None for nobody."""
    statement = select(users.c.password_hash).where(users.c.name == name)
    return connection.scalar(statement)


def begin_session(
    connection: Connection,
    token: str,
    *,
    name: str,
    kind: Kind,
    at: datetime,
    lasts: timedelta,
) -> None:
    """Lets a token stand for a user; sessions that ended are forgotten.

    Args:
        connection: Of the store.
        token: At least 128 random bits.
        name: Of the user.
        kind: `browser` ends when it is not used for `IDLE`, too.
        at: The clock.
        lasts: So long at most.
    """
    connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    connection.execute(
        insert(sessions).values(
            token_checksum=_checksum(token),
            user_name=name,
            kind=kind,
            created_at=at,
            used_at=at,
            expires_at=at + lasts,
        )
    )


def session_user(connection: Connection, token: str, at: datetime) -> User | None:
    """Whom a token stands for now; None for nobody."""
    row = connection.execute(
        select(users, sessions.c.kind, sessions.c.used_at)
        .join(sessions, sessions.c.user_name == users.c.name)
        .where(
            sessions.c.token_checksum == _checksum(token), sessions.c.expires_at > at
        )
    ).first()
    if row is None or (row.kind == "browser" and row.used_at + IDLE <= at):
        return None
    return User(name=row.name, role=row.role, created_at=row.created_at)


def is_worth_noting(connection: Connection, token: str, at: datetime) -> bool:
    """Whether a session's last use is noted longer than `USED_STEP` ago."""
    used_at = connection.scalar(
        select(sessions.c.used_at).where(sessions.c.token_checksum == _checksum(token))
    )
    return used_at is not None and used_at + USED_STEP <= at


def note_use(connection: Connection, token: str, at: datetime) -> None:
    """Notes that a session was used."""
    connection.execute(
        update(sessions)
        .where(sessions.c.token_checksum == _checksum(token))
        .values(used_at=at)
    )


def end_session(connection: Connection, token: str) -> None:
    """A token stands for nobody any more."""
    connection.execute(
        delete(sessions).where(sessions.c.token_checksum == _checksum(token))
    )


def log(
    connection: Connection, *, actor: str, action: str, detail: str, at: datetime
) -> None:
    """Keeps who did what."""
    connection.execute(
        insert(desk_log).values(
            at=at, actor=actor[:MAX_NAME], action=action, detail=detail
        )
    )


def load_log(connection: Connection, *, limit: int = 200) -> list[Deed]:
    """The newest lines of the log first."""
    rows = connection.execute(
        select(desk_log).order_by(desk_log.c.id.desc()).limit(limit)
    )
    return [
        Deed(at=row.at, actor=row.actor, action=row.action, detail=row.detail)
        for row in rows
    ]


def _unknown(name: str) -> InputError:
    return InputError(f'there is no user "{name}"')


def _checksum(token: str) -> str:
    """Tokens are random, so that a plain checksum cannot be guessed back."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()
