"""What the page of a document shows, in plain records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from babelwire.pages import MAX_TAGS, Line, changed_lines
from babelwire.reading import Shown, aligned, load_shown
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
    owner: str
    language: str
    title: str
    first_seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How many print nearly one text; owners are counted where they are known."""

    publishers: int
    countries: int
    owners: int
    owner_unknown: int


@dataclass(frozen=True, kw_only=True)
class DocumentPage:
    """One document at one of its revisions.

    Attributes:
        shown: It, with its revisions.
        title: The headline's pairs.
        pairs: The text's.
        others: Documents with nearly the same text, in the order they were seen; the
            first `MAX_OTHERS`.
        changes: The lines that changed since the revision before, word by word; empty
            for the first one.
        by_machine: Whether any sentence of the translation is a machine's.
        makers: Engines and models of the translation, each once.
    """

    shown: Shown
    title: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    others: tuple[Other, ...]
    changes: tuple[Line, ...]
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
    def is_oldest(self) -> bool:
        """Whether it was seen before all others with nearly its text."""
        if not self.others:
            return True
        mine = self.document.first_seen_at, self.document.id
        return mine < (self.others[0].first_seen_at, self.others[0].id)

    @property
    def spread(self) -> Spread | None:
        """Of it and the others; None where not all of those were loaded."""
        if len(self.others) < len(self.shown.others):
            return None
        return _spread([self.document, *self.others])

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is about, as the site says; the first few."""
        return self.document.tags[:MAX_TAGS]

    @property
    def is_changed(self) -> bool:
        """Whether its publisher says that it was changed later."""
        changed = self.document.modified_at
        return changed is not None and changed != self.document.published_at

    @property
    def left_out(self) -> Mapping[str, tuple[str, ...]]:
        """Lines that were left out of the text, by the reason."""
        found: dict[str, tuple[str, ...]] = {}
        for reason, line in self.document.choice.removed:
            found[reason] = (*found.get(reason, ()), line)
        return found

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
        changes=tuple(changed_lines(shown)),
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
            owner=each.owner,
            language=each.language,
            title=each.title,
            first_seen_at=each.first_seen_at,
        )
        for each in sorted(found, key=lambda each: (each.first_seen_at, each.id))
    )


MAX_OTHERS = 50
"""Documents of a group that are listed."""


def _spread(documents: Sequence[Document | Other]) -> Spread:
    return Spread(
        publishers=len({each.publisher for each in documents}),
        countries=len({each.country for each in documents} - {""}),
        owners=len({each.owner for each in documents} - {""}),
        owner_unknown=sum(not each.owner for each in documents),
    )
