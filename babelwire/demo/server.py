"""Serves the demonstration world over HTTP on loopback, one port a site."""

import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from babelwire.demo.world import Request, Response, World


class WorldServer:
    """A running set of sites; use it as a context manager.

    Attributes:
        urls: Each site's address without a trailing slash.
    """

    def __init__(
        self,
        respond: Callable[[Request], Response],
        sites: Sequence[str],
        host: str = "127.0.0.1",
        base_port: int = 0,
    ) -> None:
        """Bind all ports and start serving.

        Args:
            respond: Answers a request.
            sites: The sites' names.
            host: The address to bind.
            base_port: The first site's port, the others following; 0 for free ones.

        Raises:
            OSError: A port is taken; the message names it.
        """
        self.urls: dict[str, str] = {}
        self._servers: list[_SiteServer] = []
        self._threads: list[threading.Thread] = []
        try:
            for number, site in enumerate(sites):
                port = base_port + number if base_port else 0
                self._bind(respond, site, host, port)
        except OSError:
            self.close()
            raise
        for server in self._servers:
            self._start(server)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self.close()

    def close(self) -> None:
        """Stop serving and free the ports; a second call does nothing."""
        for server in self._servers[: len(self._threads)]:
            server.shutdown()
        for server in self._servers:
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._servers.clear()
        self._threads.clear()

    def _bind(
        self,
        respond: Callable[[Request], Response],
        site: str,
        host: str,
        port: int,
    ) -> None:
        try:
            server = _SiteServer((host, port), respond, site)
        except OSError as error:
            message = f"cannot serve {site} on {host}, port {port}: {error.strerror}"
            raise OSError(error.errno, message) from error
        self._servers.append(server)
        self.urls[site] = f"http://{host}:{server.server_address[1]}"

    def _start(self, server: "_SiteServer") -> None:
        # .05 s: the poll interval bounds how long closing a site takes.
        thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), name=server.site, daemon=True
        )
        thread.start()
        self._threads.append(thread)


def serve(world: World, *, base_port: int = 0) -> WorldServer:
    """Serve a world's sites on 127.0.0.1.

    Args:
        world: The world; advancing it changes what is served.
        base_port: The first site's port, or 0 for free ones.

    Raises:
        OSError: A port is taken; the message names it.
    """
    urls: dict[str, str] = {}
    server = WorldServer(
        lambda request: world.respond(request, urls),
        list(world.sites),
        base_port=base_port,
    )
    urls.update(server.urls)
    return server


class ClosingServer(ThreadingHTTPServer):
    """A threading server that drops its open connections when it is closed."""

    daemon_threads = True
    block_on_close = False
    # Off: with it, a port that another server holds could be bound on some systems.
    allow_reuse_port = False
    # A crawl opens many connections at once; the default backlog of 5 drops some.
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]
    ) -> None:
        """Bind an address; its port may be 0 for a free one."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), 0

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection while it is open."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ends."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Free the port and end what is still open."""
        super().server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is no error of ours."""


class _SiteServer(ClosingServer):
    def __init__(
        self,
        address: tuple[str, int],
        respond: Callable[[Request], Response],
        site: str,
    ) -> None:
        self.respond = respond
        self.site = site
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    # An idle connection is closed after this many seconds.
    timeout = 60
    # Answer headers and body leave in separate writes: no delay between them.
    disable_nagle_algorithm = True
    server: _SiteServer
    bodiless: ClassVar[frozenset[int]] = frozenset({204, 304})

    def do_GET(self) -> None:
        """Answer a GET."""
        self._reply()

    def do_HEAD(self) -> None:
        """Answer a HEAD with the headers alone."""
        self._reply()

    def do_POST(self) -> None:
        """Refuse what the world does not offer; the body stays unread."""
        self.close_connection = True
        self._reply()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""

    def _reply(self) -> None:
        request = Request(
            method=self.command,
            site=self.server.site,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        try:
            self._send(self.server.respond(request))
        except ConnectionError:
            self.close_connection = True

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in self.bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in self.bodiless:
            self.wfile.write(answer.body)
