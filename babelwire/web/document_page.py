"""What the page of a document shows, in plain records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from babelwire.reading import Shown, aligned, load_shown
from pipeline.differences import Piece, pieces
from pipeline.documents import ORIGINAL

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from pipeline.documents import Document, Revision, Segment, TranslatedSegment

View = Literal["both", "original", "translation"]
VIEWS: tuple[View, ...] = ("both", "original", "translation")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A sentence and its translation.

    Attributes:
        number: From 1, as `memory correct` counts.
        segment: The original.
        translated: None where there is none.
        is_first: Of a paragraph.
    """

    number: int
    segment: Segment
    translated: TranslatedSegment | None
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class Other:
    """Another document with nearly the same text."""

    id: str
    publisher: str
    country: str
    language: str
    title: str


@dataclass(frozen=True, kw_only=True)
class DocumentPage:
    """One document at one of its revisions.

    Attributes:
        shown: It, with its revisions.
        title: The headline's pairs.
        pairs: The text's.
        others: Documents with nearly the same text.
        changes: From the revision before, word by word; empty for the first one.
        by_machine: Whether any sentence of the translation is a machine's.
        makers: Engines and models of the translation, each once.
    """

    shown: Shown
    title: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    others: tuple[Other, ...]
    changes: tuple[Piece, ...]
    by_machine: bool
    makers: tuple[str, ...]

    @property
    def document(self) -> Document:
        """At the revision that is shown."""
        return self.shown.document

    @property
    def revision(self) -> Revision:
        """The one that is shown."""
        return self.shown.revision

    @property
    def newest(self) -> Revision:
        """The newest one."""
        return self.shown.revisions[-1]

    @property
    def reference(self) -> str:
        """`ID@REVISION`, which stays."""
        return f"{self.document.id}@{self.document.revision}"


def document_page(services: Services, reference: str) -> DocumentPage:
    """The document that `ID` or `ID@REVISION` names.

    Raises:
        InputError: No such document or revision.
    """
    shown = load_shown(services.database, reference)
    pairs = tuple(_pairs(shown.document, services.target))
    made = [pair.translated for pair in pairs if pair.translated is not None]
    return DocumentPage(
        shown=shown,
        title=tuple(pair for pair in pairs if pair.segment.field == "title"),
        pairs=tuple(pair for pair in pairs if pair.segment.field == "text"),
        others=_others(services, shown.others),
        changes=tuple(_changes(shown)),
        by_machine=any(segment.by_machine for segment in made),
        makers=tuple(
            dict.fromkeys(
                f"{s.engine} {s.model}".strip() for s in made if s.engine != ORIGINAL
            )
        ),
    )


def _pairs(document: Document, target: str) -> Iterator[Pair]:
    end = 0
    for number, (segment, translated) in enumerate(aligned(document, target), start=1):
        text = document.title if segment.field == "title" else document.text
        is_first = segment.start == 0 or "\n" in text[end : segment.start]
        end = segment.end
        yield Pair(
            number=number, segment=segment, translated=translated, is_first=is_first
        )


def _others(services: Services, ids: Sequence[str]) -> tuple[Other, ...]:
    from pipeline.store.documents import load_documents

    if not ids:
        return ()
    with services.database.read() as connection:
        found = load_documents(connection, ids[:MAX_OTHERS])
    return tuple(
        Other(
            id=each.id,
            publisher=each.publisher,
            country=each.country,
            language=each.language,
            title=each.title,
        )
        for each in sorted(found, key=lambda each: (each.first_seen_at, each.id))
    )


MAX_OTHERS = 50
"""Documents of a group that are listed; a search for them shows the rest."""


def _changes(shown: Shown) -> Iterator[Piece]:
    previous, now, changes = shown.previous, shown.revision, shown.changes
    if previous is None or changes is None:
        return
    yield from pieces(previous.title, now.title, changes.title)
    yield "same", "\n\n"
    yield from pieces(previous.text, now.text, changes.text)
