"""The one spider: lends Scrapy's downloader to a coroutine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from scrapy import Spider
from scrapy.crawler import Crawler

Work = Callable[[Crawler], Awaitable[None]]


class WorkSpider(Spider):
    """Runs its work once the engine is up; the engine ends after it."""

    name = "babelwire"

    def __init__(self, work: Work, **kwargs: Any) -> None:
        """Takes the work.

        Args:
            work: Gets the crawler, whose engine downloads.
            kwargs: Scrapy's.
        """
        super().__init__(**kwargs)
        self._work = work

    async def start(self) -> AsyncIterator[Any]:
        """Scrapy's entry; yields nothing."""
        await self._work(self.crawler)
        nothing: tuple[Any, ...] = ()
        for item in nothing:
            yield item
