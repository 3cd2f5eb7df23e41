"""Asks a site within a budget, as robots.txt allows, for a probe."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from statistics import median
from urllib.parse import urljoin

from crawler.clock import Clock
from crawler.fetching import Answer, Fetcher, Manner
from crawler.job import ProbeJob, contact_problem
from crawler.proxies import BLAMELESS
from crawler.robots import Policy, learn_policy, origin_of
from pipeline.urls import host_of

MAX_REDIRECTS = 5

PAUSE_SECONDS = 0.3
"""Between two requests to a public host; a person waits for the answer."""

LONGEST_PAUSE_SECONDS = 2.0
"""A source's own delay beyond that: a few requests only are made."""

DEFAULT_DELAY_SECONDS = 2.0

DELAY_FACTOR = 5.0
LONGEST_SLOW_DELAY_SECONDS = 30.0
"""A site is left alone five times as long as it took to answer, up to half a minute:
what Heritrix, the archives' crawler, is set to (`delayFactor`, `maxDelayMs`)."""

LONGEST_DELAY_SECONDS = 3600.0
"""What a source's file may say."""


class Asker:
    """Makes the requests of one probe, one at a time."""

    def __init__(self, job: ProbeJob, fetcher: Fetcher, clock: Clock) -> None:
        """Takes its parts.

        Args:
            job: Says how many requests there may be.
            fetcher: Makes them.
            clock: Tells how long each took.
        """
        self._job = job
        self._fetcher = fetcher
        self._clock = clock
        self._manner = Manner.of(job.source)
        self._took: list[float] = []
        self.policies: dict[str, Policy] = {}
        self.requests = 0

    @property
    def is_spent(self) -> bool:
        """Whether there may be no more requests."""
        return self.requests >= self._job.max_requests

    @property
    def delay_seconds(self) -> float:
        """The pace to propose: by robots.txt, and by how slowly the site answers."""
        told = [policy.crawl_delay for policy in self.policies.values()]
        slow = DELAY_FACTOR * median(self._took) if self._took else 0.0
        # Half seconds: a person reads the number.
        slow = min(math.floor(2 * slow) / 2, LONGEST_SLOW_DELAY_SECONDS)
        return min(max(DEFAULT_DELAY_SECONDS, slow, *told), LONGEST_DELAY_SECONDS)

    async def ask(self, url: str, *, is_sitemap: bool = False) -> Answer:
        """The answer at the end of an address's redirects.

        Args:
            url: Absolute.
            is_sitemap: It may be large.
        """
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
                reason = "robots" if permission == "deny" else _unreachable(policy)
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
        if origin not in self.policies:
            self.policies[origin] = await learn_policy(
                lambda found: self._spend(found, 0), origin, retry_after=timedelta(0)
            )
        return self.policies[origin]

    async def _spend(self, url: str, limit: int) -> Answer:
        if self.is_spent:
            return Answer(url=url, at=self._clock.now(), reason="request_budget_spent")
        if self.requests and not self._is_own(url):
            await asyncio.sleep(self._pause)
        self.requests += 1
        begun = self._clock.monotonic()
        answer = await self._fetcher.fetch(
            url, max_body_bytes=limit, manner=self._manner
        )
        if answer.status:
            self._took.append(self._clock.monotonic() - begun)
        return answer

    @property
    def _pause(self) -> float:
        source = self._job.source
        own = source.delay_seconds if source is not None else 0.0
        return max(PAUSE_SECONDS, min(own, LONGEST_PAUSE_SECONDS))

    def _is_own(self, url: str) -> bool:
        """Whether the address lies in one's own networks, where nobody minds."""
        try:
            return not contact_problem([url], "", self._job.allow_networks)
        except ValueError:
            return False


def _unreachable(policy: Policy) -> str:
    """Why robots.txt cannot be read, where that is not the site's doing."""
    return policy.reason if policy.reason in BLAMELESS else "robots_unreachable"
