"""What an answer means for the URL that was asked for: pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from w3lib.encoding import http_content_type_encoding
from w3lib.html import get_meta_refresh

from crawler.fetching import NO_BROWSER, Answer
from crawler.job import Limits
from crawler.proxies import BLAMELESS
from pipeline.media_types import HTML_TYPES, is_article
from pipeline.sources import Source
from pipeline.store.backfill import NO_ARCHIVE_PAGE, VIA
from pipeline.store.frontier import DueUrl
from pipeline.store.links import Link
from pipeline.store.visits import Verdict, Visit
from pipeline.urls import host_of, url_key

BUSY_STATUSES = frozenset({429, 503})
"""Those that come with `Retry-After` (RFC 6585 §4, RFC 9110 §15.6.4)."""

PERMANENT_STATUSES = frozenset({301, 308})
"""The page stays where it leads (RFC 9110 §15.4.2, §15.4.9)."""

MAX_REFRESH_BYTES = 16 << 10
"""Of a page, where a refresh is looked for: it stands in the head."""

MAX_REFRESH_SECONDS = 5.0
"""Beyond, it is for somebody who reads the page meanwhile: newspapers load their front
page anew every few minutes."""

BUSY_SECONDS = 60.0
"""How long a host that answered 429 without `Retry-After` is left alone."""


def judge(target: DueUrl, answer: Answer, source: Source, limits: Limits) -> Visit:
    """The visit, all but its archived page and an endpoint's links."""
    if answer.reason:
        return _without_answer(target, answer, limits)
    status = answer.status
    if status == 200 or (status == 203 and answer.body):
        refreshed = refresh_target(answer)
        if refreshed and url_key(refreshed) != target.url_key:
            return _redirected(target, answer, source, refreshed)
        return _with_body(target, answer)
    if status == 304 and target.body_checksum:
        return Visit(target=target, at=answer.at, verdict="not_modified")
    if 300 <= status < 400:
        return _redirected(target, answer, source, answer.header("Location"))
    if status >= 500 or status in {408, 425, 429}:
        return later(target, answer.at, f"http_{status}", limits, answer)
    return _refused(target, answer.at, f"http_{status}")


def later(
    target: DueUrl,
    at: datetime,
    reason: str,
    limits: Limits,
    answer: Answer | None = None,
) -> Visit:
    """A visit that failed for now; for good when it was the last attempt."""
    delays = limits.retry_delays_seconds
    if target.attempts >= len(delays):
        return Visit(target=target, at=at, verdict="failed", reason=reason)
    wait = max(
        delays[target.attempts],
        retry_after_seconds(answer, limits) if answer else 0.0,
    )
    return Visit(
        target=target,
        at=at,
        verdict="later",
        reason=reason,
        due_at=at + timedelta(seconds=wait),
    )


def postponed(target: DueUrl, at: datetime, until: datetime, reason: str) -> Visit:
    """A visit not made, through no fault of the URL."""
    return Visit(
        target=target,
        at=at,
        verdict="later",
        reason=reason,
        due_at=until,
        counts_as_attempt=False,
    )


def unreached(target: DueUrl, at: datetime, reason: str, limits: Limits) -> Visit:
    """A visit that did not come to the host: left alone as long as a dead one."""
    until = at + timedelta(seconds=limits.host_pause_seconds)
    return postponed(target, at, until, reason)


def retry_after_seconds(answer: Answer, limits: Limits) -> float:
    """How long a busy host asks to be left alone; 0 where it does not.

    Seconds or an HTTP date (RFC 9110 §10.2.3), cut at the stated limit (C3).
    """
    if answer.status not in BUSY_STATUSES:
        return 0.0
    asked = _parsed_retry_after(answer)
    if asked is None:
        return BUSY_SECONDS if answer.status == 429 else 0.0
    return min(max(asked, 0.0), limits.max_retry_after_seconds)


def _parsed_retry_after(answer: Answer) -> float | None:
    value = answer.header("Retry-After").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - answer.at).total_seconds()


def _without_answer(target: DueUrl, answer: Answer, limits: Limits) -> Visit:
    if answer.reason in BLAMELESS or answer.reason == NO_BROWSER:
        return unreached(target, answer.at, answer.reason, limits)
    if answer.retry:
        return later(target, answer.at, answer.reason, limits)
    if answer.reason in {"tls_certificate", "fetch_error"}:
        return Visit(
            target=target, at=answer.at, verdict="failed", reason=answer.reason
        )
    return _refused(target, answer.at, answer.reason)


def _with_body(target: DueUrl, answer: Answer) -> Visit:
    if target.role == "article" and not is_article(answer.content_type, answer.body):
        return _refused(target, answer.at, "not_html")
    if not answer.body:
        return _refused(target, answer.at, "empty_body")
    return Visit(
        target=target,
        at=answer.at,
        verdict="read",
        etag=_validator(answer.header("ETag")),
        last_modified=_validator(answer.header("Last-Modified")),
    )


def _validator(value: str) -> str:
    """What can be sent back as it came; else "", which asks for the whole page."""
    return value if value.isprintable() and len(value) <= 500 else ""


def _refused(target: DueUrl, at: datetime, reason: str) -> Visit:
    if target.via == VIA and reason in {"http_404", "http_410"}:
        # A day without news has no page in many archives.
        return Visit(target=target, at=at, verdict="rejected", reason=NO_ARCHIVE_PAGE)
    # A site can do without an article; an endpoint that is not there is a failure.
    verdict: Verdict = "failed" if target.role == "endpoint" else "rejected"
    return Visit(target=target, at=at, verdict=verdict, reason=reason)


def refresh_target(answer: Answer) -> str:
    """Where `<meta http-equiv=refresh>` sends a page's visitors at once; or ""."""
    head = answer.body[:MAX_REFRESH_BYTES]
    if answer.media_type not in HTML_TYPES or b"refresh" not in head.lower():
        return ""
    encoding = http_content_type_encoding(answer.content_type) or "utf-8"
    seconds, url = get_meta_refresh(head, answer.url, encoding)
    if url is None or seconds is None or seconds > MAX_REFRESH_SECONDS:
        return ""
    try:
        url_key(url)
    except ValueError:
        return ""  # of an unknown scheme: the page itself is all there is
    return url


def _redirected(target: DueUrl, answer: Answer, source: Source, location: str) -> Visit:
    location = location.strip()
    try:
        url = urljoin(target.url, location) if location else ""
        url = url.split("#")[0]
        key, host = url_key(url), host_of(url)
    except ValueError:
        reason = "redirect_not_http" if location else f"http_{answer.status}"
        return _refused(target, answer.at, reason)
    hops = (target.depth if target.via == "redirect" else 0) + 1
    link = Link(
        url=url,
        url_key=key,
        host=host,
        role=target.role,
        endpoint_kind=target.endpoint_kind,
        via="redirect",
        depth=hops,
        hints=target.hints,
    )
    is_endpoint = target.role == "endpoint"
    return Visit(
        target=target,
        at=answer.at,
        verdict="moved" if key == target.url_key else "redirect",
        redirect=link,
        redirect_in_scope=is_endpoint or source.is_article(url),
        is_permanent=answer.status in PERMANENT_STATUSES,
    )
