"""A review for those who edit it: on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from babelwire.reviews.contract import LABELS, NOTHING, Loaded
from babelwire.terminal import one_line, out
from pipeline.reviews import Item, LogEntry, Review


def review_json(
    review: Review,
    loaded: Mapping[int, Loaded] | None = None,
    log: Sequence[LogEntry] = (),
) -> dict[str, Any]:
    """A review; with its sections and log where its documents are given."""
    row: dict[str, Any] = {
        "id": review.id,
        "title": review.title,
        "day": review.day.isoformat(),
        "query": review.query,
        "status": review.status,
        "version": review.version,
        "created_at": review.created_at.isoformat(),
        "updated_at": review.updated_at.isoformat(),
        "sent_at": review.sent_at.isoformat() if review.sent_at else None,
    }
    if loaded is None:
        return row
    row["sections"] = [
        {
            "id": section.id,
            "heading": section.heading,
            "intro": section.intro,
            "items": [_item_json(item, loaded.get(item.id)) for item in section.items],
        }
        for section in review.sections
    ]
    row["log"] = [
        {
            "at": entry.at.isoformat(),
            "actor": entry.actor,
            "action": entry.action,
            "detail": entry.detail,
        }
        for entry in log
    ]
    return row


def print_review(review: Review, loaded: Mapping[int, Loaded]) -> None:
    """Prints it for a person; sections are numbered as `--section` takes them."""
    _print(f"{one_line(review.title)}  {review.day}  {review.status}", "bold")
    if not review.sections:
        _print("No sections yet.", "dim")
    for number, section in enumerate(review.sections, start=1):
        _print("")
        _print(f"{number}. {one_line(section.heading)}", "bold")
        if section.intro or not section.items:
            _print(f"   {one_line(section.intro) or NOTHING}")
        for item in section.items:
            _print_item(item, loaded.get(item.id))


def _print_item(item: Item, loaded: Loaded | None) -> None:
    title = one_line(loaded.document.title) if loaded else "(the document is gone)"
    _print(f"   - {title}")
    publisher = f"{one_line(loaded.document.publisher)}  " if loaded else ""
    _print(f"     {publisher}{item.citation}", "cyan")
    label = LABELS[item.summary_by]
    if item.summary:
        _print(
            f"     {one_line(item.summary)}" + (f" [{label}]" if label else ""), "dim"
        )
    if item.also_in:
        others = ", ".join(one_line(other.publisher) for other in item.also_in)
        _print(f"     also in: {others}", "dim")
    if item.note:
        _print(f"     note: {one_line(item.note)}")


def _print(text: str, style: str = "") -> None:
    from rich.text import Text

    out().print(Text(text, style=style), soft_wrap=True)


def _item_json(item: Item, loaded: Loaded | None) -> dict[str, Any]:
    known = {
        "title": loaded.document.title if loaded else None,
        "publisher": loaded.document.publisher if loaded else None,
        "url": loaded.document.url if loaded else None,
    }
    return {**asdict(item), "citation": item.citation, **known}
