"""A proxy on loopback, as offices have them: it notes what it is asked for.

It connects anywhere, and to names of the test's own choosing: what must not be reached
through it, the crawler itself has to leave alone.
"""

import base64
import contextlib
import http.client
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Self, cast
from urllib.parse import urlsplit

from babelwire.demo.server import ClosingServer

HOP_BY_HOP = {"connection", "proxy-authorization", "proxy-connection", "host"}


@dataclass(frozen=True)
class Asked:
    """One request to the proxy.

    Attributes:
        target: `host:port` of a tunnel, or the absolute address of a page.
        headers: As they came, names in small letters.
    """

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        """Whose page or tunnel was asked for, without the port."""
        written = self.target if "//" in self.target else f"//{self.target}"
        return urlsplit(written).hostname or ""


Fault = Callable[[Asked], int]
"""The status to refuse a request with; 0 lets it through, -1 closes the connection and
-2 leaves it open without an answer."""
CLOSE, HANG = -1, -2


def sound(_asked: Asked) -> int:
    """No fault."""
    return 0


@dataclass
class Proxy:
    """Where it listens and what it was asked; use it as a context manager.

    Attributes:
        places: Host and port that a name, with or without its port, is at; others are
            looked up.
        login: User and password that are asked for; None: nobody is asked.
        fault: What goes wrong.
    """

    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    fault: Fault = sound
    asked: list[Asked] = field(default_factory=list)
    host: str = "127.0.0.1"

    def __enter__(self) -> Self:
        self._server = _Server((self.host, 0), self)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """As `[network] proxy` wants it."""
        return f"http://{self.host}:{self.port}"

    def refusal(self, asked: Asked) -> int:
        """The status that a request is refused with, or 0."""
        if self.login is not None:
            pair = base64.b64encode(":".join(self.login).encode()).decode()
            if asked.headers.get("proxy-authorization") != f"Basic {pair}":
                return 407
        return self.fault(asked)

    def place(self, host: str, port: int) -> tuple[str, int]:
        """Where a host is."""
        found = self.places.get(f"{host}:{port}") or self.places.get(host)
        return found or (host, port)


class _Server(ClosingServer):
    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        if not self._is_allowed():
            return
        host, _, port = self.path.rpartition(":")
        place = self._proxy.place(host.strip("[]"), int(port))
        try:
            far = socket.create_connection(place, timeout=10)
        except OSError:
            self._refuse(502)
            return
        with far:
            self.send_response(200, "Connection established")
            self.end_headers()
            _relay(self.connection, far)
        self.close_connection = True

    def do_GET(self) -> None:
        if not self._is_allowed():
            return
        parts = urlsplit(self.path)
        place = self._proxy.place(parts.hostname or "", parts.port or 80)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        kept = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept["Host"] = parts.netloc
        try:
            with _answer(place, self.command, path, sent, kept) as answer:
                body = answer.read()
        except (OSError, http.client.HTTPException):
            self._refuse(502)
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    @property
    def _proxy(self) -> Proxy:
        return cast("_Server", self.server).proxy

    def _is_allowed(self) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers)
        self._proxy.asked.append(asked)
        status = self._proxy.refusal(asked)
        if status > 0:
            self._refuse(status)
        elif status:
            self.close_connection = True
            if status == HANG:  # until the client gives up, or the proxy is closed
                self.connection.recv(1)
        return not status

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == 407:
            self.send_header("Proxy-Authenticate", 'Basic realm="office"')
        self.end_headers()


@contextlib.contextmanager
def _answer(
    place: tuple[str, int], method: str, path: str, body: bytes, headers: dict[str, str]
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(*place, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, body or None, headers)
        yield connection.getresponse()


def _relay(near: socket.socket, far: socket.socket) -> None:
    ends = {near: far, far: near}
    with contextlib.suppress(OSError):
        while True:
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(65_536)
                if not data:
                    return
                ends[end].sendall(data)
