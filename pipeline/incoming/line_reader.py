"""Lines and blocks out of a byte source, bounded."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.incoming.byte_sources import BrokenSourceError, ByteSource

_LINE_BYTES = 1 << 16


class LineReader:
    """Reads one stretch of a source after the other."""

    def __init__(self, source: ByteSource) -> None:
        """Begins with the first stretch."""
        self._source = source
        self._buffer = b""
        self._at = 0
        self._position = 0
        self._is_broken = False

    @property
    def offset(self) -> int:
        """Where in the file the next byte is, or the gzip member it is in."""
        return self._source.offset(self._position)

    def line(self, limit: int = _LINE_BYTES) -> bytes:
        r"""The next line with its end, or its first `limit` bytes; b"" at the end.

        Raises:
            BrokenSourceError: As of `ByteSource.block`.
        """
        parts: list[bytes] = []
        left = limit
        while left > 0 and self._fill():
            end = self._buffer.find(b"\n", self._at, self._at + left) + 1
            part = self._take(end - self._at if end else left)
            parts.append(part)
            left -= len(part)
            if end:
                break
        return b"".join(parts)

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end of the stretch.

        Raises:
            BrokenSourceError: As of `ByteSource.block`.
        """
        parts: list[bytes] = []
        while size > 0 and self._fill():
            part = self._take(size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Passes over so many bytes; how many were missing.

        Raises:
            BrokenSourceError: As of `ByteSource.block`.
        """
        while size > 0 and self._fill():
            size -= len(self._take(size))
        return size

    def skip_blank_lines(self) -> None:
        """Passes over them.

        Raises:
            BrokenSourceError: As of `ByteSource.block`.
        """
        while line := self.line():
            if line.strip():
                self.unread(line)
                return

    def unread(self, data: bytes) -> None:
        """Gives back what was read last."""
        self._buffer = data + self._buffer[self._at :]
        self._at = 0
        self._position -= len(data)

    def advance(self) -> bool:
        """Goes on to the next stretch, once this one is read to its end."""
        self._buffer, self._at, self._position = b"", 0, 0
        return self._source.advance()

    def recover(self, begins_record: Callable[[bytes], object]) -> bool:
        """Goes on to the next record there is; whether there is one.

        Args:
            begins_record: Tells a record's first line.
        """
        while not self._is_broken:
            try:
                if self._find(begins_record):
                    return True
                if not self.advance():
                    return False
            except BrokenSourceError:
                self._is_broken = True
        self._is_broken = False
        self._buffer, self._at, self._position = b"", 0, 0
        return self._source.recover()

    def _find(self, begins_record: Callable[[bytes], object]) -> bool:
        at_start = True
        while line := self.line():
            if at_start and begins_record(line):
                self.unread(line)
                return True
            at_start = line.endswith(b"\n")
        return False

    def _fill(self) -> bool:
        if self._at < len(self._buffer):
            return True
        try:
            self._buffer, self._at = self._source.block(), 0
        except BrokenSourceError:
            self._is_broken = True
            raise
        return bool(self._buffer)

    def _take(self, size: int) -> bytes:
        part = self._buffer[self._at : self._at + size]
        self._at += len(part)
        self._position += len(part)
        return part
