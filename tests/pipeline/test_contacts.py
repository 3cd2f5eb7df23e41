"""Who is contacted is noted before it happens, once an hour, on both databases."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import get_args

import pytest
from sqlalchemy import create_engine, text

from pipeline.contacts import Purpose, meanings
from pipeline.errors import UnavailableError
from pipeline.store import Database, open_database
from pipeline.store.contacts import Contact, ContactLog, load
from pipeline.store.database import run_migrations
from pipeline.translation.models.pull import pull
from tests.conftest import Clock
from tests.model_stores import FILES, Hub, model, on_hub
from tests.pipeline.builders import NOW
from tests.pipeline.test_database import empty_url
from tests.site import Site, redirect

__all__ = ["empty_url"]


@pytest.fixture
def open_log(database_url: str, clock: Clock) -> Iterator[Callable[..., ContactLog]]:
    opened: list[ContactLog] = []

    def open_it(**values: float) -> ContactLog:
        opened.append(ContactLog(database_url, clock, **values))
        return opened[-1]

    yield open_it
    for log in opened:
        log.close()


def known(database: Database) -> list[Contact]:
    with database.read() as connection:
        return load(connection)


def test_every_purpose_is_explained() -> None:
    assert set(meanings()) == set(get_args(Purpose))
    assert all(meaning.why and meaning.sent for meaning in meanings().values())


def test_a_contact_is_stored_before_it_is_made(database, open_log, clock) -> None:
    log = open_log()
    log.announce("a.example", "visit")
    (stored,) = known(database)
    assert (stored.host, stored.purpose) == ("a.example", "visit")
    assert (stored.first_at, stored.last_at, stored.times) == (NOW, NOW, 0)


def test_one_host_is_kept_apart_by_purpose(database, open_log) -> None:
    log = open_log()
    for purpose in ("translate", "query", "query"):
        log.note("mt.example", purpose)
    log.close()
    assert {c.purpose: c.times for c in known(database)} == {"translate": 1, "query": 2}


def test_within_the_hour_nothing_is_written_again(database, open_log, clock) -> None:
    log = open_log()
    log.note("a.example", "visit")
    clock.advance(minutes=59)
    log.note("a.example", "visit")
    (stored,) = known(database)
    assert (stored.last_at, stored.times) == (NOW, 0)
    later = clock.advance(minutes=2)
    log.note("a.example", "visit")
    (stored,) = known(database)
    assert (stored.first_at, stored.last_at, stored.times) == (NOW, later, 2)
    log.close()
    assert [c.times for c in known(database)] == [3]


def test_a_second_process_only_reads_what_the_first_noted(
    database, open_log, clock
) -> None:
    """A search must not wait for the store's lock to say the same again."""
    open_log().announce("mt.example", "query")
    clock.advance(minutes=1)
    with database.write() as connection:
        connection.execute(text("UPDATE contacts SET times = 7"))
        open_log(patience_seconds=0.05).note("mt.example", "query")
    assert [c.last_at for c in known(database)] == [NOW]


def test_a_clock_that_is_put_back_hides_no_later_contact(
    database, open_log, clock
) -> None:
    """P7"""
    log = open_log()
    log.note("a.example", "visit")
    clock.advance(days=-1)
    log.note("a.example", "visit")
    log.close()
    (stored,) = known(database)
    assert (stored.last_at, stored.times) == (NOW, 2)


def test_the_last_time_is_that_of_the_last_request_not_of_the_process_s_end(
    database, open_log, clock
) -> None:
    log = open_log()
    log.note("a.example", "query")
    clock.advance(hours=8)
    log.close()
    assert [(c.last_at, c.times) for c in known(database)] == [(NOW, 1)]


def test_a_process_that_ends_later_does_not_put_the_last_time_back(
    database, open_log, clock
) -> None:
    early, late = open_log(), open_log()
    early.note("a.example", "query")
    later = clock.advance(hours=2)
    late.note("a.example", "query")
    early.close()
    assert [c.last_at for c in known(database)] == [later]


def test_what_cannot_be_noted_must_not_be_contacted(database, open_log) -> None:
    """P4"""
    log = open_log(patience_seconds=0.05)
    with database.write() as connection:
        connection.execute(text("INSERT INTO counters (name, value) VALUES ('a', 1)"))
        connection.execute(text(LOCK[database.dialect]))
        with pytest.raises(UnavailableError, match="nothing was sent"):
            log.note("mt.example", "translate")
    assert known(database) == []
    log.note("mt.example", "translate")
    assert len(known(database)) == 1


LOCK = {
    "sqlite": "SELECT 1",
    "postgresql": "LOCK TABLE contacts IN EXCLUSIVE MODE",
}
"""SQLite has one lock for all, which its writer holds already."""


def test_counts_that_cannot_be_stored_hold_nothing_up(database, open_log) -> None:
    log = open_log(patience_seconds=0.05)
    log.note("a.example", "visit")
    with database.write() as connection:
        connection.execute(text("INSERT INTO counters (name, value) VALUES ('a', 1)"))
        connection.execute(text(LOCK[database.dialect]))
        log.close()
    assert [c.times for c in known(database)] == [0]


def test_what_was_never_announced_is_not_counted(database, open_log) -> None:
    log = open_log()
    log.count("nowhere.example", "visit")
    log.announce("a.example", "visit")
    log.close()
    assert [c.host for c in known(database)] == ["a.example"]


def test_any_thread_may_note(database, open_log) -> None:
    log = open_log()

    def ask() -> None:
        for number in range(20):
            log.note(f"{number % 4}.example", "visit")

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert [c.times for c in known(database)] == [20, 20, 20, 20]


def test_nothing_is_opened_for_who_contacts_nobody(tmp_path, clock) -> None:
    log = ContactLog(f"sqlite:///{tmp_path / 'none.db'}", clock)
    log.close()
    assert not (tmp_path / "none.db").exists()


def test_an_older_store_lists_whom_its_crawls_visited(empty_url: str) -> None:
    """What was imported was fetched by others; robots.txt tells who was asked."""
    engine = create_engine(empty_url)
    run_migrations(engine, to="0003")
    with engine.begin() as connection:
        for statement in OLD_CRAWLS.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    database = open_database(empty_url)
    assert [(c.host, c.purpose, c.times) for c in known(database)] == [
        ("a.example", "visit", 3),
        ("b.example:8080", "visit", 1),
    ]
    first = known(database)[0]
    assert first.first_at.isoformat() == "2024-06-21T12:00:00+00:00"
    assert first.last_at - first.first_at == timedelta(days=2)
    database.close()


OLD_CRAWLS = """
INSERT INTO robots (origin, fetched_at, expires_at, state) VALUES
  ('https://a.example', '2024-06-21 12:00:00', '2024-06-22 12:00:00', 'allow'),
  ('http://b.example:8080', '2024-06-21 12:00:00', '2024-06-22', 'unreachable');
INSERT INTO sources (name, kind, publisher, audience, first_seen_at) VALUES
  ('a', 'news', 'A', '[]', '2024-06-21 12:00:00');
INSERT INTO urls
  (id, source, role, url, url_key, host, hints, discovered_at, via) VALUES
  (1, 'a', 'article', 'u1', 'k1', 'a.example', '{}', '2024-06-21 12:00:00', 'feed'),
  (2, 'a', 'article', 'u2', 'k2', 'a.example', '{}', '2024-06-21 12:00:00', 'import'),
  (3, 'a', 'article', 'u3', 'k3', 'c.example', '{}', '2024-06-21 12:00:00', 'import');
INSERT INTO pages (url_id, url, source, fetched_at, status, hints, archive_file,
  archive_offset, archive_length) VALUES
  (1, 'u1', 'a', '2024-06-22 12:00:00', 200, '{}', 'f', 0, 1),
  (1, 'u1', 'a', '2024-06-23 12:00:00', 200, '{}', 'f', 1, 1),
  (2, 'u2', 'a', '2024-06-25 12:00:00', 200, '{}', 'f', 2, 1),
  (3, 'u3', 'a', '2024-06-25 12:00:00', 200, '{}', 'f', 3, 1)
"""


# --- Models ----------------------------------------------------------------------


def test_fetching_a_model_is_noted_also_where_a_redirect_leads(
    registry, site, shelf, settings
) -> None:
    noted: list[tuple[str, str]] = []
    with Site() as mirror:
        path = registry.path("vi-en", FILES["model"][0])
        mirror.add(path, site._paths[path].script)
        site.add(path, redirect(mirror.url(path)))
        told = replace(settings, note_contact=lambda *contact: noted.append(contact))
        assert pull(model(), shelf, told, now=Clock()).new
        assert len(mirror.requests) == 1
        assert Counter(noted) == {
            (f"127.0.0.1:{site.port}", "models"): len(site.requests),
            (f"127.0.0.1:{mirror.port}", "models"): 1,
        }


def test_the_model_hub_is_noted_with_every_request(site, shelf, settings) -> None:
    noted: list[tuple[str, str]] = []
    hub = Hub(site, "someone/many")
    hub.offer("model.bin", b"weights")
    hub.offer("spm.model", b"pieces")
    told = replace(settings, note_contact=lambda *contact: noted.append(contact))
    assert pull(on_hub(), shelf, told, now=Clock()).new
    assert noted == [(f"127.0.0.1:{site.port}", "models")] * len(site.requests)


@pytest.mark.parametrize("wanted", [model(), on_hub()], ids=lambda m: m.name)
def test_a_model_is_not_fetched_where_that_cannot_be_noted(
    registry, site, shelf, settings, wanted
) -> None:
    def fail(_host: str, _purpose: str) -> None:
        raise UnavailableError("nothing was sent")

    told = replace(settings, note_contact=fail)
    with pytest.raises(UnavailableError, match="nothing was sent"):
        pull(wanted, shelf, told, now=Clock())
    assert site.requests == []
