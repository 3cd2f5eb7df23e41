"""Looks at a site, or tries a source, and stores nothing but whom it contacted.

Guarded and robots-obeying like a crawl, through the same settings; one request
at a time, within a budget of requests and seconds.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from scrapy.crawler import Crawler

from crawler.asking import Asker
from crawler.clock import Clock
from crawler.discover import Entry, clean
from crawler.endpoint_trial import EndpointTrial
from crawler.fetching import Fetcher
from crawler.guard import Guard
from crawler.job import ProbeJob, user_agent
from crawler.parsing import ParserProcess
from crawler.report import Emit
from crawler.robots import Policy
from crawler.run import Ending, Resolver, run_reactor
from crawler.settings import scrapy_settings
from crawler.site_look import SiteLook
from crawler.tried import Tried, endpoints_of
from pipeline.sources import Source
from pipeline.store.contacts import ContactLog
from pipeline.urls import host_of

SAMPLES = 10
"""Headlines: as many as a person reads before a yes or no."""


def run_probe(job: ProbeJob, emit: Emit, *, resolver: Resolver | None = None) -> int:
    """Runs the job; its exit status."""
    ending = Ending()
    clock = Clock()
    contacts = ContactLog(job.database_url, clock.now) if job.database_url else None
    proxies = job.egress.proxy_hosts

    def announce(host: str) -> None:
        if contacts is not None:
            contacts.announce(host, "proxy" if host in proxies else "probe")

    def count(host: str) -> None:
        if contacts is not None:
            contacts.count(host, "proxy" if host in proxies else "probe")

    settings = scrapy_settings(
        guard=_guard(job),
        egress=job.egress,
        limits=job.limits,
        agent=user_agent(job.contact),
        resolver=resolver,
        announce=announce if contacts else None,
    )

    def tell(event: Mapping[str, Any]) -> None:
        if event["event"] == "probe" and contacts is not None:
            contacts.close()  # who waited for this event may end the process
        emit(event)

    async def work(crawler: Crawler) -> None:
        assert crawler.engine is not None  # noqa: S101 - it runs us
        fetcher = Fetcher(
            crawler.engine.download_async,
            now=clock.now,
            refusals=crawler.settings["BABELWIRE_REFUSALS"],
            max_body_bytes=job.limits.max_body_bytes,
            count=count,
        )
        parser = ParserProcess(seconds=5.0)
        try:
            await Probe(job, fetcher, parser, tell).run()
        finally:
            parser.close()

    run_reactor(settings, work, ending)
    if contacts is not None:
        contacts.close()
    if ending.error is not None:
        raise ending.error
    return 0


class Probe:
    """One look at a site, or one trial of a source."""

    def __init__(
        self,
        job: ProbeJob,
        fetcher: Fetcher,
        parser: ParserProcess,
        emit: Emit,
        clock: Clock | None = None,
    ) -> None:
        """Takes its parts."""
        self._job = job
        self._emit = emit
        clock = clock or Clock()
        self._asker = Asker(job, fetcher, clock)
        self._endpoints = EndpointTrial(self._asker, parser, job.source)
        self._look = SiteLook(self._asker, self._endpoints, clock, job.url)
        self._is_late = False

    async def run(self) -> None:
        """Tells what it found; in time, and whatever the site does."""
        try:
            async with asyncio.timeout(self._job.max_seconds):
                await self._work()
        except TimeoutError:
            self._is_late = True
        self._emit(self._result())

    async def _work(self) -> None:
        if self._job.source is None:
            await self._look.run()
            articles = self._look.articles()
        else:
            for kind, url in endpoints_of(self._job.source):
                await self._endpoints.attempt(kind, url)
            articles = self._endpoints.samples(self._job.source)
        for entry in articles[: self._job.articles]:
            await self._fetch_article(entry)

    async def _fetch_article(self, entry: Entry) -> None:
        answer = await self._asker.ask(entry.url)
        self._emit(
            {
                "event": "article",
                "url": entry.url,
                "final_url": answer.url,
                "status": answer.status,
                "reason": answer.reason,
                "content_type": answer.content_type,
                "hints": _hints(entry),
                "body": base64.b64encode(answer.body).decode("ascii"),
            }
        )

    def _result(self) -> dict[str, Any]:
        source = self._job.source
        if source is None:
            samples, found = self._look.samples(), self._look.result()
        else:
            samples = self._endpoints.samples(source)
            found = self._of_source(source, samples)
        return {
            "event": "probe",
            **found,
            "samples": [_sample(entry) for entry in samples[:SAMPLES]],
            "delay_seconds": self._asker.delay_seconds,
            "robots": [_robots(policy) for policy in self._asker.policies.values()],
            "requests": self._asker.requests,
            "is_late": self._is_late,
        }

    def _of_source(self, source: Source, samples: Sequence[Entry]) -> dict[str, Any]:
        reason = "out_of_time" if self._is_late else "request_budget_spent"
        tried = [
            self._endpoints.tried.get(url) or Tried(kind=kind, url=url, problem=reason)
            for kind, url in endpoints_of(source)
        ]
        return {
            "site": {"url": "", "name": source.publisher, "language": ""},
            "endpoints": [t.as_mapping(source) for t in tried if t.works],
            "failed": [t.as_mapping(source) for t in tried if not t.works],
            "in_scope": len(samples),
            "hosts": sorted({host_of(entry.url) for entry in samples}),
        }


def _guard(job: ProbeJob) -> Guard:
    urls = [job.url] if job.url else []
    hosts = set(job.source.own_hosts) if job.source else set()
    for url in urls:
        with suppress(ValueError):
            hosts.add(host_of(url))
    return Guard(
        allow_networks=job.allow_networks,
        named_hosts=frozenset(hosts),
        proxies=job.egress.proxies,
    )


def _hints(entry: Entry) -> dict[str, str]:
    published = entry.published_at.isoformat() if entry.published_at else ""
    hints = {
        "title": clean(entry.title),
        "published_at": published,
        "language": entry.language,
    }
    return {name: value for name, value in hints.items() if value}


def _sample(entry: Entry) -> dict[str, Any]:
    moment = entry.published_at or entry.modified_at
    return {
        "title": clean(entry.title),
        "url": entry.url,
        "published_at": moment.isoformat() if moment else None,
    }


def _robots(policy: Policy) -> dict[str, Any]:
    return {
        "origin": policy.origin,
        "state": policy.state,
        "reason": policy.reason,
        "crawl_delay": policy.crawl_delay,
        "sitemaps": list(policy.sitemaps),
    }
