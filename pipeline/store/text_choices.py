"""Whose text of a page was taken, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.documents import Candidate, TextChoice


def choice_row(choice: TextChoice) -> dict[str, Any]:
    """As JSON; `choice_of` reads it.

    >>> choice_of(choice_row(TextChoice(extractor="pdf"))).extractor
    'pdf'
    """
    return {
        "extractor": choice.extractor,
        "candidates": [[c.extractor, c.words, c.score] for c in choice.candidates],
        "removed": [list(line) for line in choice.removed],
        "stopped": choice.stopped,
    }


def choice_of(row: Mapping[str, Any] | None) -> TextChoice:
    """What `choice_row` made; an empty one where nobody looked."""
    if not row:
        return TextChoice()
    return TextChoice(
        extractor=row["extractor"],
        candidates=tuple(
            Candidate(extractor=name, words=words, score=score)
            for name, words, score in row["candidates"]
        ),
        removed=tuple((reason, line) for reason, line in row["removed"]),
        stopped=row["stopped"],
    )
