"""Visits as the crawler hands them to the store, and what the store answers.

No I/O. The crawler judges an answer by itself (`Verdict`); what it means for a
URL's outcome depends on what its row says when it is stored
(`pipeline.store.committing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.documents import WarcPlace
from pipeline.store.frontier import DueUrl, Outcome
from pipeline.store.links import Link
from pipeline.store.moves import Move

Verdict = Literal[
    "read", "not_modified", "redirect", "moved", "later", "rejected", "failed"
]
"""read: a body came. moved: a redirect to the same URL key (http to https).
later: to be visited again at `due_at`."""

MAX_REDIRECTS = 5
"""One more than Fetch-following robots need (RFC 9309 §2.3.1.2 asks for 5)."""


@dataclass(frozen=True, kw_only=True)
class NewPage:
    """A response that was archived and synced.

    Attributes:
        body_checksum: Of the decoded body; "" where there is none.
        body_bytes: After decoding.
        rendered: The browser that made the body out of what came; "" where none did.
    """

    place: WarcPlace
    status: int
    content_type: str
    body_checksum: str
    body_bytes: int
    rendered: str = ""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What came of one visit.

    Attributes:
        target: The row visited.
        at: When the answer was complete.
        verdict: What the answer says by itself.
        reason: Why, for `later`, `rejected` and `failed`.
        page: What was archived, or None.
        due_at: For `later`.
        counts_as_attempt: False where it was not the URL's fault.
        etag: With `last_modified`, for the next visit.
        links: What an endpoint showed; the first is the first fetched.
        redirect: Where it leads, for `redirect` and `moved`.
        redirect_in_scope: Whether that is to be visited.
        is_permanent: The redirect says that the page stays where it leads.
        is_index: A sitemap that lists sitemaps: is always read again.
        problem: Of an endpoint that could be read only in part.
    """

    target: DueUrl
    at: datetime
    verdict: Verdict
    reason: str = ""
    page: NewPage | None = None
    due_at: datetime | None = None
    counts_as_attempt: bool = True
    etag: str = ""
    last_modified: str = ""
    links: Sequence[Link] = ()
    redirect: Link | None = None
    redirect_in_scope: bool = False
    is_permanent: bool = False
    is_index: bool = False
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitedEndpoint:
    """How a visited endpoint fared, and how many articles were new there."""

    source: str
    kind: str
    url: str
    outcome: Outcome
    reason: str
    discovered: int


@dataclass(frozen=True, kw_only=True)
class Committed:
    """What a batch changed.

    Attributes:
        discovered: New article URLs by source.
        outcomes: Of the visited articles, by source, outcome and reason.
        settled: By source, how many visited articles need no other visit now.
        endpoints: Of the visited endpoints, in order.
        due: Hosts that have something due now or later, with the earliest time.
        endpoints_due: Whether endpoints became due.
        moves: Of whole sites, that this batch put beyond doubt.
    """

    discovered: Counter[str]
    outcomes: Counter[tuple[str, Outcome, str]]
    settled: Counter[str]
    endpoints: Sequence[VisitedEndpoint]
    due: Mapping[str, datetime]
    endpoints_due: bool
    moves: Sequence[Move] = ()
