"""The probe itself, on a downloader without Scrapy's engine: starts at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from scrapy.http import Response

from crawler.clock import Clock, utc_now
from crawler.fetching import Fetcher
from crawler.job import Limits, ProbeJob
from crawler.parsing import ParserProcess
from crawler.probe import Probe
from tests.crawler.workspace import LOOPBACK, QUICK

TODAY = datetime(2024, 6, 30, 12, tzinfo=UTC)


def probe(
    *, monotonic: Callable[[], float] | None = None, **fields: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a probe found, and the articles that it fetched.

    Args:
        monotonic: Seconds, in place of those of an exact clock that stands still.
        fields: Of the job.
    """
    limits = Limits(**QUICK)
    job = ProbeJob(**{"allow_networks": LOOPBACK, "limits": limits, **fields})
    fetcher = Fetcher(download, now=utc_now, refusals={}, max_body_bytes=1 << 20)
    clock = Clock(now=lambda: TODAY, monotonic=monotonic or (lambda: 0.0))
    parser = ParserProcess(seconds=20.0)
    events: list[dict[str, Any]] = []
    try:
        asyncio.run(Probe(job, fetcher, parser, events.append, clock).run())
    finally:
        parser.close()
    return events[-1], [e for e in events if e["event"] == "article"]


async def download(request: Any) -> Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(request.url)
    return Response(
        request.url,
        status=answer.status_code,
        headers=dict(answer.headers),
        body=answer.content,
    )
