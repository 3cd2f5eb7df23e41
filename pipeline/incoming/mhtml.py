"""MHTML (RFC 2557): a page and what belongs to it as parts of one message.

Only the page itself is kept; pictures of any size pass by line by line.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import IO, Final

from pipeline.errors import StageError
from pipeline.incoming.found import MAX_PAGE_BYTES

MAX_HEAD_BYTES: Final = 1 << 16
"""Of a message's or a part's head; browsers write less than 2 KB."""

MAX_BOUNDARIES: Final = 10
"""Nested multiparts looked into; browsers nest none, mail programs two."""

MAX_PARTS: Final = 5_000
"""A part is a picture, a style or a frame; large news pages have some hundred."""

_LINE_BYTES = 1 << 16
_MAX_ENCODED_BYTES = 3 * MAX_PAGE_BYTES
"""Quoted-printable makes three bytes of one at most (RFC 2045 §6.7)."""


@dataclass(frozen=True, kw_only=True)
class RootPage:
    """The page of a file.

    Attributes:
        body: Its bytes; more than `MAX_PAGE_BYTES` where it is too large.
        url: Where it was, or "".
        charset: As its part declares it, or "".
        at: When it was saved.
    """

    body: bytes
    url: str
    charset: str
    at: datetime


def root_page(file: IO[bytes], saved_at: datetime) -> RootPage | StageError:
    """The page in an MHTML file.

    Args:
        file: Is read once, forwards.
        saved_at: Of the file; a later date in it is not believed.
    """
    lines = _lines(file)
    top = _head(lines)
    if top is None or "content-type" not in top:
        return _error("it does not begin with the fields of a message")
    boundary = top.get_boundary()
    if boundary is None:
        parts = iter([_Part(head=top, lines=_content(lines, []))])
    else:
        parts = _parts(lines, boundary)
    found = _root(parts, _start(top))
    if found is None:
        return _error("none of its parts is a page (text/html)")
    head, body = found
    location = head["Content-Location"] or top["Snapshot-Content-Location"]
    return RootPage(
        body=_decoded(head, body),
        url="".join(str(location or top["Content-Location"] or "").split()),
        charset=_token(head.get_content_charset() or ""),
        at=min(_date(top) or saved_at, saved_at),
    )


@dataclass
class _Part:
    head: Message
    lines: Iterator[bytes]


@dataclass
class _Delimiters:
    """Lines that end a part."""

    found: list[bytes] = field(default_factory=list)

    def add(self, boundary: str) -> None:
        if len(self.found) < MAX_BOUNDARIES:
            self.found.append(b"--" + boundary.encode("utf-8", "surrogateescape"))

    def __contains__(self, line: bytes) -> bool:
        if not line.startswith(b"--"):
            return False
        stripped = line.rstrip()
        return any(stripped in {known, known + b"--"} for known in self.found)


def _root(parts: Iterator[_Part], start: str) -> tuple[Message, bytes] | None:
    """The part that `start` names; the first page where there is no such."""
    first: tuple[Message, bytes] | None = None
    for part in parts:
        is_named = bool(start) and part.head["Content-ID"] == start
        if not _is_page(part.head) or not (is_named or first is None):
            continue
        found = part.head, _limited(part.lines)
        if is_named or not start:
            return found
        first = found
    return first


def _parts(lines: Iterator[bytes], boundary: str) -> Iterator[_Part]:
    """The parts in order; a part's lines are there until the next is asked for."""
    delimiters = _Delimiters()
    delimiters.add(boundary)
    skipped = _content(lines, delimiters)
    for _ in range(MAX_PARTS):
        for _line in skipped:
            continue
        head = _head(lines)
        if head is None:
            return
        skipped = _content(lines, delimiters)
        inner = head.get_boundary()
        if inner is not None:
            delimiters.add(inner)
        else:
            yield _Part(head=head, lines=skipped)


def _content(
    lines: Iterator[bytes], delimiters: _Delimiters | list[bytes]
) -> Iterator[bytes]:
    is_start = True
    for line in lines:
        if is_start and line in delimiters:
            return
        is_start = line.endswith(b"\n")
        yield line


def _head(lines: Iterator[bytes]) -> Message | None:
    """The fields up to an empty line; None where there are none or too many."""
    parts: list[bytes] = []
    size = 0
    for line in lines:
        if not line.strip():
            break
        size += len(line)
        if size > MAX_HEAD_BYTES:
            return None
        parts.append(line)
    if not parts:
        return None
    return BytesParser(policy=compat32).parsebytes(b"".join(parts), headersonly=True)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(_LINE_BYTES):
        yield line


def _limited(lines: Iterator[bytes]) -> bytes:
    parts: list[bytes] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _MAX_ENCODED_BYTES:
            return bytes(_MAX_ENCODED_BYTES + 1)
        parts.append(line)
    # The line end before a delimiter belongs to it (RFC 2046 §5.1.1).
    return b"".join(parts).removesuffix(b"\n").removesuffix(b"\r")


def _decoded(head: Message, body: bytes) -> bytes:
    encoding = str(head["Content-Transfer-Encoding"] or "").strip().lower()
    decode = _DECODERS.get(encoding)
    if decode is None or len(body) > _MAX_ENCODED_BYTES:
        return body
    try:
        return decode(body)
    except binascii.Error:
        return body


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": binascii.a2b_base64,
    "quoted-printable": binascii.a2b_qp,
}


def _is_page(head: Message) -> bool:
    return head.get_content_type() in {"text/html", "application/xhtml+xml"}


def _start(top: Message) -> str:
    found = top.get_param("start")
    return found if isinstance(found, str) else ""


def _token(text: str) -> str:
    """A label that may stand in a header."""
    return text if all(c.isalnum() or c in "-_.:" for c in text) else ""


def _date(top: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(top["Date"]))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _error(text: str) -> StageError:
    return StageError(reason="no_saved_page", detail=text, retry=False)
