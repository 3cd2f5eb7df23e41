"""Crawls that are killed: each a process of its own, forked from a warm one.

Thirty crawls would import Scrapy thirty times; the fork server has it already.
"""

import json
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from crawler.committer import Committer, Fetched
from crawler.job import CrawlJob
from crawler.run import MakeCommitter, run_crawl
from pipeline.archive import ArchiveWriter, scan
from pipeline.documents import WarcPlace
from pipeline.errors import DamageError
from pipeline.failpoints import failpoint
from pipeline.store.committing import commit_batch
from pipeline.store.visits import Committed
from tests.crawler.workspace import Workspace

KILLED = -9
SYNCED = "synced.txt"
"""Beside the archive: what each of its files had when it was last synced."""


@dataclass
class Crawl:
    """A running crawl.

    Attributes:
        process: Of the crawl.
        told: Where its events are written.
    """

    process: BaseProcess
    told: Path

    def kill(self) -> None:
        """As a power cut would end it, but for what the disk was told to keep."""
        self.process.kill()

    def wait(self) -> int:
        """Its exit status; `KILLED` after a kill."""
        self.process.join()
        status = self.process.exitcode
        assert status is not None
        return status

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it told."""
        lines = self.told.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]


@contextmanager
def begun(job: CrawlJob, *, failpoint: str = "", order: str = "") -> Iterator[Crawl]:
    """Starts a crawl.

    Args:
        job: What to do.
        failpoint: Where it dies by itself, or "".
        order: A key of `ORDERS`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    told = Path(job.lock_file).with_name("events.jsonl")
    told.write_text("", "utf-8")
    arguments = (job.to_json(), failpoint, order, str(told))
    process = context.Process(target=_crawl, args=arguments)
    process.start()
    try:
        yield Crawl(process, told)
    finally:
        process.kill()
        process.join()


def _crawl(job: str, failpoint: str, order: str, told: str) -> None:
    os.environ["BABELWIRE_FAILPOINT"] = failpoint
    # The parser's process is a new one each time: compiled once is faster.
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(told).with_name("compiled"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with Path(told).open("a", encoding="utf-8", buffering=1) as file:
        status = run_crawl(
            CrawlJob.from_json(job),
            lambda event: print(json.dumps(event), file=file),
            make_committer=ORDERS[order],
        )
    os._exit(status)


# --- The right order, and two wrong ones --------------------------------------------


class _NotingArchive(ArchiveWriter):
    """Notes what it has synced: the rest would not survive a power cut."""

    def sync(self) -> None:
        super().sync()
        if self._file is not None:
            with (self._folder.parent / SYNCED).open("a", encoding="utf-8") as file:
                file.write(f"{self._name} {self._size}\n")


class _LateArchive(ArchiveWriter):
    """Keeps records in memory until it is synced; their places are known before."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._kept: list[bytes] = []

    def _write(self, data: bytes) -> None:
        self._kept.append(data)
        self._size += len(data)

    def sync(self) -> None:
        for data in self._kept:
            self._size -= len(data)
            super()._write(data)
        self._kept = []
        super().sync()


class _MarksFirst(Committer):
    """Wrong: the store has the pages before the archive has them."""

    def _write(self, batch: list[Fetched]) -> Committed:
        visits = [self._archived(fetched, {}) for fetched in batch]
        with self._database.write() as connection:
            result = commit_batch(
                connection,
                visits,
                self._now(),
                run_started_at=self._run_started_at,
                revisit_days=self._revisit_days,
            )
        failpoint("crawl.after_commit")
        self._archive.sync()
        return result


def _with(archive: type[ArchiveWriter], committer: type[Committer]) -> MakeCommitter:
    def make(database: Any, writer: ArchiveWriter, **more: Any) -> Committer:
        # The given writer has made no file yet.
        other = archive(writer._folder, now=more["now"])
        return committer(database, other, **more)

    return make


ORDERS: dict[str, MakeCommitter] = {
    "": Committer,
    "right, noting": _with(_NotingArchive, Committer),
    "unwritten": _with(_LateArchive, _MarksFirst),
    "unsynced": _with(_NotingArchive, _MarksFirst),
}
"""Right; right, for `cut_power`; the records come after the commit; their sync does."""


# --- What is left after a kill ------------------------------------------------------


def cut_power(workspace: Workspace) -> int:
    """Takes from the archive what was not synced; how many bytes."""
    notes = workspace.folder / SYNCED
    lines = notes.read_text("utf-8").splitlines() if notes.exists() else []
    synced = {name: int(size) for name, size in (line.split() for line in lines)}
    lost = 0
    for path in sorted(workspace.archive.glob("*.warc.gz")):
        size = path.stat().st_size
        kept = synced.get(path.name, 0)
        lost += size - kept
        if kept:
            os.truncate(path, kept)
        else:
            path.unlink()  # its name was not synced either
    return lost


def unreadable_pages(workspace: Workspace) -> list[str]:
    """Pages that the store says are archived, and are not."""
    found = []
    for page in workspace.table("pages"):
        try:
            stored = workspace.stored(page)
        except DamageError as error:
            found.append(str(error))
            continue
        same = not page.body_checksum or page.body_checksum == stored.checksum
        if stored.url != page.url or not same:
            found.append(f"{page.archive_file}: {stored.url}, expected {page.url}")
    return found


def records(workspace: Workspace) -> list[WarcPlace]:
    """Every whole record of the archive but those that describe a file."""
    return [
        place
        for path in sorted(workspace.archive.iterdir())
        for place in scan(path)
        if place.offset
    ]


def torn_files(workspace: Workspace) -> list[str]:
    """Files with bytes behind their last whole record."""
    found = []
    for path in workspace.archive.iterdir():
        *_, last = scan(path)
        if last.offset + last.length != path.stat().st_size:
            found.append(path.name)
    return found
