"""How a page's text was come by, in words: whose it is, what was left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from babelwire.balance import plain_reason
from babelwire.terminal import one_line
from pipeline.documents import TextChoice

SHOWN_LINES = 3
"""Left-out lines that are quoted."""
SHOWN_CHARACTERS = 60

NAMES = {
    "selectors": "the source's own selector",
    "blocks": "its lines alone",
    "json-ld": "what the page says of itself (JSON-LD)",
    "pdf": "the PDF's text",
    "mail": "the mail",
    "import": "the import",
}
REMOVALS = {
    "boilerplate": "that many pages of the source have",
    "read_also": "that lead to other articles",
    "timestamp": "that only tell a time",
    "byline": "that only name an author",
    "improbable": "that hardly belong to the article",
}


def reading_lines(choice: TextChoice) -> Iterator[str]:
    """Whose text it is and why, and which lines were left out."""
    if choice.extractor:
        yield "text: " + NAMES.get(choice.extractor, choice.extractor) + _judged(choice)
    if choice.stopped:
        yield (
            "read by its lines alone, for it stopped the extractors: "
            + plain_reason(choice.stopped)
        )
    for reason, number in Counter(reason for reason, _ in choice.removed).items():
        lines = [line for why, line in choice.removed if why == reason]
        quoted = "; ".join(_quoted(line) for line in lines[:SHOWN_LINES])
        more = " …" if number > SHOWN_LINES else ""
        what = REMOVALS.get(reason, reason)
        yield f"left out, {number} line{'s' * (number > 1)} {what}: {quoted}{more}"


def choice_json(choice: TextChoice) -> dict[str, Any]:
    """The same for machines."""
    return {
        "extractor": choice.extractor,
        "candidates": [
            {"extractor": c.extractor, "words": c.words, "score": c.score}
            for c in choice.candidates
        ],
        "removed": [{"reason": why, "line": line} for why, line in choice.removed],
        "stopped": choice.stopped or None,
    }


def _judged(choice: TextChoice) -> str:
    """With how well each candidate is expected to agree with the article."""
    scored = [c for c in choice.candidates if c.score is not None]
    if not scored:
        return ""
    told = ", ".join(f"{c.extractor} {c.score:.2f}" for c in scored[1:])
    return f", judged {scored[0].score:.2f}" + (f" (others: {told})" if told else "")


def _quoted(line: str) -> str:
    text = one_line(line)
    short = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return f"“{short}”"
