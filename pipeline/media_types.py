"""As what articles are served."""

from __future__ import annotations

HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})
"""No type at all is left to the extractor."""

PDF_TYPES = frozenset({"application/pdf", "application/x-pdf"})

UNTOLD_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})
"""What servers say of files that they do not know."""

PDF_MARK = b"%PDF-"
PDF_MARK_WITHIN = 1024
"""Bytes; readers look for the mark so far (ISO 32000-1, Annex H, note 13)."""


def is_pdf(body: bytes) -> bool:
    """Whether the bytes are a PDF, whatever they are served as."""
    return PDF_MARK in body[:PDF_MARK_WITHIN]


def media_type(content_type: str) -> str:
    """The media type in a `Content-Type` header, in lower case, or ""."""
    return content_type.split(";")[0].split(",")[0].strip().lower()


def is_article(content_type: str, body: bytes) -> bool:
    """Whether a response may be an article: a web page, or a PDF.

    Args:
        content_type: The header, or "".
        body: After content decoding.

    >>> is_article("text/html; charset=x", b""), is_article("image/png", b"")
    (True, False)
    >>> is_article("application/octet-stream", b"%PDF-1.7")
    True
    """
    found = media_type(content_type)
    if found in HTML_TYPES:
        return True
    return found in PDF_TYPES | UNTOLD_TYPES and is_pdf(body)
