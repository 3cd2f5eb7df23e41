"""The frontier's two sides together, whatever happens, in whatever order.

Rows come from the table, are given out at their hosts' pace, and what became of
them is committed; in between the process dies, hosts ask to be left alone, sites
redirect, fail, and show more.
"""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from crawler.frontier import NEVER, Frontier
from crawler.job import Limits
from crawler.judge import later
from pipeline.sources import Source
from pipeline.store import frontier as table
from pipeline.store import open_database, sqlite_url
from pipeline.store.committing import commit_batch
from pipeline.store.links import Link
from pipeline.store.seeding import seed_endpoints
from pipeline.store.sources import keep_sources
from pipeline.store.tables import metadata, urls
from pipeline.store.visits import Visit
from tests.pipeline.builders import NOW
from tests.pipeline.frontier_store import page

HOSTS = ("a.org", "b.org", "c.org")
DELAY = 2.0
SOURCE = Source(
    name="s",
    kind="news",
    publisher="P",
    feeds=("https://a.org/feed",),
    hosts=HOSTS,
    delay_seconds=DELAY,
)
LIMITS = Limits(retry_delays_seconds=(10.0, 30.0))

numbers = st.integers(0, 30)


def address(number):
    return f"https://{HOSTS[number % len(HOSTS)]}/{number}"


def link(number, via="feed"):
    url = address(number)
    return Link(
        url=url,
        url_key=url,
        host=HOSTS[number % len(HOSTS)],
        role="article",
        via=via,
        depth=1,
    )


class FrontierMachine(RuleBasedStateMachine):
    """A crawl whose network is a die."""

    database = None  # opened once, for all runs

    @initialize()
    def begin(self):
        with self.database.write() as connection:
            for name in ("work", "pages", "urls"):
                connection.execute(delete(metadata.tables[name]))
            keep_sources(connection, [SOURCE], NOW)
            seed_endpoints(connection, [SOURCE], NOW)
        self.clock = 0.0
        self.known: set[str] = set()
        self.ended_at: dict[str, float] = {}
        self.held: dict[str, float] = {}
        self.due: dict[str, float] = {}
        self.number = 0
        self.flying: list = []
        self.start()

    # --- What the dispatcher does ---------------------------------------------

    def start(self):
        """A process begins: nothing is known but what the table says."""
        self.front = Frontier(caps={"s": 10_000}, concurrency=4)
        self.flying = []
        for host in HOSTS:
            self.front.set_delay(host, DELAY)
        for host, until in self.held.items():
            self.front.hold(host, until)
        with self.database.read() as connection:
            due = table.due_hosts(connection, ["s"])
        for host, at in due.items():
            self.front.expect(host, self.monotonic(at))

    def monotonic(self, moment):
        return (moment - NOW).total_seconds()

    @property
    def now(self):
        return NOW + timedelta(seconds=self.clock)

    def fill_up(self):
        for host in self.front.wants_rows(self.clock):
            limit = self.front.refill_limit(host)
            with self.database.read() as connection:
                rows, next_at = table.due_articles(
                    connection, host, self.now, limit=limit
                )
            self.front.refilled(
                host,
                rows,
                NEVER if next_at is None else self.monotonic(next_at),
                more=len(rows) == limit,
                now=self.clock,
            )

    def commit(self, visit):
        with self.database.write() as connection:
            result = commit_batch(connection, [visit], self.now, run_started_at=NOW)
        self.front.committed(visit.target)
        for host, at in result.due.items():
            self.front.expect(host, self.monotonic(at))

    def give_out(self):
        row = self.front.next(self.clock)
        if row is None:
            return None
        assert self.clock >= self.ended_at.get(row.host, -NEVER) + DELAY, "too early"
        assert self.clock >= self.held.get(row.host, -NEVER), "its host is held"
        assert self.clock >= self.due.get(row.url, -NEVER), "before it was due"
        assert row.url not in {one.url for one in self.flying}, "given out twice"
        self.flying.append(row)
        return row

    # --- What may happen ------------------------------------------------------

    @rule(found=st.lists(numbers, min_size=1, max_size=6))
    def a_feed_shows_links(self, found):
        with self.database.write() as connection:
            seed_endpoints(connection, [SOURCE], self.now)
            (feed,), _ = table.due_endpoints(connection, ["s"], self.now)
            self.number += 1
            visit = Visit(
                target=feed,
                at=self.now,
                verdict="read",
                page=page(f"feed {self.number}"),
                links=[link(number) for number in found],
            )
            result = commit_batch(connection, [visit], self.now, run_started_at=NOW)
        new = {address(number) for number in found} - self.known
        assert result.discovered["s"] == len(new)
        self.known |= new
        for host, at in result.due.items():
            self.front.expect(host, self.monotonic(at))

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 1.9, 2.0, 7.0, 40.0, 4000.0]))
    def time_passes(self, seconds):
        self.clock += seconds

    @rule()
    def hosts_are_asked(self):
        self.fill_up()
        while self.give_out() is not None:
            pass

    @precondition(lambda self: self.flying)
    @rule(
        which=numbers,
        answer=st.sampled_from(["read", "rejected", "later", "busy", "redirect"]),
        leads_to=numbers,
    )
    def an_answer_comes(self, which, answer, leads_to):
        row = self.flying.pop(which % len(self.flying))
        self.front.finished(row.host, self.clock)
        self.ended_at[row.host] = self.clock
        self.due.pop(row.url, None)
        if answer == "busy":
            until = self.clock + 60.0
            self.held[row.host] = max(until, self.held.get(row.host, 0.0))
            self.front.hold(row.host, until)
        self.commit(self.visit_of(row, answer, leads_to))

    def visit_of(self, row, answer, target):
        at = self.now
        if answer in {"later", "busy"}:
            visit = later(row, at, "http_503", LIMITS)
            if visit.due_at is not None:
                self.due[row.url] = self.monotonic(visit.due_at)
            return visit
        if answer == "redirect":
            self.known.add(address(target))
            return Visit(
                target=row,
                at=at,
                verdict="redirect",
                redirect=link(target, via="redirect"),
                redirect_in_scope=True,
            )
        if answer == "rejected":
            return Visit(target=row, at=at, verdict="rejected", reason="not_html")
        self.number += 1
        return Visit(target=row, at=at, verdict="read", page=page(row.url, self.number))

    @rule(host=st.sampled_from(HOSTS), seconds=st.floats(0, 500))
    def a_host_asks_to_be_left_alone(self, host, seconds):
        until = self.clock + seconds
        self.held[host] = max(until, self.held.get(host, 0.0))
        self.front.hold(host, until)

    @rule()
    def the_process_dies(self):
        """What is in flight was not committed: it is still due in the table."""
        self.ended_at.clear()  # the next one goes by when runs ended (test_politeness)
        self.start()

    # --- What always holds ----------------------------------------------------

    @invariant()
    def sums_balance(self):
        if self.database is None or not hasattr(self, "known"):
            return
        with self.database.read() as connection:
            found = table.balance(connection, "s")
        discovered = found["s"].discovered if found else 0
        assert discovered == len(self.known)
        assert self.front.in_flight == len(self.flying) <= 4

    def teardown(self):
        """In the end each is visited: none was lost, whatever happened before."""
        if not hasattr(self, "known"):
            return
        self.the_process_dies()
        for _ in range(400):
            self.clock += 60.0
            self.fill_up()
            while (row := self.give_out()) is not None:
                self.an_end_comes(row)
            if not self.pending():
                break
        assert self.pending() == []
        with self.database.read() as connection:
            visited = connection.scalars(
                select(urls.c.url).where(
                    urls.c.role == "article", urls.c.visited_at.is_not(None)
                )
            )
            assert set(visited) == self.known

    def an_end_comes(self, row):
        self.flying.remove(row)
        self.front.finished(row.host, self.clock)
        self.ended_at[row.host] = self.clock
        self.commit(self.visit_of(row, "rejected", 0))

    def pending(self):
        with self.database.read() as connection:
            return list(
                connection.scalars(
                    select(urls.c.url).where(
                        urls.c.role == "article", urls.c.due_at.is_not(None)
                    )
                )
            )


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    found = open_database(sqlite_url(tmp_path_factory.mktemp("machine") / "s.db"))
    yield found
    found.close()


def test_no_url_is_lost_none_is_visited_too_early_and_sums_balance(database):
    class Machine(FrontierMachine):
        pass

    Machine.database = database
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
