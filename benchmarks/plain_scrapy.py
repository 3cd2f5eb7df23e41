"""What one would write instead: Scrapy that follows a feed and keeps nothing.

`python -m benchmarks.plain_scrapy PORT…` prints how many pages came.
"""

import sys
from collections.abc import Iterator
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess


class Plain(scrapy.Spider):
    """Feeds, and every link in them."""

    name = "plain"
    pages = 0

    async def start(self) -> Any:
        """One request per feed."""
        for port in sys.argv[1:]:
            yield scrapy.Request(f"http://127.0.0.1:{port}/feed.xml", self.parse_feed)

    def parse_feed(self, response: Any) -> Iterator[Any]:
        """One request per item."""
        for url in response.xpath("//item/link/text()").getall():
            yield scrapy.Request(url, self.parse_page)

    def parse_page(self, response: Any) -> None:
        """Counts; the page goes nowhere."""
        assert response.body
        type(self).pages += 1


if __name__ == "__main__":
    process = CrawlerProcess(
        {
            "LOG_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "ROBOTSTXT_OBEY": True,
            "CONCURRENT_REQUESTS": 64,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 64,
            "RETRY_ENABLED": False,
        }
    )
    process.crawl(Plain)
    process.start()
    print(Plain.pages)
