"""What robots.txt allows (RFC 9309): allow, deny, or postpone.

"Unreachable" postpones: nothing is fetched from the host, and nothing is
rejected either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from urllib.parse import urljoin, urlsplit

from protego import Protego

from crawler.fetching import Answer
from crawler.job import PRODUCT
from pipeline.store.hosts import RobotsRecord, RobotsState

Permission = Literal["allow", "deny", "postpone"]
Ask = Callable[[str], Awaitable[Answer]]

LIFETIME = timedelta(hours=24)
"""RFC 9309 §2.4: a copy should not be used for longer."""

MAX_PARSED_BYTES = 500 * 1024
"""RFC 9309 §2.5: at least this much is parsed; more is not."""

MAX_REDIRECTS = 5
"""RFC 9309 §2.3.1.2: at least five are followed, even to other hosts."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What an origin's robots.txt says for as long as it holds.

    Attributes:
        origin: Scheme, host and port.
        state: `rules`, `allow` (there is none) or `unreachable`.
        body: Its text, where the state is `rules`.
        reason: Why it is unreachable.
        refused: By our own guard: the pages will be as well, with that reason.
    """

    origin: str
    state: RobotsState
    fetched_at: datetime
    expires_at: datetime
    body: str = ""
    reason: str = ""
    refused: bool = field(default=False, compare=False)

    def permission(self, url: str) -> Permission:
        """What may be done with a URL of this origin."""
        if self.state == "unreachable":
            return "postpone"
        if self.state == "allow" or self._rules.can_fetch(url, PRODUCT):
            return "allow"
        return "deny"

    @property
    def crawl_delay(self) -> float:
        """Seconds that the site asks for between requests; 0 where it does not."""
        return float(self._rules.crawl_delay(PRODUCT) or 0)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The sitemaps it names."""
        return tuple(self._rules.sitemaps)

    @cached_property
    def _rules(self) -> Protego:
        return Protego.parse(self.body)

    def as_record(self) -> RobotsRecord:
        """For the store."""
        return RobotsRecord(
            origin=self.origin,
            fetched_at=self.fetched_at,
            expires_at=self.expires_at,
            state=self.state,
            body=self.body,
            reason=self.reason,
        )

    @classmethod
    def of_record(cls, record: RobotsRecord) -> Policy:
        """As the store keeps it."""
        return cls(
            origin=record.origin,
            state=record.state,
            fetched_at=record.fetched_at,
            expires_at=record.expires_at,
            body=record.body,
            reason=record.reason,
        )


def origin_of(url: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for.

    >>> origin_of("https://example.org/a?b"), origin_of("http://example.org:8080/")
    ('https://example.org', 'http://example.org:8080')
    """
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


async def learn_policy(
    ask: Ask, origin: str, *, retry_after: timedelta = timedelta(minutes=10)
) -> Policy:
    """Fetches an origin's robots.txt, following up to five redirects.

    Args:
        ask: Makes one request.
        origin: Scheme, host and port.
        retry_after: How long "unreachable" holds.
    """
    url = origin + "/robots.txt"
    for _ in range(MAX_REDIRECTS + 1):
        answer = await ask(url)
        if not _is_redirect(answer):
            return policy_of(answer, origin, retry_after=retry_after)
        url = urljoin(url, answer.header("Location"))
    # RFC 9309 §2.3.1.2: then it may be taken as unavailable.
    return _policy(origin, "allow", answer.at, LIFETIME)


def policy_of(answer: Answer, origin: str, *, retry_after: timedelta) -> Policy:
    """What an answer to the request for robots.txt means.

    2xx: its rules; 4xx: there is none, all is allowed; 5xx, 429 and no answer:
    unreachable (429 says "later", which RFC 9309 §2.3.1.3 does not consider).
    """
    status = answer.status
    if answer.refused:
        policy = _policy(origin, "allow", answer.at, timedelta(0))
        return Policy(**{**vars(policy), "refused": True})
    if 200 <= status < 300:
        text = answer.body[:MAX_PARSED_BYTES].decode("utf-8-sig", "replace")
        return _policy(origin, "rules", answer.at, LIFETIME, body=_storable(text))
    if 300 <= status < 500 and status != 429:
        return _policy(origin, "allow", answer.at, LIFETIME)
    reason = answer.reason or f"http_{status}"
    return _policy(origin, "unreachable", answer.at, retry_after, reason=reason)


def _is_redirect(answer: Answer) -> bool:
    return 300 <= answer.status < 400 and bool(answer.header("Location"))


def _storable(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL keeps no NUL


def _policy(
    origin: str,
    state: RobotsState,
    at: datetime,
    lifetime: timedelta,
    *,
    body: str = "",
    reason: str = "",
) -> Policy:
    return Policy(
        origin=origin,
        state=state,
        fetched_at=at,
        expires_at=at + lifetime,
        body=body,
        reason=reason,
    )
