"""Watches a crawl in its child process and tells a person how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from babelwire.cli import TerminatedError
from babelwire.crawl_progress import CrawlProgress, crawl_progress
from babelwire.terminal import note, one_line
from pipeline.errors import BabelwireError, ConfigError, UnavailableError

if TYPE_CHECKING:
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
    with crawl_progress() as progress, CrawlProcess(watched(job, progress)) as crawl:
        for event in _until_interrupted(crawl):
            take_event(event, outcome, progress)
    return finish(crawl, outcome)


def watched(job: CrawlJob, progress: CrawlProgress) -> CrawlJob:
    """The job, told to say how each host stands where somebody sees it."""
    return replace(job, tell_hosts=progress.shows_hosts)


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
            progress.update(event["sources"], event.get("hosts", ()))
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
