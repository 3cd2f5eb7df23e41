"""What an index engine offers: the contract of tantivy, Elasticsearch and others.

No I/O. An index has generations, one of which is living; a generation is written
by one writer at a time and read through snapshots that never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pipeline.errors import EngineError
from search_index.clauses import Clause, Plan

if TYPE_CHECKING:
    from search_index.query import Facet, Sort

Timeline = Literal["day", "week", "month"]
"""Parts of the timeline; weeks begin on Monday (ISO 8601)."""


class ViewGoneError(EngineError):
    """The engine no longer keeps the moment that is read: begin again."""


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """One document as an index holds it.

    Attributes:
        id: The document's.
        version: The document's; an older one never replaces a newer one.
        checksum: `sha256:` and hex, of everything below.
        tokens: `original_f1`, `translation_title_f3`, …: space-joined tokens,
            every field filled.
        keywords: Exact values by field.
        numbers: Times in milliseconds and flags by field.
        display: What a hit shows, as JSON; not searched.
    """

    id: str
    version: int
    checksum: str
    tokens: Mapping[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    display: str


@dataclass(frozen=True, kw_only=True)
class EntryState:
    """What an index says it holds of one document."""

    id: str
    version: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A document found: its id, score and display JSON."""

    id: str
    score: float
    display: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page and how many there are in all."""

    total: int
    hits: tuple[Ranked, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a reader by time and id has come to: the last document read.

    Attributes:
        published: Its time in the index, milliseconds since 1970 (UTC).
        id: Its id.
    """

    published: int
    id: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Some documents in a row, by time and id.

    Attributes:
        total: How many match in all, before and after these.
        hits: The documents.
        end: Where they end; None where nothing follows.
    """

    total: int
    hits: tuple[Ranked, ...]
    end: Place | None


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """All that one page of an answer needs, asked at once.

    Attributes:
        plan: Full matches come first, partial ones fill the page below them.
        limit: Hits on the page.
        offset: Hits before it, full and partial together.
        sort: By score then id, or newest first then id.
        timezone: IANA name; the timeline's days are this zone's.
        timeline: Its parts.
        counted: Clauses of which only the number of documents is wanted.
    """

    plan: Plan
    limit: int
    offset: int = 0
    sort: Sort = "relevance"
    timezone: str = "UTC"
    timeline: Timeline = "day"
    counted: tuple[Clause, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a `PageRequest` found.

    Attributes:
        full: Full matches; its total counts all of them.
        some: The partial ones below them, as many as there is room for.
        facets: `FACET_FIELDS` over all full matches, most first, and the timeline. Its
            key is its part (`day`, `week`, `month`), its values the first day of each
            part that has documents (`2024-06-21`), in order.
        counts: As `counted` asked, in its order.
    """

    full: Found
    some: Found
    facets: Mapping[str, tuple[Facet, ...]]
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClusterCounts:
    """What of a cluster an answer has: documents, and how widely they are spread.

    Spread across owners is not spread across titles: twenty papers of one owner that
    print one text are one voice.

    Attributes:
        documents: How many.
        publishers: Their names, the one with most documents first, then by name.
        countries: Codes of where the publishers are, likewise.
        owners: Names of whose the publishers are, likewise.
        owner_unknown: Documents of whose publisher nobody says whose it is.
    """

    documents: int
    publishers: tuple[str, ...]
    countries: tuple[str, ...]
    owners: tuple[str, ...]
    owner_unknown: int


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A document that the engine will never take as it is."""

    id: str
    version: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A whole index in three numbers, cheap to take and to compare."""

    documents: int
    version_sum: int


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One building of an index; it never changes its analysis or its target."""

    name: str
    analysis: str
    target: str


class IndexWriter(Protocol):
    """Writes one generation.

    What is put into the living one is visible after `commit`, into another one
    when its `write` block has ended.
    """

    def put(self, entries: Sequence[IndexEntry]) -> None:
        """Adds or replaces; a document that is newer in the index stays."""
        ...

    def delete(self, states: Sequence[tuple[str, int]]) -> None:
        """Removes ids, each unless the index has a version newer than given."""
        ...

    def commit(self) -> Sequence[Refusal]:
        """Makes it durable and visible; what of it was refused for good.

        Raises:
            DiskFullError: No space; the index is as before.
            UnavailableError: A server does not answer, or takes nothing now. Some
                may have been written: the same again changes nothing.
        """
        ...


class Snapshot(Protocol):
    """One view of the index, while others write.

    What one call gives is of one moment; an embedded index gives every call of
    the same moment.
    """

    def page(self, request: PageRequest) -> Page:
        """Hits, facets and counts of one page, in as few requests as can be."""
        ...

    def search(
        self,
        plan: Plan,
        *,
        partial: bool = False,
        limit: int,
        offset: int = 0,
        sort: Sort = "relevance",
    ) -> Found:
        """A page, by score then id, or newest first then id.

        Args:
            partial: What `plan.partial` matches and `plan.full` does not,
                instead of what `plan.full` matches.
        """
        ...

    def count(self, clause: Clause) -> int:
        """How many documents match."""
        ...

    def timelines(
        self, clauses: Sequence[Clause], *, timezone: str, timeline: Timeline
    ) -> list[tuple[Facet, ...]]:
        """Of each clause, how many documents there are by part, in order."""
        ...

    def clusters(
        self, clause: Clause, clusters: Sequence[str]
    ) -> Mapping[str, ClusterCounts]:
        """What matches of each of these clusters; those of which something does."""
        ...

    def frequencies(self, terms: Sequence[tuple[str, str]]) -> list[int]:
        """In how many documents each token stands; terms are a field and a token.

        Deleted documents may still be counted.
        """
        ...

    def similar(self, field: str, token: str) -> Mapping[str, int]:
        """Tokens of a field that are one edit from a token, with their documents.

        An edit is a letter more, less or another, or two neighbours swapped
        (Damerau, CACM 7(3), 1964). The token itself is not among them.
        """
        ...

    def iterate(self, clause: Clause) -> Iterator[Ranked]:
        """All that matches, ordered by time and id, in flat memory."""
        ...

    def stretch(
        self, clause: Clause, *, limit: int, after: Place | None = None
    ) -> Stretch:
        """The next of what matches, ordered by time and id.

        All stretches of one snapshot are of one moment, that of the first: from end to
        end they give what `iterate` gives, and the same place the same again. A server
        may forget that moment when nobody has read on for ten minutes.

        Args:
            limit: Documents, 1 or more.
            after: Where the one before ended; None begins.

        Raises:
            ViewGoneError: That moment is no longer kept.
        """
        ...

    def stored(self, ids: Sequence[str]) -> dict[str, Ranked]:
        """Documents by id; the ones there are."""
        ...

    def states(self) -> Iterator[EntryState]:
        """What is held, in any order."""
        ...

    def scores(self, clauses: Sequence[Clause], document_id: str) -> list[float]:
        """What each clause scores for a document; 0 where it does not match."""
        ...

    def summary(self) -> Summary:
        """Counts to compare with the store's."""
        ...

    def close(self) -> None:
        """Lets go of what is kept for this view; it is asked nothing more."""
        ...


class IndexEngine(Protocol):
    """An index: generations of which one is living (`current`)."""

    @property
    def name(self) -> str:
        """`tantivy` or `elasticsearch`."""
        ...

    @property
    def keeps_old(self) -> bool:
        """Whether a generation that was swapped out is kept until somebody prunes.

        On a cluster it is the way back, and searches that began before the swap still
        read it; on one machine its files are read to the end of such searches anyway.
        """
        ...

    def current(self) -> Generation | None:
        """The living generation; None where there is none (yet, or any more)."""
        ...

    def snapshot(self, generation: str | None = None) -> Snapshot:
        """The newest committed view, of the living generation if not named.

        Raises:
            UnavailableError: There is no index yet.
            DamageError: Its files are not what was written.
        """
        ...

    def write(self, generation: str) -> AbstractContextManager[IndexWriter]:
        """The one writer of a generation.

        Raises:
            LockedError: Another process writes.
        """
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Only one process changes the index; may be entered again inside.

        Raises:
            LockedError: Another process does, named where possible.
        """
        ...

    def create(self, name: str, *, analysis: str, target: str) -> Generation:
        """A new, empty generation beside the living one."""
        ...

    def activate(self, generation: str) -> None:
        """Makes it the living one, in one step."""
        ...

    def prune(self, *, unfinished: bool = False) -> list[str]:
        """Removes generations that are not living; their names.

        Args:
            unfinished: Only those that never lived: what a killed rebuild left.
        """
        ...

    def damage(self) -> list[str]:
        """What is wrong with the stored bytes of the living generation."""
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...
