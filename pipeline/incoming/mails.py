"""Mails: newsletters and statements sent by mail, in `.eml` and `.mbox` files.

A mail is known by the address it has on the web, where it says one; otherwise by
its Message-ID as a `mid:` address (RFC 2392), which is as unique and leads nowhere.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import IO, Final

from pipeline.archive import ArchivedResponse
from pipeline.errors import InputError, StageError
from pipeline.incoming.found import Incoming, Skipped
from pipeline.mails import MAIL_TYPE, MAX_MAIL_BYTES, Mail, read_mail
from pipeline.urls import host_of, mail_url, page_key, url_key

_LINE_BYTES = 1 << 16
_QUOTED_FROM = re.compile(rb">+From ")
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_ANCHOR_END = re.compile(r"</a\b", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]+)"|'([^']+)')""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,1000}>")

END_CHARACTERS: Final = 200_000
"""Of either end of a mail: the link to itself stands in its first or last lines."""

MAX_ANCHOR_CHARACTERS: Final = 4_000
MAX_LINK_WORDS: Final = 120
"""Characters: a longer text is a sentence with a link in it."""


def page_of_eml(path: Path, url: str, now: datetime) -> Iterator[Incoming | Skipped]:
    """The mail in a file of its own.

    Args:
        path: Of the file.
        url: Where it is on the web; "" for what the mail says.
        now: The time.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MAIL_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    yield _incoming(data, str(path), url, now)


def pages_of_mbox(path: Path, now: datetime) -> Iterator[Incoming | Skipped]:
    """The mails in a mailbox.

    Args:
        path: Of the file.
        now: The time.

    Raises:
        InputError: It cannot be read, or is no mailbox.
    """
    try:
        with path.open("rb") as file:
            for offset, data in _mails(file):
                yield _incoming(data, f"{path}, byte {offset}", "", now)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise InputError(f"{path}: no mailbox: {error}") from error


def view_link(html: str) -> str:
    """The address that an HTML mail gives for itself on the web, or "".

    One with a query is not taken: it holds, as a rule, a key of whom the mail was
    sent to, and would be cited, exported and passed on with it.

    >>> view_link('<a href="https://e.example/n/7?utm_source=m">View in browser</a>')
    'https://e.example/n/7'
    >>> view_link('<a href="https://e.example/n/7?u=me">View in browser</a>')
    ''
    """
    for anchor in _ANCHOR.split(_ends(html))[1:]:
        attributes, _, rest = anchor[:MAX_ANCHOR_CHARACTERS].partition(">")
        words = _ANCHOR_END.split(rest, maxsplit=1)
        match = _HREF.search(attributes)
        if match and len(words) == 2 and _names_itself(words[0]):
            return _public_address(unescape(match[1] or match[2]))
    return ""


def _mails(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each mail of a mailbox (RFC 4155; `>From ` unquoted)."""
    offset, after_blank, is_start = 0, True, True
    begin, parts, size = -1, list[bytes](), 0
    while line := file.readline(_LINE_BYTES):
        if is_start and after_blank and line.startswith(b"From "):
            if begin >= 0:
                yield begin, _without_blank_line(b"".join(parts))
            begin, parts, size = offset, [], 0
        elif begin < 0:
            if line.strip():
                raise ValueError('found no line that begins with "From "')
        elif size <= MAX_MAIL_BYTES:  # one that is larger is passed over later
            is_quoted = is_start and _QUOTED_FROM.match(line)
            parts.append(line[1:] if is_quoted else line)
            size += len(line)
        offset += len(line)
        after_blank = is_start and not line.strip()
        is_start = line.endswith(b"\n")
    if begin >= 0:
        yield begin, _without_blank_line(b"".join(parts))


def _without_blank_line(data: bytes) -> bytes:
    """A mail without the line that parts it from the next one."""
    for end in (b"\r\n", b"\n"):
        if data.endswith(end * 2):
            return data.removesuffix(end)
    return data


def _incoming(data: bytes, place: str, url: str, now: datetime) -> Incoming | Skipped:
    mail = read_mail(data)
    if isinstance(mail, StageError):
        is_odd = mail.reason != "too_large"
        detail = f"{place}: {mail.detail}" if is_odd else ""
        return Skipped(reason=mail.reason, detail=detail)
    if not mail.html and not mail.text:
        return Skipped(reason="no_text")
    address = url or _address(mail)
    if not address:
        return Skipped(
            reason="no_url",
            detail=f"{place}: the mail has no Message-ID; use --url",
        )
    sent_at = min(mail.sent_at or now, now)
    hints = {"title": mail.subject}
    if mail.sent_at is not None:
        hints["published_at"] = mail.sent_at.isoformat()
    return Incoming(
        response=ArchivedResponse(
            url=address,
            at=sent_at,
            status=0,
            headers=(("Content-Type", MAIL_TYPE),),
            body=data,
            kind="resource",
        ),
        hints={key: value for key, value in hints.items() if value},
        host=_host(mail, address),
        attachments=mail.attachments,
    )


def _address(mail: Mail) -> str:
    found = _public_address(mail.archived_at) or view_link(mail.html)
    if found or not mail.message_id:
        return found
    address = mail_url(mail.message_id)
    try:
        page_key(address)
    except ValueError:
        return ""
    return address


def _public_address(address: str) -> str:
    """A web address without tracking, fragment and query; "" if it has one."""
    try:
        key = url_key(address)
    except ValueError:
        return ""
    return "" if "?" in key else re.split(r"[?#]", address.strip(), maxsplit=1)[0]


def _host(mail: Mail, address: str) -> str:
    """Whose mail it is: the sender's host, as far as one can tell from a mail."""
    for host in (mail.sender_host, mail.message_id.rpartition("@")[2]):
        try:
            return host_of(f"https://{host}")
        except ValueError:
            continue
    try:
        return host_of(address)
    except ValueError:
        return "mail"


def _ends(html: str) -> str:
    if len(html) <= 2 * END_CHARACTERS:
        return html
    return f"{html[:END_CHARACTERS]} {html[-END_CHARACTERS:]}"


def _names_itself(words: str) -> bool:
    text = " ".join(unescape(_TAG.sub(" ", words)).split()).casefold()
    if len(text) > MAX_LINK_WORDS:
        return False
    return any(phrase in text for phrase in _phrases())


@cache
def _phrases() -> tuple[str, ...]:
    text = (files("pipeline.incoming") / "view_links.toml").read_text("utf-8")
    return tuple(phrase.casefold() for phrase in tomllib.loads(text)["phrases"])


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read: {error.strerror}")
