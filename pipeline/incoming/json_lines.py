"""JSON Lines: an object with `url` and `html`, or `url`, `title` and `text`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pipeline.archive import ArchivedResponse
from pipeline.dates.stated import parse_date
from pipeline.errors import InputError
from pipeline.extraction.page_input import ARTICLE_JSON
from pipeline.incoming.found import MAX_PAGE_BYTES, Incoming, Skipped
from pipeline.urls import url_key

MAX_LINE_BYTES: Final = 16 << 20
"""A page of nearly 15 MiB with what has to be escaped. In memory a line may take
eight times as much: one character beyond U+FFFF makes four bytes of each, twice."""

_STRINGS = ("url", "html", "title", "text", "published_at", "fetched_at", "language")


def pages_of_json_lines(path: Path, now: datetime) -> Iterator[Incoming | Skipped]:
    """The pages in a file.

    Args:
        path: Of the file.
        now: When a page was fetched that does not say so.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    yield Skipped(reason="too_large")
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE_BYTES)
                elif line.strip():
                    yield _page(line, f"{path}:{number}", now)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _page(line: bytes, place: str, now: datetime) -> Incoming | Skipped:
    def bad(text: str) -> Skipped:
        return Skipped(reason="bad_line", detail=f"{place}: {text}")

    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return bad(f"not JSON: {error}")
    if not isinstance(row, dict):
        return bad("expected an object")
    wrong = next((k for k in _STRINGS if not isinstance(row.get(k, ""), str)), None)
    if wrong:
        return bad(f"{wrong}: found {str(row[wrong])[:100]!r}, expected a string")
    try:
        url_key(row.get("url", ""))
    except ValueError as error:
        return bad(f'url: found "{row.get("url", "")[:100]}": {error}')
    if not row.get("html") and not row.get("text"):
        return bad('expected "html", or "title" and "text"')
    return _from_row(row, now)


def _from_row(row: Mapping[str, Any], now: datetime) -> Incoming | Skipped:
    at, _ = parse_date(row.get("fetched_at", ""))
    html = row.get("html", "")
    if html:
        content_type, body = "text/html; charset=utf-8", _utf8(html)
    else:
        article = {k: row[k] for k in ("title", "text", "published_at") if k in row}
        content_type = ARTICLE_JSON
        body = _utf8(json.dumps(article, ensure_ascii=False))
    if len(body) > MAX_PAGE_BYTES:
        return Skipped(reason="too_large")
    hints = {
        key: row[key] for key in ("title", "published_at", "language") if row.get(key)
    }
    return Incoming(
        response=ArchivedResponse(
            url=row["url"],
            at=at or now,
            status=0,
            headers=(("Content-Type", content_type),),
            body=body,
            kind="resource",
        ),
        hints=hints,
    )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
