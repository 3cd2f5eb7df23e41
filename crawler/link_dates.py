"""The times that a listing page shows beside its links. Pure, over an lxml tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from pipeline.dates.moments import parse_moment

MAX_LEVELS = 6
"""From a link or a time up to the teaser that holds both; cards are built so deep."""

MAX_LINKS_BESIDE = 8
"""In one teaser: picture, headline, section, author, some tags. With more, the time
belongs to the page."""

MAX_TIMES = 5_000
"""Times of one page that are looked at."""


class LinkDates:
    """Which time belongs to which link."""

    def __init__(self, root: Any) -> None:
        """Looks through the tree once.

        Args:
            root: Of a page.
        """
        self._moments: dict[Any, datetime] = {}
        self._times: Counter[Any] = Counter()
        self._links: Counter[Any] = Counter()
        for element, moment in islice(_times(root), MAX_TIMES):
            for above in _upwards(element):
                self._times[above] += 1
                self._moments[above] = moment
        if self._moments:
            for link in root.iter("a"):
                for above in _upwards(link):
                    self._links[above] += 1

    def of(self, link: Any) -> datetime | None:
        """The only time in the smallest element around the link that has any."""
        if not self._moments:
            return None
        for above in _upwards(link):
            if self._times[above]:
                is_teaser = self._links[above] <= MAX_LINKS_BESIDE
                is_only = self._times[above] == 1
                return self._moments[above] if is_only and is_teaser else None
        return None


def _times(root: Any) -> Iterator[tuple[Any, datetime]]:
    for element in root.iter("time"):
        moment = parse_moment(element.get("datetime") or "")
        if moment is not None:
            yield element, moment


def _upwards(element: Any) -> Iterator[Any]:
    """The element itself and those around it, up to the teaser."""
    for _ in range(MAX_LEVELS):
        if element is None or element.tag in {"body", "html"}:
            return
        yield element
        element = element.getparent()
