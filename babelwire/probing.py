"""Looks at a site through the crawler's probe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.errors import BabelwireError, ConfigError, UnavailableError

if TYPE_CHECKING:
    from crawler.job import ProbeJob


def probe_events(job: ProbeJob) -> Iterator[dict[str, Any]]:
    """The probe's events: `article` for each sample, `probe` at the end.

    Raises:
        BabelwireError: The probe could not run.
    """
    from crawler.launch import CrawlProcess

    with CrawlProcess(job) as child:
        for event in child.events():
            if event.get("event") == "error":
                raise _error(event)
            yield event


def _error(event: dict[str, Any]) -> BabelwireError:
    kinds = {2: ConfigError, 3: UnavailableError}
    return kinds.get(event["exit_status"], BabelwireError)(event["message"])
