"""Undoes HTTP content encodings, strictly and within a size limit.

A body cut short is an error here, where browsers and Scrapy take what could be
read; a bomb stops at the limit, with no more memory than that used.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

from pipeline.errors import StageError

MAX_ENCODINGS = 3
"""Stacked encodings undone at most; servers that mean well use one (C6)."""

MAX_ZSTD_WINDOW = 8 << 20
"""Bytes; what RFC 9659 lets a sender of web content ask for."""

_GZIP = 31  # zlib's wbits: a gzip header and trailer around the largest window
_GZIP_MAGIC = b"\x1f\x8b"
_IDENTITY = frozenset({"", "identity", "none", "utf-8"})


def encodings_of(header: str) -> tuple[str, ...]:
    """The encodings of a `Content-Encoding` header, in the order applied.

    >>> encodings_of("GZip, identity, br")
    ('gzip', 'br')
    """
    names = (name.strip().lower() for name in header.split(","))
    return tuple(name for name in names if name not in _IDENTITY)


def decode_body(body: bytes, header: str, *, limit: int) -> bytes | StageError:
    """`body` without the encodings that a `Content-Encoding` header names.

    Args:
        body: As received.
        header: The header's value; "" for none.
        limit: Bytes after each decoding at most.

    Returns:
        The bytes, or an error with the reason `too_large`, `truncated`,
        `broken_encoding` or `unknown_encoding`; only `truncated` is worth a
        retry.
    """
    names = encodings_of(header)
    unknown = [name for name in names if name not in _DECODERS]
    if unknown or len(names) > MAX_ENCODINGS:
        return _error("unknown_encoding", f"Content-Encoding: {header[:200]}")
    try:
        for name in reversed(names):
            if body:
                body = _DECODERS[name](body, limit)
    except _TooLargeError:
        return _error("too_large", f"over {limit} bytes after decoding {header}")
    except _TruncatedError:
        return _error("truncated", f"the {header} body ends too early", retry=True)
    except Exception as error:  # noqa: BLE001 - each decoder has errors of its own
        return _error("broken_encoding", f"{header}: {error}")
    if len(body) > limit:
        return _error("too_large", f"over {limit} bytes")
    return body


class _TooLargeError(Exception):
    pass


class _TruncatedError(Exception):
    pass


def _error(reason: str, detail: str, *, retry: bool = False) -> StageError:
    return StageError(reason=reason, detail=detail, retry=retry)


def _gunzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body.startswith(_GZIP_MAGIC):
        part, body = _inflate_member(body, limit - size, _GZIP)
        parts.append(part)
        size += len(part)
    if not parts:
        raise ValueError("no gzip header")
    return b"".join(parts)


def _inflate(body: bytes, limit: int) -> bytes:
    try:
        return _inflate_member(body, limit, zlib.MAX_WBITS)[0]
    except zlib.error:
        # Some servers send the bare stream (RFC 9110 §8.4.1.2, note).
        return _inflate_member(body, limit, -zlib.MAX_WBITS)[0]


def _inflate_member(body: bytes, limit: int, window: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(window)
    result = stream.decompress(body, max(limit, 0) + 1)
    if len(result) > limit:
        raise _TooLargeError
    if not stream.eof:
        raise _TruncatedError
    return result, stream.unused_data


def _unbrotli(body: bytes, limit: int) -> bytes:
    import brotli

    stream: Any = brotli.Decompressor()
    result = bytearray(stream.process(body, output_buffer_limit=limit + 1))
    while not stream.is_finished() and len(result) <= limit:
        part = stream.process(b"", output_buffer_limit=limit + 1 - len(result))
        if not part:
            raise _TruncatedError
        result += part
    if len(result) > limit:
        raise _TooLargeError
    return bytes(result)


def _unzstd(body: bytes, limit: int) -> bytes:
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
    with decoder.stream_reader(io.BytesIO(body)) as reader:
        if len(reader.read(limit + 1)) > limit:
            raise _TooLargeError
    # The reader takes a cut frame for its end; now that the size is known to be
    # harmless, a second pass tells.
    whole = decoder.decompressobj()
    result: bytes = whole.decompress(body)
    if not whole.eof:
        raise _TruncatedError
    return result


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
