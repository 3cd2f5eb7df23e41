"""HTTP responses as others archived them: framing undone, encodings undone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.archive import Headers
from pipeline.content_encoding import decode_body
from pipeline.errors import StageError

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: .*)?\r?", re.DOTALL)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_CODED = frozenset({"content-encoding", "transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class HttpMessage:
    """A response out of a record's block.

    Attributes:
        status: 100 to 999.
        headers: As received.
        body: As the block has it.
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """All values of a header, joined by commas; "" where it is missing."""
        wanted = name.lower()
        return ", ".join(v for k, v in self.headers if k.lower() == wanted)

    @property
    def plain_headers(self) -> Headers:
        """Those that still hold once the body is decoded."""
        return tuple((k, v) for k, v in self.headers if k.lower() not in _CODED)


def parse_message(block: bytes) -> HttpMessage | None:
    """The response in a block; None where it has no status line.

    Some crawlers end lines with a line feed alone, or write `HTTP/2 200`.
    """
    first, _, _ = block.partition(b"\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        return None
    end = _HEAD_END.search(block)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    lines = head.decode("latin-1").split("\n")[1:]
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs if name)
    return HttpMessage(status=int(match[1]), headers=headers, body=body)


def decoded_body(message: HttpMessage, *, limit: int) -> bytes | StageError:
    """The body without chunks and content encodings.

    Archives of browsers keep headers that their bodies do not answer to any more,
    so what is no chunk, and markup that is said to be compressed, stays as it is.

    Returns:
        As `decode_body`.
    """
    body = message.body
    if "chunked" in message.header("Transfer-Encoding").lower():
        unchunked = without_chunks(body)
        if isinstance(unchunked, StageError):
            return unchunked
        body = unchunked
    decoded = decode_body(body, message.header("Content-Encoding"), limit=limit)
    if isinstance(decoded, StageError) and decoded.reason != "too_large":
        is_markup = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        return decode_body(body, "", limit=limit) if is_markup else decoded
    return decoded


def without_chunks(body: bytes) -> bytes | StageError:
    """The data of a chunked body (RFC 9112 §7.1); one that is not, as it is."""
    parts: list[bytes] = []
    at = 0
    while match := _CHUNK_SIZE.match(body, at):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[match.end() : match.end() + size])
        at = match.end() + size + _line_end(body, match.end() + size)
    if not parts:
        return body
    return StageError(reason="truncated", detail="the chunked body ends too early")


def _line_end(body: bytes, at: int) -> int:
    return 2 if body.startswith(b"\r\n", at) else 1 if body.startswith(b"\n", at) else 0
