"""Group commit: archive first, then the store, for a batch of visits at once.

The ordering rule, one batch: append the records; sync the archive; one
transaction; only then forget the rows in memory. A commit for every page made a
tenth of plain Scrapy's pages per second on a loaded disk; for 64 at once, all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from pipeline.archive import ArchivedResponse, ArchiveWriter
from pipeline.documents import WarcPlace
from pipeline.failpoints import failpoint
from pipeline.store import Database
from pipeline.store.archive_places import places_of_bodies
from pipeline.store.committing import commit_batch
from pipeline.store.visits import Committed, NewPage, Visit

T = TypeVar("T")

BATCH_VISITS = 64
BATCH_SECONDS = 0.1
"""Measured: 25 to 60 commits per 1,200 pages, at no cost in pages per second."""

BATCH_BYTES = 16 << 20
"""A batch of large pages is written early: it is held in memory until then."""

MAX_WAITING_BATCHES = 4
"""So many in the queue, and no more is fetched until the disk keeps up."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A visit with what of it is to be archived.

    Attributes:
        visit: Without its page.
        response: None where no whole answer came.
        checksum: Of the decoded body; "" where there is none.
        body_bytes: After decoding.
        rendered: The browser that made the body, or "".
    """

    visit: Visit
    response: ArchivedResponse | None = None
    checksum: str = ""
    body_bytes: int = 0
    rendered: str = ""


def printable(text: str) -> str:
    """A header's value as a database takes it: PostgreSQL keeps no NUL."""
    return "".join(c for c in text if c.isprintable())


class Committer:
    """Collects visits and writes them in batches, on one thread of its own.

    Everything but the writing happens on the event loop's thread.
    """

    def __init__(
        self,
        database: Database,
        archive: ArchiveWriter,
        *,
        now: Callable[[], datetime],
        run_started_at: datetime,
        revisit_days: Mapping[str, int] | int,
        committed: Callable[[list[Visit], Committed], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Takes what it writes to.

        Args:
            database: The store.
            archive: The page archive.
            now: The clock.
            run_started_at: See `commit_batch`.
            revisit_days: See `commit_batch`.
            committed: Called after each batch.
            failed: Called when a batch could not be written; none is after that.
        """
        self._database = database
        self._archive = archive
        self._now = now
        self._run_started_at = run_started_at
        self._revisit_days = revisit_days
        self._committed = committed
        self._failed = failed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._batch: list[Fetched] = []
        self._batch_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = 0
        self._broken = False

    @property
    def is_full(self) -> bool:
        """Back-pressure: nothing more should be fetched for now."""
        return self._writing >= MAX_WAITING_BATCHES

    @property
    def is_empty(self) -> bool:
        """Whether every visit was committed."""
        return not self._batch and not self._writing

    def add(self, fetched: Fetched) -> None:
        """Takes a visit; it is committed within about a tenth of a second."""
        self._batch.append(fetched)
        self._batch_bytes += len(fetched.response.body) if fetched.response else 0
        if len(self._batch) >= BATCH_VISITS or self._batch_bytes >= BATCH_BYTES:
            self._begin()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(BATCH_SECONDS, self._begin)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Runs a query on the store's thread, after the batches before it."""

        def work() -> T:
            with self._database.read() as connection:
                return query(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Runs a change in a transaction of its own, on the store's thread."""

        def work() -> T:
            with self._database.write() as connection:
                return change(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def flush(self) -> None:
        """Commits what is there, and waits for it."""
        self._begin()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Flushes, closes the archive, ends the thread."""
        await self.flush()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._archive.close)
        self._thread.shutdown()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if batch and not self._broken:
            task = asyncio.get_running_loop().create_task(self._commit(batch))
            self._writing += 1
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _commit(self, batch: list[Fetched]) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._thread, self._write, batch)
        except BaseException as error:  # noqa: BLE001 - the run's edge: it ends there
            self._broken = True
            self._writing -= 1
            self._failed(error)
            return
        self._writing -= 1
        self._committed([fetched.visit for fetched in batch], result)

    def _write(self, batch: list[Fetched]) -> Committed:
        failpoint("crawl.before_archive")
        originals = self._originals(batch)
        visits = [self._archived(fetched, originals) for fetched in batch]
        failpoint("crawl.after_archive")
        self._archive.sync()
        failpoint("crawl.after_sync")
        with self._database.write() as connection:
            result = commit_batch(
                connection,
                visits,
                self._now(),
                run_started_at=self._run_started_at,
                revisit_days=self._revisit_days,
            )
        failpoint("crawl.after_commit")
        return result

    def _originals(self, batch: list[Fetched]) -> dict[int, WarcPlace]:
        """Of the 304 answers: where the page is that each says is still right."""
        wanted = {
            fetched.visit.target.id: fetched.visit.target.body_checksum
            for fetched in batch
            if fetched.response is not None and fetched.response.kind == "revisit"
        }
        if not wanted:
            return {}
        with self._database.read() as connection:
            return places_of_bodies(connection, wanted)

    def _archived(self, fetched: Fetched, originals: Mapping[int, WarcPlace]) -> Visit:
        response = fetched.response
        if response is None:
            return fetched.visit
        place = originals.get(fetched.visit.target.id)
        if response.kind == "revisit" and place is not None:
            original = self._archive.original(place)
            response = replace(response, original=original)
        page = NewPage(
            place=self._archive.append(response),
            status=response.status,
            content_type=printable(response.header("Content-Type"))[:500],
            body_checksum=fetched.checksum,
            body_bytes=fetched.body_bytes,
            rendered=fetched.rendered,
        )
        return replace(fetched.visit, page=page)
