"""A translation server over HTTP: limits, pauses, a circuit breaker, counters.

Whatever the server does, a call ends within its time limit, from the first byte sent
to the last one read, and gives a value. A server that fails several times in a row is
left alone for a while: every document waits, instead of each costing a time-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pipeline.contacts import NoteContact, Purpose, unnoted
from pipeline.content_encoding import decode_body
from pipeline.egress import Egress
from pipeline.errors import StageError, UnavailableError
from pipeline.http_routes import client_options
from pipeline.translation.engine import Failure
from pipeline.urls import host_of

if TYPE_CHECKING:
    import httpx

BREAK_AFTER = 3
"""After so many failed calls in a row the server is left alone …"""
BREAK_SECONDS = 60.0
"""… for so long."""

MAX_PAUSE_SECONDS = 30.0
"""A `Retry-After` up to this is waited for on the spot, once; at a longer one the
server is left alone until then …"""
MAX_CLOSED_SECONDS = 3600.0
"""… but no longer than this: a date a year away is a mistake."""

MAX_ANSWER_BYTES = 4 * 2**20
"""A batch of 32 long segments is 100 KB at most."""

BUSY = frozenset({429, 503})
REFUSED = frozenset({401, 402, 403})


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where a server is and what a call may cost.

    Attributes:
        url: The API's root.
        timeout_seconds: For one call in all, headers and body.
        headers: Sent with each call, e.g. the key.
        concurrency: Calls at once.
        no_model: Statuses that say: not this language pair, not this model.
        purpose: What the server is asked for.
        egress: The ways out; a server on this machine is reached directly.
    """

    url: str
    timeout_seconds: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict)
    concurrency: int = 1
    no_model: frozenset[int] = frozenset()
    purpose: Purpose = "translate"
    egress: Egress = field(default_factory=Egress)

    @property
    def host(self) -> str:
        """The server's, as hosts are noted.

        Raises:
            ValueError: The address is none.
        """
        return host_of(self.url)


@dataclass(kw_only=True)
class Usage:
    """What a server was asked: what a bill is made of."""

    requests: int = 0
    characters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Server:
    """Posts JSON and gets JSON; nothing before it is noted whom it goes to."""

    def __init__(
        self,
        settings: ServerSettings,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        note_contact: NoteContact = unnoted,
    ) -> None:
        self._settings = settings
        self._note_contact = note_contact
        self._clock = clock
        self._pause = pause
        self._runner: asyncio.Runner | None = None
        self._client: httpx.AsyncClient | None = None
        self._failures = 0
        self._closed_until = float("-inf")
        self.usage = Usage()

    @property
    def is_open(self) -> bool:
        """Whether it is worth asking now."""
        return self._clock() >= self._closed_until

    def post(self, path: str, payloads: Sequence[Any]) -> list[Any | Failure]:
        """The JSON answers to some payloads, in order; a `Failure` where none came."""
        if not payloads:
            return []
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self._post_all(path, payloads))

    def take_usage(self) -> Usage:
        """What was asked since the last call of this."""
        taken, self.usage = self.usage, Usage()
        return taken

    def close(self) -> None:
        """Closes the connections."""
        if self._runner is not None:
            if self._client is not None:
                with contextlib.suppress(Exception):
                    self._runner.run(self._client.aclose())
            self._runner.close()
        self._runner = self._client = None

    async def _post_all(self, path: str, payloads: Sequence[Any]) -> list[Any]:
        gate = asyncio.Semaphore(self._settings.concurrency)

        async def one(payload: Any) -> Any:
            async with gate:
                return await self._ask(path, payload)

        return list(await asyncio.gather(*(one(payload) for payload in payloads)))

    async def _ask(self, path: str, payload: Any) -> Any:
        """One payload; once more when the server asks for a short pause."""
        for attempt in range(2):
            if not self.is_open:
                return Failure(reason="unavailable", detail="it failed several times")
            try:
                answer = await self._call(path, payload)
            except _BusyError as busy:
                if attempt or busy.seconds > MAX_PAUSE_SECONDS:
                    self._leave_alone(min(busy.seconds, MAX_CLOSED_SECONDS))
                    return Failure(reason="unavailable", detail=str(busy))
                await self._pause(busy.seconds)
                continue
            except _FailedError as failed:
                self._failures += 1
                if self._failures >= BREAK_AFTER:
                    self._leave_alone(BREAK_SECONDS)
                return Failure(reason="unavailable", detail=str(failed))
            self._failures = 0
            return answer
        raise AssertionError("the second attempt always ends")

    def _leave_alone(self, seconds: float) -> None:
        self._closed_until = self._clock() + seconds

    async def _call(self, path: str, payload: Any) -> Any:
        import httpx

        self._note()
        self.usage.requests += 1
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                async with self._http().stream("POST", path, json=payload) as response:
                    return await self._read(response)
        except TimeoutError as error:
            seconds = self._settings.timeout_seconds
            raise _FailedError(f"no answer in {seconds:g} s") from error
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            # Their messages quote the header that cannot be sent: the key.
            raise _FailedError(
                "the key or the text has characters that cannot be sent"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _FailedError(f"{type(error).__name__}: {error}") from error

    def _note(self) -> None:
        settings = self._settings
        try:
            host = settings.host
        except ValueError as error:
            raise _FailedError(f"{settings.url}: {error}") from error
        try:
            self._note_contact(host, settings.purpose)
            route = settings.egress.choose(host)
            if not route.is_direct:
                self._note_contact(route.host, "proxy")
        except UnavailableError as error:
            raise _FailedError(str(error)) from error

    async def _read(self, response: httpx.Response) -> Any:
        status = response.status_code
        if status in self._settings.no_model:
            return Failure(reason="no_model", detail=f"status {status}")
        if status in REFUSED:
            return Failure(reason="refused", detail=f"status {status}")
        if status in BUSY:
            raise _BusyError(retry_after(response.headers.get("Retry-After", "")))
        if status != 200:
            raise _FailedError(f"status {status}")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                raise _FailedError("the answer is too long")
        encoding = response.headers.get("Content-Encoding", "")
        decoded = decode_body(bytes(body), encoding, limit=MAX_ANSWER_BYTES)
        if isinstance(decoded, StageError):
            raise _FailedError(f"the answer: {decoded.detail}")
        try:
            return json.loads(decoded)
        except (ValueError, RecursionError) as error:
            raise _FailedError("the answer is no JSON") from error

    def _http(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            settings = self._settings
            self._client = httpx.AsyncClient(
                base_url=settings.url,
                headers={"Accept-Encoding": "gzip", **settings.headers},
                timeout=settings.timeout_seconds,
                follow_redirects=False,  # a text goes where the config says
                **client_options(settings.egress, settings.host, httpx),
            )
        return self._client


def retry_after(value: str, now: datetime | None = None) -> float:
    """Seconds that a `Retry-After` asks for (RFC 9110 §10.2.3); 1 for none.

    >>> retry_after("7"), retry_after("soon")
    (7.0, 1.0)
    """
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    with contextlib.suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())
    return 1.0


class _FailedError(Exception):
    """No use asking again just now."""


class _BusyError(Exception):
    """It asks to come again later."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"busy for {seconds:g} s")
        self.seconds = seconds
