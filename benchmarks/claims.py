"""What it takes to claim a host's next pages while a million wait.

A million article addresses of 200 hosts (Zipf) are pending in the store; a claim is
what the dispatcher asks of it when a host runs low: its newest rows that are due.
"""

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.measured import median, percentile, verdict
from crawler.frontier import REFILL_ROWS
from pipeline.sources import Source
from pipeline.store import Database, open_database, sqlite_url
from pipeline.store.frontier import due_articles, due_hosts
from pipeline.store.sources import keep_sources
from pipeline.store.tables import urls

PENDING, HOSTS, CLAIMS, BATCH = 1_000_000, 200, 3000, 20_000
NOW = datetime(2024, 6, 21, 12, tzinfo=UTC)


def main(pending: int = PENDING) -> None:
    """Prints milliseconds a claim."""
    chosen = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        database = open_database(sqlite_url(path))
        try:
            fill(database, pending, chosen)
            size = path.stat().st_size / pending
            print(f"  {pending:,} pending, {size:.0f} bytes each in the database")
            measure(database, chosen)
        finally:
            database.close()


def fill(database: Database, pending: int, chosen: random.Random) -> None:
    """Many hosts with few pages, few with many."""
    hosts = [f"h{number}.example" for number in range(HOSTS)]
    weights = [1 / (rank + 1) for rank in range(HOSTS)]
    source = Source(
        name="s", kind="news", publisher="S", feeds=("https://h0.example/feed",)
    )
    with database.write() as connection:
        keep_sources(connection, [source], NOW)
    for start in range(0, pending, BATCH):
        size = min(BATCH, pending - start)
        picked = chosen.choices(hosts, weights, k=size)
        rows = [row(start + n, host, chosen) for n, host in enumerate(picked)]
        with database.write() as connection:
            connection.execute(insert(urls), rows)


def row(number: int, host: str, chosen: random.Random) -> dict[str, object]:
    """One address, due in the last month."""
    url = f"https://{host}/2024/06/21/a-story-of-usual-length-{number}"
    return {
        "source": "s",
        "role": "article",
        "url": url,
        "url_key": url,
        "host": host,
        "via": "feed",
        "hints": {"title": "A headline of usual length"},
        "discovered_at": NOW,
        "due_at": NOW - timedelta(seconds=chosen.randrange(2_592_000)),
    }


def measure(database: Database, chosen: random.Random) -> None:
    """Claims of any hosts, large or small."""
    times = []
    with database.read() as connection:
        begun = time.perf_counter()
        hosts = list(due_hosts(connection, ["s"]))
        took = 1000 * (time.perf_counter() - begun)
    for _ in range(CLAIMS):
        host = chosen.choice(hosts)
        begun = time.perf_counter()
        with database.read() as connection:
            rows, _ = due_articles(connection, host, NOW, limit=REFILL_ROWS)
        times.append(1000 * (time.perf_counter() - begun))
        assert rows
    print(f"  once a run, when each host is first due: {took:.0f} ms")
    print(f"  a claim: p50 {median(times):.2f} ms")
    verdict("ms a claim, p95", percentile(times, 0.95), 5.0, at_least=False)


if __name__ == "__main__":
    main()
