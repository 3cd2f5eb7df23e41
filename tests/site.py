"""Hosts on loopback for the tests: one that is scripted, and the demo's world.

`Site` answers what a test tells it to, including what no decent host does;
`FaultyWorld` is the demo's news world with such faults switched on where wanted.
"""

import os
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol, Self, cast
from urllib.parse import urlsplit

from babelwire.demo.server import ClosingServer
from babelwire.demo.world import Request, Response, World

MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that a site received; `at` is `time.monotonic()`."""

    at: float
    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A connection on which a fault is to be acted out; it is closed afterwards."""

    request: Request
    connection: socket.socket
    closing: threading.Event
    """Set when the site is closed."""

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(data)

    def send_head(self, headers: Mapping[str, str], status: str = "200 OK") -> None:
        """Send a status line and headers; the body is the fault's business."""
        lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in headers.items())]
        self.send(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode())


class Fault(Protocol):
    """Misbehaviour on a connection."""

    def __call__(self, exchange: Exchange, /) -> None:
        """Act it out."""
        ...


@dataclass(frozen=True)
class Acting:
    """A fault as an answer; what the functions below give."""

    act: Fault


Answer = Response | Acting
Script = Callable[[Request], Answer]

HTML = {"Content-Type": "text/html; charset=utf-8"}


# --- Answers that are odd but well-formed ------------------------------------


def status(code: int, retry_after: str | int | None = None) -> Response:
    """An error status, with `Retry-After` in seconds or as a date."""
    headers = dict(HTML)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(status=code, headers=headers, body=f"<h1>{code}</h1>".encode())


def redirect(to: str, code: int = 302) -> Response:
    """A redirect to any address at all."""
    return Response(status=code, headers={"Location": to})


def not_modified() -> Response:
    """304 without a body."""
    return Response(status=304)


def wrong_charset(text: str, actual: str, declared: str) -> Response:
    """A page in one charset that declares another in its header."""
    headers = {"Content-Type": f"text/html; charset={declared}"}
    return Response(headers=headers, body=text.encode(actual))


# --- Faults ------------------------------------------------------------------


def raw(data: bytes) -> Acting:
    """Exactly these bytes, in place of an answer."""
    return Acting(lambda exchange: exchange.send(data))


def reset() -> Acting:
    """The connection is reset (RST) without an answer."""

    def act(exchange: Exchange) -> None:
        # Linger 0 makes closing send RST; detached, so that nothing sends FIN first.
        linger = struct.pack("ii", 1, 0)
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(exchange.connection.detach())

    return Acting(act)


def hang(first: bytes = b"") -> Acting:
    """Nothing after these bytes until the client gives up or the site is closed."""

    def act(exchange: Exchange) -> None:
        exchange.send(first)
        exchange.connection.settimeout(None)
        # Returns when the client closes; closing the site shuts the socket down.
        while not exchange.closing.is_set() and exchange.connection.recv(4096):
            continue

    return Acting(act)


def drip_head(seconds_per_line: float = 1.0) -> Acting:
    """A head that never ends, one line every so often."""

    def act(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n")
        while not exchange.closing.wait(seconds_per_line):
            exchange.send(b"X-More: to come\r\n")

    return Acting(act)


def drip(body: bytes, seconds_per_byte: float = 1.0) -> Acting:
    """A body that arrives one byte at a time."""

    def act(exchange: Exchange) -> None:
        exchange.send_head({**HTML, "Content-Length": str(len(body))})
        for number in range(len(body)):
            if exchange.closing.wait(seconds_per_byte):
                return
            exchange.send(body[number : number + 1])

    return Acting(act)


def cut(body: bytes, declared: int | None = None) -> Acting:
    """A body shorter than its declared length (twice the length by default)."""

    def act(exchange: Exchange) -> None:
        length = 2 * len(body) if declared is None else declared
        exchange.send_head({**HTML, "Content-Length": str(length)})
        exchange.send(body)

    return Acting(act)


def chunked_cut(body: bytes) -> Acting:
    """A chunked body that ends without its last chunk."""

    def act(exchange: Exchange) -> None:
        exchange.send_head({**HTML, "Transfer-Encoding": "chunked"})
        exchange.send(_chunk(body))

    return Acting(act)


def big(size: int, content_type: str = "text/html; charset=utf-8") -> Acting:
    """A page of this many bytes, sent block by block."""

    def act(exchange: Exchange) -> None:
        headers = {"Content-Type": content_type, "Content-Length": str(size)}
        exchange.send_head(headers)
        for length in _lengths(size):
            exchange.send(b"a" * length)

    return Acting(act)


def header_flood(count: int = 10_000, value_size: int = 100) -> Acting:
    """An answer with this many headers."""

    def act(exchange: Exchange) -> None:
        flood = {f"X-Flood-{number}": "f" * value_size for number in range(count)}
        exchange.send_head({**HTML, "Content-Length": "0", **flood})

    return Acting(act)


def bomb(encoding: str, size: int = 1 << 30, *, as_file: bool = False) -> Acting:
    """A small body that decompresses to `size` bytes, compressed while it is sent.

    Args:
        encoding: `gzip`, `deflate`, `br` or `zstd`.
        size: Bytes after decompression.
        as_file: Serve it as a compressed file, without `Content-Encoding`.
    """

    def act(exchange: Exchange) -> None:
        headers = {**HTML, "Transfer-Encoding": "chunked", "Content-Encoding": encoding}
        if as_file:
            del headers["Content-Encoding"]
            headers["Content-Type"] = "application/octet-stream"
        exchange.send_head(headers)
        for block in _compressed(encoding, size):
            if block:
                exchange.send(_chunk(block))
        exchange.send(b"0\r\n\r\n")

    return Acting(act)


def _compressed(encoding: str, size: int) -> Iterator[bytes]:
    compress, finish = _compressor(encoding)
    for length in _lengths(size):
        yield compress(bytes(length))
    yield finish()


def _compressor(encoding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    if encoding == "br":
        import brotli

        # Quality 5: the lowest that finds long repeats quickly.
        stream: Any = brotli.Compressor(quality=5)
        return stream.process, stream.finish
    if encoding == "zstd":
        import zstandard

        stream = zstandard.ZstdCompressor(level=3).compressobj()
    else:
        # 31 = a gzip header and trailer around the largest window, 15 = zlib's.
        stream = zlib.compressobj(6, wbits=31 if encoding == "gzip" else 15)
    return stream.compress, stream.flush


def _lengths(size: int) -> Iterator[int]:
    for start in range(0, size, MEBIBYTE):
        yield min(MEBIBYTE, size - start)


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# --- The scripted host -------------------------------------------------------


@dataclass
class _Path:
    answers: Sequence[Answer] = ()
    script: Script | None = None
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, request: Request) -> Answer:
        if self.script is not None:
            return self.script(request)
        with self.lock:
            answer = self.answers[min(self.used, len(self.answers) - 1)]
            self.used += 1
        return answer


class Site:
    """One scripted host on loopback; use it as a context manager.

    Paths that nothing was added for answer `default`, 404 if there is none.

    Attributes:
        requests: What was asked so far, in order of arrival.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        name: str = "site",
        default: Script | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.scheme = "https" if tls else "http"
        self.name = name
        self.requests: list[Seen] = []
        self.closing = threading.Event()
        self._default = default or (lambda _: status(404))
        self._paths: dict[str, _Path] = {}
        self._server = _ScriptedServer((host, port), self, tls)
        self.port: int = self._server.server_address[1]
        # .02 s: the poll interval bounds how long closing takes.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.close()

    def close(self) -> None:
        """Stop serving and end what hangs; a second call does nothing."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """The address without a trailing slash."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def url(self, path: str = "/") -> str:
        """The absolute address of a path."""
        return self.base_url + path

    def add(
        self,
        path: str,
        answer: Answer | Script | None = None,
        *,
        body: str | bytes = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        answers: Sequence[Answer] = (),
    ) -> None:
        """Script what a path answers, replacing what it answered before.

        Args:
            path: A path, or a path with its query, which then is looked at first.
            answer: A response, a fault, or a function of the request.
            body: The body of a plain answer; a string is sent as UTF-8.
            status: The status of a plain answer.
            headers: Its headers; HTML in UTF-8 by default.
            answers: Several answers in turn; the last one stays.
        """
        if callable(answer):
            self._paths[path] = _Path(script=answer)
            return
        data = body.encode() if isinstance(body, str) else body
        plain = Response(
            status=status, headers=HTML if headers is None else headers, body=data
        )
        self._paths[path] = _Path(answers=answers or (answer or plain,))

    def remove(self, path: str) -> None:
        """Forget what was scripted for a path, if anything was."""
        self._paths.pop(path, None)

    def count(self, path: str) -> int:
        """How often a path was asked for, whatever the query."""
        return sum(seen.path == path for seen in list(self.requests))

    def answer(self, request: Request) -> Answer:
        """What the script says to a request."""
        path = urlsplit(request.target).path
        for key in (request.target, path):
            entry = self._paths.get(key)
            if entry is not None:
                return entry.next(request)
        return self._default(request)


class _ScriptedServer(ClosingServer):
    def __init__(
        self, address: tuple[str, int], site: Site, tls: ssl.SSLContext | None
    ) -> None:
        self.site = site
        super().__init__(address, _Handler)
        if tls is not None:  # hands are shaken in the connection's own thread
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _reply(self) -> None:
        site = cast("_ScriptedServer", self.server).site
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            method=self.command,
            site=site.name,
            target=self.path,
            headers=headers,
            body=self.rfile.read(int(headers.get("content-length", 0))),
        )
        seen = Seen(
            at=time.monotonic(), method=self.command, target=self.path, headers=headers
        )
        site.requests.append(seen)
        with suppress(OSError):
            self._play(site, request)
            return
        self.close_connection = True

    def _play(self, site: Site, request: Request) -> None:
        answer = site.answer(request)
        if isinstance(answer, Response):
            self._send(answer)
            return
        self.close_connection = True
        exchange = Exchange(
            request=request, connection=self.connection, closing=site.closing
        )
        answer.act(exchange)

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        names = {name.lower() for name in answer.headers}
        for name, value in answer.headers.items():
            self.send_header(name, value)
        with_body = answer.status not in {204, 304}
        if with_body and "content-length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(answer.body)


# --- The demo's world with faults --------------------------------------------


class FaultyWorld:
    """The demo's sites, each a `Site` that answers as the world does.

    Attributes:
        world: The world behind; `world.advance()` publishes its second edition.
        sites: The running hosts by name.
        urls: Their addresses without a trailing slash.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        only: Sequence[str] = (),
    ) -> None:
        """Serve the world, or only some of its sites."""
        self.world = world or World.load()
        self.urls: dict[str, str] = {}
        self.sites: dict[str, Site] = {}
        self._faults: dict[tuple[str, str | None], Answer] = {}
        self._stack = ExitStack()
        for name in only or self.world.sites:
            site = self._stack.enter_context(
                Site(host, name=name, default=self._answer)
            )
            self.sites[name] = site
            self.urls[name] = site.base_url

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all hosts."""
        self.close()

    def close(self) -> None:
        """Stop all hosts."""
        self._stack.close()

    def fault(self, site: str, answer: Answer, path: str | None = None) -> None:
        """Switch a fault on for a path of a site, or for all its paths."""
        self._faults[site, path] = answer

    def heal(self, site: str, path: str | None = None) -> None:
        """Switch a fault off again."""
        self._faults.pop((site, path), None)

    def source_toml(self, site: str) -> str:
        """The configuration of a running site."""
        return self.world.source_toml(site, self.urls[site])

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.target).path
        for key in ((request.site, path), (request.site, None)):
            if key in self._faults:
                return self._faults[key]
        urls = {**dict.fromkeys(self.world.sites, ""), **self.urls}
        return self.world.respond(request, urls)
