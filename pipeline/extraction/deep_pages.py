"""Pages that a parser cannot stand, changed so that it can (P5).

libxml2 stops at 256 elements within each other and drops all that is inside. No browser
shows such nesting: the page without it reads the same, its containers as line breaks,
and where that does not help, all elements but those of text. Its time grows with the
square of an element's attributes, and that of Unicode's normalisation with the square
of the marks upon a letter: what is beyond reason of either is left out.
"""

from __future__ import annotations

import re

import regex
from lxml.html import HtmlElement

from pipeline.extraction.tree_text import parse_logged

_ATTRIBUTES = re.compile(r"(<[a-zA-Z][\w:-]{0,40})\s[^<>]{200000,}>")
"""More than any element has, but pictures that stand in the page itself."""
_MARKS = regex.compile(r"(\p{M}{30})\p{M}+")
"""Thirty is what Unicode's Stream-Safe Text Format allows (UAX #15, section 13)."""
_TOO_DEEP = "Excessive depth"
"""What libxml2 says then."""
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_CONTAINER = re.compile(
    r"</?(?:div|span|section|center|font|b|i|u|em|strong|big|small|form|fieldset|dl|dd)"
    r"\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_NO_TEXT_ELEMENT = re.compile(
    r"</?(?!(?:html|head|body|title|meta|link|time|p|h[1-6]|br)\b)[a-z]\w{0,20}"
    r"[^<>]{0,2000}>",
    re.IGNORECASE,
)


def parse_page(html: str) -> tuple[HtmlElement | None, str]:
    """The page's tree, and its HTML as far as that was changed to be read.

    Args:
        html: Of the page.
    """
    html = _without_floods(html)
    tree, problems = parse_logged(html)
    for pattern in (_CONTAINER, _NO_TEXT_ELEMENT):
        if _TOO_DEEP not in problems:
            break
        # JSON-LD may hold markup, which must stay as it is.
        html = _outside_scripts(pattern, html)
        tree, problems = parse_logged(html)
    return tree, html


def _without_floods(html: str) -> str:
    html = html.replace("\x00", "")  # as browsers do
    html = _ATTRIBUTES.sub(r"\1>", html)
    return html if html.isascii() else _MARKS.sub(r"\1", html)


def _outside_scripts(pattern: re.Pattern[str], html: str) -> str:
    parts: list[str] = []
    at = 0
    for script in _SCRIPT.finditer(html):
        parts += [pattern.sub("<br>", html[at : script.start()]), script[0]]
        at = script.end()
    return "".join([*parts, pattern.sub("<br>", html[at:])])
