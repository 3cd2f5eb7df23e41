"""The records of press reviews, and what may stand in them.

No I/O. `pipeline.store.reviews` and `pipeline.store.review_contents` keep them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pipeline.errors import InputError, UnavailableError

Status = Literal["draft", "approved", "sent"]
SummaryBy = Literal["original", "people", "machine", "edited", "desk"]

MAX_LINE = 300
"""Characters of a title or heading: more is a text, and no mail program shows it."""


class StaleReviewError(UnavailableError):
    """The review was changed by someone else since it was loaded."""


class FrozenReviewError(UnavailableError):
    """The review was sent: it stays as it is."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Who changes which review, and which version of it they saw.

    Attributes:
        review_id: Of the review.
        version: As it was loaded.
        actor: Who, in the desk's own words.
        at: When.
    """

    review_id: int
    version: int
    actor: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Which engine wrote words that are shown; `model`, `version` may be ""."""

    engine: str
    model: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class AlsoIn:
    """A publisher with nearly the same text, and whose it is ("" if unknown)."""

    publisher: str
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class NewItem:
    """A document to be added.

    Attributes:
        document_id: Of the document.
        revision: Which stays, whatever the site publishes later.
        passage: Positions of the segments that are quoted; may be empty.
        summary: A few sentences.
        summary_language: BCP 47 tag.
        summary_by: Whose words it is made of.
        summary_positions: Segments it was taken from.
        summary_origins: What had translated those.
        note: Of the desk.
        tags: Of the desk.
        also_in: Publishers of the other documents of its cluster.
    """

    document_id: str
    revision: int
    passage: tuple[int, ...] = ()
    summary: str = ""
    summary_language: str = ""
    summary_by: SummaryBy = "desk"
    summary_positions: tuple[int, ...] = ()
    summary_origins: tuple[Origin, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    also_in: tuple[AlsoIn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item(NewItem):
    """A document in a review."""

    id: int

    @property
    def citation(self) -> str:
        """`ID@REVISION`."""
        return f"{self.document_id}@{self.revision}"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a review with its items in order."""

    id: int
    heading: str
    intro: str
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Review:
    """A press review.

    Attributes:
        id: Number in this store.
        title: One line.
        day: The day it is for.
        query: What it was searched with, or "".
        status: Only forward, but that an approved one may be a draft again.
        version: To be named by the next change.
        sections: In order; none in what `load_all` gives.
    """

    id: int
    title: str
    day: date
    query: str
    status: Status
    version: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    sections: tuple[Section, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """Of all sections, in order."""
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """What someone did to a review."""

    review_id: int
    at: datetime
    actor: str
    action: str
    detail: str


def one_line(text: str, what: str = "title") -> str:
    """A title or heading as it is stored.

    Raises:
        InputError: It is empty, too long, or holds line breaks or other control
            characters: it becomes the subject of a mail (W7).
    """
    line = storable(text).strip()
    if not line:
        raise InputError(f"found an empty {what}, expected one line of text")
    if len(line) > MAX_LINE:
        raise InputError(
            f"found a {what} of {len(line):,} characters, expected at most {MAX_LINE}"
        )
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in line):
        raise InputError(
            f"found a line break or control character in the {what}, expected one line"
        )
    return line


def storable(text: str) -> str:
    """Text that either database holds: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
