"""Visits what is due: asks the frontier, fetches, judges, hands to the committer.

Scrapy gets a request only when its host may be asked now; one that waited for
its host's delay inside Scrapy would hold a place others could use (of 200
sources, plain Scrapy reached 80).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection

from crawler.clock import Clock
from crawler.committer import Committer, Fetched
from crawler.discover import Findings, Found
from crawler.downloads import Browsing, Downloads
from crawler.fetching import UNREACHABLE, Answer, Fetcher
from crawler.frontier import NEVER, Frontier
from crawler.job import CrawlJob
from crawler.judge import judge, later, postponed, retry_after_seconds, unreached
from crawler.paging import Paging
from crawler.parsing import Body
from crawler.proxies import BLAMELESS
from crawler.remembered import keep_pace, remember_moves
from crawler.report import RunReport
from crawler.robots import Policy, learn_policy, origin_of
from crawler.scope import Scope
from pipeline.json_listings import listing_of
from pipeline.sources import Source
from pipeline.store import frontier as table
from pipeline.store import hosts
from pipeline.store.frontier import DueUrl
from pipeline.store.links import Link
from pipeline.store.sources import other_sources
from pipeline.store.visits import Committed, Visit

REFILL_SECONDS = 0.05
"""Between two looks through all hosts while others are busy: a look costs .1 ms
for 1,000 hosts, and a host holds rows for longer than that."""


MAX_TOLD_HOSTS = 50
"""A terminal shows fewer."""

OK = 200


class Parser(Protocol):
    """Reads endpoints within limits; `crawler.parsing.ParserProcess`."""

    def find(self, body: Body, source: Source) -> Findings:
        """What of the body enters the frontier."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a dispatcher works with.

    Attributes:
        browser: None where no source needs one, or there is none.
    """

    job: CrawlJob
    frontier: Frontier
    fetcher: Fetcher
    browser: Browsing | None = None
    parser: Parser
    report: RunReport
    clock: Clock


class Dispatcher:
    """One run over some sources, on the event loop."""

    def __init__(self, parts: Parts) -> None:
        """Takes its parts; the committer comes with `run`."""
        self._job = parts.job
        self._limits = parts.job.limits
        self._frontier = parts.frontier
        self._parser = parts.parser
        self._report = parts.report
        self._clock = parts.clock
        self._downloads = Downloads(
            parts.fetcher,
            parts.browser,
            limits=parts.job.limits,
            report=parts.report,
            now=parts.clock.now,
        )
        self._scope = Scope(parts.job.sources)
        self._paging = Paging()
        self._policies: dict[str, Policy] = {}
        self._others: list[str] = []
        self._fetched: Counter[str] = Counter()
        self._hold_reasons: dict[str, str] = {}
        self._held: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._parsing = ThreadPoolExecutor(1, thread_name_prefix="parser")
        self._endpoints_at = 0.0
        self._refill_at = 0.0
        self._waited = 0.0
        self._stopping = False
        self._error: BaseException | None = None
        self._committer: Committer

    async def run(self, committer: Committer) -> None:
        """Visits until nothing is due any more, or `stop` was called.

        Raises:
            BabelwireError: What was fetched could not be stored.
        """
        self._committer = committer
        try:
            await self._prepare()
            while not self._stopping:
                self._wake.clear()
                await self._fill_up()
                self._dispatch_due()
                if self._is_done():
                    break
                await self._sleep()
        finally:
            await self._end()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Ends the run soon: what is in flight is given up, the rest committed."""
        self._stopping = True
        self._wake.set()

    def hosts(self) -> list[dict[str, Any]]:
        """How the hosts stand that are asked or wait, for who watches."""
        standing = self._frontier.standing(self._clock.monotonic())
        return [
            {
                **vars(each),
                "wait_seconds": round(each.wait_seconds),
                "fetched": self._fetched[each.host],
                "reason": self._hold_reasons.get(each.host, "") if each.is_held else "",
            }
            for each in standing[:MAX_TOLD_HOSTS]
        ]

    def committed(self, visits: list[Visit], result: Committed) -> None:
        """The committer's word that a batch is stored."""
        for visit in visits:
            self._frontier.committed(visit.target)
        for host, due_at in result.due.items():
            self._frontier.expect(host, self._clock.at(due_at))
        if result.endpoints_due:
            self._endpoints_at = 0.0
        for move in result.moves:
            self._scope.learn(move)
            self._report.note(
                f"{move.from_origin} has moved to {move.to_origin} and is followed",
                level="info",
                source=move.source,
            )
        self._report.count(visits, result)
        self._wake.set()

    def failed(self, error: BaseException) -> None:
        """The committer's word that it cannot go on."""
        self._error = error
        self.stop()

    # --- The loop ------------------------------------------------------------

    async def _prepare(self) -> None:
        await remember_moves(self._committer, self._scope)
        for source in self._scope:
            for host in source.own_hosts:
                self._frontier.set_delay(host, source.delay_seconds)
        await keep_pace(self._committer, self._scope, self._frontier, self._clock)
        names = self._names
        self._others = await self._committer.read(lambda c: other_sources(c, names))
        now = self._clock.now()
        held = await self._committer.read(lambda c: hosts.held_hosts(c, now))
        for host, hold in held.items():
            self._held.add(host)
            self._hold_reasons[host] = hold.reason
            self._frontier.hold(host, self._clock.at(hold.not_before_at))
        due = await self._committer.read(lambda c: table.due_hosts(c, self._names))
        for host, due_at in due.items():
            self._frontier.expect(host, self._clock.at(due_at))

    @property
    def _names(self) -> list[str]:
        return self._scope.names

    async def _fill_up(self) -> None:
        now = self._clock.monotonic()
        if self._endpoints_at <= now:
            self._endpoints_at = NEVER
            await self._take_endpoints()
        if now >= self._refill_at or not self._tasks:
            self._refill_at = now + REFILL_SECONDS
            for host in self._frontier.wants_rows(now):
                self._spawn(self._refill(host))

    async def _take_endpoints(self) -> None:
        now = self._clock.now()
        rows, next_at = await self._committer.read(
            lambda c: table.due_endpoints(c, self._names, now)
        )
        self._take(rows, first=True)
        if next_at is not None:
            self._endpoints_at = min(self._endpoints_at, self._clock.at(next_at))

    async def _refill(self, host: str) -> None:
        now = self._clock.now()
        limit = self._frontier.refill_limit(host)
        without = [*self._others, *self._frontier.exhausted_sources()]

        def query(connection: Connection) -> Any:
            return table.due_articles(
                connection, host, now, limit=limit, without=without
            )

        rows, next_at = await self._committer.read(query)
        self._set_delays(rows)
        self._frontier.refilled(
            host,
            rows,
            NEVER if next_at is None else self._clock.at(next_at),
            more=len(rows) == limit,
            now=self._clock.monotonic(),
        )

    def _take(self, rows: list[DueUrl], *, first: bool) -> None:
        self._set_delays(rows)
        self._frontier.add(rows, first=first)

    def _set_delays(self, rows: list[DueUrl]) -> None:
        for row in rows:  # an endpoint may have moved to a host of no source
            source = self._scope[row.source]
            self._frontier.set_delay(row.host, source.delay_seconds)

    def _dispatch_due(self) -> None:
        now = self._clock.monotonic()
        while not self._committer.is_full:
            row = self._frontier.next(now)
            if row is None:
                return
            self._dispatch(row)

    def _dispatch(self, row: DueUrl) -> None:
        origin = origin_of(row.url)
        policy = self._policies.get(origin)
        if policy is None or not self._is_valid(policy):
            self._frontier.block(row)
            self._spawn(self._learn(origin, row))
            return
        match policy.permission(row.url):
            case "allow":
                self._spawn(self._visit(row))
            case "deny":
                self._frontier.skipped(row)
                self._submit(self._refused(row, "robots"))
            case "postpone":
                self._frontier.skipped(row)
                self._submit(self._postponed(row, policy))

    def _is_done(self) -> bool:
        busy = self._tasks or self._frontier.is_busy() or not self._committer.is_empty
        if busy:
            return False
        now = self._clock.monotonic()
        if self._frontier.paced_at(now) < NEVER:
            return False
        retry_at = min(self._frontier.retry_at(), self._endpoints_at)
        return retry_at - now > self._job.retry_wait_seconds - self._waited

    async def _sleep(self) -> None:
        """Until something happened, or its time has come."""
        now = self._clock.monotonic()
        if self._committer.is_full:
            until = NEVER
        elif self._tasks:
            until = min(self._frontier.ready_at(), self._refill_at)
        else:
            until = min(
                self._frontier.ready_at(),
                self._frontier.refill_at(),
                self._endpoints_at,
            )
        idle = not self._tasks and self._frontier.paced_at(now) == NEVER
        timeout = None if until == NEVER else max(0.0, until - now)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        if idle and self._committer.is_empty:
            self._waited += self._clock.monotonic() - now

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._committer.flush()
        self._parsing.shutdown(wait=False, cancel_futures=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(error)

    # --- robots.txt ----------------------------------------------------------

    def _is_valid(self, policy: Policy) -> bool:
        # A refused one holds for this run: it says nothing, and the guard will.
        return policy.refused or policy.expires_at > self._clock.now()

    async def _learn(self, origin: str, asking: DueUrl) -> None:
        record = await self._committer.read(lambda c: hosts.robots_of(c, origin))
        policy = Policy.of_record(record) if record else None
        asked = policy is None or not self._is_valid(policy)
        if policy is None or not self._is_valid(policy):
            retry_after = timedelta(seconds=self._limits.robots_retry_seconds)
            ask = partial(self._downloads.fetch, source=self._scope[asking.source])
            policy = await learn_policy(ask, origin, retry_after=retry_after)
            await self._keep(policy)
        self._apply(policy, asking)
        self._frontier.unblock(asking.host, self._clock.monotonic(), asked=asked)

    async def _keep(self, policy: Policy) -> None:
        if not policy.refused and policy.reason not in {"dns", *BLAMELESS}:
            record = policy.as_record()
            await self._committer.write(lambda c: hosts.keep_robots(c, record))

    def _apply(self, policy: Policy, asking: DueUrl) -> None:
        host = asking.host
        if policy.state != "unreachable":
            self._policies[policy.origin] = policy
            cap = self._limits.max_crawl_delay_seconds
            self._frontier.set_delay(host, min(policy.crawl_delay, cap))
            return
        if policy.reason in BLAMELESS:
            # Not the host's fault, and no matter to who reaches it another way.
            egress = self._scope[asking.source].egress
            alike = {each.name for each in self._scope if each.egress == egress}
            now = self._clock.now()
            for row in self._frontier.take_all(host, alike):
                self._submit(unreached(row, now, policy.reason, self._limits))
            return
        rows = self._frontier.take_all(host)
        if policy.reason == "dns":
            # There is no such host, for now: the URLs' own failure.
            for row in rows:
                now = self._clock.now()
                self._submit(later(row, now, "dns", self._limits))
            return
        self._policies[policy.origin] = policy
        self._hold_reasons[host] = "robots_unreachable"
        self._frontier.hold(host, self._clock.at(policy.expires_at))
        self._report.note(
            f"{policy.origin}/robots.txt: {policy.reason}; nothing is fetched from "
            "there until it answers",
            source=rows[0].source if rows else "",
        )
        for row in rows:
            self._submit(self._postponed(row, policy))

    def _postponed(self, row: DueUrl, policy: Policy) -> Visit:
        until = max(policy.expires_at, self._clock.now())
        return postponed(row, self._clock.now(), until, "robots_unreachable")

    def _refused(self, row: DueUrl, reason: str) -> Visit:
        return Visit(
            target=row, at=self._clock.now(), verdict="rejected", reason=reason
        )

    # --- One visit -----------------------------------------------------------

    async def _visit(self, row: DueUrl) -> None:
        try:
            answer = await self._downloads.visit(row, self._scope[row.source])
        finally:
            self._frontier.finished(row.host, self._clock.monotonic())
        self._fetched[row.host] += answer.status == OK
        self._learn_of_host(row.host, answer)
        visit = judge(row, answer, self._scope[row.source], self._limits)
        if row.role == "endpoint" and visit.verdict == "read":
            if row.via == "redirect":  # by the site's own word its articles lie there
                self._scope.learn_host(row.source, row.host)
            visit = await self._read(visit, answer, self._scope[row.source])
        self._committer.add(
            Fetched(
                visit=visit,
                response=answer.response,
                checksum=answer.checksum,
                body_bytes=len(answer.body),
                rendered=answer.rendered,
            )
        )

    async def _read(self, visit: Visit, answer: Answer, source: Source) -> Visit:
        target = visit.target
        if answer.checksum == target.body_checksum:
            return visit
        body = Body(
            kind=target.endpoint_kind,
            url=target.url,
            content_type=answer.content_type,
            body=answer.body,
            rule=listing_of(source.json_listings, target.url),
            depth=target.depth,
            since=self._job.since,
        )
        loop = asyncio.get_running_loop()
        findings = await loop.run_in_executor(
            self._parsing, self._parser.find, body, source
        )
        findings = self._paging.followed(target, findings)
        self._report.sources[source.name].other_links += findings.other_links
        return replace(
            visit,
            links=[
                *(self._link(f, target, "article") for f in findings.articles),
                *(self._link(f, target, "endpoint") for f in findings.children),
            ],
            is_index=target.endpoint_kind == "sitemap" and bool(findings.children),
            problem=findings.problem,
        )

    def _link(self, found: Found, target: DueUrl, role: table.Role) -> Link:
        return Link(
            url=self._scope.upgraded(target.source, found.url),
            url_key=found.url_key,
            host=found.host,
            role=role,
            endpoint_kind=target.endpoint_kind if role == "endpoint" else "",
            via=target.endpoint_kind,
            depth=target.depth + 1,
            hints=found.hints,
            modified_at=found.modified_at,
            reads_on=self._job.since is not None,
        )

    def _submit(self, visit: Visit) -> None:
        self._committer.add(Fetched(visit=visit))

    def _learn_of_host(self, host: str, answer: Answer) -> None:
        if answer.reason in UNREACHABLE:
            failures = self._frontier.failed(host)
            if failures >= self._limits.host_failures:
                pause = self._limits.host_pause_seconds
                self._hold(host, pause, failures, f"unreachable: {answer.reason}")
        elif answer.status:
            self._frontier.answered(host)
            self._release(host)
        seconds = retry_after_seconds(answer, self._limits)
        if seconds > 0:
            self._hold(host, seconds, 0, f"http_{answer.status}")

    def _hold(self, host: str, seconds: float, failures: int, reason: str) -> None:
        self._held.add(host)
        self._hold_reasons[host] = reason
        self._frontier.hold(host, self._clock.monotonic() + seconds)
        hold = hosts.HostHold(
            host=host,
            not_before_at=self._clock.now() + timedelta(seconds=seconds),
            failures=failures,
            reason=reason,
        )
        self._spawn(self._write(lambda c: hosts.hold_host(c, hold)))
        self._report.note(f"{host}: left alone for {seconds:.0f} s ({reason})")

    def _release(self, host: str) -> None:
        if host in self._held:
            self._held.discard(host)
            self._spawn(self._write(lambda c: hosts.release_host(c, host)))

    async def _write(self, change: Any) -> None:
        await self._committer.write(change)
