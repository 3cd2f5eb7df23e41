"""Reads a page of JSON by the rule of its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from crawler.charsets import decode_text
from crawler.discover import MAX_LINKS, Entry, Reading, clean
from pipeline.dates.moments import parse_moment
from pipeline.json_listings import JsonListing

MILLISECONDS_FROM = 100_000_000_000
"""A number beyond is one of milliseconds: as seconds it would be the year 5138."""

_TAG = re.compile(r"<[^<>]*>")


def read_json_listing(
    body: bytes,
    url: str,
    content_type: str,
    rule: JsonListing,
    languages: Iterable[str] = (),
    *,
    is_last: bool = False,
) -> Reading:
    """The articles of a page, and the page after it unless it is the last wanted.

    Problems: `not_json`, `no_such_list`, `no_links` where items have no address. An
    empty list is the end of a list, and no problem beyond its first page.
    """
    try:
        document = json.loads(decode_text(body, content_type, languages))
    except (ValueError, RecursionError):
        return Reading(base=url, problem="not_json")
    items = value_at(document, rule.items)
    if not isinstance(items, list):
        return Reading(base=url, problem="no_such_list")
    found = [_entry(item, rule) for item in items[:MAX_LINKS]]
    entries = tuple(entry for entry in found if entry is not None)
    is_first = rule.page_number(url) == rule.first_page
    following = rule.next_url(url) if entries and not is_last else ""
    return Reading(
        base=url,
        entries=entries,
        children=(Entry(url=following),) if following else (),
        problem="no_links" if not entries and (items or is_first) else "",
    )


def value_at(document: Any, path: str) -> Any:
    """What a path leads to; None where it leads nowhere. Numbers count list places.

    >>> value_at({"a": [{"b": 1}]}, "a.0.b"), value_at({"a": 1}, "b")
    (1, None)
    """
    for name in path.split(".") if path else ():
        if isinstance(document, dict):
            document = document.get(name)
        elif isinstance(document, list) and name.isdecimal():
            place = int(name[:6])
            document = document[place] if place < len(document) else None
        else:
            return None
    return document


def _entry(item: Any, rule: JsonListing) -> Entry | None:
    link = _link(item, rule)
    if not link:
        return None
    title = value_at(item, rule.title) if rule.title else ""
    return Entry(
        url=link,
        title=clean(_TAG.sub("", title)) if isinstance(title, str) else "",
        published_at=_moment(value_at(item, rule.published))
        if rule.published
        else None,
    )


def _link(item: Any, rule: JsonListing) -> str:
    if "{" not in rule.link:
        return _text(value_at(item, rule.link))
    link = rule.link
    for path in rule.link_fields():
        part = _text(value_at(item, path))
        if not part:
            return ""
        # A part of an address: it cannot lead to another host.
        link = link.replace(f"{{{path}}}", quote(part, safe="/%-._~"))
    return link


def _text(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value).strip() if isinstance(value, str) or is_number else ""


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        found: datetime | None = parse_moment(value)
        return found
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
