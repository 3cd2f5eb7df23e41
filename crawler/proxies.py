"""Connections through a proxy: CONNECT (RFC 9110 §9.3.6), and what goes wrong there.

Scrapy's own tunnels stay open after a refusal or a time-out, look proxies up past the
guard and know IPv4 only; hence these, from Twisted's public parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI
from zope.interface import implementer

from pipeline.egress import Route

UNAVAILABLE, REFUSED, FAILED = "proxy_unavailable", "proxy_refused", "proxy_error"
"""Reasons: it does not answer; it wants another user; it cannot reach this one host."""

BLAMELESS = frozenset({UNAVAILABLE, REFUSED})
"""Reasons that say nothing of the host that was to be reached."""

MAX_FAILURES = 3
"""In a row, then a proxy is left alone: each attempt may take half a request's time,
and wrong passwords lock accounts …"""
PAUSE_SECONDS = 60.0
"""… for so long."""

MAX_HEAD_BYTES = 16_384
"""Of the answer to CONNECT, as Twisted limits a line of one."""

AUTHENTICATION_REQUIRED = 407
LOGIN_WANTED = "wants a user and a password, or others (status 407)"

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")


class ProxyError(Exception):
    """A proxy did not do its part; `reason` says which."""

    def __init__(self, reason: str, proxy: str, why: str = "") -> None:
        super().__init__(f"proxy {proxy} {why}".rstrip())
        self.reason = reason
        self.proxy = proxy
        self.why = why


class Standing:
    """Whether a proxy works; one that failed several times is left alone."""

    def __init__(self, route: Route, now: Callable[[], float]) -> None:
        """Args: the way through the proxy; seconds of a clock."""
        self.name = route.host
        self.now = now
        self._failures = 0
        self._worked_at = self._closed_until = float("-inf")
        self._last = ProxyError(UNAVAILABLE, route.host)

    def check(self) -> None:
        """Lets pass, or raises.

        Raises:
            ProxyError: What it said last, while it is left alone.
        """
        if self.now() < self._closed_until:
            raise ProxyError(self._last.reason, self.name, self._last.why)

    def works(self) -> None:
        """It did its part."""
        self._failures = 0
        self._worked_at = self.now()

    def failed(self, reason: str, why: str) -> ProxyError:
        """It did not; the error to raise."""
        error = ProxyError(reason, self.name, why)
        if reason not in BLAMELESS:
            self.works()
            return error
        self._last = error
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self._failures = MAX_FAILURES - 1  # then one more is enough
            self._closed_until = self.now() + PAUSE_SECONDS
        return error

    def silent(self, since: float) -> None:
        """It was asked for a tunnel and said nothing until we gave up.

        The host behind may be to blame, unless nothing else worked meanwhile: a few
        dead hosts must not close the way to all others (C7).
        """
        if self._worked_at < since:
            self.failed(UNAVAILABLE, "gives no answer")


@implementer(IStreamClientEndpoint)
class ProxyEndpoint:
    """The connection to a proxy; what goes wrong with it is the proxy's failure."""

    def __init__(
        self, endpoint: Any, standing: Standing, refusal: Callable[[], str]
    ) -> None:
        """Takes its parts.

        Args:
            endpoint: Connects to the proxy.
            standing: Told of failures.
            refusal: Why our own guard refused to look the proxy up, or "".
        """
        self._endpoint = endpoint
        self._standing = standing
        self._refusal = refusal

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        """Twisted's name: a connected protocol."""
        connecting: Deferred[Any] = self._endpoint.connect(protocolFactory)
        connecting.addErrback(self._failed)
        return connecting

    def _failed(self, failure: Any) -> Any:
        if failure.check(CancelledError, ConnectingCancelledError):
            return failure  # given up by us
        if reason := self._refusal():
            raise ProxyError(reason, self._standing.name, "cannot be noted")
        why = f"does not answer ({failure.getErrorMessage()})"
        raise self._standing.failed(UNAVAILABLE, why)


@implementer(IStreamClientEndpoint)
class TunnelEndpoint:
    """A connection to a host through a proxy, made by CONNECT."""

    def __init__(
        self, proxy: ProxyEndpoint, uri: URI, route: Route, standing: Standing
    ) -> None:
        """Takes its parts.

        Args:
            proxy: Connects to the proxy.
            uri: Whose host is to be reached.
            route: With the credentials, which only the proxy gets (C15).
            standing: Told of failures.
        """
        self._proxy = proxy
        self._request = connect_request(uri, route)
        self._standing = standing

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        """Twisted's name: a connected protocol, on the far side of the proxy."""
        attempt = _Attempt(self._request, protocolFactory, self._standing)
        connecting = self._proxy.connect(Factory.forProtocol(lambda: attempt))
        connecting.addErrback(attempt.opened.errback)
        attempt.cancel_with(connecting.cancel)
        return attempt.opened


class _Attempt(Protocol):
    """Asks for a tunnel, then lends the connection to another protocol."""

    def __init__(self, request: bytes, factory: Any, standing: Standing) -> None:
        self.opened: Deferred[Any] = Deferred(self._cancelled)
        self._request = request
        self._factory = factory
        self._standing = standing
        self._began = standing.now()
        self._inner: Any = None
        self._head = b""
        self._give_up: Callable[[], None] = lambda: None

    def cancel_with(self, give_up: Callable[[], None]) -> None:
        """What to call where nobody waits any more."""
        self._give_up = give_up

    def connectionMade(self) -> None:  # noqa: N802
        self._transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        if self.opened.called:
            return  # given up
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if end:
            self._answered(head, rest)
        elif len(self._head) > MAX_HEAD_BYTES:
            self._fail(FAILED, "its answer has no end")

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self.opened.called:
            # RFC 9110 §15.6.3: of a host that fails, a proxy tells by a status.
            self._fail(UNAVAILABLE, "breaks the connection off")

    @property
    def _transport(self) -> Any:
        return self.transport

    def _answered(self, head: bytes, rest: bytes) -> None:
        match = _STATUS.match(head)
        status = int(match[1]) if match else 0
        if 200 <= status < 300:
            self._open(rest)
        elif status == AUTHENTICATION_REQUIRED:
            self._fail(REFUSED, LOGIN_WANTED)
        else:
            self._fail(FAILED, f"reaches no such host (status {status})")

    def _open(self, rest: bytes) -> None:
        self._standing.works()
        self._inner = self._factory.buildProtocol(self._transport.getPeer())
        self._inner.makeConnection(self._transport)
        if rest:
            self._inner.dataReceived(rest)
        self.opened.callback(self._inner)

    def _fail(self, reason: str, why: str) -> None:
        self.opened.errback(self._standing.failed(reason, why))
        self._transport.abortConnection()

    def _cancelled(self, _opened: Deferred[Any]) -> None:
        self._give_up()
        if self.transport is not None:
            self._standing.silent(self._began)
            self._transport.abortConnection()


def connect_request(uri: URI, route: Route) -> bytes:
    r"""What asks a proxy for a tunnel.

    >>> connect_request(URI.fromBytes(b"https://[2001:db8::1]/"), Route())
    b'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n'
    """
    host = uri.host.decode("ascii")
    authority = f"[{host}]:{uri.port}" if ":" in host else f"{host}:{uri.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if route.authorization:
        lines.append(f"Proxy-Authorization: {route.authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
