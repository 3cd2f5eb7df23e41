"""Bytes to text, for feeds, sitemaps and listing pages (C11)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_XML = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]*?charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")

_HEAD_BYTES = 2048
"""Where a declaration must stand: HTML asks for the first 1,024 bytes."""

LEGACY = {
    "ar": "windows-1256",
    "fa": "windows-1256",
    "ur": "windows-1256",
    "he": "windows-1255",
    "ru": "windows-1251",
    "uk": "windows-1251",
    "be": "windows-1251",
    "bg": "windows-1251",
    "mk": "windows-1251",
    "kk": "windows-1251",
    "vi": "windows-1258",
    "el": "windows-1253",
    "tr": "windows-1254",
    "az": "windows-1254",
    "th": "cp874",
    "zh": "gb18030",
    "ja": "cp932",
    "ko": "cp949",
    "pl": "windows-1250",
    "cs": "windows-1250",
    "sk": "windows-1250",
    "hu": "windows-1250",
    "ro": "windows-1250",
    "hr": "windows-1250",
    "sl": "windows-1250",
    "lt": "windows-1257",
    "lv": "windows-1257",
    "et": "windows-1257",
}
"""What a site of a language used before UTF-8 (the WHATWG encoding standard's
defaults by locale): tried when a declared charset does not fit the bytes."""


def decode_text(body: bytes, content_type: str, languages: Iterable[str] = ()) -> str:
    """The text of a body; wrong labels are noticed where the bytes show them.

    A BOM wins, then the first charset that decodes every byte: of the header, of
    the document, UTF-8, the legacy ones of the languages.

    Args:
        body: After content decoding.
        content_type: The header.
        languages: BCP 47 tags of the source.
    """
    candidates = list(_candidates(body, content_type, languages))
    for name in candidates:
        try:
            return body.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    return body.decode(candidates[0], "replace")


def without_declaration(text: str) -> str:
    """XML without its declaration, whose encoding does not hold any more."""
    return _DECLARATION.sub("", text, count=1)


def _candidates(
    body: bytes, content_type: str, languages: Iterable[str]
) -> Iterator[str]:
    head = body[:_HEAD_BYTES]
    bom = next((name for mark, name in _BOMS if body.startswith(mark)), "")
    found = [
        bom,
        *_HEADER.findall(content_type),
        *(match.decode("ascii", "replace") for match in _XML.findall(head)),
        *(match.decode("ascii", "replace") for match in _META.findall(head)),
        "utf-8",
        *(LEGACY.get(tag.split("-")[0].lower(), "") for tag in languages),
        "windows-1252",
        "latin-1",
    ]
    for name in found:
        known = _python_name(name)
        if known:
            yield known


def _python_name(name: str) -> str:
    lower = name.strip().lower()
    # Labels that mean more than they say (WHATWG encoding standard, §4.2).
    lower = {
        "iso-8859-1": "windows-1252",
        "us-ascii": "windows-1252",
        "ascii": "windows-1252",
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "shift_jis": "cp932",
        "shift-jis": "cp932",
        "euc-kr": "cp949",
        "ks_c_5601-1987": "cp949",
        "iso-8859-9": "windows-1254",
        "iso-8859-8-i": "iso-8859-8",
    }.get(lower, lower)
    try:
        name = codecs.lookup(lower).name if lower else ""
        b"a".decode(name or "utf-8", "replace")  # "hex" is no charset
    except (LookupError, ValueError):
        return ""
    return name
