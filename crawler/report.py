"""What a run did so far, by source; told as events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.store.backfill import NO_ARCHIVE_PAGE
from pipeline.store.visits import Committed, Visit

Emit = Callable[[Mapping[str, Any]], None]


@dataclass
class SourceReport:
    """One source's part of the run.

    Attributes:
        due: Articles that were due at the start.
        discovered: Article URLs that were new.
        settled: Visited articles that need no other visit now.
        fetched: Article pages that came with a body.
        retries: Visits that failed for now.
        other_links: Links out of scope that its endpoints showed.
        unchanged: Articles that were as before.
        duplicate: Articles that led to another URL.
        rejected: Articles, by reason.
        failed: Articles, by reason.
        failed_endpoints: URL and reason.
        endpoints: How many were read.
    """

    due: int = 0
    discovered: int = 0
    settled: int = 0
    fetched: int = 0
    retries: int = 0
    other_links: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failed_endpoints: dict[str, str] = field(default_factory=dict)
    endpoints: int = 0

    @property
    def pending(self) -> int:
        """Articles that this run has still to visit."""
        return max(0, self.due + self.discovered - self.settled)

    def as_mapping(self) -> dict[str, Any]:
        """For events and the `runs` table."""
        return {
            "discovered": self.discovered,
            "fetched": self.fetched,
            "pending": self.pending,
            "unchanged": self.unchanged,
            "duplicate": self.duplicate,
            "rejected": dict(self.rejected),
            "failed": dict(self.failed),
            "failed_endpoints": dict(self.failed_endpoints),
            "endpoints": self.endpoints,
            "retries": self.retries,
            "other_links": self.other_links,
        }


class RunReport:
    """The counts of all sources."""

    def __init__(self, sources: Iterable[str], emit: Emit) -> None:
        """Begins at nothing.

        Args:
            sources: Of the run.
            emit: Takes events.
        """
        self.sources = {name: SourceReport() for name in sources}
        self._emit = emit
        self._shown: Any = None

    def count(self, visits: Iterable[Visit], result: Committed) -> None:
        """Counts a committed batch."""
        for visit in visits:
            self._count_visit(visit)
        for (source, outcome, reason), number in result.outcomes.items():
            self._count_outcome(self.sources[source], outcome, reason, number)
        for source, number in result.discovered.items():
            self.sources[source].discovered += number
        for source, number in result.settled.items():
            self.sources[source].settled += number
        for endpoint in result.endpoints:
            self._count_endpoint(
                self.sources[endpoint.source],
                endpoint.url,
                endpoint.outcome,
                endpoint.reason,
            )

    def progress(self, hosts: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Tells how far the run is, if that has changed.

        Args:
            hosts: How those that are asked stand, for who watches; None: nobody does.
        """
        shown: dict[str, Any] = {
            "sources": {n: report.as_mapping() for n, report in self.sources.items()}
        }
        if hosts is not None:
            shown["hosts"] = hosts
        if shown != self._shown:
            self._shown = shown
            self._emit({"event": "progress", **shown})

    def note(self, text: str, *, level: str = "warning", source: str = "") -> None:
        """Tells a person something."""
        self._emit({"event": "note", "level": level, "source": source, "text": text})

    @property
    def has_failures(self) -> bool:
        """Whether something failed for good in this run."""
        return any(
            report.failed or report.failed_endpoints for report in self.sources.values()
        )

    def _count_visit(self, visit: Visit) -> None:
        report = self.sources[visit.target.source]
        is_article = visit.target.role == "article"
        report.fetched += is_article and visit.verdict == "read"
        report.retries += visit.verdict == "later" and visit.counts_as_attempt

    def _count_outcome(
        self, report: SourceReport, outcome: str, reason: str, number: int
    ) -> None:
        match outcome:
            case "rejected":
                report.rejected[reason] += number
            case "failed":
                report.failed[reason] += number
            case "unchanged":
                report.unchanged += number
            case "duplicate":
                report.duplicate += number
            case _:
                pass

    def _count_endpoint(
        self, report: SourceReport, url: str, outcome: str, reason: str
    ) -> None:
        if reason == NO_ARCHIVE_PAGE:
            return
        report.endpoints += outcome in {"stored", "unchanged"}
        if outcome in {"failed", "rejected"}:
            report.failed_endpoints[url] = reason
            self.note(f"{url}: {reason}")
        else:
            report.failed_endpoints.pop(url, None)
