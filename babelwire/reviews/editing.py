"""Adding documents to a review: which revision, which words, who else has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelwire.reading import find_document
from babelwire.reviews.wording import first_sentences
from pipeline.documents import Document
from pipeline.errors import InputError
from pipeline.reviews import Change, NewItem, Review

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.store import Database


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What is to be added.

    Attributes:
        reference: `ID`, then its newest revision now, or `ID@REVISION`.
        target: Of the translation that the summary is taken from.
        section_id: None for the last section.
        passage: Positions of segments to quote, in order.
        note: Of the desk.
        tags: Of the desk.
        summary_characters: Of the prefilled summary, at most.
    """

    reference: str
    target: str
    summary_characters: int
    section_id: int | None = None
    passage: tuple[int, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()


class SummaryTooLongError(InputError):
    """A summary is longer than it may be.

    Attributes:
        length: Its, in code points.
        limit: What it may have at most.
    """

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            f"the summary has {length:,} characters, expected at most {limit:,}; "
            "nothing was saved"
        )
        self.length = length
        self.limit = limit


def add_document(database: Database, change: Change, addition: Addition) -> int:
    """Adds a document as the last item of a section; the item's id.

    Raises:
        InputError: No such document, revision, passage or section; the document is in
            the review already; the review is no draft.
        FrozenReviewError: The review was sent.
        StaleReviewError: The review was changed since it was loaded.
    """
    from pipeline.store.review_contents import add_item
    from pipeline.store.reviews import load

    with database.write() as connection:
        item = new_item(connection, addition)
        review = load(connection, change.review_id)
        section_id = addition.section_id or last_section(review)
        return add_item(connection, change, section_id, item)


def edit_item(
    connection: Connection,
    change: Change,
    item_id: int,
    *,
    summary: str,
    note: str,
    tags: Sequence[str],
    summary_characters: int,
) -> None:
    """Changes an item's summary, note and tags.

    A summary is counted in code points, as the excerpts of sources' rights are, its
    line breaks as one each, whatever a form made of them. One that was too long before
    may stay as it is.

    Raises:
        SummaryTooLongError: The summary has more than `summary_characters`.
        InputError: There is no such item.
        FrozenReviewError: The review was sent.
        StaleReviewError: The review was changed since it was loaded.
    """
    from pipeline.store import review_contents
    from pipeline.store.reviews import load

    text = summary.replace("\r\n", "\n")
    items = {item.id: item for item in load(connection, change.review_id).items}
    is_new = item_id not in items or items[item_id].summary != text
    if is_new and len(text) > summary_characters:
        raise SummaryTooLongError(len(text), summary_characters)
    review_contents.edit_item(
        connection, change, item_id, summary=text, note=note, tags=tags
    )


def new_item(connection: Connection, addition: Addition) -> NewItem:
    """The item that an addition makes.

    Raises:
        InputError: No such document, revision or passage.
    """
    from pipeline.store.reviews import publishers_besides

    document = _document(connection, addition.reference)
    _check_passage(document, addition.passage)
    summary = first_sentences(document, addition.target, addition.summary_characters)
    return NewItem(
        document_id=document.id,
        revision=document.revision,
        passage=addition.passage,
        summary=summary.text,
        summary_language=summary.language,
        summary_by=summary.by,
        summary_positions=summary.positions,
        summary_origins=summary.origins,
        note=addition.note,
        tags=addition.tags,
        also_in=publishers_besides(connection, document.id),
    )


def last_section(review: Review) -> int:
    """The id of a review's last section.

    Raises:
        InputError: It has none.
    """
    if not review.sections:
        raise InputError(
            f"review {review.id} has no section to put it in; add one with "
            f'"babelwire review section {review.id} HEADING"'
        )
    return review.sections[-1].id


def section_at(review: Review, number: int) -> int:
    """The id of a section by its number, which counts from 1.

    Raises:
        InputError: There is none with that number.
    """
    if not 1 <= number <= len(review.sections):
        raise InputError(
            f"review {review.id} has no section number {number}; it has "
            f"{len(review.sections)}"
        )
    return review.sections[number - 1].id


def item_of(review: Review, document_id: str) -> int:
    """The id of the item that a document is.

    Raises:
        InputError: The document is not in the review.
    """
    for item in review.items:
        if document_id in {item.document_id, item.citation}:
            return item.id
    raise InputError(f"{document_id} is not in review {review.id}")


def _document(connection: Connection, reference: str) -> Document:
    document = find_document(connection, reference)
    if document.deleted:
        raise InputError(f"no document {document.id} in this workspace")
    return document


def _check_passage(document: Document, passage: Sequence[int]) -> None:
    known = {segment.position for segment in document.segments}
    missing = [position for position in passage if position not in known]
    if missing:
        raise InputError(
            f"{document.id}@{document.revision} has no sentence {missing[0]}; "
            f"it has {len(known)}, counted from 0, the headline first"
        )
