"""One crawl from lock to balance, in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from sqlalchemy import Connection

from crawler.clock import Clock
from crawler.committer import Committer
from crawler.dispatcher import Dispatcher, Parts
from crawler.fetching import Fetcher
from crawler.frontier import Frontier
from crawler.guard import Guard
from crawler.job import CrawlJob, user_agent
from crawler.lock import crawl_lock
from crawler.parsing import ParserProcess
from crawler.report import Emit, RunReport
from crawler.settings import check_resolver, check_settings, scrapy_settings
from crawler.spider import WorkSpider
from pipeline.archive import ArchiveWriter, repair_tail
from pipeline.contacts import Purpose
from pipeline.egress import Egress
from pipeline.errors import BabelwireError
from pipeline.sources import Source
from pipeline.store import Database, frontier, open_database
from pipeline.store.backfill import seed_archives
from pipeline.store.contacts import ContactLog
from pipeline.store.runs import RunState, close_abandoned_runs, finish_run, start_run
from pipeline.store.seeding import make_due, seed_endpoints
from pipeline.store.sources import keep_sources

if TYPE_CHECKING:
    from crawler.browser import BrowserFetcher

TICK_SECONDS = 0.5
"""Between two progress events, and two looks at memory and at the parent."""

Resolver = Callable[[Any], Any]
MakeCommitter = Callable[..., Committer]
"""`Committer` itself, or what a test puts in its place."""


@dataclass
class Ending:
    """How a process came to its end.

    Attributes:
        signal: The signal that asked for it, or 0.
        reason: For people, where the run ended before its work.
        error: What was raised, or None.
    """

    signal: int = 0
    reason: str = ""
    error: BaseException | None = None


def run_crawl(
    job: CrawlJob,
    emit: Emit,
    *,
    resolver: Resolver | None = None,
    make_committer: MakeCommitter = Committer,
) -> int:
    """Runs the job; its exit status.

    Args:
        job: What to do.
        emit: Takes events.
        resolver: See `scrapy_settings`.
        make_committer: Called with what `Committer` takes.

    Raises:
        BabelwireError: Locked, no database, damage, a full disk.
    """
    clock = Clock()
    with crawl_lock(Path(job.lock_file), now=clock.now()):
        database = open_database(job.database_url)
        contacts = ContactLog(job.database_url, clock.now)
        try:
            crawl = _Crawl(job, database, emit, clock, contacts, make_committer)
            return crawl.run(resolver)
        finally:
            contacts.close()
            database.close()


def run_reactor(
    settings: dict[str, Any], work: Callable[[Crawler], Any], ending: Ending
) -> None:
    """Runs work in Scrapy's engine until it ends."""

    async def guarded(crawler: Crawler) -> None:
        from twisted.internet import reactor

        try:
            check_settings(crawler.settings)
            check_resolver(reactor.nameResolver)
            await work(crawler)
        except BaseException as error:  # noqa: BLE001 - the engine would only log it
            ending.error = error

    logging.getLogger().addHandler(logging.NullHandler())
    process = AsyncCrawlerProcess(settings)
    process.crawl(WorkSpider, work=guarded)
    process.start(install_signal_handlers=False)


def guard_of(
    sources: tuple[Source, ...], allow_networks: tuple[str, ...], egress: Egress
) -> Guard:
    """The guard of a job."""
    named = frozenset(host for source in sources for host in source.own_hosts)
    return Guard(
        allow_networks=allow_networks, named_hosts=named, proxies=egress.proxies
    )


class _Crawl:
    def __init__(
        self,
        job: CrawlJob,
        database: Database,
        emit: Emit,
        clock: Clock,
        contacts: ContactLog,
        make_committer: MakeCommitter,
    ) -> None:
        self._contacts = contacts
        self._make_committer = make_committer
        self._job = job
        self._database = database
        self._emit = emit
        self._clock = clock
        self._report = RunReport([source.name for source in job.sources], emit)
        self._frontier = Frontier(
            caps={source.name: source.max_pages_per_run for source in job.sources},
            endpoint_cap=job.limits.max_backfill_endpoints
            if job.since
            else job.limits.max_endpoints_per_run,
            concurrency=job.limits.concurrency,
            per_host=job.limits.per_host,
        )
        self._ending = Ending()
        self._started_at = clock.now()
        self._runs: dict[str, int] = {}

    def run(self, resolver: Resolver | None) -> int:
        self._repair()
        self._seed()
        self._emit(
            {
                "event": "started",
                "process": os.getpid(),
                "sources": {
                    name: {"due": report.due}
                    for name, report in self._report.sources.items()
                },
            }
        )
        settings = scrapy_settings(
            guard=guard_of(
                self._job.sources, self._job.allow_networks, self._job.egress
            ),
            egress=self._job.egress,
            limits=self._job.limits,
            agent=user_agent(self._job.contact),
            resolver=resolver,
            announce=lambda host: self._contacts.announce(host, self._purpose(host)),
        )
        run_reactor(settings, self._work, self._ending)
        self._finish()
        if self._ending.error is not None:
            raise self._ending.error
        if self._ending.signal:
            return 128 + self._ending.signal
        return 1 if self._report.has_failures or self._ending.reason else 0

    # --- Before --------------------------------------------------------------

    def _repair(self) -> None:
        folder = Path(self._job.archive_folder)
        with self._database.read() as connection:
            files = frontier.archive_files(connection)
            ends = frontier.archive_ends(connection, files)
        for repair in repair_tail(folder, ends):
            # Orphans stay where they are: only what is new is worth a note.
            if repair.cut_bytes:
                self._report.note(
                    f"{repair.file}: cut {repair.cut_bytes} torn bytes off its end, "
                    f"left by a crash ({repair.orphans} whole records there are not in "
                    "the store; such pages are fetched again)",
                    level="info",
                )

    def _seed(self) -> None:
        job, now = self._job, self._started_at
        names = list(self._report.sources)
        with self._database.write() as connection:
            close_abandoned_runs(connection, now)
            keep_sources(connection, job.sources, now)
            seed_endpoints(
                connection, job.sources, now, due_only=job.due_only, since=job.since
            )
            self._seed_archives(connection)
            if not job.due_only:
                make_due(connection, job.revisit_days_by_source, now)
            for name, number in frontier.count_due(connection, names, now).items():
                self._report.sources[name].due = number
            self._runs = {name: start_run(connection, name, now) for name in names}

    def _seed_archives(self, connection: Connection) -> None:
        if self._job.since is None:
            return
        for source in self._job.sources:
            done = seed_archives(connection, source, self._started_at, self._job.since)
            if done.left:
                self._report.note(
                    f"{done.due:,} archive pages are visited, the newest first; for "
                    f"the {done.left:,} older ones run the same command again",
                    level="info",
                    source=source.name,
                )

    # --- While ---------------------------------------------------------------

    async def _work(self, crawler: Crawler) -> None:
        job, clock = self._job, self._clock
        assert crawler.engine is not None  # noqa: S101 - it runs us
        parser = ParserProcess(seconds=job.limits.parse_seconds)
        fetcher = Fetcher(
            crawler.engine.download_async,
            now=clock.now,
            refusals=crawler.settings["BABELWIRE_REFUSALS"],
            max_body_bytes=job.limits.max_body_bytes,
            count=self._count,
        )
        browser = await self._browser(crawler)
        dispatcher = Dispatcher(
            Parts(
                job=job,
                frontier=self._frontier,
                fetcher=fetcher,
                browser=browser,
                parser=parser,
                report=self._report,
                clock=clock,
            )
        )
        committer = self._make_committer(
            self._database,
            ArchiveWriter(Path(job.archive_folder), now=clock.now),
            now=clock.now,
            run_started_at=self._started_at,
            revisit_days=job.revisit_days_by_source,
            committed=dispatcher.committed,
            failed=dispatcher.failed,
        )
        ticking = asyncio.ensure_future(self._tick(dispatcher))
        self._handle_signals(dispatcher)
        try:
            await dispatcher.run(committer)
        finally:
            ticking.cancel()
            parser.close()
            await committer.close()
            if browser is not None:
                await browser.close()

    async def _browser(self, crawler: Crawler) -> BrowserFetcher | None:
        """For the sources that need one; where there is none, the others go on."""
        wanting = [source for source in self._job.sources if source.browser]
        if not wanting:
            return None
        from twisted.internet import reactor

        from crawler.browser import BrowserFetcher, Fare, NoBrowserError, find_browser
        from crawler.browser_gate import Gate

        gate = Gate(
            reactor,
            guard=crawler.settings["BABELWIRE_GUARD"],
            egress=self._job.egress,
            seconds=self._job.limits.timeout_seconds,
            count=self._count,
        )
        try:
            fare = Fare(
                executable=find_browser(self._job.browser),
                agent=user_agent(self._job.contact),
                limits=self._job.limits,
            )
            browser = BrowserFetcher(fare, gate, now=self._clock.now)
            await browser.prepare()
        except NoBrowserError as error:
            for source in wanting:
                text = f"browser = true, and {error}; its pages stay due until then"
                self._report.note(text, source=source.name)
            return None
        return browser

    def _count(self, host: str) -> None:
        self._contacts.count(host, self._purpose(host))

    def _purpose(self, host: str) -> Purpose:
        return "proxy" if host in self._job.egress.proxy_hosts else "visit"

    def _handle_signals(self, dispatcher: Dispatcher) -> None:
        loop = asyncio.get_running_loop()

        def handle(number: int) -> None:
            if self._ending.signal:
                os._exit(128 + number)
            self._ending.signal = number
            self._ending.reason = "interrupted"
            dispatcher.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, handle, number)

    async def _tick(self, dispatcher: Dispatcher) -> None:
        parent = os.getppid()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._report.progress(dispatcher.hosts() if self._job.tell_hosts else None)
            used = memory_bytes()
            if used > self._job.limits.max_memory_bytes:
                self._stop(dispatcher, f"{used >> 20} MB of memory in use, stopped")
            elif os.getppid() != parent:
                self._stop(dispatcher, "the process that started the crawl is gone")

    def _stop(self, dispatcher: Dispatcher, reason: str) -> None:
        if not self._ending.reason:
            self._ending.reason = reason
            self._report.note(reason, level="error")
            dispatcher.stop()

    # --- After ---------------------------------------------------------------

    def _finish(self) -> None:
        self._report.progress()
        now = self._clock.now()
        names = list(self._report.sources)
        state = self._state()
        with self._database.write() as connection:
            balances = frontier.balance(connection)
            left = frontier.count_due(connection, names, now)
            sources = {}
            for name, report in self._report.sources.items():
                found = balances.get(name, frontier.Balance())
                capped = self._frontier.is_exhausted(name) and left.get(name, 0) > 0
                counts = {
                    "balance": found.as_mapping(),
                    "run": report.as_mapping(),
                }
                finish_run(
                    connection,
                    self._runs[name],
                    now=now,
                    state=state,
                    counts=counts,
                    reason=self._ending.reason,
                    capped=capped,
                )
                sources[name] = {"state": state, "capped": capped, **counts}
            later = frontier.next_due(connection, names)
        self._emit(
            {
                "event": "finished",
                "state": state,
                "reason": self._ending.reason,
                "next_due_at": later.isoformat() if later else None,
                "sources": sources,
            }
        )

    def _state(self) -> RunState:
        if self._ending.error is not None:
            return "failed"
        return "interrupted" if self._ending.reason else "done"


def memory_bytes() -> int:
    """Resident memory of this process; 0 where it cannot be told."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def exit_status(error: BaseException) -> int:
    """The status for what ended a process."""
    return error.exit_status if isinstance(error, BabelwireError) else 1


def describe(error: BaseException) -> str:
    """One line for people."""
    if isinstance(error, BabelwireError):
        return str(error)
    print(repr(error), file=sys.stderr)
    return f"unexpected: {type(error).__name__}: {error}"
