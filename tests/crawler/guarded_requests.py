"""Requests made as a crawl makes them, in a process of their own.

`asked` gives what came of each; the process is this module, with what to ask as JSON on
stdin.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.egress import Egress
from pipeline.settings import from_mapping


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What to ask, and how.

    Attributes:
        urls: One after the other.
        allow_networks, named_hosts: Of the guard.
        names: What the resolver answers to a name, in turn; the last answer stays.
        nothing_else: It knows no other name, and reads no address either.
        unverified_hosts: Of the source that asks for the URLs that end in "?source".
        settings: Changed afterwards.
        checked: Through `run_reactor`; otherwise past it, as a mistake would.
        proxied: A proxy set in a request's meta for the first URL.
    """

    urls: tuple[str, ...]
    allow_networks: tuple[str, ...] = ()
    named_hosts: tuple[str, ...] = ()
    egress: Egress = field(default_factory=Egress)
    names: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    nothing_else: bool = False
    unverified_hosts: tuple[str, ...] = ()
    timeout_seconds: float = 3.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    checked: bool = True
    proxied: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it.

    Attributes:
        answers: By URL: the status or the reason.
        details: By URL, for people.
        proxied: What came of the request with a proxy of its own.
        announced: The hosts that were noted, in order.
        error: What the whole ended with, or "".
    """

    answers: dict[str, int | str]
    details: dict[str, str]
    proxied: str
    announced: list[str]
    error: str


def asked(asking: Asking, environment: Mapping[str, str] = {}) -> Told:
    """What came of it, in another process."""
    warnings = ["-W", "error"] if asking.checked else []
    done = subprocess.run(
        [sys.executable, *warnings, "-m", "tests.crawler.guarded_requests"],
        input=json.dumps(asdict(asking)),
        env={**os.environ, **environment},
        cwd=Path(__file__).parent.parent.parent,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return Told(**json.loads(done.stdout.splitlines()[-1]))


class Names:
    """A resolver that says what it is told to."""

    def __init__(self, asking: Asking, inner: Any) -> None:
        self._answers = {name: list(all_) for name, all_ in asking.names.items()}
        self._knows_no_other = asking.nothing_else
        self._inner = inner

    def resolveHostName(self, receiver, host, port=0, types=None, semantics="TCP"):  # noqa: N802
        from twisted.internet.address import IPv4Address, IPv6Address

        answers = self._answers.get(host)
        if answers is None and not self._knows_no_other:
            return self._inner.resolveHostName(receiver, host, port, types, semantics)
        receiver.resolutionBegan(None)
        for address in answers[0] if answers else ():
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        if answers and len(answers) > 1:
            answers.pop(0)
        receiver.resolutionComplete()
        return None


def main() -> None:
    from scrapy import Request
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.clock import Clock
    from crawler.fetching import Fetcher, Manner
    from crawler.guard import Guard
    from crawler.job import Limits
    from crawler.run import Ending, run_reactor
    from crawler.settings import scrapy_settings
    from crawler.spider import WorkSpider

    asking = from_mapping(Asking, json.load(sys.stdin))
    told = Told(answers={}, details={}, proxied="", announced=[], error="")
    report = asdict(told)
    settings = scrapy_settings(
        guard=Guard(
            allow_networks=asking.allow_networks,
            named_hosts=frozenset(asking.named_hosts),
            proxies=asking.egress.proxies,
        ),
        limits=Limits(timeout_seconds=asking.timeout_seconds),
        agent="t",
        egress=asking.egress,
        resolver=lambda reactor: Names(asking, reactor.nameResolver),
        announce=lambda host: report["announced"].append(host),
    )
    settings |= asking.settings

    async def work(crawler: Any) -> None:
        fetcher = Fetcher(
            crawler.engine.download_async,
            now=Clock().now,
            refusals=crawler.settings["BABELWIRE_REFUSALS"],
            max_body_bytes=10**6,
        )
        hosts = frozenset(asking.unverified_hosts)
        for url in asking.urls:
            is_of_source = url.endswith("?source")
            manner = Manner(unverified_hosts=hosts) if is_of_source else None
            answer = await fetcher.fetch(url, manner=manner)
            report["answers"][url] = answer.reason or answer.status
            report["details"][url] = answer.detail
        if asking.proxied:
            request = Request(asking.urls[0], meta={"proxy": asking.proxied})
            try:
                await crawler.engine.download_async(request)
                report["proxied"] = "sent"
            except Exception as error:  # noqa: BLE001
                report["proxied"] = str(error)

    ending = Ending()
    if asking.checked:
        run_reactor(settings, work, ending)
    else:
        process = AsyncCrawlerProcess(settings)
        process.crawl(WorkSpider, work=work)
        process.start(install_signal_handlers=False)
    report["error"] = str(ending.error or "")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
