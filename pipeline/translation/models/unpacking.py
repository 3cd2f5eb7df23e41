"""Unpacks single files of models within a size limit: gzip and Zstandard.

On the disk and in parts, where `pipeline.content_encoding` works in memory and takes
no larger windows than the web does.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipeline.errors import DamageError

PART = 1 << 20
"""Bytes that are unpacked at a time."""

PACKED_PART = 1 << 16

MAX_ZSTD_WINDOW = 1 << 27
"""Bytes; what the strongest setting of the `zstd` program asks for."""

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def unpack(packed: Path, path: Path, limit: int) -> None:
    """Unpacks a file by how it begins, up to a size.

    A server may have unpacked it on the way: what is not packed is copied.

    Raises:
        DamageError: It is broken, or larger than that.
    """
    size = 0
    with packed.open("rb") as source, path.open("wb") as target:
        for part in _parts(source, path.name):
            size += len(part)
            if size > limit:
                raise DamageError(f"{path.name}: unpacks to over {limit:,} bytes")
            target.write(part)


def _parts(source: IO[bytes], name: str) -> Iterator[bytes]:
    start = source.read(len(ZSTD_MAGIC))
    source.seek(0)
    if start.startswith(GZIP_MAGIC):
        return _gzip(source, name)
    if start == ZSTD_MAGIC:
        return _zstd(source, name)
    return iter(lambda: source.read(PART), b"")


def _gzip(source: IO[bytes], name: str) -> Iterator[bytes]:
    machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        while data := source.read(PACKED_PART):
            while data:
                yield machine.decompress(data, PART)
                data = machine.unconsumed_tail
    except zlib.error as error:
        raise DamageError(f"{name}: {error}") from error
    if not machine.eof:
        raise DamageError(f"{name}: the packed file is cut off")


def _zstd(source: IO[bytes], name: str) -> Iterator[bytes]:
    import zstandard

    machine = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
    size = 0
    try:
        stated = zstandard.frame_content_size(source.read(PACKED_PART))
        source.seek(0)
        with machine.stream_reader(source, closefd=False) as reader:
            while part := reader.read(PART):
                size += len(part)
                yield part
    except zstandard.ZstdError as error:
        raise DamageError(f"{name}: {error}") from error
    # The reader takes a cut frame for its end; -1: the frame does not say.
    if stated not in {-1, size}:
        raise DamageError(f"{name}: the packed file is cut off")
