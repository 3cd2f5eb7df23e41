"""What a rendered press review consists of: everything decided, nothing to look up.

In no reader's language yet: `phrases` has the words between the texts. No I/O. Texts
are free of control characters and as much of them as may be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babelwire.wording import message
from pipeline.documents import Document, Page, Precision
from pipeline.reviews import AlsoIn, Item, Origin, Status, SummaryBy
from pipeline.sources import Show

NOTHING = message("Nothing significant.")
"""What stands in a section without items and without words of its own."""

NO_HEADLINE = message("(no headline)")

HEADLINE_ONLY = message("This source lets only its headline be passed on.")

LABELS: Mapping[SummaryBy, str] = {
    "machine": message("machine translation"),
    "edited": message("machine translation, edited"),
    "people": message("translation"),
    "original": "",
    "desk": "",
}
"""What is to stand beside words; translated where they are shown."""

HTML_FILE, WORD_FILE, MAIL_FILE, MANIFEST_FILE = (
    "review.html",
    "review.docx",
    "review.eml",
    "manifest.json",
)

Health = Mapping[str, Mapping[str, Any]]
"""By source: `last_visit_at`, `newest_article_at` (ISO 8601 or None), `problems`."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An item with the document it pins.

    Attributes:
        item: As stored.
        document: At the item's revision.
        page: The page that first showed that revision.
        text_checksum: Of the revision.
    """

    item: Item
    document: Document
    page: Page
    text_checksum: str


MayShow = Callable[[Loaded], Show]
"""How much of an item may leave the desk."""


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """Words as they are shown.

    Attributes:
        text: May have line feeds, but in headlines.
        language: BCP 47 tag, or "".
        by: Whose words they are.
        positions: The segments they were taken from, or empty.
        origins: What translated those; empty where nothing did.
    """

    text: str
    language: str
    by: SummaryBy = "original"
    positions: tuple[int, ...] = ()
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """A quotation, with its translation where there is one."""

    original: ShownText
    translation: ShownText | None


@dataclass(frozen=True, kw_only=True)
class ShownItem:
    """A document in a rendered review.

    Attributes:
        id: Of the item.
        document_id: Of the document.
        revision: Of the document.
        url: As found; may be of any scheme.
        country: ISO 3166 code, or "".
        language: BCP 47 tag.
        published_at: None where nobody says.
        published_precision: How exactly that is known.
        first_seen_at: When the document was found.
        show: How much may be shown.
        headline: Original; "" where there is none.
        translated_headline: None where there is none, or none is needed.
        summary: None where none may be shown, or it is empty.
        passage: Likewise.
        note: Of the desk; "" where only the headline may be shown.
        excerpt_characters: Of an excerpt, at most.
        notice: That the source wants beside it, or "".
        text_checksum: Of the revision.
        page: The evidence.
    """

    id: int
    document_id: str
    revision: int
    url: str
    source: str
    publisher: str
    owner: str
    country: str
    language: str
    published_at: datetime | None
    published_precision: Precision
    first_seen_at: datetime
    show: Show
    headline: ShownText
    translated_headline: ShownText | None
    summary: ShownText | None
    passage: ShownPassage | None
    note: str
    tags: tuple[str, ...]
    also_in: tuple[AlsoIn, ...]
    excerpt_characters: int
    notice: str
    text_checksum: str
    page: Page

    @property
    def citation(self) -> str:
        """`ID@REVISION`."""
        return f"{self.document_id}@{self.revision}"


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """A part of a rendered review; without items and intro it says `NOTHING`."""

    heading: str
    intro: str
    items: tuple[ShownItem, ...]


@dataclass(frozen=True, kw_only=True)
class ShownReview:
    """A press review, ready to be rendered.

    Attributes:
        created_at: When it was made ready.
        timezone: IANA name of the zone its times are in.
        language: Of the desk's own words in it, one of `babelwire.wording.LANGUAGES`.
        target: BCP 47 tag of the language it translates into.
        program: Name and version of the program.
    """

    id: int
    title: str
    day: date
    query: str
    status: Status
    created_at: datetime
    timezone: str
    language: str
    target: str
    program: str
    sections: tuple[ShownSection, ...]

    @property
    def items(self) -> tuple[ShownItem, ...]:
        """Of all sections, in order."""
        return tuple(item for section in self.sections for item in section.items)
