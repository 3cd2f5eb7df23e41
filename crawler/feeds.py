"""Reads RSS, Atom, RDF and JSON feeds, sound or broken."""

from __future__ import annotations

import io
import json
import re
import warnings
from calendar import timegm
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax import SAXException

from crawler.charsets import decode_text, without_declaration
from crawler.discover import Entry, Reading
from crawler.feed_repair import lost, mended, rebuilt
from pipeline.dates.written import WrittenDates

_HTML = re.compile(
    r"\s*(<!--.*?-->\s*)*<(!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL
)
_DECLARED = re.compile(
    rb"(?:<language>\s*|\bxml:lang\s*=\s*[\"'])([A-Za-z]{2,3})\b", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,8}|#[xX][0-9A-Fa-f]{1,7}|\w{2,32});")
_TAG = re.compile(r"<[^<>]*>")
_SUBSET = re.compile(r"<!DOCTYPE\s+[^\[>]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)
_ONLY_NUMBERS = re.compile(r"[\s\d/.:-]*")

_HEAD_BYTES = 4096
"""Where a feed says its language: before its items."""


def read_feed(
    body: bytes, url: str, content_type: str, languages: Iterable[str] = ()
) -> Reading:
    """The entries of a feed: RSS 0.9 to 2.0, Atom, JSON Feed; repaired when broken.

    Problems: `not_a_feed`, `empty_feed`, and `broken_feed` where something may have
    been lost: what can be read is there all the same.
    """
    languages = (*languages, *_declared(body))
    text = decode_text(body, content_type, languages).strip()
    if not text or _HTML.match(text):
        return Reading(base=url, problem="not_a_feed")
    if text.startswith("{"):
        return _json_feed(text, url, languages)
    return _xml_feed(text, url, languages)


def _declared(body: bytes) -> list[str]:
    """The languages that a feed names; in ASCII, whatever its encoding."""
    found = _DECLARED.findall(body[:_HEAD_BYTES])
    return [tag.decode("ascii").lower() for tag in found]


def _xml_feed(text: str, url: str, languages: Iterable[str]) -> Reading:
    # An internal subset declares entities: bombs, or files to be read (C8).
    text = mended(_SUBSET.sub("", without_declaration(text), count=1))
    parsed = _parse(text, url)
    problem = _problem(parsed)
    if problem == "broken_feed":
        parsed = max(parsed, _parse(rebuilt(text), url), key=_complete)
        problem = "broken_feed" if lost(text, _complete(parsed)) else ""
    feed = parsed.feed
    language = str(feed.get("language", ""))
    dates = WrittenDates([language, *languages])
    entries = [_entry(entry, language, dates) for entry in parsed.entries]
    return Reading(
        base=url,
        entries=tuple(entry for entry in entries if entry.url),
        problem=problem,
        title=_plain(feed.get("title", "")),
        language=language,
    )


def _parse(text: str, url: str) -> Any:
    import feedparser

    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-location": url,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        # A stream, because a string might be taken for a file's name.
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,
        )


def _problem(parsed: Any) -> str:
    if not parsed.get("version") and not parsed.entries:
        return "not_a_feed"
    if parsed.bozo and isinstance(parsed.get("bozo_exception"), SAXException):
        return "broken_feed"
    return "" if parsed.entries else "empty_feed"


def _complete(parsed: Any) -> int:
    """How many articles it tells title and address of."""
    return len({e.link for e in parsed.entries if e.get("title") and e.get("link")})


def _entry(entry: Any, language: str, dates: WrittenDates) -> Entry:
    detail = entry.get("title_detail") or {}
    return Entry(
        url=str(entry.get("link", "")),
        title=_plain(entry.get("title", "")),
        language=str(detail.get("language") or language or ""),
        published_at=_dated(entry, "published", dates)
        or _dated(entry, "updated", dates),
    )


def _dated(entry: Any, name: str, dates: WrittenDates) -> datetime | None:
    # As it is stored: asked otherwise, "updated" answers with "published".
    text = str(dict.get(entry, name) or "").strip()
    found = dates.read(text) if text else None
    if found or _ONLY_NUMBERS.fullmatch(text):
        return found  # of numbers alone the library reads 21-06-2024 as a day of 2021
    return _moment(dict.get(entry, f"{name}_parsed"))


def _moment(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _plain(text: Any) -> str:
    import html

    # Without its semicolon, "&notable" is no "¬able".
    return _ENTITY.sub(lambda m: html.unescape(m[0]), _TAG.sub("", str(text)))


def _json_feed(text: str, url: str, languages: Iterable[str]) -> Reading:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return Reading(base=url, problem="broken_feed")
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        return Reading(base=url, problem="not_a_feed")
    language = str(found.get("language", ""))
    dates = WrittenDates([language, *languages])
    entries = [_json_entry(i, language, dates) for i in items if isinstance(i, dict)]
    return Reading(
        base=url,
        entries=tuple(entry for entry in entries if entry.url),
        problem="" if entries else "empty_feed",
        title=str(found.get("title", "")),
        language=language,
    )


def _json_entry(item: dict[str, Any], language: str, dates: WrittenDates) -> Entry:
    return Entry(
        url=str(item.get("url") or item.get("external_url") or ""),
        title=_plain(item.get("title") or ""),
        language=str(item.get("language") or language),
        published_at=dates.read(str(item.get("date_published") or "")),
        modified_at=dates.read(str(item.get("date_modified") or "")),
    )
