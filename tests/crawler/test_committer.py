"""Group commit: visits are written together, early where they are large, in order."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crawler.committer import (
    BATCH_BYTES,
    BATCH_VISITS,
    MAX_WAITING_BATCHES,
    Committer,
    Fetched,
)
from pipeline.archive import ArchivedResponse
from pipeline.store.frontier import DueUrl
from pipeline.store.visits import Committed, Visit

NOW = datetime(2024, 6, 21, tzinfo=UTC)
NOTHING = Committed(
    discovered=Counter(),
    outcomes=Counter(),
    settled=Counter(),
    endpoints=(),
    due={},
    endpoints_due=False,
)


class Writing(Committer):
    """Keeps what it was to write; `before` is called for each batch."""

    def __init__(self, before: Callable[[], Any] = lambda: None) -> None:
        self.written: list[int] = []
        self.committed: list[int] = []
        self.failures: list[BaseException] = []
        self.before = before
        nothing: Any = None
        super().__init__(
            nothing,
            nothing,
            now=lambda: NOW,
            run_started_at=NOW,
            revisit_days=7,
            committed=lambda visits, _: self.committed.append(len(visits)),
            failed=self.failures.append,
        )

    def _write(self, batch: list[Fetched]) -> Committed:
        self.before()
        self.written.append(len(batch))
        return NOTHING


def fetched(size: int = 0) -> Fetched:
    target = DueUrl(
        id=1,
        source="site",
        role="article",
        endpoint_kind="",
        url="https://example.org/",
        url_key="https://example.org/",
        host="example.org",
        via="feed",
        depth=0,
        hints={},
        attempts=0,
        etag="",
        last_modified="",
        body_checksum="",
    )
    response = ArchivedResponse(
        url=target.url, at=NOW, status=200, headers=(), body=bytes(size)
    )
    visit = Visit(target=target, at=NOW, verdict="read")
    return Fetched(visit=visit, response=response if size else None)


def test_visits_are_committed_together() -> None:
    async def run() -> Writing:
        committer = Writing()
        for _ in range(2 * BATCH_VISITS + 3):
            committer.add(fetched())
        await committer.flush()
        assert committer.is_empty
        return committer

    committer = asyncio.run(run())
    assert committer.written == [BATCH_VISITS, BATCH_VISITS, 3]
    assert committer.committed == committer.written


def test_a_visit_that_is_alone_does_not_wait_for_others() -> None:
    async def run() -> Writing:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        committer = Writing(before=lambda: loop.call_soon_threadsafe(done.set))
        committer.add(fetched())
        await done.wait()
        await committer.flush()
        return committer

    assert asyncio.run(run()).written == [1]


def test_large_pages_are_written_early() -> None:
    async def run() -> Writing:
        committer = Writing()
        for _ in range(6):
            committer.add(fetched(BATCH_BYTES // 2))
        await committer.flush()
        return committer

    assert asyncio.run(run()).written == [2, 2, 2]


def test_nothing_more_is_fetched_until_the_disk_keeps_up() -> None:
    async def run() -> list[bool]:
        committer, full = Writing(), []
        for _ in range(MAX_WAITING_BATCHES):
            full.append(committer.is_full)
            for _ in range(BATCH_VISITS):
                committer.add(fetched())
        full.append(committer.is_full)
        await committer.flush()
        return [*full, committer.is_full]

    assert asyncio.run(run()) == [False] * MAX_WAITING_BATCHES + [True, False]


def test_after_a_batch_that_could_not_be_written_none_is() -> None:
    def fail() -> None:
        raise OSError("gone")

    async def run() -> Writing:
        committer = Writing(before=fail)
        committer.add(fetched())
        await committer.flush()
        committer.before = lambda: None
        committer.add(fetched())
        await committer.flush()
        return committer

    committer = asyncio.run(run())
    assert [str(error) for error in committer.failures] == ["gone"]
    assert (committer.written, committer.committed) == ([], [])
