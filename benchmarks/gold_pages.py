"""Pages with the text that a person found in them; metrics of the data's README."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+")


class GoldPage(NamedTuple):
    """A page with the text that a person found in it."""

    set: str
    language: str
    url: str
    body: bytes
    text: str


def gold_pages(data: Path) -> Iterator[GoldPage]:
    """The pages of `extraction-dev` in the folder with the evaluation data."""
    folder = data / "extraction-dev"
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            body = gzip.decompress((folder / entry["page"]).read_bytes())
            yield GoldPage(
                entry["set"], entry["language"], entry["url"], body, entry["text"]
            )


def overlap(found: str, true: str) -> tuple[float, float]:
    """Precision and recall of word 4-grams as multisets."""
    first, second = _grams(found), _grams(true)
    shared = (first & second).total()
    precision = shared / first.total() if first else float(not second)
    recall = shared / second.total() if second else float(not first)
    return precision, recall


def f1(pairs: Iterable[tuple[float, float]]) -> float:
    """Of precision and recall averaged over pages."""
    rows = list(pairs)
    precision = sum(pair[0] for pair in rows) / len(rows)
    recall = sum(pair[1] for pair in rows) / len(rows)
    return 2 * precision * recall / (precision + recall or 1.0)


def _grams(text: str) -> Counter[tuple[str, ...]]:
    words = _TOKEN.findall(text.lower())
    return Counter(
        tuple(words[n : n + 4]) for n in range(max(1, len(words) - 3)) if words
    )
