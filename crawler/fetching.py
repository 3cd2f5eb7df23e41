"""One request, one answer: nothing that a server does raises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from crawler.download_handler import EGRESS, UNVERIFIED, VIA
from crawler.guard import NOT_NOTED, RefusedError
from crawler.proxies import (
    AUTHENTICATION_REQUIRED,
    BLAMELESS,
    LOGIN_WANTED,
    REFUSED,
    ProxyError,
)
from pipeline.archive import ArchivedResponse, Headers, checksum_of, header_of
from pipeline.content_encoding import decode_body
from pipeline.errors import StageError
from pipeline.sources import Source
from pipeline.urls import host_of

Download = Callable[[Request], Awaitable[Response]]

UNREACHABLE = frozenset({"connection_refused", "connection_lost", "timeout", "dns"})
"""Reasons that speak of the host rather than of one URL."""

NO_BROWSER = "no_browser"
"""Reason of a page that waits for a browser to be installed."""

REFUSED_ADDRESSES = frozenset(
    {"address_not_public", "port_not_allowed", "is_the_proxy"}
)
"""Reasons for which our own guard passes no address on."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a source's requests are made.

    Attributes:
        egress: Its way out; see `pipeline.egress.Egress.choose`.
        unverified_hosts: As `host_of` has them: any certificate of theirs will do.
    """

    egress: str = ""
    unverified_hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: Source | None) -> Manner:
        """As a source has it; the usual one where there is none."""
        if source is None:
            return cls()
        hosts = frozenset(source.unverified_hosts)
        return cls(egress=source.egress, unverified_hosts=hosts)

    def meta(self, host: str) -> dict[str, Any]:
        """What the handler is told with a request to a host."""
        return {EGRESS: self.egress, UNVERIFIED: host in self.unverified_hosts}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one request.

    Attributes:
        url: As requested.
        at: When it was complete, or given up.
        status: HTTP status; 0 where no whole answer came.
        response: To be archived; None where no whole answer came.
        body: After content decoding; b"" with a `reason`.
        checksum: Of `body`; "" where it is empty or unreadable.
        reason: "" or what went wrong, short and stable.
        detail: For people.
        retry: Whether another attempt may succeed.
        refused: By our own rules; no request was made.
        via: The proxy that it went or should have gone through, as hosts are noted.
        rendered: The browser that made the body out of what the server sent; "" where
            the body is as it was sent.
        headers: Of an answer that is not to be archived.
    """

    url: str
    at: datetime
    status: int = 0
    response: ArchivedResponse | None = None
    body: bytes = b""
    checksum: str = ""
    reason: str = ""
    detail: str = ""
    retry: bool = False
    refused: bool = False
    via: str = ""
    rendered: str = ""
    headers: Headers = ()

    def header(self, name: str) -> str:
        """A response header; "" where it is missing."""
        if self.response is None:
            return header_of(self.headers, name)
        return self.response.header(name)

    @property
    def content_type(self) -> str:
        """The header as it came."""
        return self.header("Content-Type")

    @property
    def media_type(self) -> str:
        """The type alone, in small letters; "" where none is said."""
        return self.content_type.split(";")[0].split(",")[0].strip().lower()


class Fetcher:
    """Asks for one URL at a time and gives an `Answer`."""

    def __init__(
        self,
        download: Download,
        *,
        now: Callable[[], datetime],
        refusals: Mapping[tuple[str, int], str],
        max_body_bytes: int,
        count: Callable[[str], None] | None = None,
    ) -> None:
        """Takes what it needs.

        Args:
            download: Scrapy's downloader.
            now: The clock.
            refusals: By host and port, why the guard refused a look-up.
            max_body_bytes: As received, and again after decoding.
            count: Told the host of each request that was made.
        """
        self._count = count
        self._download = download
        self._now = now
        self._refusals = refusals
        self._max_bytes = max_body_bytes

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_body_bytes: int = 0,
        manner: Manner | None = None,
    ) -> Answer:
        """The answer to one GET request, without following redirects.

        Args:
            url: Absolute.
            headers: Beyond the usual ones.
            max_body_bytes: In place of the usual limit.
            manner: Of the source that asks.
        """
        limit = max_body_bytes or self._max_bytes
        meta: dict[str, Any] = {"download_maxsize": limit}
        via = ""
        try:
            host = host_of(url)
            meta |= {"download_slot": host, **(manner or Manner()).meta(host)}
            request = Request(
                url, headers=dict(headers or {}), dont_filter=True, meta=meta
            )
            try:
                response = await self._download(request)
            finally:
                via = request.meta.get(VIA, "")
        except Exception as error:  # noqa: BLE001 - the edge: any failure is an answer
            answer = self._failure(url, error, via)
        else:
            answer = self._answer(url, response, limit, via)
        self._counted(answer)
        return answer

    def _counted(self, answer: Answer) -> None:
        if self._count is None or answer.refused or answer.reason in BLAMELESS:
            return
        if answer.via:
            self._count(answer.via)
        with suppress(ValueError):  # no URL at all: nothing was requested
            self._count(host_of(answer.url))

    def _answer(self, url: str, response: Response, limit: int, via: str) -> Answer:
        archived = _archived(url, response, self._now(), via)
        if via and archived.status == AUTHENTICATION_REQUIRED:
            return self._failure(url, ProxyError(REFUSED, via, LOGIN_WANTED), via)
        body = decode_body(
            response.body, archived.header("Content-Encoding"), limit=limit
        )
        if isinstance(body, StageError):
            return Answer(
                url=url,
                at=archived.at,
                reason=body.reason,
                detail=body.detail,
                retry=body.retry,
                via=via,
            )
        return Answer(
            url=url,
            at=archived.at,
            status=archived.status,
            response=archived,
            body=body,
            checksum=checksum_of(body) if body else "",
            via=via,
        )

    def _failure(self, url: str, error: Exception, via: str) -> Answer:
        reason, retry = self._reason(url, error)
        return Answer(
            url=url,
            at=self._now(),
            reason=reason,
            detail=_detail(error)[:500],
            retry=retry,
            refused=reason in REFUSED_ADDRESSES
            or (isinstance(error, RefusedError) and reason != NOT_NOTED),
            via=error.proxy if isinstance(error, ProxyError) else via,
        )

    def _reason(self, url: str, error: Exception) -> tuple[str, bool]:
        if isinstance(error, RefusedError):
            return error.reason, error.reason == NOT_NOTED
        if isinstance(error, ProxyError):
            return error.reason, True
        if isinstance(error, CannotResolveHostError):
            refused = self._refusals.get(_endpoint(url))
            return (refused, refused == NOT_NOTED) if refused else ("dns", True)
        if isinstance(error, DownloadFailedError) and _is_certificate(error):
            return "tls_certificate", False
        for kind, reason, retry in _REASONS:
            if isinstance(error, kind):
                return reason, retry
        return "fetch_error", False


_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (DownloadConnectionRefusedError, "connection_refused", True),
    (DownloadTimeoutError, "timeout", True),
    (ResponseDataLossError, "truncated", True),
    (DownloadCancelledError, "too_large", False),  # nothing else cancels one
    (DownloadFailedError, "connection_lost", True),
    (UnsupportedURLSchemeError, "not_http", False),
    (OSError, "connection_lost", True),
    (ValueError, "not_http", False),
)


def _detail(error: Exception) -> str:
    if isinstance(error, ProxyError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _is_certificate(error: Exception) -> bool:
    cause: Any = error.__cause__
    reasons = getattr(cause, "reasons", None) or [cause]
    texts = (str(getattr(reason, "value", reason)) for reason in reasons)
    return any("certificate" in t.lower() or "VerificationError" in t for t in texts)


def _endpoint(url: str) -> tuple[str, int]:
    parts = urlsplit(Request(url).url)  # Scrapy writes some hosts in another way
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.hostname or "", port


def _archived(url: str, response: Response, at: datetime, via: str) -> ArchivedResponse:
    status = int(response.status)
    return ArchivedResponse(
        url=url,
        at=at,
        status=status,
        headers=_headers(response),
        body=response.body,
        kind="revisit" if status == 304 else "response",
        protocol=response.protocol or "HTTP/1.1",
        # Of a proxy it would say nothing of the site, and much of the office.
        address="" if via else str(response.ip_address or ""),
    )


def _headers(response: Response) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )
