"""Records of WARC 0.17 to 1.1 and ARC files, of others or our own, one by one.

A strict reader would stop a file of gigabytes at one odd record; this one says
what is wrong with the record and looks for the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

from pipeline.incoming.byte_sources import (
    BLOCK_BYTES,
    GZIP_MAGIC,
    BrokenSourceError,
    ByteSource,
    GzipSource,
    PlainSource,
)
from pipeline.incoming.line_reader import LineReader

WANTED: Final = frozenset({"response", "resource", "revisit"})
"""Types that stand for a page; others only describe one (ISO 28500 §6)."""

MAX_FIELDS_BYTES: Final = 1 << 16
"""Of a record's head; those of large crawls have less than 2 KB."""

HEAD_BYTES: Final = 1 << 16
"""Of a block that is too large: enough for its HTTP headers."""

_VERSION_LINE = re.compile(rb"WARC/[01]\.\d{1,2}\s*")
_ARC_LINE = re.compile(
    rb"(?P<url>\S+) (?P<address>\S+) (?P<date>\d{14}) (?P<rest>.*? )?(?P<size>\d+)\s*"
)
"""`URL IP-address Archive-date Content-type … Length` (ARC 1.0 and 2.0)."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record of a type that is wanted.

    Attributes:
        offset: In its file, where that is plain; of its gzip member otherwise.
        fields: By lower-case name; the first of each.
        block: Whole; of one that is too large the beginning.
        too_large: The block is larger than asked for.
    """

    offset: int
    fields: Mapping[str, str]
    block: bytes
    too_large: bool = False

    @property
    def type(self) -> str:
        """`response`, `resource` or `revisit`."""
        return self.fields.get("warc-type", "").lower()


@dataclass(frozen=True, kw_only=True)
class BadRecord:
    """Where a record cannot be read, and why."""

    offset: int
    text: str


class _BadRecordError(Exception):
    pass


def read_records(
    file: IO[bytes], *, max_block_bytes: int
) -> Iterator[Record | BadRecord | None]:
    """The records of a file; None for each of a type that is not wanted.

    Args:
        file: Plain or gzipped; is read forwards only.
        max_block_bytes: Of a larger block only the beginning is kept.
    """
    reader = LineReader(_source_of(file))
    while True:
        offset = reader.offset
        try:
            reader.skip_blank_lines()
            offset = reader.offset
            fields = _next_fields(reader)
            if fields is None:
                if not reader.advance():
                    return
                continue
            yield _record(reader, offset, fields, max_block_bytes)
        except (BrokenSourceError, _BadRecordError) as error:
            yield BadRecord(offset=offset, text=str(error))
            if not reader.recover(_begins_record):
                return


def _source_of(file: IO[bytes]) -> ByteSource:
    first = file.read(BLOCK_BYTES)
    kind = GzipSource if first.startswith(GZIP_MAGIC) else PlainSource
    return kind(file, first)


def _begins_record(line: bytes) -> bool:
    return bool(_VERSION_LINE.fullmatch(line) or _ARC_LINE.fullmatch(line))


def _record(
    reader: LineReader, offset: int, fields: Mapping[str, str], limit: int
) -> Record | None:
    size = fields.get("content-length", "")
    # Twenty digits are more bytes than any disk has.
    if not (size.isascii() and size.isdigit() and len(size) < 20):
        raise _BadRecordError(f'Content-Length: found "{size[:40]}", expected a number')
    length = int(size)
    is_wanted = fields.get("warc-type", "").lower() in WANTED
    kept = (length if length <= limit else HEAD_BYTES) if is_wanted else 0
    block = reader.read(kept)
    missing = kept - len(block) + reader.skip(length - kept)
    if missing:
        raise _BadRecordError(f"the record ends {missing:,} bytes too early")
    if not is_wanted:
        return None
    return Record(offset=offset, fields=fields, block=block, too_large=length > limit)


def _next_fields(reader: LineReader) -> dict[str, str] | None:
    """Those of the next record; None at the end of the stretch."""
    line = reader.line()
    if not line:
        return None
    if _VERSION_LINE.fullmatch(line):
        return _warc_fields(reader)
    if match := _ARC_LINE.fullmatch(line):
        return _arc_fields(match)
    shown = line[:40].decode("latin-1")
    raise _BadRecordError(f"found {shown!r}, expected the beginning of a record")


def _warc_fields(reader: LineReader) -> dict[str, str]:
    lines: list[str] = []
    left = MAX_FIELDS_BYTES
    while line := reader.line(left):
        left -= len(line)
        if not line.endswith(b"\n") or left <= 0:
            break
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            return _fields(lines)
        if text[0] in " \t" and lines:
            lines[-1] += f" {text.strip()}"
        else:
            lines.append(text)
    raise _BadRecordError(f"its fields do not end within {MAX_FIELDS_BYTES:,} bytes")


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _arc_fields(match: re.Match[bytes]) -> dict[str, str]:
    url = match["url"].decode("latin-1")
    d = match["date"].decode("ascii")
    return {
        # The first record of an ARC file describes it.
        "warc-type": "warcinfo" if url.startswith("filedesc:") else "response",
        "warc-target-uri": url,
        "warc-date": f"{d[:4]}-{d[4:6]}-{d[6:8]}T{d[8:10]}:{d[10:12]}:{d[12:]}Z",
        "content-length": match["size"].decode("ascii"),
    }
