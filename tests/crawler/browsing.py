"""What goes through the browser's gate, tried in a process of its own.

`browsed` gives what came of pages in a browser and of bytes sent to the gate as they
are; the process is this module, with what to ask as JSON on stdin.
"""

import asyncio
import base64
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.settings import from_mapping
from tests.crawler.guarded_requests import Asking, Names

TICKET = "TICKET"
"""In bytes for the gate: stands for what a page says there."""


@dataclass(frozen=True, kw_only=True)
class Browsing:
    """What to ask.

    Attributes:
        asking: Its URLs are opened by the browser, where there are any; its timeout is
            a plain request's, a page has twice as long.
        executable: Of the browser.
        sent: Requests to the gate, each on a connection of its own.
        max_bytes: Of the ticket that these have.
        egress: Its way out.
    """

    asking: Asking
    executable: str = ""
    sent: tuple[str, ...] = ()
    max_bytes: int = 10**6
    egress: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it.

    Attributes:
        answers: By URL: the status or the reason.
        bodies: By URL.
        replies: The gate's, each in full.
        counted: The hosts that were counted.
        announced: The hosts that were noted.
    """

    answers: dict[str, int | str]
    bodies: dict[str, str]
    replies: list[str]
    counted: list[str]
    announced: list[str]


def browsed(browsing: Browsing) -> Told:
    """What came of it, in another process."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.crawler.browsing"],
        input=json.dumps(asdict(browsing)),
        cwd=Path(__file__).parent.parent.parent,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return Told(**json.loads(done.stdout.splitlines()[-1]))


def page(url: str) -> str:
    """The request of a plain page."""
    head = f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
    return f"{head}Proxy-Authorization: {TICKET}\r\n\r\n"


def tunnel(authority: str) -> str:
    """The request of a tunnel."""
    return f"CONNECT {authority} HTTP/1.1\r\nProxy-Authorization: {TICKET}\r\n\r\n"


async def _sent(address: str, text: str) -> str:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(text.encode())
    try:
        async with asyncio.timeout(10):
            reply = await reader.read(-1)
    except ConnectionResetError:
        reply = b"reset"
    writer.close()
    return reply.decode("latin-1")


def main() -> None:
    from crawler.browser import BrowserFetcher, Fare
    from crawler.browser_gate import Gate
    from crawler.clock import Clock
    from crawler.fetching import Manner
    from crawler.guard import Guard
    from crawler.job import Limits
    from crawler.run import Ending, run_reactor
    from crawler.settings import scrapy_settings

    browsing = from_mapping(Browsing, json.load(sys.stdin))
    asking = browsing.asking
    report = asdict(Told(answers={}, bodies={}, replies=[], counted=[], announced=[]))
    guard = Guard(
        allow_networks=asking.allow_networks,
        named_hosts=frozenset(asking.named_hosts),
        proxies=asking.egress.proxies,
    )
    limits = Limits(timeout_seconds=asking.timeout_seconds)
    settings = scrapy_settings(
        guard=guard,
        limits=limits,
        agent="t",
        egress=asking.egress,
        resolver=lambda reactor: Names(asking, reactor.nameResolver),
        announce=lambda host: report["announced"].append(host),
    )

    def new_gate() -> Gate:
        from twisted.internet import reactor

        return Gate(
            reactor,
            guard=guard,
            egress=asking.egress,
            seconds=asking.timeout_seconds,
            count=report["counted"].append,
        )

    async def send() -> None:
        gate = new_gate()
        address = gate.open()
        ticket = gate.admit(egress=browsing.egress, max_bytes=browsing.max_bytes)
        said = base64.b64encode(f"page:{ticket.password}".encode()).decode()
        for text in browsing.sent:
            reply = await _sent(address, text.replace(TICKET, f"Basic {said}"))
            report["replies"].append(reply)
        gate.close()

    async def browse() -> None:
        fare = Fare(executable=browsing.executable, agent="t", limits=limits)
        fetcher = BrowserFetcher(fare, new_gate(), now=Clock().now)
        await fetcher.prepare()
        manner = Manner(egress=browsing.egress)
        for url in asking.urls:
            answer = await fetcher.fetch(url, manner=manner)
            report["answers"][url] = answer.reason or answer.status
            report["bodies"][url] = answer.body.decode()
        await fetcher.close()

    async def work(_crawler: Any) -> None:
        await send()
        if asking.urls:
            await browse()

    ending = Ending()
    run_reactor(settings, work, ending)
    if ending.error is not None:
        raise ending.error
    print(json.dumps(report))


if __name__ == "__main__":
    main()
