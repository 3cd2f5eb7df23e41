"""Serves many pages of a real news page's size, fast; a process of its own.

`python -m benchmarks.pages HOSTS PAGES` prints the ports, one a line, and serves
until its standard input closes.
"""

import asyncio
import random
import sys
from collections.abc import Sequence

WORDS = (
    "forum city council river bridge minister agreement library harbour tram "
    "season report market museum festival school energy water transport visit"
).split()
PAGE_BYTES = 57_600
"""The mean of the news pages in the measured set."""

MARKUP_SHARE = 0.65
"""The rest is scripts. So trafilatura needs about 30 ms for a page, the median of
the 352 real pages of the extraction set on the same machine."""


def page(host: int, number: int, words: Sequence[str] = WORDS) -> bytes:
    """An article of some 300 words amid as much else as on a real news page.

    Menus, teasers and scripts fill it up to `PAGE_BYTES`.
    """
    chosen = random.Random(host * 100_003 + number)

    def text(length: int) -> str:
        return " ".join(chosen.choices(words, k=length))

    paragraphs = "".join(
        f"<p>{text(25)} <a href='/tag/{n}'>{text(2)}</a> {text(25)} {number}.</p>"
        for n in range(6)
    )
    menu = "".join(
        f'<li class="menu-item"><a href="/section/{n}"><span>{text(2)}</span></a></li>'
        for n in range(60)
    )
    head = (
        f"<!doctype html><html lang=en><head><title>Story {number}</title>"
        "<meta property='article:published_time' content='2024-06-21T10:00:00Z'>"
        f"</head><body><header><nav><ul>{menu}</ul></nav></header><main><article>"
        f"<h1>Story {number}</h1>{paragraphs}</article></main><aside>"
    )
    parts = [head]
    size = len(head.encode())
    while size < PAGE_BYTES * MARKUP_SHARE:
        parts.append(
            f'<div class="teaser"><a href="/story/{len(parts)}"><img src="/i.jpg" '
            f'alt=""><h3>{text(6)}</h3></a><p class="lead">{text(14)}</p>'
            f'<ul class="meta"><li>{text(2)}</li><li><time>10:00</time></li></ul></div>'
        )
        size += len(parts[-1].encode())
    script = f"var state='{'x' * (PAGE_BYTES - size)}';"
    parts.append(
        f"</aside><footer><p>All rights reserved</p></footer><script>{script}"
        "</script></body></html>"
    )
    return "".join(parts).encode()


def feed(port: int, pages: int) -> bytes:
    """A feed with every page of a host."""
    items = "".join(
        f"<item><title>Story {n}</title>"
        f"<link>http://127.0.0.1:{port}/story/{n}</link></item>"
        for n in range(pages)
    )
    return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()


def answer(body: bytes, kind: str, status: str = "200 OK") -> bytes:
    """A whole HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def serve(hosts: int, pages: int) -> None:
    """Serves until standard input closes."""
    servers = []
    for host in range(hosts):
        answers: dict[bytes, bytes] = {}
        server = await asyncio.start_server(_handler(answers), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        answers[b"/feed.xml"] = answer(feed(port, pages), "application/rss+xml")
        for number in range(pages):
            body = answer(page(host, number), "text/html; charset=utf-8")
            answers[f"/story/{number}".encode()] = body
        servers.append(server)
        print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


def _handler(answers: dict[bytes, bytes]):  # type: ignore[no-untyped-def]
    missing = answer(b"", "text/plain", "404 Not Found")

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(answers.get(head.split(b" ", 2)[1], missing))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return handle


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
