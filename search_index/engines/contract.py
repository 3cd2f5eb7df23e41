"""What an index engine offers: the contract of tantivy, Elasticsearch and others.

No I/O. An index has generations, one of which is living; a generation is written
by one writer at a time and read through snapshots that never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from search_index.clauses import Clause, Plan

if TYPE_CHECKING:
    from search_index.query import Facet, Sort


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
    """Writes one generation. What is put is visible after `commit`."""

    def put(self, entries: Sequence[IndexEntry]) -> None:
        """Adds or replaces; a document that is newer in the index stays."""
        ...

    def delete(self, states: Sequence[tuple[str, int]]) -> None:
        """Removes ids, each unless the index has a version newer than given."""
        ...

    def commit(self) -> None:
        """Makes it durable and visible.

        Raises:
            DiskFullError: No space; the index is as before.
        """
        ...


class Snapshot(Protocol):
    """One unchanging view of the index, while others write."""

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

    def facets(
        self, clause: Clause, *, timezone: str
    ) -> Mapping[str, tuple[Facet, ...]]:
        """`FACETS` over all that matches: most first, days in order."""
        ...

    def iterate(self, clause: Clause) -> Iterator[Ranked]:
        """All that matches, ordered by time and id, in flat memory."""
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


class IndexEngine(Protocol):
    """An index: generations of which one is living (`current`)."""

    @property
    def name(self) -> str:
        """`tantivy` or `elasticsearch`."""
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

    def prune(self) -> list[str]:
        """Removes generations that are not living; their names."""
        ...

    def damage(self) -> list[str]:
        """What is wrong with the stored bytes of the living generation."""
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...
