"""Writes exports: JSON Lines, and CSV that no spreadsheet can run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_index.answer import Exported

COLUMNS = (
    "id",
    "revision",
    "published_at",
    "published_precision",
    "first_seen_at",
    "publisher",
    "country",
    "source",
    "kind",
    "language",
    "title",
    "translated_title",
    "translation_status",
    "translated_by",
    "url",
    "cluster",
    "duplicates",
    "text",
    "translation",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets (OWASP, CSV Injection; W6)."""


def write_json_lines(found: Iterable[Exported], file: IO[str]) -> int:
    """A hit's fields with text and translation, one object a line; how many."""
    number = 0
    for row in map(_row, found):
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        number += 1
    return number


def write_csv(found: Iterable[Exported], file: IO[str]) -> int:
    """RFC 4180 with a header line; how many documents."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    number = 0
    for row in map(_row, found):
        writer.writerow([harmless(row.get(column)) for column in COLUMNS])
        number += 1
    return number


def harmless(value: Any) -> str:
    """A cell as text; an apostrophe before what would be run as a formula.

    >>> harmless("=HYPERLINK(1)"), harmless(None), harmless(3)
    ("'=HYPERLINK(1)", '', '3')
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _row(found: Exported) -> dict[str, Any]:
    from search_index.query import hit_json

    row = hit_json(found.hit)
    row.pop("passages", None)
    return {**row, "text": found.text, "translation": found.translation}
