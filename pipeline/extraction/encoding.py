"""Bytes of a page to text, when header, meta and bytes contradict (C11)."""

from __future__ import annotations

import codecs

from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

MAGIC = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b")
"""Beginnings of what is served under an article's address without being a page."""

DETECTION_BYTES = 60_000
"""Enough for the detector; it is slow on megabytes."""


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page.

    A byte order mark wins. Then valid UTF-8 with at least one multi-byte
    character wins over any label, because text in a legacy encoding is hardly
    ever valid UTF-8 by chance. Then the header, the page's own declaration and
    a detector, the first that decodes without error; at last the first label
    with replacement characters.
    """
    marked, mark = read_bom(body)
    if marked is not None and mark is not None:
        return body[len(mark) :].decode(marked, "replace")
    utf8 = _strict(body, "utf-8")
    if utf8 is not None and not body.isascii():
        return utf8
    labels = _labels(body, content_type)
    for label in labels:
        text = _strict(body, label)
        if text is not None and not _has_c1_controls(text):
            return text
    if utf8 is not None:
        return utf8
    detected = _detect(body)
    text = _strict(body, detected) if detected else None
    if text is not None:
        return text
    return body.decode(next(iter(labels), "utf-8"), "replace")


def is_binary(body: bytes) -> bool:
    """Whether the bytes are no text in any encoding of the web.

    UTF-16 and UTF-32 have NUL bytes too, but always with a byte order mark.
    """
    bom, _ = read_bom(body)
    return bom is None and (body.startswith(MAGIC) or b"\x00" in body[:4096])


def _labels(body: bytes, content_type: str) -> list[str]:
    found = (
        http_content_type_encoding(content_type) if content_type else None,
        html_body_declared_encoding(body),
    )
    return [label for label in map(_known, found) if label]


def _known(label: str | None) -> str:
    """A label as Python's codec, with the web's readings (gb2312 is gb18030)."""
    resolved = resolve_encoding(label) if label else None
    try:
        name = codecs.lookup(resolved).name if resolved else ""
        b"a".decode(name or "utf-8", "replace")  # "undefined" is none
    except (LookupError, UnicodeError):
        return ""
    return name


def _strict(body: bytes, label: str) -> str | None:
    try:
        return body.decode(label)
    except (UnicodeDecodeError, LookupError):
        return None


def _has_c1_controls(text: str) -> bool:
    """U+0080 to U+009F in a text: the label was wrong."""
    return any("\x80" <= c <= "\x9f" for c in text[:20_000])


def _detect(body: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(body[:DETECTION_BYTES]).best()
    return best.encoding if best else None
