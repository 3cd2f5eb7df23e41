"""How well articles are read out of real pages; metrics as in the data's README.

Beside ours: trafilatura's own default and its precise mode, from the same bytes.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.documents import Extraction
from pipeline.extraction import PageInput, extract_page

FLOORS = {"article-extraction-benchmark": 0.951, "DAnIEL": 0.871}
"""F1 of word 4-grams as measured (.9566, .8761), less .005."""

FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+")


class GoldPage(NamedTuple):
    """A page with the text that a person found in it."""

    set: str
    url: str
    body: bytes
    text: str


Extractor = Callable[[GoldPage], str]


def ours(page: GoldPage) -> str:
    """The text whether or not the page was rejected: its judge has its own tests."""
    return _extracted(page).text


@cache
def _extracted(page: GoldPage) -> Extraction:
    return extract_page(PageInput(body=page.body, url=page.url, fetched_at=FETCHED_AT))


def trafilatura(page: GoldPage, *, precise: bool = False) -> str:
    import trafilatura

    text = trafilatura.extract(
        page.body, url=page.url, include_comments=False, favor_precision=precise
    )
    return text or ""


def precise(page: GoldPage) -> str:
    return trafilatura(page, precise=True)


EXTRACTORS: dict[str, Extractor] = {
    "ours": ours,
    "trafilatura": trafilatura,
    "trafilatura, precise": precise,
}


@pytest.fixture(scope="module")
def pages(quality_data: Path) -> list[GoldPage]:
    return list(_gold(quality_data / "extraction-dev"))


def _gold(folder: Path) -> Iterator[GoldPage]:
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            body = gzip.decompress((folder / entry["page"]).read_bytes())
            yield GoldPage(entry["set"], entry["url"], body, entry["text"])


@pytest.mark.parametrize("name", FLOORS)
def test_f1_stays_where_it_was_measured(name: str, pages: list[GoldPage]) -> None:
    chosen = [page for page in pages if page.set == name]
    found = {
        label: _f1([_overlap(extract(page), page.text) for page in chosen])
        for label, extract in EXTRACTORS.items()
    }
    rejected = Counter(_extracted(page).rejected for page in chosen)
    print(f"\n{name}, {len(chosen)} pages:", {k: round(v, 4) for k, v in found.items()})
    print("rejected:", {reason: n for reason, n in rejected.items() if reason})
    assert found["ours"] >= FLOORS[name]


def _overlap(found: str, true: str) -> tuple[float, float]:
    """Precision and recall of word 4-grams as multisets."""
    first, second = _grams(found), _grams(true)
    shared = (first & second).total()
    precision = shared / first.total() if first else float(not second)
    recall = shared / second.total() if second else float(not first)
    return precision, recall


def _f1(pairs: list[tuple[float, float]]) -> float:
    """Of precision and recall averaged over pages."""
    precision = sum(pair[0] for pair in pairs) / len(pairs)
    recall = sum(pair[1] for pair in pairs) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def _grams(text: str) -> Counter[tuple[str, ...]]:
    words = _TOKEN.findall(text.lower())
    return Counter(
        tuple(words[n : n + 4]) for n in range(max(1, len(words) - 3)) if words
    )
