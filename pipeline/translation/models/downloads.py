"""Gets files over HTTP: whole or not at all, resumed where they broke off.

A half file lies beside its place as `NAME.part` and counts for nothing. Redirects are
followed to https, or to the same host (a mirror on a plain address); each request
leaves by the route that is configured for its host, whatever the environment says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from pipeline.contacts import NoteContact, unnoted
from pipeline.content_encoding import decode_body
from pipeline.egress import Egress
from pipeline.errors import StageError, UnavailableError, UnreachableError
from pipeline.http_routes import routed_transport
from pipeline.urls import host_of

if TYPE_CHECKING:
    import httpx

MAX_ATTEMPTS = 5
INDEX_ATTEMPTS = 3
"""Of what says which files there are: small, and who waits has seen nothing yet."""

MAX_REDIRECTS = 5
FIRST_PAUSE_SECONDS = 1.0
"""Before the second attempt; doubled before each further one: 15 s in all."""

MIN_BYTES_PER_SECOND = 1024
"""On average, after the first `timeout_seconds`; slower than that an attempt has
failed. 17 MB would take over four hours: bytes that drip hold nobody up (C7)."""

MAX_INDEX_BYTES = 64 * 2**20
"""Of a registry; the publisher's has under 1 MB."""

Progress = Callable[[int], None]
"""Told how many more bytes have come (negative when a file starts over)."""


def no_progress(_count: int) -> None:
    """For who does not want to know."""


@dataclass(frozen=True, kw_only=True)
class DownloadSettings:
    """How downloads behave.

    Attributes:
        timeout_seconds: Without a byte for so long, an attempt has failed.
        offline: Refuse to connect at all.
        note_contact: Told of each request before it is made.
        egress: The ways out.
    """

    timeout_seconds: float = 60.0
    offline: bool = False
    egress: Egress = field(default_factory=Egress)
    note_contact: NoteContact = unnoted


class Downloads:
    """A client for files; use it as a context manager."""

    def __init__(
        self,
        settings: DownloadSettings,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: the settings; how to wait, and what time it is, in seconds."""
        self._settings = settings
        self._pause = pause
        self._clock = clock
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def json(self, url: str) -> Any:
        """A JSON document.

        Raises:
            UnavailableError: No answer, or not one of that kind.
        """
        body = bytearray()

        def attempt() -> None:
            body.clear()
            with self._open(url, {}) as response:
                _expect(response, url, {200})
                for part in self._paced(response.iter_raw()):
                    body.extend(part)
                    if len(body) > MAX_INDEX_BYTES:
                        raise _FinalError(f"{url}: longer than any registry")
                encoding = response.headers.get("Content-Encoding", "")
                decoded = decode_body(bytes(body), encoding, limit=MAX_INDEX_BYTES)
                if isinstance(decoded, StageError):
                    raise _FinalError(f"{url}: {decoded.detail}")
                body[:] = decoded

        self._repeat(attempt, url, INDEX_ATTEMPTS)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UnavailableError(f"{url}: the answer is no JSON") from error

    def fetch(
        self,
        url: str,
        path: Path,
        *,
        max_bytes: int,
        progress: Progress = no_progress,
    ) -> None:
        """A file; what an earlier attempt left of it is used.

        Raises:
            UnavailableError: It cannot be had, or is longer than `max_bytes`.
        """
        part = path.with_name(path.name + ".part")

        def attempt() -> None:
            self._continue(url, part, max_bytes, progress)

        path.parent.mkdir(parents=True, exist_ok=True)
        if part.exists():
            progress(part.stat().st_size)
        self._repeat(attempt, url, MAX_ATTEMPTS)
        part.replace(path)

    def _continue(
        self, url: str, part: Path, max_bytes: int, progress: Progress
    ) -> None:
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._open(url, headers) as response:
            if have and not _continues(response, have):  # another file than before
                _start_over(part, have, progress)
                raise _RetryError("the server has no such part")
            _expect(response, url, {200, 206} if have else {200})
            if response.status_code == 200 and have:
                _start_over(part, have, progress)
                have = 0
            self._append(response, part, have, max_bytes, progress)

    def _append(
        self,
        response: httpx.Response,
        part: Path,
        have: int,
        max_bytes: int,
        progress: Progress,
    ) -> None:
        with part.open("ab" if have else "wb") as file:
            for data in self._paced(response.iter_raw()):
                have += len(data)
                if have > max_bytes:
                    raise _FinalError(
                        f"{response.url}: longer than expected ({max_bytes:,} bytes)"
                    )
                file.write(data)
                progress(len(data))
        expected = _length(response)
        if expected is not None and have < expected:
            raise _RetryError(f"{have:,} of {expected:,} bytes came")

    def _paced(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        began, count = self._clock(), 0
        for part in parts:
            count += len(part)
            allowed = self._settings.timeout_seconds + count / MIN_BYTES_PER_SECOND
            yield part
            if self._clock() - began > allowed:
                raise _RetryError(f"slower than {MIN_BYTES_PER_SECOND} bytes a second")

    @contextmanager
    def _open(self, url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        if self._settings.offline:
            raise _FinalError(
                f"{url}: not asked for, [models] offline is set; "
                '"babelwire models import DIR" takes models from a folder'
            )
        headers = {"Accept-Encoding": "identity", **headers}
        for _ in range(MAX_REDIRECTS):
            self._settings.note_contact(_host(url), "models")
            with self._http().stream("GET", url, headers=headers) as response:
                if not response.is_redirect:
                    yield response
                    return
                location = response.headers.get("Location", "")
            target = _joined(url, location)
            if not _may_follow(url, target):
                raise _FinalError(f"{url}: redirects to {target}, which is not https")
            url = target
        raise _FinalError(f"{url}: redirects in a circle")

    def _repeat(self, attempt: Callable[[], None], url: str, times: int) -> None:
        import httpx

        pause = FIRST_PAUSE_SECONDS
        for number in range(times):
            try:
                attempt()
            except _FinalError as error:
                raise UnavailableError(str(error)) from error
            except (_RetryError, httpx.HTTPError, httpx.InvalidURL) as error:
                if number == times - 1:
                    why = error or type(error).__name__
                    raise UnreachableError(f"{url}: {why}") from error
                self._pause(pause)
                pause *= 2
            else:
                return

    def _http(self) -> httpx.Client:
        import httpx

        if self._client is None:
            settings = self._settings
            self._client = httpx.Client(
                transport=routed_transport(
                    settings.egress, httpx, settings.note_contact
                ),
                timeout=settings.timeout_seconds,
                trust_env=False,
                follow_redirects=False,
            )
        return self._client


class _RetryError(Exception):
    """Another attempt may succeed."""


class _FinalError(Exception):
    """It will not."""


def _expect(response: httpx.Response, url: str, wanted: set[int]) -> None:
    status = response.status_code
    if status in wanted:
        return
    if status >= 500 or status == 429:
        raise _RetryError(f"status {status}")
    raise _FinalError(f"{url}: status {status}")


def _continues(response: httpx.Response, have: int) -> bool:
    """Whether a partial answer begins where it was asked to."""
    if response.status_code == 206:
        began = response.headers.get("Content-Range", "").removeprefix("bytes ")
        return bool(began.startswith(f"{have}-"))
    return response.status_code != 416


def _start_over(part: Path, have: int, progress: Progress) -> None:
    part.unlink(missing_ok=True)
    progress(-have)


def _length(response: httpx.Response) -> int | None:
    """Of the whole file."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.status_code == 206 and total.isdigit():
        return int(total)
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status_code == 200 and length.isdigit() else None


def _host(url: str) -> str:
    try:
        return host_of(url)
    except ValueError as error:
        raise _FinalError(f"{url}: {error}") from error


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise _FinalError(f"{url}: redirects to no address: {location}") from error


def _may_follow(url: str, target: str) -> bool:
    before, after = urlsplit(url), urlsplit(target)
    return after.scheme == "https" or (
        after.scheme == "http"
        and before.scheme == "http"
        and after.hostname == before.hostname
    )
