"""Trees of pages and their text."""

from __future__ import annotations

import re
import unicodedata

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from pipeline.extraction.cleaning import storable

BLOCK_TAGS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt"
    " fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main"
    " nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
"""Elements that end the line before and after them."""

UNSEEN_TAGS = frozenset(
    "audio button canvas embed head iframe input math map noscript object script select"
    " style svg template textarea video".split()
)
"""Elements whose text nobody reads as part of the page."""

HUGE_BYTES = range(10_000_000, 32_000_000)
"""libxml2 drops a text that is longer (XML_MAX_TEXT_LENGTH), unless it is told that the
page is huge. Of a page larger still, that is as well."""

_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[\s]*")
_NOT_DISPLAYED = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE
)


def normalise(text: str) -> str:
    r"""NFC, no control characters, single spaces, single line feeds.

    >>> normalise("a\u0301  b \r\n\n c\x00")
    'á b\nc'
    """
    # Some control characters are blanks; what stood around others meets.
    kept = storable(_collapsed(text.replace("\r\n", "\n")))
    return _collapsed(unicodedata.normalize("NFC", kept)).strip()


def parse_html(html: str) -> HtmlElement | None:
    """The page's tree without comments; None where there is nothing in it."""
    return parse_logged(html)[0]


def parse_logged(html: str) -> tuple[HtmlElement | None, str]:
    """The same, with the last that the parser complained of."""
    body = html.encode("utf-8", "replace")
    parser = HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        huge_tree=len(body) in HUGE_BYTES,
    )
    try:
        tree = document_fromstring(body, parser=parser, ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        tree = None
    last = parser.error_log.last_error
    return tree, last.message if last is not None else ""


def parse_light(html: str) -> etree._Element | None:
    """The page's tree of lxml's own elements, which are made without Python's help."""
    body = html.encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        huge_tree=len(body) in HUGE_BYTES,
    )
    try:
        found = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return found  # None where there is nothing in it


def block_text(node: HtmlElement) -> str:
    """An element's text with a line feed around each block."""
    parts: list[str] = []
    for event, element in etree.iterwalk(node, events=("start", "end")):
        if element.tag in BLOCK_TAGS:
            parts.append("\n")
        if event == "start" and element.tag not in {"script", "style"}:
            parts.append(element.text or "")
        elif event == "end" and element is not node:
            parts.append(element.tail or "")
    return "".join(parts)


def is_unseen(node: etree._Element) -> bool:
    """Whether a browser shows nothing of an element, as far as itself tells."""
    if node.tag in UNSEEN_TAGS or not isinstance(node.tag, str):
        return True
    style = node.get("style")
    return "hidden" in node.attrib or (
        style is not None and _NOT_DISPLAYED.search(style) is not None
    )


def _collapsed(text: str) -> str:
    return _BREAKS.sub("\n", _BLANKS.sub(" ", text))
