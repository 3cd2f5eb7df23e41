"""After a crash: how long the torn end of an archive file takes to be cut off.

The store knows nothing of the file's last 200 MB, the worst there is: each record of
them has to be inflated to find where the last whole one ends. Pages as a crawl
archives them, compressed as the servers sent them; and decoded ones, as imports have
them, which take longer and come in tails of a batch at most.
"""

import gzip
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from benchmarks.measured import verdict
from pipeline.archive import ArchivedResponse, ArchiveWriter, repair_tail

TAIL_MB = 200
GOAL_SECONDS = 1.0
"""For 100 MB."""

WORDS_A_PAGE = 9_000
"""57 KB of HTML, about what news pages have on average."""

NOW = datetime(2024, 6, 21, tzinfo=UTC)
HTML = ("Content-Type", "text/html; charset=utf-8")
ENCODED = ("Content-Encoding", "gzip")


def main(tail_mb: int = TAIL_MB) -> None:
    """Prints seconds for 100 MB."""
    pages = _pages(20)
    packed = [gzip.compress(page, 6) for page in pages]
    seconds = _measured(tail_mb, lambda n: _response(n, packed, (HTML, ENCODED)))
    verdict("s for 100 MB of tail", seconds, GOAL_SECONDS, at_least=False)
    seconds = _measured(tail_mb // 4, lambda n: _response(n, pages, (HTML,)))
    print(f"  s for 100 MB of decoded pages: {seconds:.2f}")


def _measured(tail_mb: int, response: Callable[[int], ArchivedResponse]) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known, file = _write(folder, tail_mb * 1_000_000, response)
        tail = file.stat().st_size - known
        started = time.perf_counter()
        (repair,) = repair_tail(folder, {file.name: known})
        seconds = time.perf_counter() - started
    assert repair.cut_bytes > 0
    print(f"  {tail / 1e6:.0f} MB, {repair.orphans:,} records: {seconds:.2f} s")
    return seconds * 1e8 / tail


def _write(
    folder: Path, size: int, response: Callable[[int], ArchivedResponse]
) -> tuple[int, Path]:
    """A file with a torn end, and up to where the store knows it."""
    writer = ArchiveWriter(folder, now=lambda: NOW)
    place = first = writer.append(response(0))
    for number in count(1):
        if place.offset + place.length > size:
            break
        place = writer.append(response(number))
    writer.close()
    file = folder / place.file
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - place.length // 2)
    return first.offset + first.length, file


def _response(
    number: int, bodies: list[bytes], headers: tuple[tuple[str, str], ...]
) -> ArchivedResponse:
    return ArchivedResponse(
        url=f"https://example.org/{number}",
        at=NOW,
        status=200,
        headers=headers,
        body=bodies[number % len(bodies)],
    )


def _pages(number: int) -> list[bytes]:
    """Words in the frequencies of a language, so that they compress like one."""
    chance = random.Random(1)
    letters = b"eeeetttaaooinnsshrrdlu"
    words = [
        bytes(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(9999)
    ]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return [
        b"<html><p>"
        + b" ".join(chance.choices(words, weights, k=WORDS_A_PAGE))
        + b"</p></html>"
        for _ in range(number)
    ]
