"""Pages that people saved: `.html`, `.pdf`, and `.mhtml` with all of a page in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.archive import ArchivedResponse
from pipeline.errors import InputError, StageError
from pipeline.incoming.found import MAX_PAGE_BYTES, Incoming, Skipped
from pipeline.incoming.mhtml import RootPage, root_page
from pipeline.media_types import is_pdf
from pipeline.urls import url_key

DECLARATION_BYTES = 200_000
"""So far into a page its address is looked for; heads of pages are shorter."""

_SAVED_FROM = re.compile(rb"<!--\s*saved from url=\((\d{1,5})\)(\S{1,8000})")
"""What Chrome, Edge and Internet Explorer write: the address and its length."""

_SINGLE_FILE = re.compile(
    rb"<!--\s{0,20}Page saved with SingleFile\s{1,20}url:\s{0,20}(\S{1,8000})"
)
"""The browser extension SingleFile, as of its version 1."""

_LINK_OR_META = re.compile(rb"<(?:link|meta)\s([^>]{1,4000})>", re.IGNORECASE)
_CANONICAL = re.compile(
    rb"""rel=["']?canonical["'\s/]|rel=["']?canonical$""", re.IGNORECASE
)
_OG_URL = re.compile(rb"""property=["']?og:url["'\s/]""", re.IGNORECASE)
_HREF = re.compile(
    rb"""(?:href|content)=(?:"([^"]+)"|'([^']+)'|([^"'\s>]+))""", re.IGNORECASE
)


def page_of_html(path: Path, url: str) -> Iterator[Incoming | Skipped]:
    """The page in a `.html` or `.pdf` file.

    Args:
        path: Of the file.
        url: Where it came from; "" for what the page says of itself.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            body = file.read(MAX_PAGE_BYTES + 1)
        saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    yield _incoming(path, RootPage(body=body, url="", charset="", at=saved_at), url)


def page_of_mhtml(path: Path, url: str) -> Iterator[Incoming | Skipped]:
    """The page in a `.mhtml` file; the pictures and styles beside it are not read.

    Args:
        path: Of the file.
        url: Where it came from; "" for what the file says of it.

    Raises:
        InputError: It cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found = root_page(file, saved_at)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if isinstance(found, StageError):
        raise InputError(f"{path}: no saved page: {found.detail}")
    yield _incoming(path, found, url)


def declared_url(body: bytes) -> str:
    """The address that a saved page gives: where it was saved, else its canonical.

    >>> declared_url(b"<!-- saved from url=(0024)https://e.example/a?b=--c -->")
    'https://e.example/a?b=--'
    >>> declared_url(b'<link href="https://e.example/" rel="canonical">')
    'https://e.example/'
    """
    head = body[:DECLARATION_BYTES]
    saved = _SAVED_FROM.search(head)
    single = None if saved else _SINGLE_FILE.search(head)
    if saved:
        found = saved[2][: int(saved[1])]
    elif single:
        found = single[1]
    else:
        found = b""
    address = found.decode("utf-8", "replace")
    # What was saved from the disk again says "about:internet".
    return address if _is_address(address) else _declared_in_tags(head)


def _declared_in_tags(head: bytes) -> str:
    tags = [match[1] for match in _LINK_OR_META.finditer(head)]
    for pattern in (_CANONICAL, _OG_URL):
        for attributes in filter(pattern.search, tags):
            if match := _HREF.search(attributes):
                found = match[1] or match[2] or match[3]
                return found.decode("utf-8", "replace")
    return ""


def _incoming(path: Path, page: RootPage, url: str) -> Incoming | Skipped:
    if len(page.body) > MAX_PAGE_BYTES:
        return Skipped(reason="too_large")
    found = url or page.url or declared_url(page.body)
    if not _is_address(found):
        return Skipped(
            reason="no_url",
            detail=f"{path}: the page does not say where it came from; use --url",
        )
    content_type = "text/html" + (f"; charset={page.charset}" if page.charset else "")
    if is_pdf(page.body):
        content_type = "application/pdf"
    return Incoming(
        response=ArchivedResponse(
            url=found,
            at=page.at,
            status=0,
            headers=(("Content-Type", content_type),),
            body=page.body,
            kind="resource",
        )
    )


def _is_address(text: str) -> bool:
    try:
        url_key(text)
    except ValueError:
        return False
    return True
