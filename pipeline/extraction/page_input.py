"""What extraction needs to know of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from pipeline.sources import Selectors

ARTICLE_JSON = "application/vnd.babelwire.article+json"
"""Of imported articles without a page: an object with `title` and `text`."""


@dataclass(frozen=True, kw_only=True)
class PageInput:
    """What extraction needs to know of a page.

    Attributes:
        body: After content decoding.
        url: As fetched.
        content_type: The response's header, or "".
        fetched_at: Later publication dates are not believed.
        hints: `title`, `published_at`, `language` of a feed or sitemap.
        selectors: The source's, which win.
        timezone: IANA name of the zone of times that name none; "" is UTC.
        boilerplate: Lines that the source's pages have in common.
        by_lines_alone: Without the extractors, which were stopped at this page.
    """

    body: bytes
    url: str
    fetched_at: datetime
    content_type: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    selectors: Selectors = field(default_factory=Selectors)
    timezone: str = ""
    boilerplate: frozenset[str] = frozenset()
    by_lines_alone: bool = False

    @property
    def zone(self) -> tzinfo:
        """`timezone`, to read times in."""
        return ZoneInfo(self.timezone) if self.timezone else UTC
