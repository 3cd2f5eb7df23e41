"""How far a listing is paged back in one run. Memory only; no I/O."""

from __future__ import annotations

from dataclasses import replace

from crawler.discover import PAGED_KINDS, Findings
from pipeline.store.frontier import DueUrl


class Paging:
    """Remembers what the pages before one showed.

    Many sites answer a page beyond the last with the first or the last one again, and
    with a link to the next.
    """

    def __init__(self) -> None:
        """Begins with no page."""
        self._shown: dict[tuple[str, str], set[str]] = {}

    def followed(self, target: DueUrl, findings: Findings) -> Findings:
        """The findings; without a next page where nothing is new on this one.

        Args:
            target: The page.
            findings: What it shows.
        """
        if target.endpoint_kind not in PAGED_KINDS:
            return findings
        shown = self._shown.pop((target.source, target.url_key), set())
        keys = {article.url_key for article in findings.articles}
        if keys <= shown and not findings.skipped and target.depth:
            return replace(findings, children=())
        shown |= keys
        for child in findings.children:
            self._shown[target.source, child.url_key] = shown
        return findings
