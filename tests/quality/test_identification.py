"""How well languages are told; metrics as in the data's README.

Floors: measured on 200 lines each of 59 languages (98.5, 96.1, 89.2, 99.1), less .3.
"""

import gzip
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.documents import Identifier
from pipeline.identification import make_identifier

LINES = 200
ARTICLE_LINES = 5

FLOORS = {"sentence": 98.2, "headline": 95.8, "three words": 88.8, "article": 98.8}


@pytest.fixture(scope="module")
def lines(quality_data: Path) -> Mapping[str, list[str]]:
    """Sentences by language."""
    found = {}
    for path in sorted((quality_data / "flores-dev" / "text").glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found[path.name.removesuffix(".txt.gz")] = file.read().splitlines()[:LINES]
    assert len(found) == 59
    return found


@pytest.fixture(scope="module")
def fast() -> Identifier:
    return make_identifier("fast")


def first_words(number: int) -> Callable[[list[str]], Iterator[str]]:
    return lambda lines: (" ".join(line.split()[:number]) for line in lines)


def articles(lines: list[str]) -> Iterator[str]:
    for start in range(0, len(lines) - ARTICLE_LINES + 1, ARTICLE_LINES):
        yield "\n".join(lines[start : start + ARTICLE_LINES])


PIECES: Mapping[str, Callable[[list[str]], Iterator[str]]] = {
    "sentence": iter,
    "headline": first_words(6),
    "three words": first_words(3),
    "article": articles,
}


@pytest.mark.parametrize("piece", PIECES)
def test_macro_f1_stays_where_it_was_measured(piece, lines, fast) -> None:
    right: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    mistakes: Counter[tuple[str, str]] = Counter()
    for language, texts in lines.items():
        for text in PIECES[piece](texts):
            found = fast.identify(text).language
            asked[language] += 1
            answered[found] += 1
            right[language] += found == language
            if found != language:
                mistakes[language, found] += 1
    f1 = [2 * right[tag] / (asked[tag] + answered[tag]) for tag in lines]
    score = 100 * sum(f1) / len(f1)
    print(f"\n{piece}: macro-F1 {score:.2f}; {mistakes.most_common(8)}")
    assert score >= FLOORS[piece]


def test_headlines_are_told_at_least_20_times_as_fast_as_by_langdetect(
    lines, fast
) -> None:
    """FACTS asks for 30; the floor leaves room for a busy machine."""
    sample = [text for texts in lines.values() for text in texts[:20]]
    slow = make_identifier("langdetect")
    for identifier in (fast, slow):
        identifier.identify(sample[0])
    seconds = {
        "fast": min(_seconds(fast, sample) for _ in range(3)),
        "langdetect": _seconds(slow, sample[::5]) * 5,
    }
    ratio = seconds["langdetect"] / seconds["fast"]
    print(f"\n{len(sample) / seconds['fast']:.0f} texts/s, {ratio:.0f} × langdetect")
    assert ratio >= 20


def _seconds(identifier: Identifier, texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        identifier.identify(text)
    return time.process_time() - start
