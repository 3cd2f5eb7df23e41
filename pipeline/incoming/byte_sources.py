"""The bytes of a WARC file, in blocks: plain, or gzip member by gzip member.

A source only reads forwards, so it takes the member of a ZIP file too, and holds
a block at a time, whatever a member inflates to.
"""

from __future__ import annotations

import zlib
from typing import IO, Protocol

from pipeline.warc import GZIP_WINDOW

GZIP_MAGIC = b"\x1f\x8b\x08"
"""RFC 1952 §2.3: the identification, and deflate as its only method."""

BLOCK_BYTES = 1 << 16
"""As read, and at most after inflating."""

_BEGINNINGS = frozenset({b"WARC/", b"http:", b"https"})
"""Of a WARC record and of an ARC one, inflated."""

_PROBE_BYTES = 1 << 10
"""More than any gzip header and the beginning of a record need."""


class BrokenSourceError(Exception):
    """The bytes cannot be read on from here; `recover` may find where to."""


class ByteSource(Protocol):
    """A file as one stretch of bytes after the other."""

    def block(self) -> bytes:
        """The next bytes of this stretch; b"" at its end.

        Raises:
            BrokenSourceError: It ends too early, or its checksum does not hold.
        """
        ...

    def advance(self) -> bool:
        """Goes on to the next stretch, after the end of this one."""
        ...

    def recover(self) -> bool:
        """After an error: goes on to the next stretch that begins with a record."""
        ...

    def offset(self, position: int) -> int:
        """Where a byte of this stretch is in the file, or its gzip member."""
        ...


class PlainSource:
    """An uncompressed file: one stretch."""

    def __init__(self, file: IO[bytes], first: bytes) -> None:
        """Takes the file, and what was read of it already."""
        self._file = file
        self._first = first

    def block(self) -> bytes:
        """See `ByteSource`."""
        data, self._first = self._first, b""
        return data or self._file.read(BLOCK_BYTES)

    def advance(self) -> bool:
        """There is no other."""
        return False

    def recover(self) -> bool:
        """There is no other."""
        return False

    def offset(self, position: int) -> int:
        """The position itself."""
        return position


class GzipSource:
    """A gzipped file: a stretch for each member, as a rule one record."""

    def __init__(self, file: IO[bytes], first: bytes) -> None:
        """Takes the file, and what was read of it already."""
        self._file = file
        self._raw = first
        self._read_bytes = len(first)
        self._begin(0)

    def block(self) -> bytes:
        """See `ByteSource`."""
        while not self._stream.eof:
            data = self._stream.unconsumed_tail or self._next_raw()
            self._raw = data  # where `recover` looks: the next member is not before
            try:
                found = self._stream.decompress(data, BLOCK_BYTES)
            except zlib.error as error:
                raise BrokenSourceError(str(error)) from error
            if found:
                return found
            if not data and not self._stream.eof:
                raise BrokenSourceError("the file ends too early")
        return b""

    def advance(self) -> bool:
        """See `ByteSource`."""
        self._raw = self._stream.unused_data
        if not self._raw and not self._more():
            return False
        self._begin(self._read_bytes - len(self._raw))
        return True

    def recover(self) -> bool:
        """See `ByteSource`."""
        self._raw = self._raw[1:]  # not the broken member again
        while True:
            at = self._raw.find(GZIP_MAGIC)
            while at >= 0 and len(self._raw) - at < _PROBE_BYTES and self._more():
                continue
            if at < 0:
                self._raw = self._raw[1 - len(GZIP_MAGIC) :]
                if not self._more():
                    return False
            elif _begins_record(self._raw[at : at + _PROBE_BYTES]):
                self._raw = self._raw[at:]
                self._begin(self._read_bytes - len(self._raw))
                return True
            else:
                self._raw = self._raw[at + 1 :]

    def offset(self, position: int) -> int:
        """The beginning of the member."""
        return self._member_offset

    def _begin(self, offset: int) -> None:
        self._stream = zlib.decompressobj(GZIP_WINDOW)
        self._member_offset = offset
        self._pending, self._raw = self._raw, b""

    def _next_raw(self) -> bytes:
        data, self._pending = self._pending, b""
        if not data:
            data = self._file.read(BLOCK_BYTES)
            self._read_bytes += len(data)
        return data

    def _more(self) -> bool:
        data = self._file.read(BLOCK_BYTES)
        self._read_bytes += len(data)
        self._raw += data
        return bool(data)


def _begins_record(data: bytes) -> bool:
    try:
        begin = zlib.decompressobj(GZIP_WINDOW).decompress(data, 5)
    except zlib.error:
        return False
    return begin in _BEGINNINGS
