"""JSON Lines, and CSV that no spreadsheet can run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import IO, Any

from babelwire.exports.released import Released, Report

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
    "rights",
    "notice",
)
"""`rights` is what was let out: `full`, `excerpt` or `headline`."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets (OWASP, CSV Injection; W6)."""


def write_json_lines(found: Iterable[Released], file: IO[str]) -> Report:
    """A hit's fields with what may leave of its texts, one object a line."""
    report = Report()
    for row in map(row_of, report.counting(found)):
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return report


def write_csv(found: Iterable[Released], file: IO[str]) -> Report:
    """RFC 4180 with a header line."""
    report = Report()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in map(row_of, report.counting(found)):
        writer.writerow([harmless(row.get(column)) for column in COLUMNS])
    return report


def harmless(value: Any) -> str:
    """A cell as text; an apostrophe before what would be run as a formula.

    >>> harmless("=HYPERLINK(1)"), harmless(None), harmless(3)
    ("'=HYPERLINK(1)", '', '3')
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def row_of(one: Released) -> dict[str, Any]:
    """Everything of a document that may leave, by `COLUMNS` and more."""
    from search_index.query import hit_json

    row = hit_json(one.hit)
    row.pop("passages", None)
    texts = one.leaving.texts
    return {
        **row,
        "title": texts.title,
        "translated_title": texts.translated_title,
        "text": texts.text,
        "translation": texts.translation,
        "rights": one.leaving.show,
        "notice": one.leaving.notice,
    }
