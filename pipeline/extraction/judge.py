"""Which lines of a page belong to its article, as a model learned it from pages.

A logistic regression over `FEATURES` (`judge.toml`, made by `python -m
benchmarks.judge`). It knows nothing of the extractors, so it may judge them: of their
texts the one is taken that is expected to agree best with the article, by the F1 of
words.
Measured with the pages of a host in another part than those learned from: .972 and .926
on the two sets of the development data, where the better one of trafilatura and
readability, chosen page by page by someone who knows the article, has .976 and .930;
keeping the text that two others agree with most has .957 and .915.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from pipeline.extraction.blocks import (
    FEATURES,
    FURNITURE_KINDS,
    Block,
    features,
    words,
)

SHINGLE: int = 3
"""Words that are compared together."""

LINKED = 0.9
"""Of a line's characters: it is a link, but for a comma."""
HEADLINE_WORDS = 4
"""Shorter links are names and sections."""

IMPROBABLE = 0.2
"""A line of the taken text that is less likely an article's is left out …"""
IMPROBABLE_ALONE = 0.5
"""… or one that no other extractor has and that is less likely than this …"""
FURNITURE_WORDS = 40
"""… or no longer than this and named a caption, a button or the like …"""
SURE = 0.8
"""… where the text as a whole is expected to agree so well …"""
MAX_TRIMMED = 0.3
"""… and at most this share of its words goes."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """Weights of a logistic regression: a constant, and one for each of `FEATURES`."""

    constant: float
    weights: tuple[float, ...]

    def probability(self, row: Sequence[float]) -> float:
        """That a line with these features belongs to the article."""
        at = self.constant + sum(map(float.__mul__, self.weights, row))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, at))))


@dataclass(frozen=True, kw_only=True)
class JudgedLine:
    """A line of the page.

    Attributes:
        block: The line.
        probability: That it belongs to the article.
    """

    block: Block
    probability: float


class JudgedPage:
    """A page's lines with their probabilities; repeated ones count once."""

    def __init__(self, blocks: Sequence[Block], model: Model | None = None) -> None:
        """Judges every line, by the model that comes with the program if by none."""
        model = model or learned_model()
        best: dict[str, JudgedLine] = {}
        for block, row in zip(blocks, features(blocks), strict=True):
            line = JudgedLine(block=block, probability=model.probability(row))
            known = best.get(block.text)
            if known is None or known.probability < line.probability:
                best[block.text] = line
        self.lines = tuple(best.values())
        self._held: dict[str, list[float]] = {}

    @cached_property
    def expected_words(self) -> float:
        """How many words the article is expected to have."""
        return sum(len(n.block.words) * n.probability for n in self.lines)

    def score(self, text: str) -> float:
        """How well a text is expected to agree with the article: an F1 of words."""
        agreed = sum(
            len(line.block.words) * line.probability * share
            for line, share in zip(self.lines, self._coverage(text), strict=True)
        )
        size = len(words(text)) + self.expected_words
        return min(1.0, 2 * agreed / (size or 1.0))

    def headlines(self, text: str) -> tuple[int, int]:
        """How many lines of a text are, or follow, a link that may be a headline.

        And how many lines it has. Lines of fewer than `HEADLINE_WORDS` do not count.
        """
        lines = [
            (line.block, share > 0.5)
            for line, share in zip(self.lines, self._coverage(text), strict=True)
            if len(line.block.words) >= HEADLINE_WORDS
        ]
        linked = [block.linked > LINKED for block, _ in lines]
        taken = [n for n, (_, is_taken) in enumerate(lines) if is_taken]
        found = sum(linked[n] or (n > 0 and linked[n - 1]) for n in taken)
        return found, len(taken)

    def improbable(self, text: str, score: float, others: Sequence[str]) -> list[str]:
        """Lines of a text that are hardly the article's; none if that is doubtful.

        Args:
            text: The taken one.
            score: How well it is expected to agree.
            others: What other extractors found: a line that none of them has must be
                likelier, and not stand in an element that is named like furniture.
        """
        if score < SURE:
            return []
        elsewhere = [self._coverage(other) for other in others]
        likely: set[str] = set()
        doubtful: set[str] = set()
        for number, line in enumerate(self.lines):
            is_alone = others and all(held[number] <= 0.5 for held in elsewhere)
            is_doubtful = _is_doubtful(line, is_alone=bool(is_alone))
            (doubtful if is_doubtful else likely).add(line.block.text.lower())
        lines = text.split("\n")
        found = [line for line in lines if line.lower() in doubtful - likely]
        total = sum(len(words(line)) for line in lines)
        gone = sum(len(words(line)) for line in found)
        return found if gone <= MAX_TRIMMED * total else []

    def likely_text(self) -> str:
        """The lines that are more likely the article's than not."""
        return "\n".join(n.block.text for n in self.lines if n.probability > 0.5)

    def _coverage(self, text: str) -> list[float]:
        if text not in self._held:
            blocks = [line.block for line in self.lines]
            self._held[text] = coverage(blocks, text, words(text))
        return self._held[text]


def _is_doubtful(line: JudgedLine, *, is_alone: bool) -> bool:
    """Short items without links are a list or a table in the article, if anything."""
    block = line.block
    if block.linked == 0 and not {"li", "th"}.isdisjoint(block.elements):
        return False
    if not is_alone:
        return line.probability < IMPROBABLE
    is_furniture = max(block.named[:FURNITURE_KINDS]) == 1
    is_short = len(block.words) <= FURNITURE_WORDS
    return line.probability < IMPROBABLE_ALONE or (is_furniture and is_short)


def coverage(blocks: Sequence[Block], text: str, found: Sequence[str]) -> list[float]:
    """For each block the share of its word triples that a text has, 0 to 1.

    A block of fewer words is there or is not: as a line of the text.

    Args:
        blocks: To be found.
        text: Where they are looked for.
        found: Its words.
    """
    triples = set(zip(found, found[1:], found[2:], strict=False))
    lines = {line.lower() for line in text.split("\n")}
    return [_share(block, triples, lines) for block in blocks]


def _share(block: Block, triples: set[tuple[str, str, str]], lines: set[str]) -> float:
    w = block.words
    own = len(w) - SHINGLE + 1
    if own < 1:
        return float(block.text.lower() in lines)
    return sum(map(triples.__contains__, zip(w, w[1:], w[2:], strict=False))) / own


@cache
def learned_model() -> Model:
    """The one that comes with the program."""
    text = files("pipeline.extraction").joinpath("judge.toml").read_text("utf-8")
    found: Mapping[str, float] = tomllib.loads(text)["weights"]
    weights = tuple(found[name] for name in FEATURES)
    return Model(constant=found["constant"], weights=weights)
