"""When endpoints and articles are visited again, and what is noticed then."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pipeline.revisits import (
    MOST_PER_DAY,
    UNKNOWN_PER_DAY,
    appeared,
    learned_rate,
    rest,
    retired_rest,
)
from pipeline.store import frontier as table
from pipeline.store.committing import commit_batch
from pipeline.store.seeding import seed_endpoints
from pipeline.store.tables import documents, urls
from pipeline.store.visits import Visit
from pipeline.store.withdrawals import MISSING_RECHECK
from pipeline.urls import document_id
from tests.pipeline.builders import NOW, make_page, record_page
from tests.pipeline.frontier_store import (
    SOURCE,
    discover,
    due,
    endpoint,
    link,
    outcome,
    page,
    prepared,
    row_of,
    visit,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RANGE = (600, 7200)


@pytest.fixture
def store(database):
    return prepared(database)


# --- Endpoints -----------------------------------------------------------------


def test_a_lively_endpoint_rests_shortest_and_a_quiet_one_longest():
    lively = quiet = None
    for _ in range(300):
        lively = learned_rate(lively, 5, 30 * MINUTE)
        quiet = learned_rate(quiet, 0, 30 * MINUTE)
    assert rest(lively, RANGE) == timedelta(seconds=RANGE[0])
    assert rest(quiet, RANGE) == timedelta(seconds=RANGE[1])
    assert rest(None, RANGE) == timedelta(minutes=15)


def test_one_duration_is_obeyed_whatever_was_learned():
    assert {rest(rate, (900, 900)) for rate in (None, 0.0, 0.1, 500.0)} == {15 * MINUTE}


def test_a_clock_that_went_back_teaches_nothing():
    """P7."""
    assert learned_rate(3.0, 9, -HOUR) == 3.0
    assert learned_rate(None, 9, timedelta(0)) is None


@given(
    st.none() | st.floats(0, MOST_PER_DAY),
    st.integers(0, 10**6),
    st.floats(0.001, 400),
    st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)).map(sorted).map(tuple),
)
def test_no_rest_is_ever_out_of_bounds(known, new, days, bounds):
    rate = learned_rate(known, new, timedelta(days=days))
    assert rate is not None
    assert 0 <= rate <= MOST_PER_DAY
    assert bounds[0] <= rest(rate, bounds).total_seconds() <= bounds[1]


@given(st.floats(0, 400), st.floats(0.01, 30), st.integers(0, 50))
def test_more_news_never_makes_a_rest_longer(known, days, new):
    elapsed = timedelta(days=days)
    less, more = (learned_rate(known, n, elapsed) for n in (new, new + 1))
    assert rest(more, RANGE) <= rest(less, RANGE)


def seed(store, source, now):
    with store.write() as connection:
        return seed_endpoints(connection, [source], now, due_only=True)


def test_an_endpoint_is_visited_as_often_as_it_brings_something(store):
    """Between the bounds of `every`, by what its visits found."""
    source = replace(SOURCE, every="10m..6h")
    now = NOW
    discover(store, link("/first"), now=now)
    for number in range(40):
        now += HOUR
        discover(store, *(link(f"/{number}/{n}") for n in range(4)), now=now)
    assert seed(store, source, now + 9 * MINUTE) == 0
    assert seed(store, source, now + 10 * MINUTE) == 1
    for _ in range(80):
        now += HOUR
        discover(store, now=now)
    assert seed(store, source, now + 5 * HOUR) == 0
    assert seed(store, source, now + 6 * HOUR) == 1


def test_what_an_archive_lists_is_no_news(store):
    old = {"published_at": (NOW - 400 * DAY).isoformat()}
    discover(store, link("/first"))
    discover(store, *(link(f"/{n}", hints=old) for n in range(50)), now=NOW + HOUR)
    discover(store, now=NOW + 2 * HOUR)
    with store.read() as connection:
        rate = connection.scalar(select(urls.c.new_per_day).where(urls.c.via == "seed"))
    assert rate < UNKNOWN_PER_DAY


def sitemap(path, **fields):
    return link(path, role="endpoint", via="sitemap", endpoint_kind="sitemap", **fields)


def read_children(store, now, *links):
    """Reads every sitemap that is due below the index; how many."""
    with store.write() as connection:
        rows, _ = table.due_endpoints(connection, ["site"], now)
        children = [row for row in rows if row.via != "seed"]
        visits = [
            Visit(target=row, at=now, verdict="read", page=page(row.url), links=links)
            for row in children
        ]
        commit_batch(connection, visits, now, run_started_at=now)
    return len(children)


def test_what_a_child_finds_is_news_of_the_endpoint_that_lists_it(store):
    discover(store, sitemap("/s1.xml"), is_index=True)
    read_children(store, NOW)
    now = NOW + HOUR
    discover(store, sitemap("/s1.xml"), is_index=True, now=now)
    read_children(store, now, *(link(f"/{n}") for n in range(200)))
    discover(store, sitemap("/s1.xml"), is_index=True, now=now + HOUR)
    with store.read() as connection:
        rate = connection.scalar(select(urls.c.new_per_day).where(urls.c.via == "seed"))
    assert rate > 2 * UNKNOWN_PER_DAY


def test_a_sitemap_that_brings_nothing_is_read_ever_more_rarely(store):
    """Its index names no time at which it changed, or a new one each time."""
    reads, now = 0, NOW
    for number in range(200):
        claimed = now if number % 2 else None
        discover(store, sitemap("/s1.xml", modified_at=claimed), is_index=True, now=now)
        reads += read_children(store, now)
        now += HOUR
    assert 3 < reads < 15
    discover(store, sitemap("/s1.xml"), is_index=True, now=now + 30 * DAY)
    assert read_children(store, now + 30 * DAY, link("/new")) == 1
    discover(store, sitemap("/s1.xml"), is_index=True, now=now + 31 * DAY)
    assert read_children(store, now + 31 * DAY) == 1  # it is lively again


def test_sitemaps_that_change_their_names_do_not_fill_the_frontier(store):
    for number in range(50):
        names = [sitemap(f"/s-{number}-{n}.xml") for n in range(20)]
        discover(store, *names, is_index=True, now=NOW + number * HOUR)
    with store.read() as connection:
        rows, _ = table.due_endpoints(connection, ["site"], NOW + 50 * HOUR)
    assert {row.url.split("-")[1] for row in rows if row.via != "seed"} == {"49"}


def test_retiring_ends_at_a_month():
    assert retired_rest(10**6) == 30 * DAY


# --- Articles ------------------------------------------------------------------


def stored(store, path="/1", hints=None):
    """An article that was fetched, and the document that came of it."""
    discover(store, link(path, hints=hints or {}))
    (row,) = due(store)
    visit(store, row, "read", page=page("text"))
    with store.write() as connection:
        table.resolve(connection, row.id, "stored")
    return row


@pytest.mark.parametrize(("kind", "days"), [("news", 7), ("official", 30)])
def test_official_texts_are_visited_again_for_longer(store, kind, days):
    stored(store)
    now, visits = NOW, 1
    while (again := row_of(store, "/1").due_at) is not None:
        now, visits = again, visits + 1
        with store.write() as connection:
            (row,), _ = table.due_articles(connection, "example.org", now, limit=9)
            found = Visit(target=row, at=now, verdict="not_modified")
            commit_batch(
                connection,
                [found],
                now,
                run_started_at=now,
                revisit_days={"site": {"news": 7, "official": 30}[kind]},
            )
    assert days / 2 <= (now - NOW) / DAY <= days
    assert 8 <= visits <= 12


def test_an_old_article_found_today_is_not_visited_again(store):
    stored(store, hints={"published_at": (NOW - 90 * DAY).isoformat()})
    assert row_of(store, "/1").due_at is None


@pytest.mark.parametrize("text", ["", "yesterday", "2999-01-01T00:00:00+00:00"])
def test_an_article_appears_when_it_is_found_at_the_latest(text):
    """P7: a date in the future counts for nothing."""
    assert appeared({"published_at": text} if text else {}, NOW) == NOW


@pytest.fixture
def published(store):
    """A document whose page was fetched and read."""
    row = stored(store)
    with store.write() as connection:
        record_page(connection, make_page(connection, row.url, source="site"))
    return row, document_id(row.url_key)


def withdrawn(store, document):
    with store.read() as connection:
        found = select(documents.c.withdrawn_at, documents.c.version)
        return connection.execute(found.where(documents.c.id == document)).one()


def revisit(store, verdict, now, **fields):
    with store.write() as connection:
        (row,), _ = table.due_articles(connection, "example.org", now, limit=9)
    visit(store, row, verdict, now=now, **fields)


@pytest.mark.parametrize("status", ["http_404", "http_410"])
def test_a_page_that_is_gone_twice_marks_its_document(store, published, status):
    _, document = published
    first = NOW + HOUR
    revisit(store, "rejected", first, reason=status)
    before = withdrawn(store, document)
    assert before.withdrawn_at is None
    assert row_of(store, "/1").due_at == first + MISSING_RECHECK
    revisit(store, "rejected", first + MISSING_RECHECK, reason=status)
    after = withdrawn(store, document)
    assert after.withdrawn_at == first + MISSING_RECHECK
    assert after.version > before.version
    assert outcome(store, "/1") == ("rejected", status)


def test_a_page_that_comes_back_is_there_again(store, published):
    _, document = published
    now = NOW
    for _ in range(3):
        now = row_of(store, "/1").due_at
        revisit(store, "rejected", now, reason="http_404")
    gone = withdrawn(store, document)
    assert gone.withdrawn_at is not None
    now = row_of(store, "/1").due_at
    revisit(store, "read", now, page=page("text"))
    back = withdrawn(store, document)
    assert back.withdrawn_at is None
    assert back.version > gone.version


def test_one_accident_marks_nothing(store, published):
    _, document = published
    for verdict, fields in (
        ("rejected", {"reason": "http_404"}),
        ("not_modified", {}),
        ("rejected", {"reason": "http_404"}),
    ):
        revisit(store, verdict, row_of(store, "/1").due_at, **fields)
    assert withdrawn(store, document).withdrawn_at is None


def test_other_refusals_say_nothing_of_a_page(store, published):
    _, document = published
    revisit(store, "rejected", row_of(store, "/1").due_at, reason="http_403")
    assert row_of(store, "/1").missing_visits == 0
    assert withdrawn(store, document).withdrawn_at is None


def test_a_page_that_never_was_there_is_not_asked_for_again(store):
    discover(store, link("/1"))
    (row,) = due(store)
    visit(store, row, "rejected", reason="http_404")
    assert row_of(store, "/1").due_at is None
    assert endpoint_is_still_known(store)


def endpoint_is_still_known(store):
    with store.write() as connection:
        seed_endpoints(connection, [SOURCE], NOW)
        return endpoint(connection).via == "seed"
