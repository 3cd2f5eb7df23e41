"""The page archive: WARC files that are only ever appended to.

A record is written before the store mentions it, and synced before the store's
transaction commits; so the store may be older than the archive, never newer.
One file per process start: a torn tail, left by a kill, never gets a record
after it. Bodies stay as received, with their `Content-Encoding`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Literal

from pipeline.content_encoding import decode_body
from pipeline.documents import WarcPlace
from pipeline.errors import DamageError, DiskFullError, StageError
from pipeline.failpoints import is_hit
from pipeline.warc import (
    GZIP_WINDOW,
    Original,
    parse_fields,
    parse_http,
    parse_record,
    record_member,
    warcinfo_member,
)

Kind = Literal["response", "revisit", "resource"]
Headers = tuple[tuple[str, str], ...]

MAX_FILE_BYTES = 1 << 30
"""1 GiB, what the WARC implementation guidelines recommend."""

MAX_FILE_AGE = timedelta(hours=1)
"""A file that is complete can be copied away by a backup."""

MAX_BODY_BYTES = 64 << 20
"""After decoding, on reading: above the 50 MiB that sitemaps.org allows."""

SUFFIX = ".warc.gz"

_SCAN_BYTES = 1 << 20
_STEP_BYTES = 1 << 16
"""What follows a record's end is copied: less of it at a time is faster."""

_HEAD_BYTES = 1 << 14
"""Of a record's beginning: its fields are far shorter."""


def header_of(headers: Headers, name: str) -> str:
    """All values of a header, joined by commas; "" where it is missing.

    >>> header_of((("Vary", "a"), ("vary", "b")), "Vary")
    'a, b'
    """
    wanted = name.lower()
    return ", ".join(value for key, value in headers if key.lower() == wanted)


@dataclass(frozen=True, kw_only=True)
class ArchivedResponse:
    """What is to be archived of one HTTP response, imported file or rendered page.

    Attributes:
        url: As requested.
        at: When the last byte had arrived.
        status: HTTP status; not kept of a `resource`, where 0 says that there is none.
        headers: Names and values as received, in order.
        body: As received, after transfer decoding only.
        kind: `revisit` for a 304, `resource` for what came without HTTP, or is not
            what came: a page as a browser rendered it.
        protocol: Of the status line.
        address: The server's IP address, or "".
        original: Of a `revisit`: the record that it says is still right.
    """

    url: str
    at: datetime
    status: int
    headers: Headers
    body: bytes
    kind: Kind = "response"
    protocol: str = "HTTP/1.1"
    address: str = ""
    original: Original | None = None

    def header(self, name: str) -> str:
        """All values of a header, joined by commas; "" where it is missing."""
        return header_of(self.headers, name)


@dataclass(frozen=True, kw_only=True)
class ArchivedPage:
    """A record read back, its checksums verified.

    Attributes:
        url: As requested.
        at: When it was fetched.
        status: HTTP status; 0 for a `resource`.
        headers: As received.
        body: After content decoding.
        checksum: `sha256:` and hex, of `body`; "" for a revisit.
        kind: Of the record.
    """

    url: str
    at: datetime
    status: int
    headers: Headers
    body: bytes
    checksum: str
    kind: Kind

    def header(self, name: str) -> str:
        """All values of a header, joined by commas; "" where it is missing."""
        return header_of(self.headers, name)


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What `repair_tail` did to one file.

    Attributes:
        file: Its name.
        cut_bytes: Torn bytes taken off its end.
        orphans: Complete records that the store does not know: harmless, their
            URLs are fetched again.
    """

    file: str
    cut_bytes: int
    orphans: int


@dataclass(frozen=True, kw_only=True)
class ArchiveProblem:
    """Damage that `verify` found."""

    file: str
    offset: int
    text: str


def checksum_of(body: bytes) -> str:
    """`sha256:` and the hex digest.

    >>> checksum_of(b"")[:14]
    'sha256:e3b0c44'
    """
    return "sha256:" + hashlib.sha256(body).hexdigest()


class ArchiveWriter:
    """Appends records to a file of its own, which it keeps locked.

    Not thread-safe: one thread appends, syncs and closes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime],
        max_file_bytes: int = MAX_FILE_BYTES,
        max_file_age: timedelta = MAX_FILE_AGE,
    ) -> None:
        """Makes the folder; a file is made with the first record.

        Args:
            folder: Of the archive.
            now: The clock.
            max_file_bytes: A new file is begun after so many.
            max_file_age: A new file is begun after so long.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._now = now
        self._max_bytes = max_file_bytes
        self._max_age = max_file_age
        self._file: FileIO | None = None
        self._name = ""
        self._size = 0
        self._opened_at = now()
        self._unsynced_folder = False

    def append(self, response: ArchivedResponse) -> WarcPlace:
        """Writes one record; it is safe only after `sync`.

        Raises:
            DiskFullError: Nothing of the record stays in the file.
        """
        self._rotate()
        data = record_member(response)
        if self._file is None:
            self._open()
        place = WarcPlace(file=self._name, offset=self._size, length=len(data))
        if is_hit("crawl.half_record"):
            self._write(data[: len(data) // 2])
            os.kill(os.getpid(), 9)
        self._write(data)
        return place

    def original(self, place: WarcPlace) -> Original | None:
        """See `read_original`."""
        return read_original(self._folder, place)

    def sync(self) -> None:
        """Makes every appended record survive a power cut."""
        if self._file is not None:
            os.fsync(self._file.fileno())
        if self._unsynced_folder:
            _sync_folder(self._folder)
            self._unsynced_folder = False

    def close(self) -> None:
        """Syncs and closes; a later `append` begins a new file."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        old = self._now() - self._opened_at >= self._max_age
        if self._file is not None and (old or self._size >= self._max_bytes):
            self.close()

    def _open(self) -> None:
        self._opened_at = self._now()
        stamp = self._opened_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        while self._file is None:
            self._name = f"babelwire-{stamp}-{secrets.token_hex(4)}{SUFFIX}"
            path = self._folder / self._name
            file = path.open("xb", buffering=0)
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists():
                self._file = file
            else:  # another process's repair found it empty before it was locked
                file.close()
        self._size = 0
        self._unsynced_folder = True
        self._write(warcinfo_member(self._name, self._opened_at))

    def _write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - opened by every caller
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
                self._file.seek(self._size)
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFullError(
                    f"{self._folder}: no space left for the page archive; nothing "
                    "was lost, run again later"
                ) from error
            raise
        self._size += len(data)


def read(
    folder: Path, place: WarcPlace, *, max_body_bytes: int = MAX_BODY_BYTES
) -> ArchivedPage:
    """The record at a place, with its checksums verified.

    Raises:
        DamageError: The file is missing or short, or its bytes are not what was
            written; names the file and the offset.
    """
    data = _member_bytes(folder, place)
    inflated = decode_body(data, "gzip", limit=max_body_bytes + (1 << 20))
    if isinstance(inflated, StageError):
        raise _damage(place, inflated.detail)
    try:
        fields, block = parse_record(inflated)
        return _page(fields, block, max_body_bytes)
    except ValueError as error:
        raise _damage(place, str(error)) from error


def raw_record(folder: Path, place: WarcPlace) -> bytes:
    """The record as it stands in its file: a gzip member, its checksums verified.

    Raises:
        DamageError: As of `read`.
    """
    read(folder, place)
    return _member_bytes(folder, place)


def read_original(folder: Path, place: WarcPlace) -> Original | None:
    """What a revisit says of the response at a place; None where it cannot tell."""
    try:
        with (folder / place.file).open("rb") as file:
            file.seek(place.offset)
            data = file.read(min(place.length, _HEAD_BYTES))
        head = zlib.decompressobj(GZIP_WINDOW).decompress(data, _HEAD_BYTES)
        fields, _ = parse_fields(head)
        if fields["warc-type"] != "response":
            return None
        return Original(
            record_id=fields["warc-record-id"],
            url=fields["warc-target-uri"],
            date=fields["warc-date"],
            payload_digest=fields["warc-payload-digest"],
        )
    except (OSError, zlib.error, ValueError, KeyError):
        return None


def scan(path: Path, start: int = 0) -> Iterator[WarcPlace]:
    """The complete gzip members of a file, up to the first torn or damaged one.

    Args:
        path: Of the file.
        start: The offset to begin at, where a member begins.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset, consumed = start, 0
        stream = zlib.decompressobj(GZIP_WINDOW)
        while block := memoryview(file.read(_SCAN_BYTES)):
            while block:
                step = block[:_STEP_BYTES]
                try:
                    _drain(stream, step)
                except zlib.error:
                    return
                used = len(step) - len(stream.unused_data)
                consumed += used
                block = block[used:]
                if stream.eof:
                    yield WarcPlace(file=path.name, offset=offset, length=consumed)
                    offset, consumed = offset + consumed, 0
                    stream = zlib.decompressobj(GZIP_WINDOW)


def repair_tail(folder: Path, known_ends: Mapping[str, int]) -> list[Repair]:
    """Cuts torn records off the ends of files whose writer was killed.

    A file is scanned from where the store's knowledge of it ends, never from its
    beginning: a flipped bit in the middle must not cut everything after it.
    Files that a living process is writing are left alone.

    Args:
        folder: Of the archive; need not exist.
        known_ends: By file name, the largest offset + length in the store.

    Raises:
        DamageError: A file is missing or shorter than the store knows it.
    """
    for name, end in known_ends.items():
        _check_length(folder / name, end)
    repairs = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with path.open("r+b") as file:
            if not _lock(file.fileno()):
                continue
            repair = _repair(path, known_ends.get(path.name, 0))
        if repair is not None:
            repairs.append(repair)
    return repairs


def is_being_written(path: Path) -> bool:
    """Whether a living process has a file of the archive open for writing."""
    with path.open("rb") as file:
        return not _lock(file.fileno())


def verify(
    folder: Path, expected: Iterable[tuple[WarcPlace, str, str]]
) -> Iterator[ArchiveProblem]:
    """Reads records and compares them with what the store says of them.

    Args:
        folder: Of the archive.
        expected: Place, URL and body checksum ("" where there is none) of each.
    """
    for place, url, checksum in expected:
        try:
            page = read(folder, place)
        except DamageError as error:
            yield _problem(place, str(error))
            continue
        if page.url != url:
            yield _problem(place, f"holds {page.url}, expected {url}")
        elif checksum and page.checksum != checksum:
            yield _problem(place, f"has {page.checksum}, expected {checksum}")


def _repair(path: Path, end: int) -> Repair | None:
    size = path.stat().st_size
    if size == end:
        return None
    orphans = 0
    for place in scan(path, end):
        end = place.offset + place.length
        orphans += place.offset > 0  # the first record of a file describes it
    if end == 0:
        path.unlink()
    elif end < size:
        with path.open("r+b") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    return Repair(file=path.name, cut_bytes=size - end, orphans=orphans)


def _check_length(path: Path, end: int) -> None:
    if not path.exists():
        raise DamageError(f"{path}: missing, but the store has pages in it")
    size = path.stat().st_size
    if size < end:
        raise DamageError(
            f"{path}: {size} bytes, but the store has pages up to byte {end}; restore "
            "it from a backup"
        )


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drain(stream: zlib._Decompress, data: memoryview) -> None:
    stream.decompress(data, _SCAN_BYTES)
    while stream.unconsumed_tail and not stream.eof:
        stream.decompress(stream.unconsumed_tail, _SCAN_BYTES)


def _member_bytes(folder: Path, place: WarcPlace) -> bytes:
    try:
        with (folder / place.file).open("rb") as file:
            file.seek(place.offset)
            data = file.read(place.length)
    except OSError as error:
        raise _damage(place, f"cannot be read: {error}") from error
    if len(data) != place.length:
        raise _damage(place, f"{len(data)} bytes left, expected {place.length}")
    return data


def _page(fields: Mapping[str, str], block: bytes, limit: int) -> ArchivedPage:
    kind: Kind
    match fields.get("warc-type"):
        case "response" | "revisit" as found:
            kind = found
            status, headers, body = parse_http(block)
        case "resource":
            kind = "resource"
            status, body = 0, block
            headers = (("Content-Type", fields.get("content-type", "")),)
        case other:
            raise ValueError(f"a {other} record, expected a response")
    encoding = ", ".join(v for k, v in headers if k.lower() == "content-encoding")
    decoded = decode_body(body, encoding, limit=limit)
    if isinstance(decoded, StageError):
        raise ValueError(decoded.detail)
    return ArchivedPage(
        url=fields.get("warc-target-uri", ""),
        at=datetime.fromisoformat(fields["warc-date"]),
        status=status,
        headers=headers,
        body=decoded,
        checksum="" if kind == "revisit" else checksum_of(decoded),
        kind=kind,
    )


def _damage(place: WarcPlace, text: str) -> DamageError:
    return DamageError(f"{place.file}, offset {place.offset}: {text}")


def _problem(place: WarcPlace, text: str) -> ArchiveProblem:
    return ArchiveProblem(file=place.file, offset=place.offset, text=text)
