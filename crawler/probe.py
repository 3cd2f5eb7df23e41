"""Looks at a site, or tries a source, and stores nothing but whom it contacted.

Guarded and robots-obeying like a crawl, through the same settings; one request
at a time, within a budget of requests and seconds.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy.crawler import Crawler

from crawler.clock import Clock
from crawler.discover import Entry, Reading, clean
from crawler.fetching import Answer, Fetcher
from crawler.guard import Guard
from crawler.job import ProbeJob, user_agent
from crawler.listings import parse_html, urljoin_safely
from crawler.parsing import Body, ParserProcess
from crawler.patterns import learn_patterns
from crawler.report import Emit
from crawler.robots import Policy, learn_policy, origin_of
from crawler.run import Ending, Resolver, run_reactor
from crawler.settings import scrapy_settings
from pipeline.sources import Source
from pipeline.store.contacts import ContactLog
from pipeline.urls import host_of, url_key

FEED_PATHS = ("/rss", "/feed", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
SITEMAP_PATHS = ("/sitemap.xml", "/news-sitemap.xml", "/sitemap_index.xml")
"""Where sites without a link to them most often have them."""

FEED_TYPES = ("rss", "atom", "feed+json")
"""In the `type` of `<link rel=alternate>`."""

MAX_REDIRECTS = 5
MAX_CANDIDATES = 6
SAMPLES = 10
DEFAULT_DELAY_SECONDS = 2.0
PAUSE_SECONDS = 0.3
"""Between two requests to a public host; a person waits for the answer."""


def run_probe(job: ProbeJob, emit: Emit, *, resolver: Resolver | None = None) -> int:
    """Runs the job; its exit status."""
    ending = Ending()
    clock = Clock()
    contacts = ContactLog(job.database_url, clock.now) if job.database_url else None
    settings = scrapy_settings(
        guard=_guard(job),
        limits=job.limits,
        agent=user_agent(job.contact),
        resolver=resolver,
        announce=(lambda host: contacts.announce(host, "probe")) if contacts else None,
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
            count=(lambda host: contacts.count(host, "probe")) if contacts else None,
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


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An endpoint that was tried.

    Attributes:
        problem: "" where it works.
        children: Sitemaps of an index.
    """

    kind: str
    url: str
    title: str = ""
    language: str = ""
    entries: tuple[Entry, ...] = ()
    children: int = 0
    problem: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """For the event."""
        moments = [e.dated_at for e in self.entries if e.dated_at is not None]
        return {
            "kind": self.kind,
            "url": self.url,
            "title": self.title,
            "entries": len(self.entries),
            "children": self.children,
            "newest": max(moments).isoformat() if moments else None,
            "problem": self.problem,
        }


class Probe:
    """One look at a site."""

    def __init__(
        self, job: ProbeJob, fetcher: Fetcher, parser: ParserProcess, emit: Emit
    ) -> None:
        """Takes its parts."""
        self._job = job
        self._fetcher = fetcher
        self._parser = parser
        self._emit = emit
        self._policies: dict[str, Policy] = {}
        self._requests = 0
        self._tried: dict[str, Tried] = {}
        self._site: dict[str, str] = {"url": job.url, "name": "", "language": ""}

    async def run(self) -> None:
        """Tells what it found; in time, and whatever the site does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._job.max_seconds):
                if self._job.source is not None:
                    await self._try_source(self._job.source)
                else:
                    await self._look_at(self._job.url)
        self._emit(self._result())

    # --- A new site ----------------------------------------------------------

    async def _look_at(self, url: str) -> None:
        answer = await self._ask(url)
        self._site |= {"url": answer.url, "reason": answer.reason}
        if answer.reason or answer.status != 200:
            self._site["reason"] = answer.reason or f"http_{answer.status}"
            return
        if await self._is_endpoint(answer):
            return
        tree = parse_html(answer.body, answer.content_type)
        feeds = [] if tree is None else self._describe(tree, answer.url)
        await self._try_feeds(feeds, answer.url)
        await self._try_sitemaps(answer.url)
        await self._try_listing(answer)

    async def _is_endpoint(self, answer: Answer) -> bool:
        for kind in ("feed", "sitemap"):
            reading = self._read(kind, answer)
            if reading.entries or reading.children:
                self._keep(kind, answer.url, reading)
                return True
        return False

    def _describe(self, tree: Any, url: str) -> list[str]:
        named = tree.xpath("string(//meta[@property='og:site_name']/@content)")
        self._site |= {
            "name": clean(named or tree.findtext(".//title") or ""),
            "language": clean(tree.get("lang") or "")[:35],
        }
        declared = [
            urljoin_safely(url, link.get("href") or "")
            for link in tree.iter("link")
            if "alternate" in (link.get("rel") or "").lower().split()
            and any(t in (link.get("type") or "").lower() for t in FEED_TYPES)
        ]
        linked = [
            found
            for a in tree.iter("a")
            if (found := urljoin_safely(url, a.get("href") or ""))
            and _looks_like_feed(found)
        ]
        return _distinct([*declared, *linked])[:MAX_CANDIDATES]

    async def _try_feeds(self, feeds: Sequence[str], url: str) -> None:
        for feed in feeds or [urljoin(url, path) for path in FEED_PATHS]:
            tried = await self._try("feed", feed)
            if not feeds and tried is not None and not tried.problem:
                return  # one guess that is right is enough

    async def _try_sitemaps(self, url: str) -> None:
        policy = self._policies.get(origin_of(url))
        named = list(policy.sitemaps) if policy else []
        for sitemap in named[:3] or [urljoin(url, path) for path in SITEMAP_PATHS]:
            tried = await self._try("sitemap", urljoin(url, sitemap))
            if not named and tried is not None and not tried.problem:
                return

    async def _try_listing(self, answer: Answer) -> None:
        if not any(not tried.problem for tried in self._tried.values()):
            self._keep("listing", answer.url, self._read("listing", answer))

    # --- An existing source --------------------------------------------------

    async def _try_source(self, source: Source) -> None:
        kinds = (
            *(("feed", url) for url in source.feeds),
            *(("sitemap", url) for url in source.sitemaps),
            *(("listing", url) for url in source.listings),
        )
        for kind, url in kinds:
            await self._try(kind, url)
        for entry in self._samples(source)[: self._job.articles]:
            await self._fetch_article(entry)

    async def _fetch_article(self, entry: Entry) -> None:
        answer = await self._ask(entry.url)
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

    # --- Both ----------------------------------------------------------------

    async def _try(self, kind: str, url: str) -> Tried | None:
        if self._requests >= self._job.max_requests or url in self._tried:
            return None
        answer = await self._ask(url, is_sitemap=kind == "sitemap")
        if answer.reason or answer.status != 200:
            problem = answer.reason or f"http_{answer.status}"
            tried = Tried(kind=kind, url=url, problem=problem)
            self._tried[url] = tried
            return tried
        reading = self._read(kind, answer)
        self._keep(kind, url, reading)
        if reading.children and not reading.entries:
            await self._open_index(kind, url, reading)
        return self._tried[url]

    async def _open_index(self, kind: str, url: str, reading: Reading) -> None:
        newest = max(
            reading.children, key=lambda e: e.dated_at.timestamp() if e.dated_at else 0
        )
        answer = await self._ask(urljoin(reading.base, newest.url), is_sitemap=True)
        if answer.status == 200 and not answer.reason:
            inner = self._read(kind, answer)
            entries = tuple(_absolute(inner))
            self._keep(
                kind,
                url,
                Reading(base=url, entries=entries, children=reading.children),
            )

    def _read(self, kind: str, answer: Answer) -> Reading:
        body = Body(
            kind=kind,
            url=answer.url,
            content_type=answer.content_type,
            body=answer.body,
        )
        source = self._job.source
        return self._parser.read(body, source.languages if source else ())

    def _keep(self, kind: str, url: str, reading: Reading) -> None:
        self._tried[url] = Tried(
            kind=kind,
            url=url,
            title=reading.title,
            language=reading.language,
            entries=tuple(_absolute(reading)),
            children=len(reading.children),
            problem=reading.problem,
        )

    async def _ask(self, url: str, *, is_sitemap: bool = False) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask_once(url, is_sitemap=is_sitemap)
            location = answer.header("Location")
            if not 300 <= answer.status < 400 or not location:
                return answer
            url = urljoin(url, location)
        return Answer(url=url, at=answer.at, reason="too_many_redirects")

    async def _ask_once(self, url: str, *, is_sitemap: bool) -> Answer:
        policy = await self._policy(url)
        if policy is not None:
            permission = policy.permission(url)
            if permission != "allow":
                reason = "robots" if permission == "deny" else "robots_unreachable"
                return Answer(url=url, at=policy.fetched_at, reason=reason)
        limits = self._job.limits
        limit = limits.max_sitemap_bytes if is_sitemap else limits.max_body_bytes
        return await self._spend(url, limit)

    async def _policy(self, url: str) -> Policy | None:
        try:
            host_of(url)
        except ValueError:
            return None  # the fetcher says what is wrong with it
        origin = origin_of(url)
        if origin not in self._policies:
            self._policies[origin] = await learn_policy(
                lambda found: self._spend(found, 0), origin, retry_after=timedelta(0)
            )
        return self._policies[origin]

    async def _spend(self, url: str, limit: int) -> Answer:
        if self._requests >= self._job.max_requests:
            return Answer(url=url, at=Clock().now(), reason="request_budget_spent")
        if self._requests and not self._job.allow_networks:
            await asyncio.sleep(PAUSE_SECONDS)
        self._requests += 1
        return await self._fetcher.fetch(url, max_body_bytes=limit)

    # --- The result ----------------------------------------------------------

    def _samples(self, source: Source | None) -> list[Entry]:
        """Entries of all endpoints in turn, the newest endpoints' first ones."""
        seen: dict[str, Entry] = {}
        working = [list(t.entries) for t in self._tried.values() if t.entries]
        for number in range(max((len(entries) for entries in working), default=0)):
            for entries in working:
                if number < len(entries):
                    self._add_sample(seen, entries[number], source)
        return list(seen.values())

    def _add_sample(
        self, seen: dict[str, Entry], entry: Entry, source: Source | None
    ) -> None:
        with suppress(ValueError):
            if source is None or source.is_article(entry.url):
                seen.setdefault(url_key(entry.url), entry)

    def _result(self) -> dict[str, Any]:
        samples = self._samples(self._job.source)
        tried = list(self._tried.values())
        policies = list(self._policies.values())
        if _only_listing(tried):
            samples = [entry for entry in samples if _looks_like_article(entry.url)]
        learned = [entry.url for entry in samples]
        delays = [policy.crawl_delay for policy in policies]
        self._site["name"] = self._site["name"] or _first(t.title for t in tried)
        self._site["language"] = self._site["language"] or _first(
            t.language for t in tried
        )
        return {
            "event": "probe",
            "site": self._site,
            "endpoints": [t.as_mapping() for t in tried if _works(t)],
            "failed": [t.as_mapping() for t in tried if not _works(t)],
            "samples": [_sample(entry) for entry in samples[:SAMPLES]],
            "in_scope": len(samples),
            "hosts": sorted({host_of(entry.url) for entry in samples}),
            "allow": list(learn_patterns(learned)),
            "delay_seconds": max([DEFAULT_DELAY_SECONDS, *delays]),
            "robots": [_robots(policy) for policy in policies],
            "requests": self._requests,
        }


def _guard(job: ProbeJob) -> Guard:
    urls = [job.url] if job.url else []
    hosts = set(job.source.own_hosts) if job.source else set()
    for url in urls:
        with suppress(ValueError):
            hosts.add(host_of(url))
    return Guard(allow_networks=job.allow_networks, named_hosts=frozenset(hosts))


def _works(tried: Tried) -> bool:
    return bool(tried.entries) or (bool(tried.children) and not tried.problem)


def _only_listing(tried: Sequence[Tried]) -> bool:
    return all(t.kind == "listing" for t in tried if _works(t))


def _absolute(reading: Reading) -> Iterable[Entry]:
    for entry in reading.entries:
        url = urljoin_safely(reading.base, entry.url)
        if url:
            yield Entry(**{**vars(entry), "url": url})


def _looks_like_feed(url: str) -> bool:
    path = urlsplit(url).path.lower()
    return path.endswith((".rss", ".atom", "/rss", "/feed", "/feed/", "/rss.xml"))


def _looks_like_article(url: str) -> bool:
    """Of a link on a listing page: sections have short names, articles do not."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return len(last) >= 8 and ("-" in last or any(c.isdigit() for c in last))


def _distinct(urls: Iterable[str]) -> list[str]:
    return [url for url in dict.fromkeys(urls) if url]


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


def _hints(entry: Entry) -> dict[str, str]:
    published = entry.published_at.isoformat() if entry.published_at else ""
    hints = {
        "title": clean(entry.title),
        "published_at": published,
        "language": entry.language,
    }
    return {name: value for name, value in hints.items() if value}


def _sample(entry: Entry) -> dict[str, Any]:
    moment = entry.dated_at
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
