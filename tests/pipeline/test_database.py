"""Opening the store: migrations, versions, locks, a full disk; on both databases."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event, insert, make_url, text
from sqlalchemy.exc import IntegrityError, StatementError

from pipeline.errors import (
    ConfigError,
    DamageError,
    DiskFullError,
    LockedError,
    NewerStoreError,
    UnavailableError,
)
from pipeline.sources import Rights
from pipeline.store import Database, open_database, sqlite_url
from pipeline.store.database import SCHEMA_REVISION, run_migrations
from pipeline.store.documents import count
from pipeline.store.sources import source_rows
from pipeline.store.tables import counters, metadata
from tests.pipeline.builders import NOW, add_document, add_source, make_page

DIES_IN_MIGRATION = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from pipeline.store import open_database

@event.listens_for(Engine, "after_cursor_execute")
def die(connection, cursor, statement, parameters, context, executemany):
    if "CREATE TABLE readings" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

open_database(sys.argv[1])
"""


def put(database: Database, name: str, value: int = 1) -> None:
    with database.write() as connection:
        connection.execute(insert(counters).values(name=name, value=value))


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(text("SELECT name FROM counters")))


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path) -> str:
    """A database without any table."""
    if database_url.startswith("sqlite"):
        return sqlite_url(tmp_path / "empty.db")
    name = f"babelwire_empty_{os.getpid()}"
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(database_url).set(database=name).render_as_string(False)


@pytest.fixture
def schema(database_url: str) -> Callable[[], str]:
    """Sets the schema's revision for a while."""

    def is_now(revision: str) -> None:
        engine = create_engine(database_url)
        with engine.begin() as connection:
            statement = text("UPDATE alembic_version SET version_num = :revision")
            connection.execute(statement, {"revision": revision})
        engine.dispose()

    yield is_now
    is_now(SCHEMA_REVISION)


# --- Migrations ------------------------------------------------------------------


def test_migrations_make_exactly_the_tables_of_the_program(empty_url: str) -> None:
    open_database(empty_url).close()
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        # SQLite gives defaults back as they were written, which alembic can't compare.
        defaults = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": defaults},
        )
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == SCHEMA_REVISION
    engine.dispose()


def test_an_older_store_is_brought_up_to_date_and_keeps_what_it_has(
    empty_url: str,
) -> None:
    """P2"""
    engine = create_engine(empty_url)
    run_migrations(engine, to="0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sources (name, kind, publisher, audience, rights, "
                "first_seen_at) VALUES ('a', 'news', 'A', '[]', 'headline', "
                "'2024-06-21 12:00:00')"
            )
        )
    engine.dispose()
    database = open_database(empty_url)
    with database.read() as connection:
        rights = source_rows(connection)["a"].rights
    assert rights == Rights(show="headline")
    database.close()


def test_a_store_made_by_a_newer_version_is_refused(database_url, schema) -> None:
    """P2"""
    schema("9999")
    with pytest.raises(NewerStoreError, match=r"9999.*newer version.*upgrade"):
        open_database(database_url)


def test_a_migration_that_was_killed_is_resumed(empty_url: str) -> None:
    """P2: half a schema never stays."""
    killed = subprocess.run(
        [sys.executable, "-c", DIES_IN_MIGRATION, empty_url], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    database = open_database(empty_url)
    put(database, "a")
    assert stored(database) == ["a"]
    database.close()


def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    opened: list[Database] = []
    threads = [
        Thread(target=lambda: opened.append(open_database(empty_url))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored(database) for database in opened] == [[], []]
    for database in opened:
        database.close()


# --- Transactions ----------------------------------------------------------------


def test_a_transaction_that_raises_stores_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.execute(insert(counters).values(name="a", value=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stored(database) == []


def test_a_read_sees_one_state_while_others_write(database, open_store) -> None:
    with open_store().read() as connection:
        assert count(connection) == 0
        with database.write() as writing:
            add_source(writing)
            add_document(writing)
        assert count(connection) == 0
    with database.read() as connection:
        assert count(connection) == 1


def test_another_process_s_lock_is_waited_for(database, open_store) -> None:
    """P4"""
    other = open_store()
    waiting = Thread(target=put, args=(other, "later"))
    with database.write() as connection:
        connection.execute(text("DELETE FROM counters"))
        connection.execute(insert(counters).values(name="later", value=0))
        waiting.start()
        connection.execute(text("DELETE FROM counters"))
    waiting.join()
    assert stored(database) == ["later"]


def test_a_lock_that_is_never_released_is_reported_and_loses_nothing(
    database, database_url
) -> None:
    """P4"""
    hasty = open_database(database_url, busy_timeout_seconds=0.05)
    put(database, "a")
    with database.write() as connection:
        connection.execute(text("UPDATE counters SET value = 2"))
        with (
            pytest.raises(LockedError, match="another process"),
            hasty.write() as blocked,
        ):
            blocked.execute(text("UPDATE counters SET value = 3"))
    put(hasty, "b")
    assert stored(database) == ["a", "b"]
    hasty.close()


def test_naive_times_are_refused(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)
        with pytest.raises(StatementError, match="naive"):
            make_page(connection, at=NOW.replace(tzinfo=None))


# --- What goes wrong around it ---------------------------------------------------


def test_a_full_disk_is_told_and_damages_nothing(tmp_path: Path) -> None:
    """P3"""
    url = sqlite_url(tmp_path / "full.db")
    database = open_database(url)
    put(database, "before")
    limited = {"on": True}

    @event.listens_for(database._engine, "checkout")
    def limit(connection, record, proxy) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        wanted = pages if limited["on"] else 1_000_000
        connection.execute(f"PRAGMA max_page_count = {wanted}")

    def fill() -> None:
        with database.write() as connection:
            add_source(connection)
            add_document(connection, text="x" * 1_000_000)

    with pytest.raises(DiskFullError, match="nothing was lost"):
        fill()
    assert stored(database) == ["before"]
    limited["on"] = False
    fill()
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert count(connection) == 1
    database.close()


def test_data_that_says_full_or_locked_is_no_full_disk(database: Database) -> None:
    """A message of PostgreSQL quotes the row."""
    name = "the disk is full and locked"
    put(database, name)
    with pytest.raises(IntegrityError):
        put(database, name)


def test_a_file_that_is_no_database_is_named_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "babelwire.db"
    path.write_bytes(b"no database at all, but long enough to look at " * 100)
    with pytest.raises(DamageError):
        open_database(sqlite_url(path))


def test_a_folder_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        open_database(sqlite_url(tmp_path / "none" / "babelwire.db"))


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    with pytest.raises(UnavailableError, match="cannot be reached"):
        open_database(url)


@pytest.mark.parametrize("url", ["mysql://host/name", "babelwire.db", ""])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_database(url)
