"""Text to index tokens, per language.

`analyze` gives all fields of one side of a document. The recipes are a table
(`recipes.toml`); tokens are made here, in Python, and nowhere else, so that
every engine indexes and ranks the same.
"""

from __future__ import annotations

from pipeline.languages import primary
from search_index.analysis.analyzer import Analyzer, Fields, analyzer_for
from search_index.analysis.recipes import Recipe, recipe_for

ANALYSIS_VERSION = "2"
"""Raised whenever any text may give other tokens, or an entry other fields: a new index
generation."""

__all__ = [
    "ANALYSIS_VERSION",
    "Analyzer",
    "Fields",
    "Recipe",
    "analyze",
    "analyzer_for",
    "primary",
    "recipe_for",
]


def analyze(language: str, text: str, *, title: str = "") -> Fields:
    """The index tokens of a text, by field; the same answer every time.

    Args:
        language: BCP 47 tag, or `und`.
        text: Any text; may be long.
        title: The headline, where there is one.

    >>> analyze("en", "The cities' forum").f1
    ('the', 'citi', 'forum')
    """
    return analyzer_for(language).fields(text, title)
