"""Reads a mail (RFC 5322, MIME) within limits: fields, texts, what is attached.

Hostile mails nest thousands of parts, or have fields of megabytes, which Python's
parser takes to pieces in quadratic time: lines, parts and fields are bounded
before it sees them. The lenient policy takes mails apart, for the modern one has
errors of its own in odd fields; that one only decodes a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import Compat32, default
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pipeline.errors import StageError
from pipeline.extraction.encoding import decode

MAIL_TYPE = "message/rfc822"
"""Media type of a mail (RFC 2046 §5.2.1)."""

MAX_MAIL_BYTES: Final = 15 << 20
"""As of a page."""

MAX_LINES: Final = 500_000
"""The attachments of a mail of 15 MiB have 210,000 lines of 76 characters."""

MAX_PARTS: Final = 200
"""Newsletters have two to five; a mail with a hundred pictures has a hundred."""

MAX_FIELD_CHARACTERS: Final = 4_000
"""Read of a field; what is known of longer ones is no subject, no address."""

_CHUNK = 1 << 16
_MESSAGE_ID = re.compile(
    r"<\s*([\x21-\x3b=\x3f-\x7e]{1,500}@[\x21-\x3b=\x3f-\x7e]+)\s*>"
)
_HOST = re.compile(r"@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)$")
_MIN_WRAPPED = 40
"""A line shorter than that, but the last of its paragraph, was broken on purpose."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What is used of a mail; every text on one line but `html` and `text`.

    Attributes:
        message_id: Without angle brackets, or "".
        subject: Decoded, or "".
        sender: The name in `From`, or "".
        sender_host: Of the address in `From`, or "".
        sent_at: From `Date`, or None.
        archived_at: The address in `Archived-At` (RFC 5064), or "".
        html: Of the first HTML part that is no attachment, or "".
        text: Likewise plain text, with wrapped lines joined, or "".
        attachments: Number of files, and of mails within it.
    """

    message_id: str
    subject: str
    sender: str
    sender_host: str
    sent_at: datetime | None
    archived_at: str
    html: str
    text: str
    attachments: int


def read_mail(data: bytes) -> Mail | StageError:
    """The mail in some bytes.

    Returns:
        It, or an error with the reason `too_large`, `too_many_parts` or `no_mail`.
    """
    lines = max(data.count(b"\n"), data.count(b"\r"))
    if len(data) > MAX_MAIL_BYTES or lines > MAX_LINES:
        return _error("too_large", f"{len(data):,} bytes")
    try:
        message = _parsed(data)
    except _TooManyPartsError:
        return _error("too_many_parts", f"more than {MAX_PARTS} parts")
    if "from" not in message and "message-id" not in message:
        return _error("no_mail", "it has neither a From nor a Message-ID field")
    html, text, attachments = _contents(message)
    sender, address = _name_and_address(_raw(message, "From"))
    host = _HOST.search(address)
    return Mail(
        message_id=_message_id(_raw(message, "Message-ID")),
        subject=_decoded(_raw(message, "Subject")),
        sender=_decoded(sender),
        sender_host=host[1].lower() if host else "",
        sent_at=_date(_raw(message, "Date")),
        archived_at=_raw(message, "Archived-At").strip("<> "),
        html=_html(html),
        text=_plain(text),
        attachments=attachments,
    )


class _TooManyPartsError(Exception):
    pass


class _Policy(Compat32):
    """The lenient one, for fields that nobody can make expensive."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, Any]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_FIELD_CHARACTERS]


_POLICY = _Policy()


def _parsed(data: bytes) -> Message:
    made = 0

    def part(*, policy: Any = _POLICY) -> Message:
        nonlocal made
        made += 1
        if made > MAX_PARTS:
            raise _TooManyPartsError
        return Message(policy)

    parser = BytesFeedParser(part, policy=_POLICY)
    for at in range(0, len(data), _CHUNK):
        parser.feed(data[at : at + _CHUNK])
    return parser.close()


def _contents(message: Message) -> tuple[Message | None, Message | None, int]:
    """The first HTML and plain parts, and the number of files."""
    html: Message | None = None
    text: Message | None = None
    attachments = 0
    for part in _leaves(message):
        kind = part.get_content_type()
        if _is_attachment(part):
            attachments += 1
        elif kind == "text/html" and html is None:
            html = part
        elif kind == "text/plain" and text is None:
            text = part
    return html, text, attachments


def _is_attachment(part: Message) -> bool:
    is_mail = part.is_multipart()  # message/rfc822: another one's
    is_file = part.get_content_disposition() == "attachment" or part.get_filename()
    return bool(is_mail or is_file)


def _leaves(message: Message) -> Iterator[Message]:
    """The parts in order; what lies within a mail within the mail is left out."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = part.get_payload()
            waiting += reversed([p for p in inner if isinstance(p, Message)])
        else:
            yield part


def _html(part: Message | None) -> str:
    return "" if part is None else decode(_bytes(part), _charset(part))


def _plain(part: Message | None) -> str:
    if part is None:
        return ""
    text = decode(_bytes(part), _charset(part)).replace("\r\n", "\n")
    return "\n\n".join(_unwrapped(block) for block in re.split(r"\n\s*\n", text))


def _unwrapped(block: str) -> str:
    r"""A paragraph on one line where only its width broke it (RFC 3676 as well).

    >>> _unwrapped("-- one\n-- two")
    '-- one\n-- two'
    """
    lines = [line.rstrip() for line in block.split("\n")]
    if any(len(line) < _MIN_WRAPPED for line in lines[:-1]):
        return "\n".join(lines)
    return " ".join(lines)


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _charset(part: Message) -> str:
    """As a header of HTTP, for the decoder."""
    label = part.get_param("charset")
    plain = label if isinstance(label, str) else ""
    return f"{part.get_content_type()}; charset={plain}"


def _raw(message: Message, name: str) -> str:
    """A field as it came, on one line; "" where there is none."""
    found = next((v for k, v in message.raw_items() if k.lower() == name.lower()), "")
    # Some programs send UTF-8 as it is (RFC 6532 allows it).
    text = str(found).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def _decoded(text: str) -> str:
    """Encoded words decoded (RFC 2047), on one line."""
    try:
        text = str(default.header_factory("Subject", text))
    except Exception:  # noqa: BLE001 - the standard parser has errors of its own
        return text
    return " ".join(text.split())


def _name_and_address(field: str) -> tuple[str, str]:
    """What `From` says; Python's own parser recurses as deep as comments nest.

    >>> _name_and_address('"Press <a@b.example>" <c@d.example>')
    ('Press <a@b.example>', 'c@d.example')
    """
    name, bracket, rest = field.rpartition("<")
    address = rest.partition(">")[0] if bracket else field
    return name.strip().strip('"').strip(), address.strip()


def _message_id(field: str) -> str:
    match = _MESSAGE_ID.search(field)
    return match[1] if match else ""


def _date(field: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(field)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _error(reason: str, detail: str) -> StageError:
    return StageError(reason=reason, detail=detail, retry=False)
