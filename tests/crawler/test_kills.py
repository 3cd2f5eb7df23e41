"""P1: thirty random kills; and that the same checks find a wrong order."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pipeline.archive_stock import take_stock
from pipeline.sources import Source
from pipeline.store import open_database, sqlite_url
from pipeline.store.archive_places import records_of_file
from pipeline.store.frontier import archive_files
from tests.crawler.killing import (
    KILLED,
    Crawl,
    begun,
    cut_power,
    records,
    torn_files,
    unreadable_pages,
)
from tests.crawler.test_kill import CRAWL_POINTS
from tests.crawler.workspace import Workspace, feed, source
from tests.site import Answer, Site, redirect, status

KILLS = 30
MOST_CRAWLS = 2 * KILLS
"""A crawl may end before its turn to die comes; then another one is begun."""

PUBLISHED = 12
"""New articles before each crawl: more than three hundred in the end."""

MOST_FETCHED_AGAIN = 50
"""A kill, on average: what was under way, and one batch (CRAWLER.md, Targets)."""


class Trap:
    """Kills a crawl when a certain request arrives, on whichever site."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = 0
        self._crawl: Crawl | None = None

    def arm(self, crawl: Crawl, requests: int) -> None:
        with self._lock:
            self._crawl, self._left = crawl, requests

    def passed(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0 and self._crawl is not None:
                self._crawl.kill()


class TrappedSite(Site):
    """A site whose requests pass a trap."""

    trap: Trap

    def answer(self, request) -> Answer:
        self.trap.passed()
        return super().answer(request)


class World:
    """Three sites that go on publishing: pages, a few redirects and errors."""

    def __init__(self, sites: list[TrappedSite], chance: random.Random) -> None:
        self.sites = sites
        self.chance = chance
        self.paths: list[list[str]] = [[] for _ in sites]
        for number in range(len(sites)):
            self._publish(number, 1)

    @property
    def sources(self) -> list[Source]:
        return [source(site, f"site-{n}") for n, site in enumerate(self.sites)]

    @property
    def asked(self) -> Counter[str]:
        """How often each article was asked for."""
        return Counter(
            site.url(path)
            for site, paths in zip(self.sites, self.paths, strict=True)
            for path in paths
            for _ in range(site.count(path))
        )

    def publish(self) -> None:
        """New articles on one of the sites."""
        self._publish(self.chance.randrange(len(self.sites)), PUBLISHED)

    def _publish(self, site_number: int, articles: int) -> None:
        site, paths = self.sites[site_number], self.paths[site_number]
        for _ in range(articles):
            path = f"/a/{len(paths)}"
            kind = self.chance.random()
            if kind < 0.1:
                site.add(path, status(404))
            elif kind < 0.2 and paths:
                site.add(path, redirect(site.url(self.chance.choice(paths))))
            else:
                site.add(path, body=f"<html><p>Text of {path}</p></html>")
            paths.append(path)
        feed(site, paths)


@pytest.fixture
def world() -> Iterator[World]:
    trap = Trap()
    with ExitStack() as stack:
        sites = [stack.enter_context(TrappedSite()) for _ in range(3)]
        for site in sites:
            site.trap = trap
        yield World(sites, random.Random(20240621))


def crawl(
    workspace: Workspace,
    world: World,
    *,
    requests: int = 0,
    failpoint: str = "",
    order: str = "",
) -> int:
    """One crawl's exit status."""
    job = workspace.job(*world.sources, revisit_days=0, official_revisit_days=0)
    with begun(job, failpoint=failpoint, order=order) as running:
        world.sites[0].trap.arm(running, requests)
        return running.wait()


def random_death(chance: random.Random) -> dict[str, int | str]:
    """At a request, or at a point of a commit."""
    if chance.random() < 0.5:
        return {"requests": chance.randint(1, 25)}
    return {"failpoint": f"{chance.choice(CRAWL_POINTS)}:{chance.randint(1, 3)}"}


def assert_sums_balance(workspace: Workspace, world: World) -> None:
    rows = [row for row in workspace.table("urls") if row.role == "article"]
    found = workspace.balance()
    assert sum(b.discovered for b in found.values()) == len(rows)
    assert len(rows) <= sum(map(len, world.paths))
    for row in rows:
        waits = row.outcome == "pending" and row.page_id is None
        assert waits == (row.visited_at is None or row.due_at is not None), row.url


@pytest.mark.slow
def test_thirty_random_kills_lose_nothing(workspace, world):
    """P1."""
    kills = crawls = 0
    while kills < KILLS:
        world.publish()
        ended = crawl(workspace, world, **random_death(world.chance))
        assert ended in {0, KILLED}
        kills += ended == KILLED
        crawls += 1
        assert crawls <= MOST_CRAWLS
        assert unreadable_pages(workspace) == []
        assert_sums_balance(workspace, world)
    assert crawl(workspace, world) == 0

    asked, published = world.asked, sum(map(len, world.paths))
    assert len(asked) == published > 300, "a URL was never visited"
    articles = [row for row in workspace.table("urls") if row.role == "article"]
    assert len(articles) == published
    assert [row.url for row in articles if row.visited_at is None] == []
    assert [row.url for row in articles if row.due_at is not None] == []
    assert torn_files(workspace) == []
    assert unreadable_pages(workspace) == []
    assert asked.total() - published <= MOST_FETCHED_AGAIN * kills
    assert_orphans_are_counted(workspace)
    states = Counter(run.state for run in workspace.table("runs"))
    assert states["done"] == (crawls - kills + 1) * len(world.sites)
    assert set(states) == {"done", "interrupted"}


def assert_orphans_are_counted(workspace: Workspace) -> None:
    orphans = len(records(workspace)) - len(workspace.table("pages"))
    assert orphans > 0, "no kill left any: the points of a commit were not met"
    database = open_database(sqlite_url(workspace.folder / "babelwire.db"))
    with database.read() as connection:
        names = archive_files(connection)
    counted = 0
    for path in workspace.archive.iterdir():
        known = records_of_file(database, path.name) if path.name in names else ()
        stock = take_stock(workspace.archive, path.name, (p.place for p in known))
        assert stock.problems == []
        counted += stock.orphans
    database.close()
    assert counted == orphans


# --- The controls: the same checks find what is wrong --------------------------------


def killed_in_commits(workspace: Workspace, world: World, order: str) -> int:
    """Kills crawls at the end of their commits, and cuts the power; the bytes lost."""
    lost = 0
    for _ in range(3):
        world.publish()
        point = world.chance.choice(("crawl.after_archive", "crawl.after_commit"))
        crawl(workspace, world, failpoint=f"{point}:2", order=order)
        lost += cut_power(workspace)
    return lost


def test_a_power_cut_takes_nothing_that_was_acknowledged(workspace, world):
    """P1: as if the disk had kept only what it was told to keep."""
    assert killed_in_commits(workspace, world, "right, noting") > 0
    assert workspace.table("pages")
    assert unreadable_pages(workspace) == []
    assert crawl(workspace, world) == 0
    assert len(world.asked) == sum(map(len, world.paths))


def test_records_that_are_synced_too_late_are_found_missing(workspace, world):
    """The control: the store is committed before the archive is synced."""
    world.publish()
    died = crawl(workspace, world, failpoint="crawl.after_commit:2", order="unsynced")
    assert died == KILLED
    assert unreadable_pages(workspace) == [], "a kill alone does not show it"
    cut_power(workspace)
    assert len(unreadable_pages(workspace)) > 0


def test_records_that_are_written_too_late_are_found_missing(workspace, world):
    """The control: the store is committed before the records are written."""
    world.publish()
    died = crawl(workspace, world, failpoint="crawl.after_commit:2", order="unwritten")
    assert died == KILLED
    assert len(unreadable_pages(workspace)) > 0
