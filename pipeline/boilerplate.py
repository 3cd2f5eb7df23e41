"""Lines that a source's pages have in common and that are not of any article.

"Follow us on Telegram", an editor's address, the note on rights: no extractor can tell
them from a last paragraph by one page alone, but they return from page to page. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAMPLE_DOCUMENTS = 60
"""The newest so many documents are looked at: a site changes its furniture once in a
year, and shows what is new in it on each page from then on."""
MIN_DOCUMENTS = 5
"""A line in fewer is a quotation, or background that an agency repeats."""
MIN_SHARE = 0.2
"""Of the documents looked at; agencies repeat a paragraph of background in a tenth of
their reports, and all month long in those on one war, but not in every fifth of all."""
MAX_CHARACTERS = 500
"""Of a line; a longer one is a text."""
EDGE_LINES = 4
"""Such a line stands among the first or last so many …"""
EDGE_SHARE = 0.8
"""… in so many of its documents, or it is a heading of the house's own style."""
SERIES_SHARE = 0.5
"""A document with more of its text in common with others is one of a series (a bulletin
with other numbers each day): what these share is their text."""
MAX_LINES = 300
"""Kept of one source."""
FIRST_LEARNED_AT = 8
"""Documents that a source needs before anything is learned …"""
GROWTH = 1.5
"""… and by how much their number has grown when it is learned again …"""
AT_LATEST = 200
"""… or so many documents later."""


@dataclass(frozen=True, kw_only=True)
class Boilerplate:
    """What is known of one source.

    Attributes:
        version: How often its lines changed.
        lines: Exactly as they stand in the texts.
        documents: How many the source had when it was last learned.
    """

    version: int = 0
    lines: frozenset[str] = frozenset()
    documents: int = 0

    def is_due(self, documents: int) -> bool:
        """Whether to learn again, the source having so many documents now.

        >>> Boilerplate().is_due(8), Boilerplate(documents=8).is_due(9)
        (True, False)
        """
        if documents < FIRST_LEARNED_AT:
            return False
        grown = documents >= GROWTH * self.documents
        return grown or documents >= self.documents + AT_LATEST


def recurring_lines(texts: Iterable[str]) -> frozenset[str]:
    """The lines that are boilerplate in a source's texts.

    Args:
        texts: Of different documents, none of them (nearly) the same as another.
    """
    documents = [_lines(text) for text in texts]
    common = _common(documents)
    articles = [lines for lines in documents if not _is_of_a_series(lines, common)]
    at_edge = Counter[str]()
    for lines in articles:
        at_edge.update({*lines[:EDGE_LINES], *lines[-EDGE_LINES:]})
    held = _common(articles)
    found = [line for line in held if at_edge[line] >= EDGE_SHARE * held[line]]
    return frozenset(sorted(found, key=lambda line: (-held[line], line))[:MAX_LINES])


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def _common(documents: Sequence[Sequence[str]]) -> Counter[str]:
    """In how many documents each line is that enough of them have."""
    held = Counter(line for lines in documents for line in set(lines))
    least = max(MIN_DOCUMENTS, MIN_SHARE * len(documents))
    return Counter(
        {
            line: number
            for line, number in held.items()
            if number >= least and len(line) <= MAX_CHARACTERS
        }
    )


def _is_of_a_series(lines: Sequence[str], common: Counter[str]) -> bool:
    shared = sum(len(line) for line in lines if line in common)
    return shared > SERIES_SHARE * sum(map(len, lines))
