"""Passwords and tokens of those who work at the desk."""

from __future__ import annotations

import getpass
import re
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.store import users as store

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from pipeline.store import Database
    from pipeline.store.users import Role, User

MIN_PASSWORD, MAX_PASSWORD = 15, 1024
"""Code points. NIST SP 800-63B-4 §3.1.1.2: at least 15 where nothing else is asked for;
hashing reads all of it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


def user_name() -> str:
    """Who works at this machine; "" for a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def checked_name(name: str) -> str:
    """A user's name as given.

    Raises:
        InputError: It has other letters, none, or more than 64.
    """
    if _NAME.fullmatch(name) is None:
        raise InputError(
            f'user: found "{name}", expected up to 64 of A-Z a-z 0-9 . _ @ + -'
        )
    return name


def hash_password(name: str, password: str) -> str:
    """What is kept of a password: argon2id (RFC 9106) with a salt of its own.

    Args:
        name: Of the user; a password that says it is no secret.
        password: As typed.

    Raises:
        InputError: It is too short, too long, or says the name.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputError(
            f"password: found {len(password)} characters, expected "
            f"{MIN_PASSWORD} to {MAX_PASSWORD:,}; a few words will do"
        )
    if name.casefold() in password.casefold() and len(name) > MIN_PASSWORD // 2:
        raise InputError("password: it holds the user's name; choose another one")
    return _hasher().hash(password)


def new_password() -> str:
    """One that nobody guesses: 120 random bits."""
    return secrets.token_urlsafe(15)


def add_user(
    database: Database, name: str, role: Role, password: str | None, at: datetime
) -> None:
    """Adds a user; without a password only a proxy lets them in.

    Raises:
        InputError: The name or the password will not do, or the user is there.
    """
    hashed = "" if password is None else hash_password(name, password)
    with database.write() as connection:
        store.add(
            connection,
            name=checked_name(name),
            role=role,
            password_hash=hashed,
            at=at,
        )


def set_password(database: Database, name: str, password: str) -> None:
    """Another password; ends the user's sessions and tokens.

    Raises:
        InputError: It will not do, or there is no such user.
    """
    hashed = hash_password(name, password)
    with database.write() as connection:
        store.change(connection, name, password_hash=hashed)


def user_by_password(database: Database, name: str, password: str) -> User | None:
    """Who signs in with a name and a password; None for nobody.

    It takes as long for a name that is not there, so that none is told
    (OWASP Authentication).
    """
    from argon2.exceptions import VerificationError

    with database.read() as connection:
        user = store.find(connection, name)
        hashed = store.password_hash(connection, name)
    try:
        _hasher().verify(hashed or _nobodys_hash(), password[: MAX_PASSWORD + 1])
    except VerificationError:
        return None
    return user if hashed else None


def new_session(
    database: Database,
    name: str,
    kind: store.Kind,
    at: datetime,
    lasts: timedelta,
) -> str:
    """A token of 256 random bits that stands for a user.

    Raises:
        InputError: There is no such user.
    """
    token = secrets.token_urlsafe(32)
    with database.write() as connection:
        if store.find(connection, name) is None:
            raise InputError(f'there is no user "{name}"')
        store.begin_session(connection, token, name=name, kind=kind, at=at, lasts=lasts)
    return token


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, 3 passes


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(new_password())
