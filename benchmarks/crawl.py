"""Pages per second of a crawl against plain Scrapy fetching into nothing.

Ours archives, syncs, keeps its frontier in the store, asks robots.txt of every
host and passes every address through the guard. Both fetch the same pages from
the same server, in turn; both starts are included.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measured import ROOT, Measured, child, median, verdict
from crawler.job import CrawlJob, Limits
from crawler.launch import child_environment
from pipeline.sources import Source
from pipeline.store import open_database, sqlite_url

HOSTS, PAGES, ROUNDS = 20, 75, 3


def main() -> None:
    """Prints the ratio of each round, and memory."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pages", str(HOSTS), str(PAGES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdout is not None
    ports = [server.stdout.readline().strip() for _ in range(HOSTS)]
    try:
        compare(ports)
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(20)
        server.stdout.close()


def compare(ports: list[str]) -> None:
    """Both, in turn."""
    ratios, peaks = [], []
    for number in range(ROUNDS):
        plain = child(["-m", "benchmarks.plain_scrapy", *ports])
        assert int(plain.out) == HOSTS * PAGES
        ours = crawl(ports)
        ratios.append(plain.wall / ours.wall)
        peaks.append(ours.peak_mib)
        print(
            f"  round {number + 1}: ours {HOSTS * PAGES / ours.wall:.0f} pages/s, "
            f"plain {HOSTS * PAGES / plain.wall:.0f} pages/s, "
            f"cpu {ours.cpu / plain.cpu:.2f} of plain, "
            f"{ours.peak_mib:.0f} and {plain.peak_mib:.0f} MiB"
        )
    verdict("speed of plain", median(ratios), 0.9, at_least=True)
    verdict("MiB at most", max(peaks), 150, at_least=False)


def crawl(ports: list[str]) -> Measured:
    """One crawl into a new workspace."""
    with tempfile.TemporaryDirectory() as folder:
        job = job_of(folder, ports, delay_seconds=0.0, limits=Limits(per_host=8))
        # As the application starts it.
        arenas = {"MALLOC_ARENA_MAX": child_environment()["MALLOC_ARENA_MAX"]}
        done = child(["-m", "crawler"], job.to_json(), arenas)
        finished = json.loads(done.out.splitlines()[-1])
        fetched = sum(s["run"]["fetched"] for s in finished["sources"].values())
        assert fetched == HOSTS * PAGES, finished
        return done


def job_of(
    folder: str, ports: list[str], *, delay_seconds: float, limits: Limits
) -> CrawlJob:
    """The job of a new workspace: a source for each port, with a feed."""
    url = sqlite_url(Path(folder) / "store.db")
    open_database(url).close()
    sources = tuple(
        Source(
            name=f"s{port}",
            kind="news",
            publisher="S",
            feeds=(f"http://127.0.0.1:{port}/feed.xml",),
            delay_seconds=delay_seconds,
        )
        for port in ports
    )
    return CrawlJob(
        database_url=url,
        archive_folder=f"{folder}/archive",
        lock_file=f"{folder}/lock",
        sources=sources,
        allow_networks=("127.0.0.1/32",),
        limits=limits,
    )


if __name__ == "__main__":
    main()
