"""200 hosts at one request a second each, a tenth of them slow, against the ideal.

The server counts what arrives, and when. A host may be asked again its delay after
its last answer ended, so the ideal of a host that takes S seconds is 1 ÷ (1 + S).
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from itertools import pairwise

from benchmarks.crawl import job_of
from benchmarks.measured import ROOT, median, percentile, verdict
from benchmarks.pages import answer, feed
from crawler.job import Limits
from crawler.launch import CrawlProcess

HOSTS, SLOW, PAGES = 200, 20, 60
DELAY_SECONDS, SLOW_SECONDS = 1.0, 8.0
WINDOW_SECONDS = 25.0


async def serve() -> None:
    """Serves until standard input closes, then prints each host's arrivals."""
    loop = asyncio.get_running_loop()
    arrivals: list[list[float]] = [[] for _ in range(HOSTS)]
    servers = []
    for host in range(HOSTS):
        server = await asyncio.start_server(
            _handler(host, arrivals[host]), "127.0.0.1", 0
        )
        servers.append(server)
        print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(arrivals), flush=True)
    for server in servers:
        server.close()


def _handler(host: int, arrivals: list[float]):  # type: ignore[no-untyped-def]
    story = answer(b"<p>story</p>" * 100, "text/html; charset=utf-8")
    missing = answer(b"", "text/plain", "404 Not Found")

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        port = writer.get_extra_info("sockname")[1]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1]
                if path.startswith(b"/story"):
                    arrivals.append(asyncio.get_running_loop().time())
                    if host < SLOW:
                        await asyncio.sleep(SLOW_SECONDS)
                    writer.write(story)
                elif path == b"/feed.xml":
                    writer.write(answer(feed(port, PAGES), "application/rss+xml"))
                else:
                    writer.write(missing)
                await writer.drain()
        except (
            asyncio.IncompleteReadError,
            asyncio.CancelledError,
            ConnectionError,
        ):
            writer.close()

    return handle


def crawl(ports: list[str]) -> None:
    """One crawl that is stopped once the window is over."""
    with tempfile.TemporaryDirectory() as folder:
        job = job_of(folder, ports, delay_seconds=DELAY_SECONDS, limits=Limits())
        with CrawlProcess(job) as process:
            for event in process.events():
                if event["event"] == "progress" and _is_over(event):
                    process.terminate()


def _is_over(event: dict[str, dict[str, dict[str, int]]]) -> bool:
    """Fast hosts have been asked for longer than the window and its beginning."""
    fetched = sorted(s["fetched"] for s in event["sources"].values())
    return fetched[len(fetched) // 2] >= WINDOW_SECONDS / DELAY_SECONDS + 5


def main() -> None:
    """Prints the rate against the ideal, and the gaps at a host."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fairness", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    ports = [server.stdout.readline().strip() for _ in range(HOSTS)]
    try:
        crawl(ports)
    finally:
        server.stdin.close()
    arrivals = json.loads(server.stdout.readline())
    server.wait(20)
    server.stdout.close()
    judge(arrivals)


def judge(arrivals: list[list[float]]) -> None:
    """The window begins when every host was asked for a page once."""
    begin = max(times[0] for times in arrivals if times)
    end = begin + WINDOW_SECONDS
    inside = [[t for t in times if begin <= t < end] for times in arrivals]
    number = sum(len(times) for times in inside)
    ideal = (HOSTS - SLOW) / DELAY_SECONDS + SLOW / (DELAY_SECONDS + SLOW_SECONDS)
    fast = [len(times) for times in inside[SLOW:]]
    gaps = [b - a for times in arrivals[SLOW:] for a, b in pairwise(times)]
    print(
        f"  {sum(map(bool, arrivals))} of {HOSTS} hosts reached, "
        f"{number / WINDOW_SECONDS:.1f} requests/s of {ideal:.1f}; a fast host "
        f"{min(fast)} to {max(fast)} times in {WINDOW_SECONDS:.0f} s; gaps "
        f"{min(gaps):.2f} s at least, median {median(gaps):.2f}, "
        f"p95 {percentile(gaps, 0.95):.2f}"
    )
    verdict("of the ideal rate", number / WINDOW_SECONDS / ideal, 0.95, at_least=True)
    verdict("shortest gap ÷ delay", min(gaps) / DELAY_SECONDS, 1.0, at_least=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
