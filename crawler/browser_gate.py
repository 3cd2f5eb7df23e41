"""The one door out of the browser: a proxy on loopback that keeps the crawler's rules.

A browser looks names up and connects by itself, past the guard. So it is given a proxy
for everything, this one, which reads each address by the guard's rules, has the host
looked up and judged, and connects to the address that was judged, or through the proxy
that the page's source names. What is refused gets 403.

Each page has a ticket, its name and password at this proxy: the gate knows by it whose
connection it is, counts its bytes, and ends all of them with the page. Other programs
of this machine have none.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet import error as failures
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI

from crawler.download_handler import Endpoints
from crawler.guard import Guard, GuardResolver, RefusedError, may_be_left_to_a_proxy
from crawler.proxies import (
    AUTHENTICATION_REQUIRED,
    LOGIN_WANTED,
    REFUSED,
    ProxyError,
    Standing,
)
from pipeline.egress import Egress, Route
from pipeline.urls import host_of

MAX_HEAD_BYTES = 64 << 10
"""Of a request, as much as servers take of one."""

MAX_CONNECTIONS = 64
"""Of one page at once: a browser opens 32 to a proxy (Chromium,
`kDefaultMaxSocketsPerProxyChain`)."""

WHY = "X-Babelwire-Gate"
"""A header of the gate's own answers, with the reason."""

USER = "page"

_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]")
_CHALLENGE = 'Proxy-Authenticate: Basic realm="gate"\r\n'
_OWN = (b"proxy-", b"connection:", b"keep-alive:", b"upgrade:", b"te:")
"""Fields that are for the gate and not for who is behind it (RFC 9110 §7.6.1)."""


@dataclass(eq=False)
class Ticket:
    """One page's leave to connect.

    Attributes:
        egress: The way out that its source names.
        bytes_left: Of all answers together.
        first: Host and port that it asked for first: those of the page itself.
        first_problem: What went wrong there last, or None.
        first_via: The proxy that it was asked for through, as hosts are noted.
        password: At the gate.
    """

    egress: str
    bytes_left: int
    first: tuple[str, int] | None = None
    first_problem: Exception | None = None
    first_via: str = ""
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    connections: set[Any] = field(default_factory=set, repr=False)

    @property
    def authorization(self) -> bytes:
        """What the browser must say (RFC 7617)."""
        pair = f"{USER}:{self.password}".encode()
        return b"Basic " + base64.b64encode(pair)

    @property
    def is_spent(self) -> bool:
        """Whether its pages were larger than they may be."""
        return self.bytes_left < 0

    def spend(self, size: int) -> bool:
        """Takes bytes off; False when there were not so many left."""
        self.bytes_left -= size
        return not self.is_spent


class Gate:
    """Listens, once it was opened, on a port of its own."""

    def __init__(
        self,
        reactor: Any,
        *,
        guard: Guard,
        egress: Egress,
        seconds: float,
        count: Callable[[str], None] | None = None,
    ) -> None:
        """Takes its parts.

        Args:
            reactor: Twisted's, whose resolver is a `GuardResolver`.
            guard: The rules.
            egress: The ways out.
            seconds: For one connection.
            count: Told the host of each connection that was made.
        """
        self._reactor = reactor
        self._guard = guard
        self._egress = egress
        self._seconds = seconds
        self._count = count
        self._tickets: dict[bytes, Ticket] = {}
        self._standings: dict[Route, Standing] = {}
        self._port: Any = None
        self.tasks: set[asyncio.Task[None]] = set()

    def open(self) -> str:
        """Begins to listen; the proxy's address for the browser."""
        self._port = self._reactor.listenTCP(
            0, Factory.forProtocol(lambda: _Near(self)), interface="127.0.0.1"
        )
        return f"http://127.0.0.1:{self._port.getHost().port}"

    def close(self) -> None:
        """Ends everything."""
        for ticket in list(self._tickets.values()):
            self.dismiss(ticket)
        for task in self.tasks:
            task.cancel()
        if self._port is not None:
            self._port.stopListening()

    def admit(self, *, egress: str, max_bytes: int) -> Ticket:
        """A page may connect from now on."""
        ticket = Ticket(egress=egress, bytes_left=max_bytes)
        self._tickets[ticket.authorization] = ticket
        return ticket

    def dismiss(self, ticket: Ticket) -> None:
        """It may no more; its connections end."""
        self._tickets.pop(ticket.authorization, None)
        for connection in list(ticket.connections):
            connection.abort()

    def ticket_of(self, authorization: bytes) -> Ticket | None:
        """Whose name and password these are."""
        return self._tickets.get(authorization)

    async def connect(self, ticket: Ticket, asked: Asked, far: Far) -> Route:
        """Connects to who was asked for; the way it went.

        Raises:
            RefusedError: It must not be.
            ProxyError: The proxy did not do its part.
            Exception: Twisted's, for whatever else goes wrong.
        """
        reason = self._guard.url_refusal(asked.url)
        if reason:
            raise RefusedError(reason)
        resolver = self._reactor.nameResolver
        if not isinstance(resolver, GuardResolver):
            raise RefusedError("no_guard")
        host, port = asked.place
        route = self._egress.choose(host, ticket.egress)
        standing = None if route.is_direct else self._standing(route)
        if standing is not None:
            if asked.place == ticket.first:
                ticket.first_via = standing.name
            standing.check()
            await self._approve(resolver, host, port)
        endpoints = Endpoints(self._reactor, None, self._seconds, route, standing)
        endpoint: Any = endpoints.endpointForURI(asked.uri)
        if standing is not None and not asked.is_tunnel:
            endpoint = endpoints.proxy()
        connecting: Deferred[Any] = endpoint.connect(Factory.forProtocol(lambda: far))
        connecting.addTimeout(self._seconds, self._reactor)
        try:
            await connecting.asFuture(asyncio.get_running_loop())
        except failures.DNSLookupError as error:
            if refused := resolver.refusals.get(asked.place):
                raise RefusedError(refused) from error
            raise
        self._counted(asked, standing)
        return route

    def login_refused(self, route: Route) -> ProxyError:
        """The proxy behind wants another user: its failure, noted."""
        return self._standing(route).failed(REFUSED, LOGIN_WANTED)

    async def _approve(self, resolver: GuardResolver, host: str, port: int) -> None:
        left = self._egress.proxy_resolves and may_be_left_to_a_proxy(host)
        reason = await resolver.approve(
            host, port, seconds=self._seconds, unknown_may_pass=left
        )
        if reason == "dns":
            raise failures.DNSLookupError(f"{host} is not known here")
        if reason:
            raise RefusedError(reason)

    def _standing(self, route: Route) -> Standing:
        if route not in self._standings:
            self._standings[route] = Standing(route, self._reactor.seconds)
        return self._standings[route]

    def _counted(self, asked: Asked, standing: Standing | None) -> None:
        if self._count is not None:
            if standing is not None:
                self._count(standing.name)
            self._count(host_of(asked.url))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The head of one request to the gate.

    Attributes:
        is_tunnel: CONNECT; otherwise a page by its http address.
        url: Of the page, or of the tunnel's end.
        uri: The same, as whatever connects reads it; never https, for the browser
            itself speaks TLS through the tunnel.
        method: Of the request.
        lines: Its fields, those for a proxy left out.
        authorization: What the browser said to the gate.
        body_bytes: That follow; -1 where that is not said plainly.
    """

    is_tunnel: bool
    url: str
    uri: URI
    method: bytes
    lines: tuple[bytes, ...]
    authorization: bytes
    body_bytes: int

    @property
    def place(self) -> tuple[str, int]:
        """Host and port, as the resolver names them."""
        return self.uri.host.decode("ascii"), int(self.uri.port)

    def head_for(self, route: Route) -> bytes:
        """What is said to the site, or to the proxy before it."""
        target = self.uri.originForm
        lines = [*self.lines, b"Connection: close"]
        if not route.is_direct:
            target = self.url.encode("ascii")
            if route.authorization:
                lines.append(b"Proxy-Authorization: " + route.authorization.encode())
        first = self.method + b" " + target + b" HTTP/1.1"
        return b"\r\n".join([first, *lines]) + b"\r\n\r\n"


def asked_of(head: bytes) -> Asked | None:
    """The request that a head makes; None where it makes none.

    >>> found = asked_of(b"CONNECT news.example:443 HTTP/1.1")
    >>> found.url, found.place
    ('https://news.example:443/', ('news.example', 443))
    """
    first, *lines = head.split(b"\r\n")
    match = _LINE.fullmatch(first)
    if match is None:
        return None
    method, target = match.groups()
    is_tunnel = method == b"CONNECT"
    if not is_tunnel and not target.lower().startswith(b"http://"):
        return None
    plain = b"http://" + target + b"/" if is_tunnel else target
    try:
        uri = URI.fromBytes(plain)  # type: ignore[no-untyped-call]
        url = (b"https://" + target + b"/" if is_tunnel else target).decode("ascii")
    except ValueError:
        return None
    return Asked(
        is_tunnel=is_tunnel,
        url=url,
        uri=uri,
        method=method,
        lines=tuple(line for line in lines if not line.lower().startswith(_OWN)),
        authorization=_field(lines, b"proxy-authorization:"),
        body_bytes=0 if is_tunnel else _body_bytes(lines),
    )


def _body_bytes(lines: list[bytes]) -> int:
    if _field(lines, b"transfer-encoding:"):
        return -1
    written = _field(lines, b"content-length:") or b"0"
    return int(written) if written.isdigit() and len(written) < 12 else -1


def _field(lines: list[bytes], name: bytes) -> bytes:
    found = [
        line[len(name) :].strip()
        for line in lines
        if line.lower()[:99].startswith(name)
    ]
    return found[0] if len(found) == 1 else b",".join(found)


def reason_of(error: Exception) -> tuple[str, bool]:
    """A connection's failure in the words of `Answer`: reason, and whether to retry."""
    if isinstance(error, RefusedError | ProxyError):
        return error.reason, isinstance(error, ProxyError)
    for kind, reason in (
        (failures.DNSLookupError, "dns"),
        (failures.ConnectionRefusedError, "connection_refused"),
        (failures.TimeoutError, "timeout"),
        (TimeoutError, "timeout"),
    ):
        if isinstance(error, kind):
            return reason, True
    return "connection_lost", True


class _Near(Protocol):
    """A connection from the browser: one request, then it is closed."""

    transport: Any

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._head = b""
        self._rest = b""
        self._asked: Asked | None = None
        self._ticket: Ticket | None = None
        self._route: Route | None = None
        self._far = Far(self)
        self._answered = False
        self._closed = False

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._route is not None:
            self._send(data)
        elif self._asked is not None:
            self._rest += data  # no more than the body before the answer
            if len(self._rest) > MAX_HEAD_BYTES:
                self.transport.pauseProducing()
        else:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if end and len(head) <= MAX_HEAD_BYTES:
                self._begin(head, rest)
            elif len(self._head) > MAX_HEAD_BYTES:
                self._refuse(431, "head_too_large")

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._closed = True
        if self._ticket is not None:
            self._ticket.connections.discard(self)
        self._far.leave()

    def abort(self) -> None:
        """Ends it at once."""
        self.transport.abortConnection()

    def receive(self, data: bytes) -> None:
        """What came from the site."""
        assert self._ticket is not None  # noqa: S101 - nothing comes before one
        if not self._ticket.spend(len(data)):
            self._gate.dismiss(self._ticket)
        elif not self._answered and self._is_login_wanted(data):
            self._failed(self._gate.login_refused(self._route or Route()))
        else:
            self._answered = True
            self.transport.write(data)

    def left(self) -> None:
        """The site has closed its connection."""
        if self._route is not None and not self._closed:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def _begin(self, head: bytes, rest: bytes) -> None:
        asked = asked_of(head)
        if asked is None or asked.body_bytes < 0:
            self._refuse(400, "not_http")
            return
        ticket = self._gate.ticket_of(asked.authorization)
        if ticket is None:
            self._refuse(AUTHENTICATION_REQUIRED, "no_ticket", _CHALLENGE)
            return
        if len(ticket.connections) >= MAX_CONNECTIONS:
            self._refuse(503, "too_many_connections")
            return
        ticket.connections.add(self)
        ticket.first = ticket.first or asked.place
        self._asked, self._ticket, self._rest = asked, ticket, rest
        self._left = asked.body_bytes
        task = asyncio.get_running_loop().create_task(self._open(asked, ticket))
        self._gate.tasks.add(task)
        task.add_done_callback(self._gate.tasks.discard)

    async def _open(self, asked: Asked, ticket: Ticket) -> None:
        try:
            route = await self._gate.connect(ticket, asked, self._far)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, say so
            self._failed(error)
            return
        if self._closed:
            self._far.leave()
            return
        self._note(asked, None)
        self._route = route
        if asked.is_tunnel:
            self._answered = True
            self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            self._far.transport.write(asked.head_for(route))
        self.transport.registerProducer(self._far.transport, True)
        self._far.transport.registerProducer(self.transport, True)
        self.transport.resumeProducing()
        rest, self._rest = self._rest, b""
        if rest:
            self._send(rest)

    def _send(self, data: bytes) -> None:
        assert self._asked is not None  # noqa: S101 - asked before connected
        if not self._asked.is_tunnel:
            self._left -= len(data)
            if self._left < 0:  # another request: it may be for another host
                self.abort()
                return
        self._far.transport.write(data)

    def _is_login_wanted(self, data: bytes) -> bool:
        is_proxied = self._route is not None and not self._route.is_direct
        return is_proxied and b" 407 " in data[:16]

    def _failed(self, error: Exception) -> None:
        assert self._asked is not None  # noqa: S101 - asked before connected
        self._note(self._asked, error)
        reason, _ = reason_of(error)
        self._refuse(403 if isinstance(error, RefusedError) else 502, reason)

    def _note(self, asked: Asked, problem: Exception | None) -> None:
        if self._ticket is not None and asked.place == self._ticket.first:
            self._ticket.first_problem = problem

    def _refuse(self, status: int, reason: str, more: str = "") -> None:
        if self._closed:
            return
        head = (
            f"HTTP/1.1 {status} {reason}\r\n{WHY}: {reason}\r\n{more}"
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii"))
        self.transport.loseConnection()


class Far(Protocol):
    """The connection to the site, or to the proxy before it."""

    transport: Any

    def __init__(self, near: _Near) -> None:
        """Belongs to a connection from the browser."""
        self._near = near
        self._is_connected = False

    def connectionMade(self) -> None:  # noqa: N802
        """Twisted's."""
        self._is_connected = True

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Twisted's."""
        self._near.receive(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Twisted's."""
        self._is_connected = False
        self._near.left()

    def leave(self) -> None:
        """The browser has closed its connection."""
        if self._is_connected:
            self.transport.abortConnection()
