"""Pages in WARC and ARC files, and in WACZ files, which are ZIP files of those."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from pipeline.archive import ArchivedResponse
from pipeline.errors import InputError, StageError
from pipeline.incoming.digests import matches
from pipeline.incoming.found import MAX_PAGE_BYTES, Incoming, Skipped
from pipeline.incoming.http_messages import (
    HttpMessage,
    decoded_body,
    parse_message,
    without_chunks,
)
from pipeline.incoming.warc_records import (
    HEAD_BYTES,
    BadRecord,
    Record,
    read_records,
)
from pipeline.media_types import HTML_TYPES, PDF_TYPES, media_type
from pipeline.urls import url_key

MAX_INFLATION: Final = 50
"""A ZIP file's WARC files are together at most so many times its size: they are
gzipped already; plain ones deflate to a tenth."""

MAX_ZIP_DIRECTORY_BYTES: Final = 16 << 20
"""Over 100,000 names; WACZ files have a handful."""

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a way of compressing that Python does not know
    RuntimeError,  # encrypted
)

READABLE_TYPES = (HTML_TYPES | PDF_TYPES) - {""}

_WARC_IN_WACZ = re.compile(r"archive/[^/\\]+\.warc(?:\.gz)?")
"""WACZ 1.1.1, "Directory Layout"."""


def pages_of_warc(path: Path) -> Iterator[Incoming | Skipped]:
    """The pages in a WARC or ARC file.

    Raises:
        InputError: It cannot be read, or has no record at all.
    """
    try:
        with path.open("rb") as file:
            yield from _pages(file, str(path))
    except OSError as error:
        raise _unreadable(path, error) from error


def pages_of_wacz(path: Path) -> Iterator[Incoming | Skipped]:
    """The pages in the WARC files inside a WACZ file; nothing is unpacked to disk.

    Raises:
        InputError: It cannot be read, is no such file, or would inflate too far.
    """
    try:
        with _BoundedFile(path) as file, zipfile.ZipFile(file) as wacz:
            for member in _warc_members(wacz, path):
                yield from _pages_of_member(wacz, member, f"{path}, {member.filename}")
    except zipfile.BadZipFile as error:
        raise InputError(f"{path}: no WACZ (ZIP) file: {error}") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def page_of(record: Record, place: str) -> Incoming | Skipped:
    """The page of a record, or why there is none."""
    fields = record.fields
    if record.type == "revisit":
        return Skipped(reason="revisit_without_a_page")
    if "warc-truncated" in fields or "warc-segment-number" in fields:
        return Skipped(reason="truncated")
    url = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
    message = parse_message(record.block) if record.type == "response" else None
    if message is None and record.type == "response":
        if not url.lower().startswith(("http:", "https:")):
            return Skipped(reason="no_url")  # dns:, whois:, ftp: …
        return Skipped(reason="bad_status", detail=f"{place}: no HTTP status line")
    content_type = _content_type(record, message)
    reason = _unsuitable(url, content_type, message, too_large=record.too_large)
    if reason:
        return Skipped(reason=reason)
    at = _moment(fields.get("warc-date", ""))
    if at is None:
        found = fields.get("warc-date", "")[:60]
        return Skipped(reason="bad_date", detail=f'{place}: WARC-Date: found "{found}"')
    return _page(record, message, url, at, place)


def _page(
    record: Record, message: HttpMessage | None, url: str, at: datetime, place: str
) -> Incoming | Skipped:
    if _is_damaged(record, message):
        return Skipped(
            reason="bad_checksum",
            detail=f"{place}: {url}: its bytes differ from the record's digest",
        )
    if message is None:
        body: bytes | StageError = record.block
    else:
        body = decoded_body(message, limit=MAX_PAGE_BYTES)
    if isinstance(body, StageError):
        is_odd = body.reason not in {"too_large", "truncated"}
        detail = f"{place}: {url}: {body.detail}" if is_odd else ""
        return Skipped(reason=body.reason, detail=detail)
    if not body:
        return Skipped(reason="empty_body")
    response = ArchivedResponse(
        url=url,
        at=at,
        status=message.status if message else 0,
        headers=message.plain_headers
        if message
        else (("Content-Type", record.fields.get("content-type", "")),),
        body=body,
        kind="response" if message else "resource",
    )
    return Incoming(response=response)


def _pages_of_member(
    wacz: zipfile.ZipFile, member: zipfile.ZipInfo, name: str
) -> Iterator[Incoming | Skipped]:
    """Those of one WARC file; one that cannot be read does not stop the others."""
    try:
        with wacz.open(member) as warc:
            yield from _pages(warc, name)
    except (*_ZIP_ERRORS, InputError) as error:
        yield Skipped(reason="broken_record", detail=f"{name}: {error}")


def _pages(file: IO[bytes], name: str) -> Iterator[Incoming | Skipped]:
    found_any = False
    bad: BadRecord | None = None
    for record in read_records(file, max_block_bytes=MAX_PAGE_BYTES + HEAD_BYTES):
        if isinstance(record, BadRecord):
            if bad is not None or found_any:
                yield _broken(record, name)
            else:
                bad = record  # perhaps the file is none of these at all
            continue
        if not found_any and bad is not None:
            yield _broken(bad, name)
        found_any = True
        if record is not None:
            yield page_of(record, f"{name}, byte {record.offset}")
    if not found_any:
        told = f": {bad.text}" if bad else ""
        raise InputError(f"{name}: no WARC record in it{told}")


def _broken(record: BadRecord, name: str) -> Skipped:
    return Skipped(
        reason="broken_record", detail=f"{name}, byte {record.offset}: {record.text}"
    )


def _content_type(record: Record, message: HttpMessage | None) -> str:
    if message is None:
        return record.fields.get("content-type", "")
    return message.header("Content-Type")


def _unsuitable(
    url: str, content_type: str, message: HttpMessage | None, *, too_large: bool
) -> str:
    if message is not None and message.status != 200:
        return f"http_{message.status}"
    if media_type(content_type) not in READABLE_TYPES:
        return "not_html"
    if too_large:
        return "too_large"
    try:
        url_key(url)
    except ValueError:
        return "no_url"
    return ""


def _is_damaged(record: Record, message: HttpMessage | None) -> bool:
    block_digest = record.fields.get("warc-block-digest", "")
    if matches(block_digest, [record.block]) is False:
        return True
    payload_digest = record.fields.get("warc-payload-digest", "")
    return matches(payload_digest, _payloads(record, message)) is False


def _payloads(record: Record, message: HttpMessage | None) -> Iterator[bytes]:
    """What a payload digest may be of; each next one is only made if needed."""
    if message is None:
        yield record.block
        return
    yield message.body
    unchunked = without_chunks(message.body)
    if not isinstance(unchunked, StageError):
        yield unchunked
    decoded = decoded_body(message, limit=MAX_PAGE_BYTES)
    if not isinstance(decoded, StageError):
        yield decoded


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _BoundedFile(io.FileIO):
    """Reads no ZIP directory that would fill the memory: it is read at once."""

    def read(self, size: int | None = -1) -> bytes:
        """As of a file.

        Raises:
            BadZipFile: More is asked for than a directory may have.
        """
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > MAX_ZIP_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(wanted) or b""


def _warc_members(wacz: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """By name only: a name is never a place on the disk here."""
    found = [m for m in wacz.infolist() if _WARC_IN_WACZ.fullmatch(m.filename)]
    if not found:
        raise InputError(f"{path}: no archive/….warc.gz in it, expected a WACZ file")
    size = sum(member.file_size for member in found)
    if size > MAX_INFLATION * max(path.stat().st_size, 1 << 20):
        raise InputError(
            f"{path}: its WARC files would inflate to {size:,} bytes, more than "
            f"{MAX_INFLATION} times its size; unpack it yourself if you trust it"
        )
    return found


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read: {error.strerror or error}")
