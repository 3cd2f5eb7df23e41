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

_SUBSET = re.compile(r"<!DOCTYPE\s+[^\[>]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(
    r"\s*(<!--.*?-->\s*)*<(!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")


def read_feed(
    body: bytes, url: str, content_type: str, languages: Iterable[str] = ()
) -> Reading:
    """The entries of a feed.

    Problems: `not_a_feed`, `empty_feed`, and `broken_feed` with what could be
    read all the same.
    """
    text = decode_text(body, content_type, languages).strip()
    if not text or _HTML.match(text):
        return Reading(base=url, problem="not_a_feed")
    if text.startswith("{"):
        return _json_feed(text, url)
    return _xml_feed(text, url)


def _xml_feed(text: str, url: str) -> Reading:
    parsed = _parse(text, url)
    feed = parsed.feed
    language = str(feed.get("language", ""))
    entries = [_entry(entry, language) for entry in parsed.entries]
    return Reading(
        base=url,
        entries=tuple(entry for entry in entries if entry.url),
        problem=_problem(parsed),
        title=_plain(feed.get("title", "")),
        language=language,
    )


def _parse(text: str, url: str) -> Any:
    import feedparser

    # An internal subset declares entities: bombs, or files to be read (C8).
    text = _SUBSET.sub("", without_declaration(text), count=1)
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
    if not parsed.version and not parsed.entries:
        return "not_a_feed"
    if parsed.bozo and isinstance(parsed.get("bozo_exception"), SAXException):
        return "broken_feed"
    return "" if parsed.entries else "empty_feed"


def _entry(entry: Any, language: str) -> Entry:
    detail = entry.get("title_detail") or {}
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    return Entry(
        url=str(entry.get("link", "")),
        title=_plain(entry.get("title", "")),
        language=str(detail.get("language") or language or ""),
        published_at=_moment(moment),
    )


def _moment(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _plain(text: Any) -> str:
    import html

    return html.unescape(_TAG.sub("", str(text)))


def _json_feed(text: str, url: str) -> Reading:
    """JSON Feed 1.1 (jsonfeed.org)."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Reading(base=url, problem="broken_feed")
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        return Reading(base=url, problem="not_a_feed")
    language = str(found.get("language", ""))
    entries = [_json_entry(i, language) for i in items if isinstance(i, dict)]
    return Reading(
        base=url,
        entries=tuple(entry for entry in entries if entry.url),
        problem="" if entries else "empty_feed",
        title=str(found.get("title", "")),
        language=language,
    )


def _json_entry(item: dict[str, Any], language: str) -> Entry:
    return Entry(
        url=str(item.get("url") or item.get("external_url") or ""),
        title=_plain(item.get("title") or ""),
        language=str(item.get("language") or language),
        published_at=parse_moment(str(item.get("date_published") or "")),
    )


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 moment or day (W3C date-time), UTC where no zone is given.

    >>> parse_moment("2024-06-21T10:00+03:00").isoformat()
    '2024-06-21T07:00:00+00:00'
    """
    text = text.strip()
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
