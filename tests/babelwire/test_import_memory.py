"""`import` of gigabytes: in flat memory, and bombs passed over (C6)."""

import gzip
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.babelwire.conftest import environment
from tests.pipeline.foreign_warc import HTML, http, record

MEBIBYTE = 1 << 20
PAGES, PAGE_BYTES = 30, 10 * MEBIBYTE
"""300 MiB, of which 64 pages at once would be too many."""

BOMB_BYTES = 400 * MEBIBYTE
MAX_RESIDENT_MIB = 300

RUN = """
import atexit, resource, sys

def tell():
    try:
        with open("/proc/self/status") as file:
            peak = next(line for line in file if line.startswith("VmHWM")).split()[1]
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"peak {int(peak) >> 10} MiB")

atexit.register(tell)
from babelwire.cli import main
main()
"""


def packed(blocks: Iterable[bytes]) -> bytes:
    stream = zlib.compressobj(1, wbits=31)
    return b"".join([*map(stream.compress, blocks), stream.flush()])


def zeros(size: int) -> Iterator[bytes]:
    return (bytes(MEBIBYTE) for _ in range(size // MEBIBYTE))


def write_bomb(file: BinaryIO, encoding: str) -> None:
    """A record whose page inflates to 400 MiB."""
    if encoding == "zstd":
        import zstandard

        stream = zstandard.ZstdCompressor().compressobj()
        body = b"".join([*map(stream.compress, zeros(BOMB_BYTES)), stream.flush()])
    elif encoding == "br":
        import brotli

        compressor = brotli.Compressor(quality=1)
        parts = [compressor.process(block) for block in zeros(BOMB_BYTES)]
        body = b"".join([*parts, compressor.finish()])
    else:
        body = packed(zeros(BOMB_BYTES))
    headers = [HTML, ("Content-Encoding", encoding)]
    file.write(gzip.compress(record(http(body, headers=headers))))


def write_huge_record(file: BinaryIO, size: int) -> None:
    """A record of a gibibyte, whose member has a few MiB."""
    whole = record(http(b""), length=len(http(b"")) + size)
    head = whole.removesuffix(b"\r\n\r\n")
    file.write(packed(chain([head], zeros(size), [b"\r\n\r\n"])))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.warc.gz"
    line = b"<p>The river council met on Tuesday and spoke about dikes.</p>\n"
    body = line * (PAGE_BYTES // len(line))
    with path.open("wb") as file:
        write_huge_record(file, 1 << 30)
        for encoding in ("gzip", "br", "zstd"):
            write_bomb(file, encoding)
        for number in range(PAGES):
            page = http(b"<html><title>%d</title>" % number + body)
            url = f"https://paper.example/{number}"
            file.write(gzip.compress(record(page, url=url), 1))
    return path


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line of 400 MiB, and one that grows when it is read."""
    path = tmp_path_factory.mktemp("lines") / "large.jsonl"
    begin = '{"url": "https://paper.example/emoji", "html": "\U0001f600'.encode()
    with path.open("wb") as file:
        file.write(b"x" * BOMB_BYTES + b"\n")
        file.write(begin + b"x" * (14 * MEBIBYTE) + b'"}\n')
    return path


def test_large_files_with_bombs_in_them_take_no_more_memory(
    workspace: Path, archive: Path, lines: Path
) -> None:
    """C6."""
    files = [archive, lines]
    command = [sys.executable, "-c", RUN, "--workspace", workspace, "import", *files]
    ran = subprocess.run(
        [str(argument) for argument in command],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert f"{PAGES} pages imported" in ran.stderr
    assert "passed over: 4 (larger than the limit)" in ran.stderr
    assert "large.jsonl: 1 pages imported" in ran.stderr
    assert "passed over: 1 (larger than the limit)" in ran.stderr
    peak = int(ran.stdout.split("peak ")[1].split(" MiB")[0])
    assert peak < MAX_RESIDENT_MIB
