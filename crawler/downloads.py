"""Who fetches what: a browser the pages of sources that need one, Scrapy all else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from crawler.fetching import NO_BROWSER, Answer, Fetcher, Manner
from crawler.job import Limits
from crawler.proxies import BLAMELESS
from crawler.report import RunReport
from pipeline.sources import Source
from pipeline.store.frontier import DueUrl

WITH_TEXT = frozenset({"", "listing"})
"""Kinds of what a person would read: articles (which have none) and listings."""


class Browsing(Protocol):
    """Fetches pages with a browser; `crawler.browser.BrowserFetcher`."""

    async def fetch(self, url: str, *, manner: Manner, language: str = "") -> Answer:
        """The page as its scripts leave it."""
        ...


class Downloads:
    """Fetches for the dispatcher, and tells a person once what keeps it from it."""

    def __init__(
        self,
        fetcher: Fetcher,
        browser: Browsing | None,
        *,
        limits: Limits,
        report: RunReport,
        now: Callable[[], datetime],
    ) -> None:
        """Takes its parts.

        Args:
            fetcher: Of all that no browser is needed for.
            browser: None where no source needs one, or there is none.
            limits: Of the crawl.
            report: Told of proxies and browsers that do not work.
            now: The clock.
        """
        self._fetcher = fetcher
        self._browser = browser
        self._limits = limits
        self._report = report
        self._now = now
        self._told: set[str] = set()

    async def visit(self, row: DueUrl, source: Source) -> Answer:
        """The answer to a visit that is due."""
        if source.browser and row.endpoint_kind in WITH_TEXT:
            return await self._browse(row, source)
        headers = {}
        if row.etag:
            headers["If-None-Match"] = row.etag
        if row.last_modified:
            headers["If-Modified-Since"] = row.last_modified
        is_sitemap = row.endpoint_kind == "sitemap"
        limit = self._limits.max_sitemap_bytes if is_sitemap else 0
        return await self.fetch(
            row.url, source=source, headers=headers, max_body_bytes=limit
        )

    async def fetch(self, url: str, *, source: Source, **how: Any) -> Answer:
        """The answer to one plain request for a source; `how` as `Fetcher.fetch`."""
        manner = Manner.of(source)
        answer = await self._fetcher.fetch(url, manner=manner, **how)
        return self._noted(answer, source)

    async def _browse(self, row: DueUrl, source: Source) -> Answer:
        if self._browser is None:  # which was told when the crawl began
            self._told.add(NO_BROWSER)
            return Answer(url=row.url, at=self._now(), reason=NO_BROWSER, refused=True)
        language = next(iter(source.languages), "")
        answer = await self._browser.fetch(
            row.url, manner=Manner.of(source), language=language
        )
        return self._noted(answer, source)

    def _noted(self, answer: Answer, source: Source) -> Answer:
        blamed = answer.via if answer.reason in BLAMELESS else ""
        if answer.reason == NO_BROWSER:
            blamed = NO_BROWSER
        if blamed and blamed not in self._told:
            self._told.add(blamed)
            what = "needs it" if blamed == NO_BROWSER else "should go through it"
            self._report.note(
                f"{answer.detail}; what {what} stays due", source=source.name
            )
        return answer
