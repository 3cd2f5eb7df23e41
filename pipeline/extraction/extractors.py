"""The extractors whose texts are compared: trafilatura, readability, JSON-LD."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy, deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extraction.tree_text import (
    block_text,
    is_unseen,
    normalise,
    parse_html,
)

if TYPE_CHECKING:
    from trafilatura.settings import Extractor

JOINERS = "\u200c\u200d\u200e\u200f\u200b\u061c" + "".join(
    map(chr, (*range(0x2066, 0x206A), *range(0x202A, 0x202F)))
)
"""What is not seen and yet tells how a text is to be shown: zero-width joiner and
non-joiner, marks of direction, the place where Thai and Khmer may break."""
STAND_INS = (
    "\u2e2e\u2e2f\u2e32\u2e35\u2e48\u2e00\u2e01\u2e06\u2e07\u2e08\u2e0b"
    + "".join(map(chr, range(0x2E0E, 0x2E17)))
)
"""Medieval and palaeotype punctuation: printable, no blank, on no news page."""


MENU_LINKS = 3
MENU_SHARE = 0.7
"""A list of so many links, which are so much of its text, is a menu; without them
readability's text of DAnIEL's pages has .916 in place of .913."""


MARKED = 12
"""Characters of a line by which it is found in the page."""


def candidate_texts(tree: HtmlElement, url: str) -> Mapping[str, str]:
    """The text that each extractor finds in a page, by its name, where it finds any.

    Args:
        tree: The page; stays as it is.
        url: Of the page.
    """
    found = {
        "trafilatura": trafilatura_text(deepcopy(tree), url),
        "readability": readability_text(tree),
    }
    return {name: text for name, text in found.items() if text}


def trafilatura_text(tree: HtmlElement, url: str) -> str:
    """By trafilatura, which prefers losing a paragraph to keeping furniture.

    Args:
        tree: The page; is changed.
        url: Of the page.
    """
    from trafilatura import bare_extraction

    shown = "".join(tree.itertext())
    stand_ins = _replace_joiners(tree, shown)
    options = copy(_options())
    options.url = options.source = url
    found = bare_extraction(tree, options=options)
    if found is None or isinstance(found, dict):
        return ""
    text = normalise((found.text or "").translate(stand_ins))
    return _without_list_marks(text, shown)


def _without_list_marks(text: str, shown: str) -> str:
    """Without the "- " that trafilatura sets before items, and readability does not.

    Dialogue begins so too, in some languages: what the page shows, stays.
    """
    lines = (
        line[2:] if line[:2] == "- " and line[:MARKED] not in shown else line
        for line in text.split("\n")
    )
    return "\n".join(lines)


def readability_text(tree: HtmlElement) -> str:
    """By readability-lxml, which prefers keeping a paragraph.

    Args:
        tree: The page; stays as it is.
    """
    from readability.readability import Unparseable

    try:
        summary = _readable()(tree).summary(html_partial=True)
    except Unparseable:
        return ""
    found = parse_html(summary) if summary else None
    return "" if found is None else normalise(block_text(found))


@cache
def _readable() -> Any:
    """The document of readability; the package is not loaded before it is needed."""
    from readability import Document

    logging.getLogger("readability").setLevel(logging.CRITICAL)

    class Readable(Document):  # type: ignore[misc] # it has no types
        """Of a tree, which is copied; without what serves the look of its HTML alone.

        Absolute links take a third of its time, and taking attributes off one after
        the other takes minutes on a large page.
        """

        def _parse(self, tree: HtmlElement) -> HtmlElement:
            found = deepcopy(tree)
            for node in [n for n in found.iter() if is_unseen(n) or _is_aside(n)]:
                if node is not found and node.getparent() is not None:
                    node.drop_tree()
            return found

        def get_clean_html(self) -> str:
            html: str = etree.tostring(self.html, encoding="unicode", method="html")
            return html

    return Readable


def _is_aside(node: HtmlElement) -> bool:
    """Menus, footers, columns beside: readability drops them too, but weighs each."""
    if node.tag in {"nav", "footer", "aside"}:
        return True
    if node.tag not in {"ul", "ol", "dl"}:
        return False
    links = list(node.iter("a"))
    linked = sum(len(text.strip()) for link in links for text in link.itertext())
    total = sum(len(text.strip()) for text in node.itertext())
    return len(links) >= MENU_LINKS and linked > MENU_SHARE * total


@cache
def _options() -> Extractor:
    """Trafilatura's settings but the URL; made once, as it parses each number."""
    from trafilatura.settings import Extractor

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return Extractor(
        output_format="python",
        precision=True,
        comments=False,
        tables=True,
        with_metadata=False,
    )


def _replace_joiners(tree: HtmlElement, texts: str) -> dict[int, str]:
    """Puts printable characters in place of joiners; the table to restore them.

    trafilatura drops what Python does not call printable: with U+200C and U+200D
    also the inner form of Persian, Indic and emoji sequences. In their place
    stands, while it works, rare punctuation that this page does not have.
    """
    joiners = [c for c in JOINERS if c in texts]
    if not joiners:
        return {}
    free = (c for c in STAND_INS if c not in texts)
    table = {ord(joiner): c for joiner, c in zip(joiners, free, strict=False)}
    for node in tree.iter():
        if isinstance(node.tag, str):
            node.text = node.text and node.text.translate(table)
        node.tail = node.tail and node.tail.translate(table)
    return {ord(stand_in): chr(joiner) for joiner, stand_in in table.items()}
