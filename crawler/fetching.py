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

from crawler.guard import NOT_NOTED, RefusedError
from pipeline.archive import ArchivedResponse, Headers, checksum_of
from pipeline.content_encoding import decode_body
from pipeline.errors import StageError
from pipeline.urls import host_of

Download = Callable[[Request], Awaitable[Response]]

UNREACHABLE = frozenset({"connection_refused", "connection_lost", "timeout", "dns"})
"""Reasons that speak of the host rather than of one URL."""


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

    def header(self, name: str) -> str:
        """A response header; "" where it is missing."""
        return self.response.header(name) if self.response else ""

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
    ) -> Answer:
        """The answer to one GET request, without following redirects.

        Args:
            url: Absolute.
            headers: Beyond the usual ones.
            max_body_bytes: In place of the usual limit.
        """
        limit = max_body_bytes or self._max_bytes
        try:
            request = Request(
                url,
                headers=dict(headers or {}),
                dont_filter=True,
                meta={"download_slot": host_of(url), "download_maxsize": limit},
            )
            response = await self._download(request)
        except Exception as error:  # noqa: BLE001 - the edge: any failure is an answer
            answer = self._failure(url, error)
        else:
            answer = self._answer(url, response, limit)
        self._counted(answer)
        return answer

    def _counted(self, answer: Answer) -> None:
        if self._count is not None and not answer.refused:
            with suppress(ValueError):  # no URL at all: nothing was requested
                self._count(host_of(answer.url))

    def _answer(self, url: str, response: Response, limit: int) -> Answer:
        archived = _archived(url, response, self._now())
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
            )
        return Answer(
            url=url,
            at=archived.at,
            status=archived.status,
            response=archived,
            body=body,
            checksum=checksum_of(body) if body else "",
        )

    def _failure(self, url: str, error: Exception) -> Answer:
        reason, retry = self._reason(url, error)
        return Answer(
            url=url,
            at=self._now(),
            reason=reason,
            detail=f"{type(error).__name__}: {error}"[:500],
            retry=retry,
            refused=isinstance(error, RefusedError)
            or reason in {"address_not_public", "port_not_allowed"},
        )

    def _reason(self, url: str, error: Exception) -> tuple[str, bool]:
        if isinstance(error, RefusedError):
            return error.reason, False
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


def _is_certificate(error: Exception) -> bool:
    cause: Any = error.__cause__
    reasons = getattr(cause, "reasons", None) or [cause]
    texts = (str(getattr(reason, "value", reason)) for reason in reasons)
    return any("certificate" in t.lower() or "VerificationError" in t for t in texts)


def _endpoint(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.hostname or "", port


def _archived(url: str, response: Response, at: datetime) -> ArchivedResponse:
    status = int(response.status)
    return ArchivedResponse(
        url=url,
        at=at,
        status=status,
        headers=_headers(response),
        body=response.body,
        kind="revisit" if status == 304 else "response",
        protocol=response.protocol or "HTTP/1.1",
        address=str(response.ip_address or ""),
    )


def _headers(response: Response) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )
