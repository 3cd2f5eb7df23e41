"""`run`: crawl, process and index in small rounds, so that answers come early."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from babelwire.assembly import processor
from babelwire.crawl_progress import CrawlProgress, crawl_progress
from babelwire.crawling import CrawlOutcome, finish, take_event, watched
from babelwire.indexing import Indexing
from babelwire.needs import ModelNeeds, asking
from babelwire.terminal import note, one_line, say
from pipeline.errors import EngineError, LockedError, UnreachableError

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from crawler.job import CrawlJob
    from crawler.launch import CrawlProcess
    from pipeline.stages.process import Processor
    from pipeline.store import Database

ROUND_SECONDS = 1.0
"""A round begins at least so often while the crawl goes on."""

STOP_SECONDS = 30.0
"""An interrupted crawl has so long to store what it fetched."""


def run_rounds(workspace: Workspace, database: Database, job: CrawlJob) -> CrawlOutcome:
    """Crawls, processes and indexes together until all is done.

    Raises:
        KeyboardInterrupt: After the crawl's last batch was stored.
        BabelwireError: The crawl could not run.
    """
    from crawler.launch import CrawlProcess

    outcome = CrawlOutcome()
    with (
        crawl_progress() as progress,
        CrawlProcess(watched(job, progress)) as crawl,
        processor(workspace, database) as stages,
    ):
        stages.renew()
        needs = ModelNeeds(workspace, database, asking())
        try:
            _Rounds(workspace, database, crawl, stages, outcome, needs).run(progress)
        finally:
            needs.close()
        return finish(crawl, outcome)


INDEX_PAUSE_SECONDS = 30.0
"""After the index was not to be had, crawl and pipeline go on alone for so long."""


class _Rounds:
    def __init__(
        self,
        workspace: Workspace,
        database: Database,
        crawl: CrawlProcess,
        stages: Processor,
        outcome: CrawlOutcome,
        needs: ModelNeeds,
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._crawl = crawl
        self._stages = stages
        self._outcome = outcome
        self._needs = needs
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._indexing = Indexing(workspace, database)
        self._indexed = 0
        self._index_again_at = 0.0

    def run(self, progress: CrawlProgress) -> None:
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        try:
            crawling = True
            while crawling:
                crawling = self._take_events(progress)
                self._round(progress)
            if self._needs.wait():
                self._stages.renew()
                self._round(progress)
        except BaseException:
            self._crawl.interrupt()
            listener.join(STOP_SECONDS)  # it reads what the child says to its end
            raise

    def _listen(self) -> None:
        try:
            for event in self._crawl.events():
                self._events.put(event)
        finally:
            self._events.put(None)

    def _take_events(self, progress: CrawlProgress) -> bool:
        """What came within a round's time; False when the crawl has ended."""
        try:
            event = self._events.get(timeout=ROUND_SECONDS)
            while True:
                if event is None:
                    return False
                take_event(event, self._outcome, progress)
                event = self._events.get_nowait()
        except queue.Empty:
            return True

    def _round(self, progress: CrawlProgress) -> None:
        if self._needs.has_come():
            self._stages.renew()
        tallies = self._stages.run()
        if "no_model" in tallies["translate"].reasons:
            with progress.paused():
                self._needs.tell()
        if not any(tally.done or tally.waiting for tally in tallies.values()):
            return
        if time.monotonic() >= self._index_again_at:
            self._index()

    def _index(self) -> None:
        """Brings what is new; an index that is not there is asked again later."""
        try:
            report = self._indexing.sync()
        except (LockedError, UnreachableError, EngineError) as error:
            if not self._index_again_at:
                note(
                    one_line(
                        f"documents wait for the index, the crawl goes on: {error}"
                    )
                )
            self._index_again_at = time.monotonic() + INDEX_PAUSE_SECONDS
            return
        self._index_again_at = 0.0
        if report.written and not self._indexed:
            say("The first documents can be searched now.")
        self._indexed += report.written
