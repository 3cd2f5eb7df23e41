"""Opens the store: SQLite in a workspace, or PostgreSQL.

Writes run in one transaction that holds the write lock from its start
(`BEGIN IMMEDIATE`); no transaction stays open across parsing, translation or
network.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from pipeline.errors import (
    BabelwireError,
    ConfigError,
    DamageError,
    DiskFullError,
    LockedError,
    NewerStoreError,
    UnavailableError,
)

SCHEMA_REVISION = "0007"
"""The newest migration this program knows."""

BUSY_TIMEOUT_SECONDS = 60.0
"""How long a writer waits for another process's lock (P4)."""

JOURNAL_RETRY_SECONDS = 0.05
"""Between two tries to set the journal mode; only a new file needs any."""

WAL_RESET_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""SQLite releases with the WAL-reset bug fixed (sqlite.org/wal.html); on any
other one the rollback journal is used."""


class Database:
    """A store's database, migrated to this program's schema."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; rolled back when the block raises.

        Raises:
            DiskFullError: No space; nothing of the block was stored.
            LockedError: Another process kept the write lock for 60 s.
        """
        with _translated(), self._engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.execute(text("BEGIN IMMEDIATE"))
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent read; keep it short."""
        with _translated(), self._engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.execute(text("BEGIN"))
            else:  # READ COMMITTED would show each statement another state
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    def close(self) -> None:
        """Gives every connection back."""
        self._engine.dispose()


def open_database(
    url: str, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS
) -> Database:
    """The store at an SQLAlchemy URL, made or migrated where needed.

    Args:
        url: `sqlite:///FILE` or `postgresql+psycopg://…`.
        busy_timeout_seconds: How long a write waits for another process's lock.

    Raises:
        ConfigError: No such kind of database.
        NewerStoreError: A newer version of the program made it.
        UnavailableError: It cannot be reached.
    """
    engine = _engine(url, busy_timeout_seconds)
    try:
        with _translated():
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def _engine(url: str, busy_timeout: float) -> Engine:
    try:
        backend = make_url(url).get_backend_name()
    except Exception as error:
        raise ConfigError(f"not a database URL: {error}") from error
    if backend == "sqlite":
        return _sqlite_engine(url, busy_timeout)
    if backend == "postgresql":
        return _postgresql_engine(url, busy_timeout)
    raise ConfigError(
        f'found a "{backend}" database, expected "sqlite:///FILE" or '
        '"postgresql+psycopg://…"'
    )


def _postgresql_engine(url: str, busy_timeout: float) -> Engine:
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"options": f"-c lock_timeout={int(busy_timeout * 1000)}"},
        )
    except ModuleNotFoundError as error:
        raise UnavailableError(
            "PostgreSQL needs the extra: pip install 'babelwire[postgresql]'"
        ) from error


def _sqlite_engine(url: str, busy_timeout: float) -> Engine:
    module = sqlite_module()
    engine = create_engine(url, module=module, connect_args={"timeout": busy_timeout})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours
        journal = "wal" if _wal_is_sound(module.sqlite_version_info) else "delete"
        _set_journal(connection, journal, busy_timeout)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _set_journal(connection: Any, journal: str, busy_timeout: float) -> None:
    """Tries again while others do the same: SQLite does not wait here by itself."""
    give_up_at = time.monotonic() + busy_timeout
    while True:
        try:
            (found,) = connection.execute("PRAGMA journal_mode").fetchone()
            if found != journal:
                connection.execute(f"PRAGMA journal_mode={journal}")
        except sqlite_module().OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= give_up_at:
                raise
            time.sleep(JOURNAL_RETRY_SECONDS)
        else:
            return


def sqlite_module() -> Any:
    """`pysqlite3`, which brings a current SQLite, or else Python's own."""
    try:
        import pysqlite3
    except ImportError:
        return sqlite3
    return pysqlite3


def _wal_is_sound(version: tuple[int, ...]) -> bool:
    """Whether this SQLite has the WAL-reset bug fixed.

    >>> _wal_is_sound((3, 53, 4)), _wal_is_sound((3, 50, 6)), _wal_is_sound((3, 44, 6))
    (True, False, True)
    """
    newest = WAL_RESET_FIXED[0]
    return version >= newest or any(
        version[:2] == fixed[:2] and version >= fixed for fixed in WAL_RESET_FIXED
    )


def _migrate(engine: Engine) -> None:
    found = _revision(engine)
    if found == SCHEMA_REVISION:
        return
    if found is not None and found > SCHEMA_REVISION:
        raise NewerStoreError(
            f"the workspace's database has schema {found}, made by a newer version "
            f"of babelwire; this one knows {SCHEMA_REVISION}: upgrade babelwire"
        )
    run_migrations(engine)


def run_migrations(engine: Engine, to: str = "head") -> None:
    """Brings a store's tables to a revision, in one transaction.

    Args:
        engine: Of the store.
        to: A revision, or the newest one.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(files("pipeline.store").joinpath("migrations"))
    )
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(7226741)"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.commit()


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version"))
        return found.scalar_one_or_none()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error


def _known(error: DBAPIError) -> BabelwireError | None:
    message = str(error.orig)
    for kind, words in _ERRORS.items():
        if _says(error, words):
            return kind(f"{_MEANINGS[kind]}: {message}")
    if error.connection_invalidated or _is_unreachable(error):
        return UnavailableError(f"the database cannot be reached: {message}")
    return None


_ERRORS: Mapping[type[BabelwireError], tuple[str, ...]] = {
    DiskFullError: ("database or disk is full", "53100"),
    LockedError: (
        "database is locked",
        "database table is locked",
        "database schema is locked",
        "55P03",
        "40P01",
    ),
    DamageError: (
        "database disk image is malformed",
        "file is not a database",
        "XX001",
    ),
    UnavailableError: ("unable to open database file", "disk I/O error"),
}
"""SQLite's messages and PostgreSQL's error codes (its appendix A). Compared
whole or as a beginning: a message may quote data, in which any word may stand."""

_MEANINGS: Mapping[type[BabelwireError], str] = {
    DiskFullError: "the disk is full, nothing was lost",
    LockedError: "another process keeps the database locked",
    DamageError: "the database is damaged",
    UnavailableError: "the database cannot be opened",
}


def _says(error: DBAPIError, words: tuple[str, ...]) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in words if state else str(error.orig).startswith(words)


def _is_unreachable(error: DBAPIError) -> bool:
    """No connection to the server, or it ended: no code, or class 08, 53 or 57P."""
    if not type(error.orig).__module__.startswith("psycopg"):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    no_answer = isinstance(error, OperationalError) and not state
    return no_answer or state.startswith(("08", "53", "57P"))
