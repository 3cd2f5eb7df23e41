"""The frontier in the store: what visits change, and that the sums balance."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from pipeline.revisits import FIRST_REVISIT, next_revisit
from pipeline.store import frontier as table
from pipeline.store.frontier import balance, resolve
from pipeline.store.hosts import (
    HostHold,
    RobotsRecord,
    held_hosts,
    hold_host,
    keep_robots,
    release_host,
    robots_of,
)
from pipeline.store.runs import (
    close_abandoned_runs,
    finish_run,
    latest_runs,
    start_run,
)
from pipeline.store.seeding import make_due, seed_endpoints
from pipeline.store.sources import keep_sources, mark_removed, source_rows
from pipeline.store.tables import metadata, pages, work
from pipeline.store.visits import Visit
from tests.pipeline.builders import NOW
from tests.pipeline.frontier_store import (
    FEED,
    SOURCE,
    commit,
    discover,
    due,
    endpoint,
    link,
    outcome,
    page,
    prepared,
    row_of,
    taken_again,
    visit,
)


@pytest.fixture
def store(database):
    return prepared(database)


def test_links_enter_once_in_the_order_they_are_shown(store):
    hints = {"title": "T", "language": "vi"}
    result = discover(store, link("/1", hints=hints), link("/2"), link("/1"))
    assert result.discovered["site"] == 2
    assert [row.url[-1] for row in due(store)] == ["1", "2"]
    assert due(store)[0].hints == hints
    again = discover(store, link("/1"), link("/2?utm_source=x"), link("/3"))
    assert again.discovered["site"] == 1


def test_a_feed_adds_its_hints_to_what_a_listing_found(store):
    discover(store, link("/1", via="listing"))
    for title in ("first", "second"):
        discover(store, link("/1", hints={"title": title}))
    assert due(store)[0].hints == {"title": "first"}


def test_new_finds_come_before_old_ones(store):
    discover(store, link("/old"))
    discover(store, link("/new"), now=NOW + timedelta(hours=1))
    rows = due(store, NOW + timedelta(hours=1))
    assert [row.url[-3:] for row in rows] == ["new", "old"]


def test_a_page_waits_for_extraction_and_its_outcome_is_set_by_it(store):
    discover(store, link("/1"))
    visit(store, due(store)[0], "read", page=page("body"), etag='"e"')
    assert outcome(store, "/1") == ("pending", "")
    row = row_of(store, "/1")
    assert (row.etag, row.body_checksum) == ('"e"', "sha256:body")
    with store.write() as connection:
        item = connection.execute(select(work)).one()
        assert (item.stage, item.item, item.state) == ("extract", row.page_id, "due")
        assert resolve(connection, row.id, "stored", page_id=row.page_id)
    assert outcome(store, "/1") == ("stored", "")


def test_an_older_pages_result_does_not_count(store):
    discover(store, link("/1"))
    visit(store, due(store)[0], "read", page=page("one"))
    first = row_of(store, "/1").page_id
    visit(store, taken_again(store, "/1"), "read", page=page("two", 1))
    with store.write() as connection:
        assert not resolve(connection, row_of(store, "/1").id, "stored", page_id=first)
    assert outcome(store, "/1") == ("pending", "")


@pytest.mark.parametrize(
    ("processed", "expected"),
    [
        (("stored", ""), ("unchanged", "")),
        (("unchanged", ""), ("unchanged", "")),
        (("duplicate", ""), ("unchanged", "")),
        (("rejected", "too_short"), ("rejected", "too_short")),
    ],
)
@pytest.mark.parametrize("verdict", ["not_modified", "read"])
def test_the_same_text_again(store, verdict, processed, expected):
    """C14."""
    discover(store, link("/1"))
    visit(store, due(store)[0], "read", page=page("same"))
    with store.write() as connection:
        resolve(connection, row_of(store, "/1").id, *processed)
        connection.execute(delete(work))
    again = page("same" if verdict == "read" else "", 1)
    visit(store, taken_again(store, "/1"), verdict, page=again)
    assert outcome(store, "/1") == expected
    with store.read() as connection:
        assert connection.execute(select(work)).all() == []
        assert len(connection.execute(select(pages)).all()) == 3  # the feed's too


def test_the_same_text_before_it_was_processed_stays_pending(store):
    discover(store, link("/1"))
    visit(store, due(store)[0], "read", page=page("same"))
    visit(store, taken_again(store, "/1"), "not_modified", page=page("", 1, 304))
    assert outcome(store, "/1") == ("pending", "")


def test_a_retry_is_pending_and_the_last_one_fails(store):
    discover(store, link("/1"))
    later = NOW + timedelta(seconds=10)
    visit(store, due(store)[0], "later", reason="http_503", due_at=later)
    assert outcome(store, "/1") == ("pending", "http_503")
    assert due(store) == []
    (row,) = due(store, later)
    assert row.attempts == 1
    visit(store, row, "failed", reason="http_503")
    assert outcome(store, "/1") == ("failed", "http_503")
    assert row_of(store, "/1").due_at is None


def test_a_postponed_visit_is_no_attempt(store):
    discover(store, link("/1"))
    visit(
        store,
        due(store)[0],
        "later",
        reason="robots_unreachable",
        due_at=NOW,
        counts_as_attempt=False,
    )
    assert due(store)[0].attempts == 0


def test_a_rejected_page_keeps_its_reason_through_a_bad_day(store):
    discover(store, link("/1"))
    visit(store, due(store)[0], "rejected", reason="not_html")
    row = taken_again(store, "/1")
    visit(store, row, "later", reason="timeout", due_at=NOW)
    assert outcome(store, "/1") == ("rejected", "not_html")
    assert due(store) == []


def test_a_redirect_enters_its_target_and_becomes_its_alias(store):
    discover(store, link("/1", hints={"title": "T"}))
    target = link("/2", via="redirect", hints={"title": "T"})
    (row,) = due(store)
    visit(store, row, "redirect", redirect=target, redirect_in_scope=True)
    assert outcome(store, "/1") == ("duplicate", "")
    assert row_of(store, "/1").alias_of_key == target.url_key
    assert due(store)[0].hints == {"title": "T"}


def test_a_redirect_out_of_scope_is_rejected_unless_it_is_known(store):
    discover(store, link("/1"), link("/2"))
    first, second = due(store)
    known = link("/2", via="redirect")
    foreign = replace(known, url="https://else.org/", url_key="https://else.org/")
    visit(store, first, "redirect", redirect=known)
    visit(store, second, "redirect", redirect=foreign)
    assert outcome(store, "/1") == ("duplicate", "")
    assert outcome(store, "/2") == ("rejected", "redirect_out_of_scope")


def test_from_http_to_https_is_the_same_url(store):
    discover(store, link("/1"))
    (row,) = due(store)
    https = link("/1", via="redirect")
    http = replace(row, url="http://example.org/1")
    visit(store, http, "moved", redirect=https)
    assert outcome(store, "/1") == ("pending", "")
    assert due(store)[0].url == "https://example.org/1"
    visit(store, due(store)[0], "moved", redirect=https)
    assert outcome(store, "/1") == ("failed", "redirect_loop")


def test_sources_of_today_are_visited_and_yesterdays_are_not(store):
    other = replace(SOURCE, feeds=("https://example.org/new-feed",))
    with store.write() as connection:
        assert seed_endpoints(connection, [other], NOW) == 1
        assert endpoint(connection).url == "https://example.org/new-feed"


def test_every_is_obeyed_where_it_is_asked_for(store):
    discover(store, link("/1"))
    with store.write() as connection:
        soon, later = NOW + timedelta(minutes=29), NOW + timedelta(minutes=30)
        assert seed_endpoints(connection, [SOURCE], soon, due_only=True) == 0
        assert seed_endpoints(connection, [SOURCE], later, due_only=True) == 1
        back = NOW - timedelta(days=1)  # the clock was set back (P7)
        assert seed_endpoints(connection, [SOURCE], back, due_only=True) == 1


@pytest.mark.parametrize(
    "changed",
    [{"allow": ("^/b/",)}, {"hosts": ("b.org",)}, {"since": date(2024, 1, 1)}],
)
def test_a_changed_scope_reads_endpoints_in_full_again(store, changed):
    discover(store, link("/1"), etag='"e"')
    fields = {name: value for name, value in changed.items() if name != "since"}
    with store.write() as connection:
        seed_endpoints(connection, [SOURCE], NOW)
        assert endpoint(connection).etag == '"e"'
        other = replace(SOURCE, **fields)
        seed_endpoints(connection, [other], NOW, since=changed.get("since"))
        row = endpoint(connection)
        assert (row.etag, row.body_checksum) == ("", "")


def test_an_endpoint_may_change_its_kind(store):
    discover(store, link("/1"))
    other = replace(SOURCE, feeds=(), sitemaps=(FEED,))
    with store.write() as connection:
        assert seed_endpoints(connection, [other], NOW) == 1
        assert endpoint(connection).endpoint_kind == "sitemap"


def test_children_of_an_index_are_read_again_when_they_changed(store):
    def index(modified):
        return link(
            "/s1.xml",
            role="endpoint",
            via="sitemap",
            endpoint_kind="sitemap",
            modified_at=modified,
        )

    discover(store, index(NOW), is_index=True)
    with store.write() as connection:
        rows, _ = table.due_endpoints(connection, ["site"], NOW)
        (child,) = (row for row in rows if row.url.endswith("/s1.xml"))
        commit(
            connection,
            Visit(target=child, at=NOW, verdict="read", page=page("child", 5)),
        )
    later = NOW + timedelta(hours=2)
    for modified, expected in ((NOW, 0), (NOW + timedelta(hours=1), 1), (None, 1)):
        discover(store, index(modified), is_index=True, now=later)
        with store.read() as connection:
            rows, _ = table.due_endpoints(connection, ["site"], later)
        assert len(rows) == expected
        later += timedelta(hours=1)


def test_an_endpoint_that_is_no_feed_says_so(store):
    discover(store, problem="not_a_feed")
    with store.read() as connection:
        (state,) = table.endpoints(connection)
    assert (state.outcome, state.reason, state.url) == ("failed", "not_a_feed", FEED)


def test_settled_articles_of_the_last_days_become_due(store):
    discover(store, link("/1"), link("/2"), link("/3"))
    for row, (result, reason) in zip(
        due(store), [("stored", ""), ("rejected", "x"), ("pending", "")], strict=True
    ):
        visit(store, row, "read", page=page(row.url))
        with store.write() as connection:
            resolve(connection, row.id, result, reason)
    with store.write() as connection:
        later = NOW + timedelta(minutes=30)
        assert make_due(connection, {"site": 7}, later) == 2
        assert make_due(connection, {"other": 7}, later) == 0
        much_later = NOW + timedelta(days=8)
        assert make_due(connection, {"site": 7}, much_later) == 0


def test_revisits_come_as_the_age_doubles_and_end():
    assert next_revisit(NOW, NOW, 7) == NOW + FIRST_REVISIT
    at = NOW + timedelta(hours=5)
    assert next_revisit(NOW, at, 7) == at + timedelta(hours=5)
    assert next_revisit(NOW, NOW + timedelta(days=4), 7) is None


def test_the_archives_ends_are_known(store):
    discover(store, link("/1"))
    visit(store, due(store)[0], "read", page=page("x", 7))
    with store.read() as connection:
        files = table.archive_files(connection)
        assert files == ["a.warc.gz"]
        assert table.archive_ends(connection, files) == {"a.warc.gz": 800}
        assert table.fetched_pages(connection) == {"site": 1}


def test_holds_and_robots_outlive_a_process(store):
    hold = HostHold(
        host="a.org",
        not_before_at=NOW + timedelta(hours=1),
        failures=2,
        reason="http_503",
    )
    record = RobotsRecord(
        origin="https://a.org",
        fetched_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        state="rules",
        body="User-agent: *",
    )
    with store.write() as connection:
        for _ in range(2):
            hold_host(connection, hold)
            keep_robots(connection, record)
        assert held_hosts(connection, NOW) == {"a.org": hold}
        assert held_hosts(connection, NOW + timedelta(hours=1)) == {}
        assert robots_of(connection, "https://a.org") == record
        assert robots_of(connection, "http://a.org") is None
        release_host(connection, "a.org")
        assert held_hosts(connection, NOW) == {}


def test_runs_begin_end_and_are_found_abandoned(store):
    with store.write() as connection:
        first = start_run(connection, "site", NOW)
        finish_run(
            connection, first, now=NOW, state="done", counts={"n": 1}, capped=True
        )
        start_run(connection, "site", NOW)
        assert close_abandoned_runs(connection, NOW) == 1
        run = latest_runs(connection)["site"]
    assert (run.state, run.finished_at) == ("interrupted", NOW)


def test_a_source_is_brought_up_to_date_and_stays_after_removal(store):
    with store.write() as connection:
        newer = replace(SOURCE, publisher="Q", audience=("VN",))
        keep_sources(connection, [newer], NOW + timedelta(days=1))
        assert mark_removed(connection, "site", NOW)
        row = source_rows(connection)["site"]
    assert (row.publisher, row.audience, row.first_seen_at) == ("Q", ("VN",), NOW)
    assert row.removed_at == NOW


VERDICTS = ["read", "same", "not_modified", "later", "rejected", "failed", "redirect"]
moves = st.lists(
    st.tuples(st.sampled_from([*VERDICTS, "discover", "process"]), st.integers(0, 11)),
    max_size=25,
)


@given(moves)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_discovered_is_always_the_sum_of_the_outcomes(database, moves):
    """Whatever a site does, in whatever order: each URL is counted once."""
    _empty_frontier(database)
    known: set[str] = set()
    for step, (move, number) in enumerate(moves):
        now = NOW + timedelta(minutes=step)
        path = f"/{number}"
        if move == "discover":
            result = discover(database, link(path), link(f"/{number + 1}"), now=now)
            new = {path, f"/{number + 1}"} - known
            assert result.discovered["site"] == len(new)
            known |= new
        elif move == "process" and path in known:
            with database.write() as connection:
                resolve(connection, row_of(database, path).id, "stored")
        elif path in known:
            _random_visit(database, path, move, number, now)
            known |= {f"/{number + 2}"} if move == "redirect" else set()
        with database.read() as connection:
            found = balance(connection, "site")
        assert (found["site"].discovered if known else 0) == len(known)


def _random_visit(store, path, move, number, now):
    row = taken_again(store, path)
    if move in {"read", "same"}:
        body = "same" if move == "same" else str(now)
        visit(store, row, "read", now=now, page=page(body, 1))
    elif move == "redirect":
        target = link(f"/{number + 2}", via="redirect")
        visit(store, row, move, now=now, redirect=target, redirect_in_scope=True)
    else:
        visit(store, row, move, now=now, reason="r", due_at=now)


def _empty_frontier(database):
    with database.write() as connection:
        for name in ("work", "pages", "urls"):
            connection.execute(delete(metadata.tables[name]))
        keep_sources(connection, [SOURCE], NOW)
