"""Users, sessions and the log in the store."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pipeline.errors import InputError
from pipeline.store import Database, users
from pipeline.store.desk_tables import sessions
from tests.pipeline.builders import NOW

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def add(database: Database, name: str, role: users.Role = "reader") -> None:
    with database.write() as connection:
        users.add(connection, name=name, role=role, password_hash="kept", at=NOW)


def begin(database: Database, name: str, kind: users.Kind = "browser") -> str:
    token = f"{name}-{kind}"
    with database.write() as connection:
        users.begin_session(connection, token, name=name, kind=kind, at=NOW, lasts=WEEK)
    return token


def standing_for(database: Database, token: str, hours: float = 0) -> str:
    with database.read() as connection:
        user = users.session_user(connection, token, NOW + hours * HOUR)
    return user.name if user else ""


def test_a_user_is_there_once(database: Database) -> None:
    add(database, "lan", "editor")
    with pytest.raises(InputError, match="already"):
        add(database, "lan")
    with database.read() as connection:
        assert users.count(connection) == 1
        found = users.find(connection, "lan")
        assert found == users.load_all(connection)[0]
        assert found is not None
        assert (found.role, found.created_at) == ("editor", NOW)
        assert users.password_hash(connection, "lan") == "kept"
        assert users.find(connection, "omar") is None


def test_a_token_is_not_kept(database: Database) -> None:
    """Who reads the table cannot use it."""
    add(database, "lan")
    token = begin(database, "lan")
    with database.read() as connection:
        rows = connection.execute(select(sessions)).all()
    assert len(rows) == 1
    assert token not in str(rows)


def test_a_browser_that_is_not_used_is_forgotten(database: Database) -> None:
    add(database, "lan")
    token = begin(database, "lan")
    assert standing_for(database, token, 11) == "lan"
    assert standing_for(database, token, 12) == ""


def test_a_browser_that_is_used_stays_until_its_end(database: Database) -> None:
    add(database, "lan")
    token = begin(database, "lan")
    for day in range(14):
        at = NOW + day * 11 * HOUR
        with database.write() as connection:
            if day:
                assert users.is_worth_noting(connection, token, at)
            users.note_use(connection, token, at)
    assert standing_for(database, token, 13 * 11 + 11) == "lan"
    assert standing_for(database, token, 7 * 24) == ""


def test_a_use_is_noted_every_few_minutes_only(database: Database) -> None:
    add(database, "lan")
    token = begin(database, "lan")
    with database.read() as connection:
        assert not users.is_worth_noting(connection, token, NOW + HOUR / 20)
        assert users.is_worth_noting(connection, token, NOW + HOUR / 12)
        assert not users.is_worth_noting(connection, "other", NOW + HOUR)


def test_a_programs_token_needs_no_use(database: Database) -> None:
    add(database, "lan")
    token = begin(database, "lan", "token")
    assert standing_for(database, token, 7 * 24 - 1) == "lan"
    assert standing_for(database, token, 7 * 24) == ""


@pytest.mark.parametrize("kind", ["browser", "token"])
def test_another_role_or_password_ends_sessions(
    database: Database, kind: users.Kind
) -> None:
    add(database, "lan")
    for change in ({"role": "editor"}, {"password_hash": "new"}):
        token = begin(database, "lan", kind)
        with database.write() as connection:
            users.change(connection, "lan", **change)  # type: ignore[arg-type]
        assert standing_for(database, token) == ""


def test_who_is_removed_stands_for_nobody(database: Database) -> None:
    add(database, "lan")
    token = begin(database, "lan")
    with database.write() as connection:
        users.remove(connection, "lan")
    assert standing_for(database, token) == ""
    with database.write() as connection, pytest.raises(InputError, match="no user"):
        users.remove(connection, "lan")
    with database.write() as connection, pytest.raises(InputError, match="no user"):
        users.change(connection, "lan", role="admin")


def test_signing_out_ends_one_session(database: Database) -> None:
    add(database, "lan")
    browser, program = begin(database, "lan"), begin(database, "lan", "token")
    with database.write() as connection:
        users.end_session(connection, browser)
    assert standing_for(database, browser) == ""
    assert standing_for(database, program) == "lan"


def test_ended_sessions_are_swept_away(database: Database) -> None:
    add(database, "lan")
    begin(database, "lan")
    with database.write() as connection:
        users.begin_session(
            connection, "new", name="lan", kind="browser", at=NOW + WEEK, lasts=WEEK
        )
        assert len(connection.execute(select(sessions)).all()) == 1


def test_the_log_gives_the_newest_first_and_outlives_a_user(
    database: Database,
) -> None:
    add(database, "lan")
    with database.write() as connection:
        for number in range(3):
            users.log(
                connection,
                actor="lan",
                action="exported",
                detail=str(number),
                at=NOW + number * HOUR,
            )
        users.remove(connection, "lan")
    with database.read() as connection:
        found = users.load_log(connection, limit=2)
    assert [(deed.actor, deed.detail) for deed in found] == [("lan", "2"), ("lan", "1")]
    assert found[0].at == NOW + 2 * HOUR
