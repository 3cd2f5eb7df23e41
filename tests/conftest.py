"""What every room's tests share: both databases, and a clock that stands still.

PostgreSQL: `BABELWIRE_TEST_POSTGRESQL` holds the SQLAlchemy URL of a server where
these tests may make databases (`eval "$(bash tests/postgresql.sh start DIR)"`).
Elasticsearch: `BABELWIRE_TEST_ELASTICSEARCH`, likewise (`tests/elasticsearch.sh`).
Chromium: `BABELWIRE_TEST_CHROMIUM`, or the one that is installed.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from pipeline.store import Database, open_database, sqlite_url
from pipeline.store.tables import metadata
from tests.pipeline.builders import NOW
from tests.trained import missing

# No timing assertion: a slow machine or disk is no fault of the code (STYLE).
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

POSTGRESQL = os.environ.get("BABELWIRE_TEST_POSTGRESQL", "")
CHROMIUM = os.environ.get("BABELWIRE_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    "",
)
ELASTICSEARCH = os.environ.get("BABELWIRE_TEST_ELASTICSEARCH", "")
DIALECTS = [
    "sqlite",
    *([pytest.param("postgresql", marks=pytest.mark.postgresql)] if POSTGRESQL else []),
]


def pytest_configure() -> None:
    if os.environ.get("CI") != "true":
        return
    for name, where in (("postgresql", POSTGRESQL), ("elasticsearch", ELASTICSEARCH)):
        if not where:
            raise pytest.UsageError(
                f"BABELWIRE_TEST_{name.upper()} is not set: CI tests there too "
                f'(eval "$(bash tests/{name}.sh start DIR)")'
            )
    if not CHROMIUM:
        raise pytest.UsageError("no Chromium found: CI tests the desk in it")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not POSTGRESQL:
        terminalreporter.write_line(
            "store tested on SQLite alone: BABELWIRE_TEST_POSTGRESQL names no server"
        )
    if not ELASTICSEARCH:
        terminalreporter.write_line(
            "index tested on tantivy alone: BABELWIRE_TEST_ELASTICSEARCH names none"
        )
    if not CHROMIUM:
        terminalreporter.write_line(
            "the desk's pages not tested in a browser: no Chromium found "
            "(BABELWIRE_TEST_CHROMIUM names one)"
        )
    packages = missing(("torch", "transformers"))
    if packages:
        terminalreporter.write_line(
            f"tests with trained models left out: {', '.join(packages)} not installed "
            '("make transformers" does it)'
        )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leaves out what needs a package or server that is not there; in CI nothing."""
    if os.environ.get("CI") == "true":
        return
    left_out = [item for item in items if _lacks(item)]
    if left_out:
        items[:] = [item for item in items if not _lacks(item)]
        config.hook.pytest_deselected(items=left_out)


def _lacks(item: pytest.Item) -> bool:
    if item.get_closest_marker("elasticsearch") and not ELASTICSEARCH:
        return True
    if item.get_closest_marker("browser") and not CHROMIUM:
        return True
    return any(missing(mark.args) for mark in item.iter_markers("needs"))


class Clock:
    """A clock that moves when it is told to; call it for the time."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        """Moves on by a `timedelta`'s arguments; the new time."""
        self.now += timedelta(**duration)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file: copying it is faster than migrating."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    open_database(sqlite_url(path)).close()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database of this test process alone, migrated."""
    name = f"babelwire_test_{os.getpid()}"
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    open_database(url).close()
    yield url
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=DIALECTS)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path
) -> str:
    """The URL of an empty, migrated store; once for each kind of database."""
    if request.param == "sqlite":
        path = tmp_path / "babelwire.db"
        shutil.copy(sqlite_template, path)
        return sqlite_url(path)
    url: str = request.getfixturevalue("postgresql_url")
    _empty(url)
    return url


@pytest.fixture
def open_store(database_url: str) -> Iterator[Callable[[], Database]]:
    """Opens the test's store once more, as another process would."""
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(database_url))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(open_store: Callable[[], Database]) -> Database:
    """An empty store; once for each kind of database."""
    return open_store()


def _empty(url: str) -> None:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
