"""How a page's text was come by, in words: whose it is, what was left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from babelwire.terminal import counted, one_line
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
STOPS = {
    "timeout": "it took the extractors too long",
    "out_of_memory": "it took the extractors too much memory",
    "crash": "the extractors broke down on it",
}
REMOVALS = {
    "boilerplate": "on many pages of the source",
    "read_also": "leads to other articles",
    "share": "a button, or an invitation to follow",
    "credit": "says whose a picture is",
    "timestamp": "only tells a time",
    "byline": "only names an author",
    "improbable": "hardly belongs to the article",
}


def reading_lines(choice: TextChoice) -> Iterator[str]:
    """Whose text it is and why, and which lines were left out."""
    if choice.extractor:
        yield "text: " + NAMES.get(choice.extractor, choice.extractor) + _judged(choice)
    if choice.stopped:
        yield (
            "read by its lines alone, for " + STOPS.get(choice.stopped, choice.stopped)
        )
    for reason, number in Counter(reason for reason, _ in choice.removed).items():
        lines = [line for why, line in choice.removed if why == reason]
        quoted = "; ".join(_quoted(line) for line in lines[:SHOWN_LINES])
        more = " …" if number > SHOWN_LINES else ""
        what = REMOVALS.get(reason, reason)
        yield f"left out, {counted(number, 'line')} ({what}): {quoted}{more}"


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
