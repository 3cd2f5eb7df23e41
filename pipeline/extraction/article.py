"""The whole of extraction: bytes in, `Extraction` out; no I/O."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from pipeline.documents import Extraction
from pipeline.errors import StageError
from pipeline.extraction.encoding import decode, is_binary
from pipeline.extraction.metadata import (
    Moment,
    PageMetadata,
    parse_date,
    plausible,
    storable,
)
from pipeline.extraction.rejection import rejection
from pipeline.mails import MAIL_TYPE, read_mail
from pipeline.sources import Selectors

if TYPE_CHECKING:
    from trafilatura.settings import Extractor

EXTRACTOR_VERSION = f"trafilatura-{version('trafilatura')}+2"
"""Raised with every change here that may change a text."""

ARTICLE_JSON = "application/vnd.babelwire.article+json"
"""Of imported articles without a page: an object with `title` and `text`."""

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner."""
STAND_INS = "\u2e2e\u2e2f\u2e32\u2e35\u2e48"
"""Medieval and palaeotype punctuation: printable, no blank, on no news page."""

_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[\s]*")
_BLOCKS = frozenset(
    "p div section article li blockquote h1 h2 h3 h4 h5 h6 tr br pre ul ol"
    " table".split()
)


@dataclass(frozen=True, kw_only=True)
class PageInput:
    """What extraction needs to know of a page.

    Attributes:
        body: After content decoding.
        url: As fetched.
        content_type: The response's header, or "".
        fetched_at: Later publication dates are not believed.
        hints: `title`, `published_at`, `language` of a feed or sitemap.
        selectors: The source's, which win.
        timezone: IANA name of the zone of times that name none; "" is UTC.
    """

    body: bytes
    url: str
    fetched_at: datetime
    content_type: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    selectors: Selectors = field(default_factory=Selectors)
    timezone: str = ""

    @property
    def zone(self) -> tzinfo:
        """`timezone`, to read times in."""
        return ZoneInfo(self.timezone) if self.timezone else UTC


def extract_page(page: PageInput) -> Extraction:
    """Reads the article out of a page; `rejected` says why there is none."""
    if page.content_type == ARTICLE_JSON:
        return _from_json(page)
    if page.content_type == MAIL_TYPE:
        return _from_mail(page)
    if is_binary(page.body):
        return Extraction(title="", text="", rejected="not_text")
    html = decode(page.body, page.content_type)
    tree = _parse(html)
    if tree is None:
        return Extraction(title="", text="", rejected="no_text")
    metadata = PageMetadata(tree, page.url)
    title = _selected(tree, page.selectors.title) or metadata.headline()
    title = normalise(title or page.hints.get("title", "")).replace("\n", " ")
    published = _published(metadata, tree, html, page)
    canonical, language = metadata.canonical_url(), metadata.declared_language()
    authors = _authors(tree, page.selectors.author) or metadata.authors()
    section = metadata.section()
    is_free, alternates = metadata.is_free(), metadata.alternates()
    text = _without_headline(_text(tree, page), title)
    return Extraction(
        title=title,
        text=text,
        authors=authors,
        published_at=published.at,
        published_precision=published.precision,
        published_from=published.found_in,
        section=section,
        canonical_url=canonical,
        declared_language=language,
        alternates=alternates,
        rejected=rejection(title, text, is_free=is_free),
    )


def _from_json(page: PageInput) -> Extraction:
    """An imported article that came as title and text, not as a page."""
    row = json.loads(page.body)
    title = normalise(row.get("title", "")).replace("\n", " ")
    text = normalise(row.get("text", ""))
    at, precision = parse_date(row.get("published_at", ""))
    return Extraction(
        title=title,
        text=text,
        published_at=at,
        published_precision=precision,
        published_from="import" if at else "",
        rejected="" if text else "no_text",
    )


def _from_mail(page: PageInput) -> Extraction:
    """A mail: its fields are what a page's metadata is, whatever its HTML says."""
    mail = read_mail(page.body)
    if isinstance(mail, StageError):
        return Extraction(title="", text="", rejected=mail.reason)
    html = PageInput(
        body=mail.html.encode("utf-8", "replace"),
        url=page.url,
        content_type="text/html; charset=utf-8",
        fetched_at=page.fetched_at,
        selectors=page.selectors,
    )
    found = extract_page(html) if mail.html else None
    text = found.text if found and not found.rejected else normalise(mail.text)
    text = text or (found.text if found else "")
    title = normalise(mail.subject) or (found.title if found else "")
    at = mail.sent_at
    is_dated = at is not None and plausible(at, page.fetched_at)
    return Extraction(
        title=title,
        text=_without_headline(text, title),
        authors=(normalise(mail.sender),) if mail.sender else (),
        published_at=at if is_dated else None,
        published_precision="second" if is_dated else "none",
        published_from="mail" if is_dated else "",
        rejected="" if text else "no_text",
    )


def normalise(text: str) -> str:
    r"""NFC, no control characters, single spaces, single line feeds.

    >>> normalise("a\u0301  b \r\n\n c\x00")
    'á b\nc'
    """
    # Some control characters are blanks; what stood around others meets.
    kept = storable(_collapsed(text.replace("\r\n", "\n")))
    return _collapsed(unicodedata.normalize("NFC", kept)).strip()


def _collapsed(text: str) -> str:
    return _BREAKS.sub("\n", _BLANKS.sub(" ", text))


def _parse(html: str) -> HtmlElement | None:
    parser = HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        return document_fromstring(
            html.encode("utf-8", "replace"), parser=parser, ensure_head_body=False
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _authors(tree: HtmlElement, selector: str) -> tuple[str, ...]:
    """What a source's selector finds, each name once; none without a selector."""
    found = tree.cssselect(selector) if selector else ()
    names = (normalise(node.text_content()).replace("\n", " ") for node in found)
    return tuple(dict.fromkeys(name for name in names if name))


def _published(
    metadata: PageMetadata, tree: HtmlElement, html: str, page: PageInput
) -> Moment:
    chosen = _selected(tree, page.selectors.published, attribute="datetime")
    at, precision = parse_date(chosen, page.zone)
    if at is not None and plausible(at, page.fetched_at):
        return Moment(at=at, precision=precision, found_in="selector")
    moment = metadata.published(fetched_at=page.fetched_at, html=html, zone=page.zone)
    hinted, hinted_precision = parse_date(page.hints.get("published_at", ""))
    if hinted is None or not plausible(hinted, page.fetched_at):
        return moment
    if moment.precision not in {"none", "day", "month", "year"}:
        return moment
    # The feed knows the minute of a day that the page confirms or leaves open.
    if moment.at is None or abs((hinted - moment.at).total_seconds()) <= 86400:
        return Moment(at=hinted, precision=hinted_precision, found_in="feed")
    return moment


def _text(tree: HtmlElement, page: PageInput) -> str:
    for selector in page.selectors.remove:
        for node in tree.cssselect(selector):
            node.drop_tree()
    if page.selectors.text:
        return normalise(
            "\n".join(map(_block_text, tree.cssselect(page.selectors.text)))
        )
    from trafilatura import bare_extraction

    stand_ins = _replace_joiners(tree)
    options = copy(_options())
    options.url = options.source = page.url
    found = bare_extraction(tree, options=options)
    if found is None or isinstance(found, dict):
        return ""
    return normalise((found.text or "").translate(stand_ins))


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


def _replace_joiners(tree: HtmlElement) -> dict[int, str]:
    """Puts printable characters in place of joiners; the table to restore them.

    trafilatura drops what Python does not call printable: with U+200C and U+200D
    also the inner form of Persian, Indic and emoji sequences. In their place
    stands, while it works, rare punctuation that this page does not have.
    """
    texts = "".join(tree.itertext())
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


def _without_headline(text: str, title: str) -> str:
    """The text without its first line where that is the headline again."""
    first, _, rest = text.partition("\n")
    return rest if rest and first.strip() == title else text


def _selected(tree: HtmlElement, selector: str, attribute: str = "") -> str:
    """The text (or an attribute) of the first node a source's selector finds."""
    if not selector:
        return ""
    for node in tree.cssselect(selector):
        value = (node.get(attribute) if attribute else "") or node.text_content()
        if value.strip():
            return str(value).strip()
    return ""


def _block_text(node: HtmlElement) -> str:
    """An element's text with a line feed around each block."""
    parts: list[str] = []
    for event, element in etree.iterwalk(node, events=("start", "end")):
        if element.tag in _BLOCKS:
            parts.append("\n")
        if event == "start" and element.tag not in {"script", "style"}:
            parts.append(element.text or "")
        elif event == "end" and element is not node:
            parts.append(element.tail or "")
    return "".join(parts)
