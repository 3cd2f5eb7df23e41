"""Text of pages in a rendered review: what may stand in it, which way it runs."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from urllib.parse import urlsplit, urlunsplit

from pipeline.reviews import one_line as checked_line
from pipeline.urls import host_of

_FORBIDDEN = re.compile(
    "[^\t\n\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd"
    "\U00010000-\U0010ffff]"
)
"""What XML 1.0 (section 2.2) does not allow or discourages: control characters,
surrogates, noncharacters. The carriage return is a line feed by then."""

_DIRECTED = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Bidi embeddings, overrides and isolates (UAX #9, section 2). Each text is isolated as
a whole: one left open would reorder what stands behind it (W3)."""

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    r"""Without what no document format holds, and what would reorder its surroundings.

    >>> clean("a\x00b\r\nc\u202ed")
    'ab\ncd'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _DIRECTED.sub("", _FORBIDDEN.sub("", lines))


def clean_line(text: str) -> str:
    r"""`clean` on one line.

    >>> clean_line("a\nb\u2028 c")
    'a b c'
    """
    return " ".join(clean(text).split())


def subject(text: str) -> str:
    """A title that may be the subject of a mail.

    Raises:
        InputError: It has line breaks or other control characters (W7).
    """
    return clean_line(checked_line(text))


def isolated(text: str, *, always: bool = False) -> str:
    r"""For plain text: what has right-to-left letters is isolated (UAX #9, FSI … PDI).

    Line by line: an isolate ends with its paragraph.

    Args:
        text: Lines.
        always: Every line is: where its surroundings run from right to left.
    """
    return "\n".join(
        f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
        if has_rtl(line) or (always and line)
        else line
        for line in text.split("\n")
    )


def has_rtl(text: str) -> bool:
    """Whether any letter runs from right to left."""
    return any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)


def runs_rtl(text: str, language: str) -> bool:
    """Which way a text runs: as its language does; unknown, as its first letter.

    >>> runs_rtl("BRICS في قازان", "ar"), runs_rtl("قازان", ""), runs_rtl("Kazan", "")
    (True, True, False)
    """
    known = _direction(language)
    if known == "rtl":
        return has_rtl(text)  # a romanised headline runs as Latin letters do
    if known == "ltr":
        return False
    strong = (unicodedata.bidirectional(c) for c in text)
    return next((s for s in strong if s in {"L", "R", "AL"}), "L") != "L"


def web_link(url: str) -> str:
    """The address to link to; "" where no browser should follow it (W1).

    The host is in its ASCII form: one that only looks like another is seen (W3).

    >>> web_link("https://пример.example/a b"), web_link("javascript:alert(1)")
    ('https://xn--e1afmkfd.example/a%20b', '')
    """
    from w3lib.url import safe_url_string

    line = clean_line(url)
    try:
        whole = urlunsplit(urlsplit(line)._replace(netloc=host_of(line)))
    except ValueError:
        return ""
    return str(safe_url_string(whole))


@cache
def _direction(tag: str) -> str:
    from babel import Locale, UnknownLocaleError

    if tag in {"", "und"}:
        return ""
    try:
        return str(Locale.parse(tag, sep="-").text_direction)
    except (ValueError, UnknownLocaleError):
        return ""
