"""Makes a review ready to be rendered: what is shown of each document, and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from babelwire.reviews.contract import (
    Loaded,
    MayShow,
    ShownItem,
    ShownPassage,
    ShownReview,
    ShownSection,
    ShownText,
)
from babelwire.reviews.texts import clean, clean_line
from babelwire.reviews.wording import (
    Words,
    original_words,
    translated_headline,
    translated_words,
)
from babelwire.rights import RightsOf, excerpt, how_much
from pipeline.errors import InputError
from pipeline.reviews import AlsoIn, Item, Review
from pipeline.sources import Rights, Show

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIN_EXCERPT = 50
"""Characters: fewer of a passage say nothing."""


def everything(_item: Loaded) -> Show:
    """Shows every item in full: for those inside the desk."""
    return "full"


def no_conditions(_source: str) -> Rights:
    """An excerpt of the usual length, and no notice."""
    return Rights(show="full")


def by_rights(rights_of: RightsOf, now: datetime) -> MayShow:
    """What each source lets out at a moment."""

    def may_show(item: Loaded) -> Show:
        return how_much(
            rights_of(item.document.source),
            published_at=item.document.published_at,
            first_seen_at=item.document.first_seen_at,
            now=now,
        )

    return may_show


@dataclass(frozen=True, kw_only=True)
class View:
    """For whom a review is shown.

    Attributes:
        target: BCP 47 tag of the language it translates into.
        timezone: IANA name; times are shown in it.
        language: The desk's own words are in it, one of `babelwire.wording.LANGUAGES`.
        now: The clock.
        may_show: How much of each item may leave the desk.
        rights_of: How long an excerpt is, and the notice beside it.
    """

    target: str
    timezone: str
    now: datetime
    language: str = "en"
    may_show: MayShow = everything
    rights_of: RightsOf = no_conditions


def load_items(connection: Connection, review: Review) -> dict[int, Loaded]:
    """The documents of a review's items by the item's id; those gone are left out."""
    found = {}
    for item in review.items:
        loaded = load_item(connection, item)
        if loaded is not None:
            found[item.id] = loaded
    return found


def load_item(connection: Connection, item: Item) -> Loaded | None:
    """An item's document at its revision; None where it is gone."""
    from pipeline.store.documents import load_revision, load_revisions

    document = load_revision(connection, item.document_id, item.revision)
    if document is None or document.deleted:
        return None
    for revision in load_revisions(connection, item.document_id):
        if revision.number == item.revision:
            return Loaded(
                item=item,
                document=document,
                page=revision.page,
                text_checksum=revision.text_checksum,
            )
    return None


def show_review(
    review: Review, loaded: Mapping[int, Loaded], view: View
) -> ShownReview:
    """A review with everything decided.

    Args:
        review: As stored.
        loaded: The documents of its items, by the item's id.
        view: For whom.

    Raises:
        InputError: The document of an item is gone.
    """
    from babelwire import __version__

    gone = [item.citation for item in review.items if item.id not in loaded]
    if gone:
        raise InputError(
            f"review {review.id}: no longer in this workspace: {', '.join(gone)}; "
            "remove them from the review"
        )
    return ShownReview(
        id=review.id,
        title=clean_line(review.title),
        day=review.day,
        query=review.query,
        status=review.status,
        created_at=view.now,
        timezone=view.timezone,
        language=view.language,
        target=view.target,
        program=f"babelwire {__version__}",
        sections=tuple(
            ShownSection(
                heading=clean_line(section.heading),
                intro=clean(section.intro).strip(),
                items=tuple(show_item(loaded[i.id], view) for i in section.items),
            )
            for section in review.sections
        ),
    )


def show_item(loaded: Loaded, view: View) -> ShownItem:
    """An item with everything decided."""
    item, document = loaded.item, loaded.document
    rights = view.rights_of(document.source)
    show = view.may_show(loaded)
    summary, passage = _texts(loaded, view.target, show, rights.excerpt_characters)
    headline = translated_headline(document, view.target)
    return ShownItem(
        id=item.id,
        document_id=document.id,
        revision=item.revision,
        url=document.url,
        source=document.source,
        publisher=clean_line(document.publisher),
        owner=clean_line(document.owner),
        country=document.country,
        language=document.language,
        published_at=document.published_at,
        published_precision=document.published_precision,
        first_seen_at=document.first_seen_at,
        show=show,
        headline=ShownText(text=clean_line(document.title), language=document.language),
        translated_headline=_shown(headline),
        summary=summary,
        passage=passage,
        note="" if show == "headline" else clean(item.note).strip(),
        tags=tuple(clean_line(tag) for tag in item.tags),
        also_in=_also_in(item.also_in),
        excerpt_characters=rights.excerpt_characters,
        notice=clean_line(rights.notice),
        text_checksum=loaded.text_checksum,
        page=loaded.page,
    )


def _texts(
    loaded: Loaded, target: str, show: Show, limit: int
) -> tuple[ShownText | None, ShownPassage | None]:
    """Summary and passage, as much of them as may be shown."""
    if show == "headline":
        return None, None
    summary = _summary(loaded.item)
    passage = _passage(loaded, target)
    if show == "full":
        return summary, passage
    left = limit
    if summary is not None and summary.by != "desk":
        summary = _cut(summary, limit)
        left -= len(summary.text)
    if passage is None or left < MIN_EXCERPT:
        return summary, None
    translation = passage.translation
    return summary, ShownPassage(
        original=_cut(passage.original, left),
        translation=_cut(translation, left) if translation else None,
    )


def _summary(item: Item) -> ShownText | None:
    text = clean(item.summary).strip()
    if not text:
        return None
    return ShownText(
        text=text,
        language=item.summary_language,
        by=item.summary_by,
        positions=() if item.summary_by == "desk" else item.summary_positions,
        origins=() if item.summary_by == "desk" else item.summary_origins,
    )


def _passage(loaded: Loaded, target: str) -> ShownPassage | None:
    positions = loaded.item.passage
    original = _shown(original_words(loaded.document, positions))
    if original is None:
        return None
    return ShownPassage(
        original=original,
        translation=_shown(translated_words(loaded.document, target, positions)),
    )


def _shown(words: Words | None) -> ShownText | None:
    if words is None or not (text := clean_line(words.text)):
        return None
    return ShownText(
        text=text,
        language=words.language,
        by=words.by,
        positions=words.positions,
        origins=words.origins,
    )


def _cut(text: ShownText, limit: int) -> ShownText:
    return replace(text, text=excerpt(text.text, limit))


def _also_in(others: Sequence[AlsoIn]) -> tuple[AlsoIn, ...]:
    return tuple(
        AlsoIn(publisher=clean_line(o.publisher), owner=clean_line(o.owner))
        for o in others
    )
