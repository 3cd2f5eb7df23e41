"""What the page of a press review shows, in plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babelwire.reviews.contract import Loaded, ShownItem
    from babelwire.web.services import Services
    from pipeline.reviews import LogEntry, Review
    from pipeline.store import Database


@dataclass(frozen=True, kw_only=True)
class ReviewLine:
    """A review in the list."""

    review: Review
    items: int


@dataclass(frozen=True, kw_only=True)
class ReviewPage:
    """A review with all that is needed to work on it.

    Attributes:
        review: As stored.
        loaded: Its items' documents by the item's id; those that are gone left out.
        shown: The items as others will see them, by id.
        log: Who did what, the newest last.
        summary_characters: So long may a summary be, in code points.
    """

    review: Review
    loaded: Mapping[int, Loaded]
    shown: Mapping[int, ShownItem]
    log: tuple[LogEntry, ...]
    summary_characters: int

    @property
    def is_draft(self) -> bool:
        """Whether it may be changed."""
        return self.review.status == "draft"


def review_lines(database: Database) -> list[ReviewLine]:
    """Every review, the newest day first."""
    from pipeline.store import reviews

    with database.read() as connection:
        found = reviews.load_all(connection)
        items = reviews.item_counts(connection)
    return [ReviewLine(review=r, items=items.get(r.id, 0)) for r in found]


def review_page(services: Services, review_id: int, timezone: str) -> ReviewPage:
    """One review.

    Raises:
        InputError: There is no such review.
    """
    from babelwire.reviews.outward import outward_view
    from babelwire.reviews.showing import load_items, show_item
    from pipeline.store import reviews

    with services.database.read() as connection:
        review = reviews.load(connection, review_id)
        loaded = load_items(connection, review)
        log = reviews.load_log(connection, review_id)
    workspace = services.fresh_workspace()
    view = outward_view(workspace, services.database, timezone)
    return ReviewPage(
        review=review,
        loaded=loaded,
        shown={key: show_item(each, view) for key, each in loaded.items()},
        log=tuple(log),
        summary_characters=services.workspace.config.reviews.summary_characters,
    )


def newest_draft(database: Database, day: date) -> Review | None:
    """The draft that new finds go to: the newest one that is not for an older day."""
    from pipeline.store import reviews

    with database.read() as connection:
        drafts = [r for r in reviews.load_all(connection) if r.status == "draft"]
        there = next((r for r in drafts if r.day >= day), None)
        return reviews.load(connection, there.id) if there else None


def documents_in(review: Review | None) -> frozenset[str]:
    """Ids of the documents that are in a review."""
    return (
        frozenset(item.document_id for item in review.items) if review else frozenset()
    )
