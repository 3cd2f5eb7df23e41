"""Reads WARC and ARC files, of others or our own, record by record."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.archive import MAX_BODY_BYTES, ArchivedResponse, Headers
from pipeline.documents import WarcPlace
from pipeline.errors import InputError

_CODED = frozenset({"content-encoding", "transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class ArchivedRecord:
    """One response or resource of a WARC file.

    Attributes:
        place: Where it stands in its file.
        response: With its body decoded and its coding headers removed.
        too_large: The body is longer than asked for, and cut there.
    """

    place: WarcPlace
    response: ArchivedResponse
    too_large: bool = False


def records(
    path: Path, *, max_body_bytes: int = MAX_BODY_BYTES
) -> Iterator[ArchivedRecord]:
    """The responses and resources of a WARC or ARC file, plain or gzipped.

    Only one record is in memory at a time.

    Raises:
        InputError: It cannot be read, or no such file; names file and offset.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    offset = 0
    try:
        with path.open("rb") as file:
            iterator = ArchiveIterator(file, arc2warc=True)
            for record in iterator:
                wanted = record.rec_type in {"response", "resource"}
                body = _body(record, max_body_bytes + 1) if wanted else b""
                # Asking for the offset reads the record to its end.
                offset = iterator.get_record_offset()
                if not wanted:
                    continue
                yield ArchivedRecord(
                    place=WarcPlace(
                        file=path.name,
                        offset=offset,
                        length=iterator.get_record_length() or 0,
                    ),
                    response=_response(record, body[:max_body_bytes]),
                    too_large=len(body) > max_body_bytes,
                )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ArchiveLoadFailed, zlib.error, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: no WARC record after byte {offset}: {error}"
        ) from error


def _body(record: Any, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    stream = record.content_stream()
    while left > 0 and (part := stream.read(min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _response(record: Any, body: bytes) -> ArchivedResponse:
    head = record.http_headers
    is_http = head is not None
    return ArchivedResponse(
        url=record.rec_headers.get_header("WARC-Target-URI") or "",
        at=_moment(record.rec_headers.get_header("WARC-Date")),
        status=int(head.get_statuscode()) if is_http else 0,
        headers=_headers(head.headers) if is_http else _resource_headers(record),
        body=body,
        kind="response" if is_http else "resource",
    )


def _headers(pairs: list[tuple[str, str]]) -> Headers:
    return tuple((k, v) for k, v in pairs if k.lower() not in _CODED)


def _resource_headers(record: Any) -> Headers:
    return (("Content-Type", record.rec_headers.get_header("Content-Type") or ""),)


def _moment(text: str | None) -> datetime:
    moment = datetime.fromisoformat(text or "")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
