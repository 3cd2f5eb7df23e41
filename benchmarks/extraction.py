"""What reading a page costs beside trafilatura, and how the pool of children scales.

The pages are those of `process`, or real ones where `BABELWIRE_QUALITY_DATA` names the
evaluation data.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gold_pages import gold_pages
from benchmarks.measured import median, verdict
from benchmarks.process import write_pages
from pipeline.extraction.files import FileJob, extract_file
from pipeline.workers import Limits, Workers

ROUNDS = 3
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main(pages: int = 240) -> None:
    """Prints both ratios; each round measures all sides in turn."""
    costs, scales = [], []
    with tempfile.TemporaryDirectory() as name:
        jobs = _jobs(Path(name), pages)
        for _ in range(ROUNDS):
            costs.append(_cpu_seconds(_ours, jobs) / _cpu_seconds(_trafilatura, jobs))
            scales.append(_pages_per_second(jobs, cores()) / _alone(jobs))
    print(f"  {len(jobs)} pages, {cores()} cores")
    verdict("CPU time of trafilatura's text", median(costs), 2.5, at_least=False)
    verdict("of cores × one child, in a pool", median(scales), 0.9, at_least=True)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _jobs(folder: Path, pages: int) -> list[FileJob]:
    if data := os.environ.get("BABELWIRE_QUALITY_DATA"):
        for number, page in enumerate(gold_pages(Path(data))):
            (folder / f"{number:05}.html").write_bytes(page.body)
    else:
        write_pages(folder)
    paths = sorted(folder.rglob("*.html"))[:pages]
    return [
        FileJob(path=str(path), url="https://example.org/a", now=NOW) for path in paths
    ]


def _alone(jobs: Sequence[FileJob]) -> float:
    """What all cores would do if each did what one child does by itself."""
    return cores() * _pages_per_second(jobs, 1)


def _pages_per_second(jobs: Sequence[FileJob], size: int) -> float:
    with Workers(extract_file, size=size, limits=Limits()) as workers:
        workers.run(jobs[: 4 * size])  # starting and importing is not what is compared
        started = time.perf_counter()
        workers.run(jobs)
        return len(jobs) / (time.perf_counter() - started)


def _cpu_seconds(task: Callable[[FileJob], int], jobs: Sequence[FileJob]) -> float:
    task(jobs[0])
    started = time.process_time()
    for job in jobs:
        task(job)
    return time.process_time() - started


def _ours(job: FileJob) -> int:
    return len(extract_file(job).text)


def _trafilatura(job: FileJob) -> int:
    from trafilatura import extract

    return len(extract(Path(job.path).read_bytes(), include_comments=False) or "")


if __name__ == "__main__":
    main()
