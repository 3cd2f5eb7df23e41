"""Reads sitemaps, sitemap indexes, news sitemaps and plain lists of URLs."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from crawler.charsets import decode_text
from crawler.discover import MAX_LINKS, Entry, Reading
from crawler.feeds import read_feed
from pipeline.content_encoding import decode_body
from pipeline.dates.moments import parse_moment
from pipeline.dates.written import WrittenDates
from pipeline.errors import StageError

_GZIP_MAGIC = b"\x1f\x8b"
_FEED_ROOTS = frozenset({"rss", "feed", "rdf"})


def read_sitemap(
    body: bytes,
    url: str,
    content_type: str,
    *,
    max_bytes: int,
    languages: Iterable[str] = (),
) -> Reading:
    """The URLs of a sitemap, or the sitemaps of an index.

    Problems: `empty_sitemap`, `not_a_sitemap`, `broken_sitemap` with what could
    be read all the same, and what unpacking a `.xml.gz` may run into.
    """
    if body.startswith(_GZIP_MAGIC):
        unpacked = decode_body(body, "gzip", limit=max_bytes)
        if isinstance(unpacked, StageError):
            return Reading(base=url, problem=unpacked.reason)
        body = unpacked
    if not body.strip():
        return Reading(base=url, problem="empty_sitemap")
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"\0" not in body:
        return _text_sitemap(decode_text(body, content_type, languages), url)
    return _xml_sitemap(body, url, content_type, languages)


def _text_sitemap(text: str, url: str) -> Reading:
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith(("http://", "https://"))]
    problem = "" if found else "not_a_sitemap"
    entries = tuple(Entry(url=line) for line in found[:MAX_LINKS])
    return Reading(base=url, entries=entries, problem=problem)


def _xml_sitemap(
    body: bytes, url: str, content_type: str, languages: Iterable[str]
) -> Reading:
    entries: list[Entry] = []
    children: list[Entry] = []
    parser, root = _events(body)
    dates = WrittenDates(languages)
    for _, element in parser:
        name = _local(element)
        if name in {"url", "sitemap"}:
            entry = _entry(element, dates)
            (entries if name == "url" else children).append(entry)
            _forget(element)
        if len(entries) + len(children) >= MAX_LINKS:
            break
    if not entries and not children:
        if root(parser) in _FEED_ROOTS:
            return read_feed(body, url, content_type, languages)
        is_sitemap = root(parser) in {"urlset", "sitemapindex"}
        return Reading(
            base=url, problem="empty_sitemap" if is_sitemap else "not_a_sitemap"
        )
    return Reading(
        base=url,
        entries=tuple(entry for entry in entries if entry.url),
        children=tuple(entry for entry in children if entry.url),
        problem="broken_sitemap" if len(parser.error_log) else "",
    )


def _events(body: bytes) -> tuple[Any, Any]:
    from lxml import etree

    parser = etree.iterparse(
        io.BytesIO(body),
        events=("end",),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
    )

    def root(events: Any) -> str:
        element = events.root
        return "" if element is None else _local(element).lower()

    return parser, root


def _entry(element: Any, dates: WrittenDates) -> Entry:
    fields: dict[str, str] = {}
    for child in element:
        name = _local(child)
        if name == "news":
            fields |= _news(child)
        elif name in {"loc", "lastmod"}:
            fields.setdefault(name, (child.text or "").strip())
    return Entry(
        url=fields.get("loc", ""),
        title=fields.get("title", ""),
        language=fields.get("language", ""),
        published_at=_moment(fields.get("publication_date", ""), dates),
        modified_at=_moment(fields.get("lastmod", ""), dates),
    )


def _moment(text: str, dates: WrittenDates) -> datetime | None:
    # Nearly all are as sitemaps.org wants them, and there are fifty thousand.
    return parse_moment(text) or dates.read(text)


def _news(element: Any) -> dict[str, str]:
    """The news sitemap's fields (sitemap-news/0.9)."""
    wanted = {"title", "language", "publication_date"}
    return {
        _local(child): (child.text or "").strip()
        for child in element.iter()
        if _local(child) in wanted
    }


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _forget(element: Any) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
