"""A page's short strings made storable: entities, tags, blanks, control characters."""

from __future__ import annotations

import re
from html import unescape

MAX_CHARACTERS = 2_000
"""Of a headline, a name or a section; what is longer is none."""

_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_UNSTORABLE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u2060\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff]"
)
"""Unicode's categories Cc, without the line feed, and Cs; the soft hyphen, word joiner
and byte order mark, which say no more than where a browser may break a line; and what
stands for an object or nothing (U+FFFC, U+FFFE, U+FFFF)."""


def clean(text: str) -> str:
    """One line, without markup; entities resolved though they were escaped twice.

    >>> clean("Tom &amp;amp; <em>Ann</em>  &#8211; x")
    'Tom & Ann – x'
    """
    text = text[:MAX_CHARACTERS]
    for _ in range(2):
        if "&" not in text:
            break
        text = unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    return storable(_SPACE.sub(" ", text)).strip()


def storable(text: str) -> str:
    r"""Without control characters but line feeds, and without lone surrogates.

    JSON can spell both; a database refuses NUL (PostgreSQL) and surrogates.

    >>> storable("a\x00b\ud800c")
    'abc'
    """
    return _UNSTORABLE.sub("", text)
