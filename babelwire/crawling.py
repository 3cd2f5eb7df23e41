"""Watches a crawl in its child process and tells a person how it goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from babelwire.cli import TerminatedError
from babelwire.terminal import err, note, one_line, say
from pipeline.errors import BabelwireError, ConfigError, UnavailableError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from crawler.job import CrawlJob
    from crawler.launch import CrawlProcess

_ERRORS: Mapping[int, type[BabelwireError]] = {2: ConfigError, 3: UnavailableError}


@dataclass(kw_only=True)
class CrawlOutcome:
    """How a crawl ended."""

    exit_status: int = 0
    sources: dict[str, Any] = field(default_factory=dict)


def watch_crawl(job: CrawlJob) -> CrawlOutcome:
    """Runs a crawl to its end, with progress; Ctrl-C lets it finish its batch.

    Raises:
        BabelwireError: The crawl could not run.
    """
    from crawler.launch import CrawlProcess

    outcome = CrawlOutcome()
    with CrawlProcess(job) as crawl, crawl_progress() as progress:
        for event in _until_interrupted(crawl):
            take_event(event, outcome, progress)
    return finish(crawl, outcome)


def finish(crawl: CrawlProcess, outcome: CrawlOutcome) -> CrawlOutcome:
    """The outcome with the child's exit status.

    Raises:
        KeyboardInterrupt: The crawl was interrupted.
        TerminatedError: It was terminated.
        BabelwireError: It died of something unexpected.
    """
    outcome.exit_status = crawl.exit_status or 0
    if outcome.exit_status == 130:
        raise KeyboardInterrupt
    if outcome.exit_status == 143:
        raise TerminatedError
    if outcome.exit_status > 128:
        raise BabelwireError(
            f"the crawl's process was killed (status {outcome.exit_status}); what it "
            "had archived is kept, run it again"
        )
    return outcome


def take_event(
    event: Mapping[str, Any], outcome: CrawlOutcome, progress: CrawlProgress
) -> None:
    """One event of the child.

    Raises:
        BabelwireError: The event says that the crawl failed as a whole.
    """
    match event.get("event"):
        case "progress":
            progress.update(event["sources"])
        case "note":
            where = f"{event['source']}: " if event.get("source") else ""
            note(one_line(f"{where}{event['text']}"))
        case "finished":
            outcome.sources = dict(event["sources"])
            if event.get("reason"):
                note(one_line(event["reason"]))
        case "error":
            kind = _ERRORS.get(event["exit_status"], BabelwireError)
            raise kind(event["message"])
        case _:
            pass


class CrawlProgress:
    """A line per crawl on a terminal; a plain line now and then elsewhere."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task: TaskID | None = (
            bar.add_task("Crawling", total=None) if bar else None
        )
        self._told = 0

    def update(self, sources: Mapping[str, Mapping[str, Any]]) -> None:
        """Shows the sums over all sources."""
        fetched = sum(counts["fetched"] for counts in sources.values())
        pending = sum(counts["pending"] for counts in sources.values())
        text = f"Crawling: {fetched:,} fetched, {pending:,} to go"
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                description=text,
                completed=fetched,
                total=fetched + pending or None,
            )
        elif fetched >= self._told + 100:
            self._told = fetched
            say(text)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal alone for the time of the block."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


@contextlib.contextmanager
def crawl_progress() -> Iterator[CrawlProgress]:
    """Progress for the time of the block."""
    console = err()
    if not console.is_terminal:
        yield CrawlProgress(None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield CrawlProgress(bar)


def _until_interrupted(crawl: CrawlProcess) -> Iterator[dict[str, Any]]:
    """The child's events; a signal is passed on and its last events still come."""
    events = crawl.events()
    while True:
        try:
            yield from events
            return
        except KeyboardInterrupt:
            crawl.interrupt()
            events = crawl.events()
        except TerminatedError:
            crawl.terminate()
            events = crawl.events()
