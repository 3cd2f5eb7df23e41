"""How well printed dates are read: on real pages whose declared dates are hidden.

What the page declares (JSON-LD, meta, microdata, its address) is the truth; then it is
taken out, and the date is read as a reader would. Beside it: how many pages give a day
and a minute at all, and from where.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.dates.moments import day_in_path
from pipeline.extraction.encoding import decode
from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.times import Circumstances, Moment
from pipeline.extraction.tree_text import parse_html

SAME_DAY = 0.97
"""Of the printed dates found, as measured (.99), less .02."""
FOUND = 0.85
"""Of the pages with a declared date, as measured (.88), less .03."""
DAYS = {"el": 0.95, "en": 0.96, "pl": 0.97, "ru": 0.87, "zh": 0.97}
"""Pages that give at least a day, whatever the place; as measured, less .03. The
Russian ones without print days of no year, years before this gate's fetch."""
MINUTES = {"el": 0.50, "en": 0.70, "pl": 0.36, "ru": 0.72, "zh": 0.74}
"""Pages that give a minute, as measured, less .04; many print none."""

NEUTRAL = "https://lantern.example/a"
FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = timedelta(hours=14)
"""A declared time is in UTC, a printed one by the clock of the place."""

_HIDDEN = re.compile(
    r"<script[^>]*ld\+json.*?</script>|<meta\b[^>]*>"
    r"|\s(?:datetime|itemprop|property|content|data-[\w-]+)=(?:\"[^\"]*\"|'[^']*')",
    re.IGNORECASE | re.DOTALL,
)


class DatedPage(NamedTuple):
    """A page with what it declares of its own time."""

    language: str
    url: str
    html: str
    declared: Moment


@pytest.fixture(scope="module")
def pages(quality_data: Path) -> list[DatedPage]:
    return list(_pages(quality_data / "extraction-dev"))


def _pages(folder: Path) -> Iterator[DatedPage]:
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            html = decode(gzip.decompress((folder / entry["page"]).read_bytes()))
            moment = published(html, entry["url"], FETCHED_AT)
            yield DatedPage(entry["language"], entry["url"], html, moment)


def published(html: str, url: str, fetched_at: datetime) -> Moment:
    tree = parse_html(html)
    if tree is None:
        return Moment()
    about = Circumstances(fetched_at=fetched_at, html=html)
    return PageMetadata(tree, url).times(about).published


def truth(page: DatedPage) -> Moment:
    """What is declared, by the page or by its address; nothing that was read."""
    if page.declared.found_in in {"json-ld", "meta", "microdata", "url"}:
        return page.declared
    day = day_in_path(page.url)
    return Moment(at=day, precision="day", found_in="url") if day else Moment()


def agrees(found: Moment, true: Moment) -> bool:
    assert found.at is not None
    assert true.at is not None
    is_day = "day" in {found.precision, true.precision}
    if is_day:
        return abs(found.at.date() - true.at.date()) <= timedelta(days=1)
    return abs(found.at - true.at) <= ZONES


def test_printed_dates_name_the_declared_day(pages: list[DatedPage]) -> None:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for page in pages:
        true = truth(page)
        if true.at is None:
            continue
        hidden = _HIDDEN.sub(" ", page.html)
        found = published(hidden, NEUTRAL, true.at + timedelta(days=1))
        for row in (page.language, "all"):
            table[row]["declared"] += 1
            if found.found_in == "text":
                table[row]["printed"] += 1
                table[row]["same day"] += agrees(found, true)
                table[row]["minute"] += found.precision in {"minute", "second"}
    _print(table)
    total = table["all"]
    assert total["printed"] >= FOUND * total["declared"]
    assert total["same day"] >= SAME_DAY * total["printed"]


def test_most_pages_give_a_day_and_many_a_minute(pages: list[DatedPage]) -> None:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for page in pages:
        row, moment = table[page.language], page.declared
        row["pages"] += 1
        row["day"] += moment.at is not None
        row["minute"] += moment.precision in {"minute", "second"}
        row[moment.found_in or "none"] += 1
    _print(table)
    for language, row in table.items():
        assert row["day"] >= DAYS[language] * row["pages"], language
        assert row["minute"] >= MINUTES[language] * row["pages"], language


def _print(table: defaultdict[str, Counter[str]]) -> None:
    for name, row in sorted(table.items()):
        print(f"\n{name:4}", dict(row), end="")
    print()
