"""WARC records as other programs write them, byte by byte."""

import base64
import gzip
import hashlib
from collections.abc import Mapping, Sequence

DATE = "2024-06-21T12:00:00Z"
PAGE = b"<html><title>Dikes</title><p>The river council met.</p></html>"
HTML = ("Content-Type", "text/html; charset=utf-8")


def http(
    body: bytes = PAGE,
    *,
    status: str = "HTTP/1.1 200 OK",
    headers: Sequence[tuple[str, str]] = (HTML,),
    end: bytes = b"\r\n",
) -> bytes:
    lines = [status, *(f"{name}: {value}" for name, value in headers), "", ""]
    return end.join(line.encode("latin-1") for line in lines) + body


def record(
    block: bytes | None = None,
    *,
    url: str = "https://paper.example/dikes",
    kind: str = "response",
    version: str = "WARC/1.0",
    date: str = DATE,
    fields: Mapping[str, str] = {},
    length: int | str | None = None,
) -> bytes:
    """One record, uncompressed; `length` is what it says of its block."""
    block = http() if block is None else block
    head = {
        "WARC-Type": kind,
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "WARC-Record-ID": "<urn:uuid:0e3e4c3b-6e2e-4b7e-9e39-0f6b6e1a5c6f>",
        "Content-Type": "application/http; msgtype=response",
        **fields,
        "Content-Length": str(len(block) if length is None else length),
    }
    lines = [version, *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode() + block + b"\r\n\r\n"


def sha1(data: bytes) -> str:
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    return "sha1:" + base64.b32encode(digest).decode()


def members(*records: bytes) -> bytes:
    """As a `.warc.gz` has them."""
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def chunked(*parts: bytes) -> bytes:
    return (
        b"".join(f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in parts) + b"0\r\n\r\n"
    )
