"""The WARC format (ISO 28500:2017, WARC 1.1) as the page archive writes it.

Pure: records to bytes and back. A record is a gzip member of its own (annex D).
"""

from __future__ import annotations

import base64
import hashlib
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.content_encoding import encodings_of

if TYPE_CHECKING:
    from pipeline.archive import ArchivedResponse, Headers

GZIP_WINDOW = 31
"""zlib's wbits: a gzip header and trailer around the largest window."""

_REVISIT = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_STORED_LEVEL, _DEFLATED_LEVEL = 0, 4
"""A body that came compressed is stored: no level makes it smaller, and looking for
a torn tail is four times faster (the fields, stored too, cost 1 % at most). For 57 KB
of HTML level 4 takes half of level 6's time at 3 % more bytes."""


@dataclass(frozen=True, kw_only=True)
class Original:
    """The record whose page a server said was not modified (§6.7.3).

    Attributes:
        record_id: Its `WARC-Record-ID`, in angle brackets.
        url: Its `WARC-Target-URI`.
        date: Its `WARC-Date`, as written there.
        payload_digest: Its `WARC-Payload-Digest`.
    """

    record_id: str
    url: str
    date: str
    payload_digest: str


def record_member(response: ArchivedResponse) -> bytes:
    """One response, or imported file, as it goes into an archive file."""
    encoded = encodings_of(response.header("Content-Encoding"))
    return _member(_record(response), _STORED_LEVEL if encoded else _DEFLATED_LEVEL)


def warcinfo_member(name: str, at: datetime) -> bytes:
    """The record that begins a file and describes it (§6.2)."""
    block = b"software: babelwire\r\nformat: WARC File Format 1.1\r\n"
    fields = (
        ("WARC-Type", "warcinfo"),
        ("WARC-Filename", name),
        ("Content-Type", "application/warc-fields"),
    )
    return _member(_serialised(fields, at, block), _DEFLATED_LEVEL)


def parse_record(data: bytes) -> tuple[dict[str, str], bytes]:
    """A record's fields by lower-case name, and its block, its digest verified.

    Raises:
        ValueError: It is no record, or not the one that was written.
    """
    fields, rest = parse_fields(data)
    length = fields.get("content-length", "")
    block = rest[: int(length)] if length.isdigit() else b""
    if not length.isdigit() or len(block) != int(length):
        raise ValueError(f"a record of {len(block)} bytes, expected {length}")
    if fields.get("warc-block-digest") != digest_of(block):
        raise ValueError("its bytes differ from the WARC-Block-Digest")
    return fields, block


def parse_fields(data: bytes) -> tuple[dict[str, str], bytes]:
    """A record's fields by lower-case name, and what follows them.

    Raises:
        ValueError: It is no record.
    """
    head, separator, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    if not separator or not lines[0].startswith("WARC/"):
        raise ValueError("no WARC record there")
    pairs = (line.partition(":") for line in lines[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, rest


def parse_http(block: bytes) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an HTTP message.

    Raises:
        ValueError: It has no status line.
    """
    head, _, body = block.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) < 2 or not parts[1].isdigit():
        raise ValueError("no HTTP status line")
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return int(parts[1]), headers, body


def digest_of(data: bytes) -> str:
    """As `WARC-Block-Digest` and `WARC-Payload-Digest` have it (§5.8).

    >>> digest_of(b"")[:14]
    'sha256:4OYMIQU'
    """
    return "sha256:" + base64.b32encode(hashlib.sha256(data).digest()).decode()


def _member(record: bytes, level: int) -> bytes:
    stream = zlib.compressobj(level, wbits=GZIP_WINDOW)
    return stream.compress(record) + stream.flush()


def _record(response: ArchivedResponse) -> bytes:
    fields = [("WARC-Type", response.kind), ("WARC-Target-URI", _line(response.url))]
    if response.address:
        fields.append(("WARC-IP-Address", response.address))
    if response.kind == "resource":
        content_type = response.header("Content-Type") or "application/octet-stream"
        fields.append(("Content-Type", _line(content_type)))
        return _serialised(fields, response.at, response.body)
    fields.append(("Content-Type", "application/http; msgtype=response"))
    if response.kind == "revisit":
        fields += _revisit_fields(response.original)
    else:
        fields.append(("WARC-Payload-Digest", digest_of(response.body)))
    return _serialised(fields, response.at, _http_head(response) + response.body)


def _revisit_fields(original: Original | None) -> list[tuple[str, str]]:
    """With them a replay tool finds the page that the 304 stands for."""
    profile = ("WARC-Profile", _REVISIT)
    if original is None:
        return [profile]
    return [
        profile,
        ("WARC-Refers-To", _line(original.record_id)),
        ("WARC-Refers-To-Target-URI", _line(original.url)),
        ("WARC-Refers-To-Date", _line(original.date)),
        ("WARC-Payload-Digest", _line(original.payload_digest)),
    ]


def _serialised(fields: Iterable[tuple[str, str]], at: datetime, block: bytes) -> bytes:
    lines = [
        "WARC/1.1",
        *(f"{name}: {value}" for name, value in fields),
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid4()}>",
        f"WARC-Date: {at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}",
        f"WARC-Block-Digest: {digest_of(block)}",
        f"Content-Length: {len(block)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + block + b"\r\n\r\n"


def _http_head(response: ArchivedResponse) -> bytes:
    lines = [f"{response.protocol} {response.status} "]
    lines += [f"{_line(name)}: {_line(value)}" for name, value in response.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
