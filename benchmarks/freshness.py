"""A day of 300 sources, simulated: how many requests, and how fresh the articles are.

The real dispatcher, frontier and store, on a clock that jumps; the network is a
stub that publishes by a random process with a day and a night. `crawl --due` starts
every five minutes, as a scheduled job would. Beside what is learned between the
bounds of `every` stands the shortest of them, asked for always: the ideal, and its
price.
"""

import asyncio
import heapq
import math
import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measured import median, percentile, verdict
from crawler.clock import Clock
from crawler.committer import BATCH_SECONDS, Fetched
from crawler.discover import Findings, Found
from crawler.dispatcher import Dispatcher, Parts
from crawler.fetching import Answer
from crawler.frontier import Frontier
from crawler.job import CrawlJob
from crawler.parsing import Body
from crawler.report import RunReport
from pipeline.archive import ArchivedResponse
from pipeline.documents import WarcPlace
from pipeline.sources import Source
from pipeline.store import Database, open_database, sqlite_url
from pipeline.store.committing import commit_batch
from pipeline.store.seeding import seed_endpoints
from pipeline.store.sources import keep_sources
from pipeline.store.visits import NewPage, Visit

BEGIN = datetime(2024, 6, 20, tzinfo=UTC)
WARM_UP, DAY = 86_400.0, 86_400.0
"""Two days: the first teaches, the second is measured."""

STEP_SECONDS = 300.0
LATENCY_SECONDS = 0.3
FEED_ENTRIES = 30

KINDS = (
    # How many, articles a day, kind, bounds of every.
    (30, 200.0, "news", "10m..2h"),
    (120, 40.0, "news", "10m..2h"),
    (100, 5.0, "official", "15m..2h"),
    (50, 0.5, "official", "15m..6h"),
)
"""As an office's list is: agencies, papers, ministries, small offices."""


@dataclass
class Publisher:
    """A site: when it published, in seconds since `BEGIN`."""

    source: Source
    moments: list[float]

    def shown(self, now: float) -> list[int]:
        """Numbers of the articles in its feed, the newest first."""
        published = sum(moment <= now for moment in self.moments)
        return list(range(published - 1, max(-1, published - 1 - FEED_ENTRIES), -1))


def publishers(chosen: random.Random) -> list[Publisher]:
    """300 sites with a life of their own."""
    found = []
    for number, rate, kind, every in KINDS:
        for _ in range(number):
            name = f"s{len(found)}"
            source = Source(
                name=name,
                kind=kind,  # type: ignore[arg-type]
                publisher=name,
                feeds=(f"https://{name}.example/feed",),
                every=every,
                delay_seconds=2.0,
            )
            found.append(Publisher(source, moments_of(rate, chosen)))
    return found


def moments_of(per_day: float, chosen: random.Random) -> list[float]:
    """A Poisson process that is ten times as busy at noon as at midnight."""
    moments, now, most = [], 0.0, per_day * 20 / 11 / DAY
    while (now := now + chosen.expovariate(most)) < WARM_UP + DAY:
        busy = 0.55 - 0.45 * math.cos(2 * math.pi * now / DAY)
        if chosen.random() < busy:
            moments.append(now)
    return moments


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to whatever is scheduled next."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0
        self._clock_resolution = 0.0  # nothing is due before its time

    def time(self) -> float:
        """Seconds since `BEGIN`."""
        return self.moment

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined]
        if not self._ready and scheduled:  # type: ignore[attr-defined]
            # A little later: what is due "now" must not be due a rounding error on.
            self.moment = max(self.moment, scheduled[0]._when) + 1e-6
        super()._run_once()  # type: ignore[misc]

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """At once: a thread's work takes no simulated time."""
        result = self.create_future()
        result.set_result(func(*args))
        return result


@dataclass
class World:
    """The stub: answers requests, and notes when each article was fetched."""

    publishers: Mapping[str, Publisher]
    loop: VirtualLoop
    fetched: dict[str, float] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    async def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None, **_: Any
    ) -> Answer:
        """An article, a feed, or that there is no robots.txt."""
        await asyncio.sleep(LATENCY_SECONDS)
        now = self.loop.time()
        at = BEGIN + timedelta(seconds=now)
        name = url.split("/")[2].removesuffix(".example")
        if url.endswith("/robots.txt"):
            self.requests["robots"] += 1
            return Answer(url=url, at=at, status=404)
        is_feed = url.endswith("/feed")
        shown = self.publishers[name].shown(now) if is_feed else []
        tag = f'"{shown[0] if shown else ""}"' if is_feed else '"a"'
        if headers and headers.get("If-None-Match") == tag:
            self.requests["feeds unchanged" if is_feed else "articles again"] += 1
            return Answer(url=url, at=at, status=304, response=response(url, at, 304))
        if not is_feed:
            self.fetched.setdefault(url, now)
        self.requests["feeds" if is_feed else "articles"] += 1
        body = (url + tag).encode()
        head = (("ETag", tag), ("Content-Type", "text/html"))
        return Answer(
            url=url,
            at=at,
            status=200,
            body=body,
            checksum=f"sha256:{url}{tag}",
            response=response(url, at, 200, head),
        )

    def find(self, body: Body, source: Source) -> Findings:
        """What the feed shows now."""
        publisher = self.publishers[source.name]
        return Findings(
            articles=tuple(
                found(source.name, number, publisher.moments[number])
                for number in publisher.shown(self.loop.time())
            )
        )


def found(name: str, number: int, published: float) -> Found:
    """One entry of a feed."""
    host = f"{name}.example"
    url = f"https://{host}/{number}"
    hints = {"published_at": (BEGIN + timedelta(seconds=published)).isoformat()}
    return Found(url=url, url_key=url, host=host, hints=hints)


def response(
    url: str, at: datetime, status: int, headers: tuple[tuple[str, str], ...] = ()
) -> ArchivedResponse:
    """What would be archived."""
    return ArchivedResponse(url=url, at=at, status=status, headers=headers, body=b"")


class DirectCommitter:
    """The committer's way to the store, without an archive and without a thread."""

    is_full = False

    def __init__(self, database: Database, clock: Clock, days: Mapping[str, int]):
        self._database = database
        self._clock = clock
        self._days = days
        self.dispatcher: Dispatcher
        self._started_at = clock.now()
        self._batch: list[Fetched] = []

    async def read(self, query: Any) -> Any:
        """Of the store."""
        with self._database.read() as connection:
            return query(connection)

    async def write(self, change: Any) -> Any:
        """To the store."""
        with self._database.write() as connection:
            return change(connection)

    async def flush(self) -> None:
        """Stores what waits."""
        self._commit()

    def add(self, fetched: Fetched) -> None:
        """Takes a visit; a batch is stored as the real committer does."""
        if not self._batch:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self._commit)
        self._batch.append(fetched)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._batch

    def _commit(self) -> None:
        visits = [_visit(fetched) for fetched in self._batch]
        self._batch.clear()
        if not visits:
            return
        with self._database.write() as connection:
            result = commit_batch(
                connection,
                visits,
                self._clock.now(),
                run_started_at=self._started_at,
                revisit_days=self._days,
            )
        self.dispatcher.committed(visits, result)


def _visit(fetched: Fetched) -> Visit:
    if fetched.response is None:
        return fetched.visit
    page = NewPage(
        place=WarcPlace(file="none", offset=0, length=0),
        status=fetched.response.status,
        content_type="text/html",
        body_checksum=fetched.checksum,
        body_bytes=1,
    )
    return replace(fetched.visit, page=page)


async def crawl_for(
    world: World, database: Database, seconds: float, loop: VirtualLoop
) -> None:
    """`crawl --due` again and again."""
    clock = Clock(
        now=lambda: BEGIN + timedelta(seconds=loop.time()), monotonic=loop.time
    )
    sources = tuple(p.source for p in world.publishers.values())
    job = CrawlJob(
        database_url="",
        archive_folder="",
        lock_file="",
        sources=sources,
        due_only=True,
        retry_wait_seconds=0.0,
    )
    while loop.time() < seconds:
        begun = loop.time()
        with database.write() as connection:
            keep_sources(connection, sources, clock.now())
            seed_endpoints(connection, sources, clock.now(), due_only=True)
        committer = DirectCommitter(database, clock, job.revisit_days_by_source)
        report = RunReport([s.name for s in sources], lambda _: None)
        caps = {source.name: source.max_pages_per_run for source in sources}
        parts = Parts(
            job=job,
            frontier=Frontier(caps=caps),
            fetcher=world,  # type: ignore[arg-type]
            parser=world,
            report=report,
            clock=clock,
        )
        committer.dispatcher = Dispatcher(parts)
        await committer.dispatcher.run(committer)  # type: ignore[arg-type]
        await asyncio.sleep(max(0.0, STEP_SECONDS - (loop.time() - begun)))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of the measured day: requests by kind, delays in seconds, articles missed."""

    requests: Counter[str]
    delays: list[float]
    missed: int

    def line(self) -> str:
        """For people."""
        number = sum(self.requests.values())
        parts = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.requests.items()))
        return (
            f"{number:,} requests ({parts}); from publication to fetch: median "
            f"{median(self.delays) / 60:.1f} min, p95 "
            f"{percentile(self.delays, 0.95) / 60:.1f} min; {self.missed:,} of "
            f"{len(self.delays) + self.missed:,} articles missed"
        )


def simulate(sites: list[Publisher]) -> Outcome:
    """Two days of these sites."""
    loop = VirtualLoop()
    world = World({site.source.name: site for site in sites}, loop)
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(sqlite_url(Path(folder) / "store.db"))
        try:
            loop.run_until_complete(crawl_for(world, database, WARM_UP, loop))
            before = world.requests.copy()
            until = WARM_UP + DAY
            loop.run_until_complete(crawl_for(world, database, until, loop))
        finally:
            database.close()
            loop.close()
    return outcome(world, sites, before)


def outcome(world: World, sites: list[Publisher], before: Counter[str]) -> Outcome:
    """What the second day came to."""
    delays, missed = [], 0
    for site in sites:
        for number, moment in enumerate(site.moments):
            # The last hours' articles may still be found in time.
            if WARM_UP <= moment < WARM_UP + DAY - 6 * 3600:
                at = world.fetched.get(f"https://{site.source.name}.example/{number}")
                missed += at is None
                delays += [] if at is None else [at - moment]
    return Outcome(requests=world.requests - before, delays=delays, missed=missed)


def main() -> None:
    """Prints both, and what one costs of the other."""
    sites = publishers(random.Random(20240621))
    learned = simulate(sites)
    print(f"  learned: {learned.line()}")
    shortest = [
        Publisher(replace(s.source, every=s.source.every.split("..")[0]), s.moments)
        for s in sites
    ]
    ideal = simulate(shortest)
    print(f"  shortest always: {ideal.line()}")
    verdict("missed", learned.missed, 0, at_least=False)
    late = median(learned.delays) / median(ideal.delays)
    verdict("median delay ÷ the ideal's", late, 1.5, at_least=False)
    asked = feeds(learned) / feeds(ideal)
    verdict("requests for feeds ÷ the ideal's", asked, 0.7, at_least=False)


def feeds(found: Outcome) -> int:
    """Requests for feeds, whatever the answer."""
    return found.requests["feeds"] + found.requests["feeds unchanged"]


if __name__ == "__main__":
    main()
