"""Reads listing pages: their links, the times beside them, and their next page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from crawler.charsets import decode_text, without_declaration
from crawler.discover import MAX_LINKS, Entry, Reading, clean
from crawler.link_dates import LinkDates

PAGE_PARAMETERS = frozenset({"page", "p", "pg", "paged", "pagenum", "page_num", "pn"})
"""Query parameters that number a listing's pages on common systems."""

MAX_LABEL_CHARACTERS = 60
"""Of a link to the next page; a longer text is a headline that begins with the word."""

_PATH_PAGE = re.compile(r"/page/(\d{1,4})(?=/|$)")


def read_listing(
    body: bytes, url: str, content_type: str, languages: Iterable[str] = ()
) -> Reading:
    """The links of a page, in their order, and its next page.

    Problems: `not_html`, `no_links`.
    """
    root = parse_html(body, content_type, languages)
    if root is None:
        return Reading(base=url, problem="not_html")
    base = _base(root, url)
    titles: dict[str, str] = {}
    moments: dict[str, datetime] = {}
    dates = LinkDates(root)
    for element, href in _links(root):
        found, text = urljoin_safely(base, href), clean(element.text_content())
        if found and len(text) >= len(titles.get(found, "")):
            titles[found] = text
        if found and (moment := dates.of(element)) is not None:
            moments.setdefault(found, moment)
    entries = tuple(
        Entry(url=found, title=text, published_at=moments.get(found))
        for found, text in list(titles.items())[:MAX_LINKS]
    )
    following = _following(root, entries, base, url)
    return Reading(
        base=base if urlsplit(base).scheme in {"http", "https"} else url,
        entries=entries,
        children=tuple(Entry(url=found) for found in following),
        problem="" if entries else "no_links",
        title=clean(root.findtext(".//title") or ""),
        language=root.get("lang", ""),
    )


def parse_html(body: bytes, content_type: str, languages: Iterable[str] = ()) -> Any:
    """The tree of an HTML page; None where there is none."""
    from lxml import etree, html

    text = without_declaration(decode_text(body, content_type, languages))
    text = text.replace("\0", "")
    if not text.strip():
        return None
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def urljoin_safely(base: str, href: str) -> str:
    """An absolute http URL, or ""."""
    try:
        url = urljoin(base, href.strip())
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://")) else ""


def _base(root: Any, url: str) -> str:
    element = root.find(".//base[@href]")
    return url if element is None else urljoin_safely(url, element.get("href")) or url


def _links(root: Any) -> Iterator[tuple[Any, str]]:
    for element in root.iter("a", "area"):
        href = element.get("href")
        if href:
            yield element, href


def _following(
    root: Any, entries: Iterable[Entry], base: str, url: str
) -> tuple[str, ...]:
    """The next page: as it is declared, numbered, or called; none, or one."""
    here = url.split("#")[0]
    for found in (
        *_rel_next(root, base),
        *_numbered(entries, url),
        *_called(root, base),
    ):
        if found.split("#")[0] != here:
            return (found,)
    return ()


def _rel_next(root: Any, base: str) -> Iterator[str]:
    for element in root.iter("link", "a"):
        if "next" in (element.get("rel") or "").lower().split():
            url = urljoin_safely(base, element.get("href") or "")
            if url:
                yield url


def _called(root: Any, base: str) -> Iterator[str]:
    words, symbols, around = _next_words()
    for element, href in _links(root):
        for told in _labels(element):
            label = told.strip().casefold()
            if label in symbols or label.strip(around) in words:
                url = urljoin_safely(base, href)
                if url:
                    yield url


def _labels(element: Any) -> Iterator[str]:
    text = element.text_content()
    if len(text) <= MAX_LABEL_CHARACTERS:
        yield clean(text)
    for name in ("title", "aria-label"):
        yield clean(element.get(name))


@cache
def _next_words() -> tuple[frozenset[str], frozenset[str], str]:
    text = files("crawler").joinpath("next_page.toml").read_text("utf-8")
    found = tomllib.loads(text)
    words = frozenset(word.casefold() for word in found["words"])
    return words, frozenset(found["symbols"]), found["around"]


def _numbered(entries: Iterable[Entry], url: str) -> Iterator[str]:
    here = _page_number(url)
    for entry in entries:
        there = _page_number(entry.url)
        if there is not None and here is not None:
            is_next = there[1] == (here[1] or 1) + 1
            if is_next and there[0] == here[0]:
                yield entry.url


def _page_number(url: str) -> tuple[object, int] | None:
    """A listing's identity, and which of its pages this is (0: not said).

    >>> _page_number("https://e.org/news?page=3")[1]
    3
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    numbers = [v for k, v in pairs if k.lower() in PAGE_PARAMETERS and v.isdecimal()]
    numbers += _PATH_PAGE.findall(parts.path)
    rest = tuple(pair for pair in pairs if pair[0].lower() not in PAGE_PARAMETERS)
    path = _PATH_PAGE.sub("", parts.path).rstrip("/")
    number = int(numbers[0][:6]) if numbers else 0
    return (parts.netloc.lower(), path, rest), number
