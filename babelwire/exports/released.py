"""Holds each document found against its source's rights, and counts what left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from babelwire.rights import Leaving, RightsOf, Texts, may_leave
from babelwire.terminal import counted

if TYPE_CHECKING:
    from search_index.answer import Exported
    from search_index.query import Hit


@dataclass(frozen=True, kw_only=True)
class Released:
    """A document found, and what of it may leave; never its passages."""

    hit: Hit
    leaving: Leaving


@dataclass(kw_only=True)
class Report:
    """What an export wrote, counted while it was written.

    Attributes:
        documents: Written, in whatever part.
        excerpts: Of these, with the beginning of their texts alone.
        headlines: Of these, without their texts.
        unit: What was written, where it is not documents: `segment`, `record`.
        parts: How many of these.
        withheld: Documents left out, as their rights let no whole text leave.
        untranslated: Documents left out, as they have no translation.
        problems: What could not be written, one line each.
    """

    documents: int = 0
    excerpts: int = 0
    headlines: int = 0
    unit: str = ""
    parts: int = 0
    withheld: int = 0
    untranslated: int = 0
    problems: list[str] = field(default_factory=list)

    def counting(self, found: Iterable[Released]) -> Iterator[Released]:
        """The same documents, each counted as written."""
        for one in found:
            self.documents += 1
            self.excerpts += one.leaving.show == "excerpt"
            self.headlines += one.leaving.show == "headline"
            yield one

    def whole(self, found: Iterable[Released]) -> Iterator[Hit]:
        """Those whose whole text may leave; the others are counted as withheld."""
        for one in found:
            if one.leaving.show == "full":
                yield one.hit
            else:
                self.withheld += 1

    def sentence(self, where: str) -> str:
        """What was done, for people.

        Args:
            where: Of the file, or "" for standard output.

        >>> Report(documents=12, excerpts=9, headlines=1).sentence("x.csv")
        ... # doctest: +NORMALIZE_WHITESPACE
        "Exported 12 documents to x.csv; 9 of them as excerpts and 1 as a headline, as
        their sources' rights say."
        """
        documents = counted(self.documents, "document")
        written = f"{counted(self.parts, self.unit)} of " if self.unit else ""
        to = f" to {where}" if where else ""
        rest = (*self._shortened(), *self._left_out())
        return f"Exported {'; '.join([written + documents + to, *rest])}."

    def _shortened(self) -> Iterator[str]:
        forms = (
            (self.excerpts, "an excerpt", "excerpts"),
            (self.headlines, "a headline", "headlines"),
        )
        ways = [f"{n:,} as {one if n == 1 else many}" for n, one, many in forms if n]
        if ways:
            text = " and ".join(ways).replace(" as ", " of them as ", 1)
            yield f"{text}, as their sources' rights say"

    def _left_out(self) -> Iterator[str]:
        if self.withheld:
            number = counted(self.withheld, "document")
            yield f"{number} left out, as their sources' rights say"
        if self.untranslated:
            number = counted(self.untranslated, "document")
            yield f"{number} left out, as they have no translation"


def release(
    found: Iterable[Exported], rights_of: RightsOf, now: datetime
) -> Iterator[Released]:
    """What of each document may leave, as they come."""
    for one in found:
        hit = one.hit
        texts = Texts(
            title=hit.title,
            translated_title=hit.translated_title,
            text=one.text,
            translation=one.translation,
        )
        leaving = may_leave(
            texts,
            rights_of(hit.source),
            published_at=hit.published_at,
            first_seen_at=hit.first_seen_at,
            now=now,
        )
        yield Released(hit=hit, leaving=leaving)


def batches(hits: Iterable[Hit], size: int) -> Iterator[list[Hit]]:
    """So many at a time, as they come; the last ones may be fewer."""
    rest = iter(hits)
    while batch := list(islice(rest, size)):
        yield batch
