"""A proxy on loopback that lets a server misbehave in ways it cannot by itself."""

import contextlib
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


Forward = Callable[[Asked], Answered]
Fault = Callable[[Asked, Forward], Answered | None]
"""Gives the answer to send; None closes the connection without one."""


def honest(asked: Asked, forward: Forward) -> Answered | None:
    """No fault."""
    return forward(asked)


@dataclass
class Proxy:
    """Where it listens, what it does, and what it was asked.

    Attributes:
        closing: Set when it ends: whoever hangs waits for it.
    """

    url: str
    fault: Fault = honest
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def hang(self, asked: Asked, forward: Forward) -> Answered | None:
        """Applies the request and never answers."""
        forward(asked)
        self.closing.wait(60)
        return None


@contextlib.contextmanager
def proxy_to(target: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy in front of a server, for the time of the block."""
    parts = urlsplit(target)

    def forward(asked: Asked) -> Answered:
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        with contextlib.closing(connection):
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = connection.getresponse()
            return Answered(answer.status, dict(answer.getheaders()), answer.read())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower()
                not in {"host", "connection", "accept-encoding", "content-length"}
            }
            asked = Asked(self.command, self.path, kept, self.rfile.read(length))
            proxy.asked.append(asked)
            answer = proxy.fault(asked, forward)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    proxy = Proxy(url=f"{scheme}://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        server.server_close()
        serving.join()
