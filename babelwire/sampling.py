"""Draws a random sample of documents that anybody can draw again.

*How.* Every document has a rank: HMAC-SHA256 (RFC 2104) of its id, keyed with the
seed. The sample is the documents with the lowest ranks. No state of a random number
generator is involved, so the same seed and the same documents give the same sample, in
any order, on any machine, in any language with that function. These are *permanent
random numbers* (E. Ohlsson, "Coordination of samples using permanent random numbers",
in Business Survey Methods, Wiley 1995, ch. 9): ranks are independent and uniform, so
taking the lowest n is simple random sampling without replacement (W. G. Cochran,
Sampling Techniques, 3rd ed., Wiley 1977, ch. 2).

*Stratified.* The sample is divided among the strata in proportion to their sizes
(Cochran, ch. 5), to whole documents by largest remainder (M. L. Balinski and
H. P. Young, Fair Representation, 2nd ed., Brookings 2001), but no stratum that has
documents gets none, as long as there are enough to go round. Those that get one
instead of a fraction are over-represented: the allocation is told, so that estimates
can be weighted.
"""

from __future__ import annotations

import heapq
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STRATA = ("source", "month", "language", "kind", "country", "publisher")
"""What a sample may be stratified by. `month` is of the time of publication in UTC, so
that readers in two zones draw the same; where there is none, of the first seeing."""

MAX_SEED = (1 << 53) - 1
"""The largest whole number that every reader of JSON keeps exactly (RFC 8259, §6)."""

Stratum = tuple[str, ...]
"""A value for each of a sample's `by`; `()` where it is not stratified."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is wanted.

    Attributes:
        size: Documents, at least 1.
        seed: 0 to `MAX_SEED`.
        by: Of `STRATA`; none for a simple random sample.
    """

    size: int
    seed: int
    by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a stratum gave: `drawn` of its `documents`."""

    stratum: Stratum
    documents: int
    drawn: int


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A sample.

    Attributes:
        ids: Of its documents.
        total: Documents it was drawn from.
        shares: Of each stratum, by its values; one where it is not stratified.
        seed: As wanted.
    """

    ids: frozenset[str]
    total: int
    shares: tuple[Share, ...]
    seed: int

    def sentence(self) -> str:
        """What it is, for people.

        >>> ids = frozenset({"d1", "d2"})
        >>> Drawn(ids=ids, total=1234, shares=(), seed=7).sentence()
        'This is a sample of 2 of 1,234 documents (seed 7).'
        """
        noun = "document" if self.total == 1 else "documents"
        return (
            f"This is a sample of {len(self.ids):,} of {self.total:,} {noun} "
            f"(seed {self.seed})."
        )


Found = Iterable[tuple[str, Stratum]]
"""Ids, each once, with their strata."""


def draw(found: Callable[[], Found], wanted: Sample) -> Drawn:
    """A sample of what is found.

    Kept in memory are the ids of the sample and the sizes of the strata.

    Args:
        found: All documents; asked once, or twice for a stratified sample: the first
            time for the sizes of the strata. It must find the same both times.
        wanted: A size above the number of documents gives all of them.
    """
    if not wanted.by:
        sizes: dict[Stratum, int] = {(): 0}
        allocation: dict[Stratum, int] = {(): wanted.size}
    else:
        sizes = dict(Counter(stratum for _, stratum in found()))
        allocation = allocate(wanted.size, sizes)
    seen: Counter[Stratum] = Counter()
    lowest = {stratum: _Lowest(size) for stratum, size in allocation.items()}
    for document, stratum in found():
        seen[stratum] += 1
        if stratum in lowest:
            lowest[stratum].add(rank(wanted.seed, document), document)
    shares = tuple(
        Share(stratum=stratum, documents=seen[stratum], drawn=len(lowest[stratum].ids))
        for stratum in sorted(sizes)
    )
    ids = frozenset().union(*(heap.ids for heap in lowest.values()))
    return Drawn(ids=ids, total=seen.total(), shares=shares, seed=wanted.seed)


def rank(seed: int, document: str) -> int:
    """A document's number in the order in which documents are drawn, below 2**256.

    HMAC-SHA256 of the id in UTF-8; the key is the seed in decimal digits.

    >>> f"{rank(7, 'dfxhautcqiqn7zt5j'):064x}"[:16]
    'ce9cc0c07b2c5544'
    """
    key, message = str(seed).encode("ascii"), document.encode()
    return int.from_bytes(hmac.digest(key, message, "sha256"), "big")


def allocate(size: int, sizes: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """How many documents each stratum gives.

    They sum to `size`, or to all documents where there are fewer; none exceeds its
    stratum. A stratum whose proportional share is below one gets one, and the others
    divide the rest in proportion to their sizes by largest remainder. With fewer
    documents than strata, the largest strata get one each. Ties go to the larger
    stratum, then to the first by its values, so that no order of finding counts.

    Args:
        size: Of the sample.
        sizes: Documents of each stratum; empty ones get none.

    >>> allocate(10, {("a",): 90, ("b",): 9, ("c",): 1})
    {('a',): 8, ('b',): 1, ('c',): 1}
    """
    filled = sorted((s for s in sizes if sizes[s] > 0), key=lambda s: (-sizes[s], s))
    given = dict.fromkeys(sorted(sizes), 0)
    if size >= sum(sizes[stratum] for stratum in filled):
        return {stratum: sizes[stratum] for stratum in given}
    if size < len(filled):
        return given | dict.fromkeys(filled[:size], 1)
    small = _below_one(size, filled, sizes)
    given |= dict.fromkeys(small, 1)
    rest = [stratum for stratum in filled if stratum not in small]
    return given | _largest_remainder(size - len(small), rest, sizes)


def stratum_of(document: Mapping[str, Any], by: Iterable[str]) -> Stratum:
    """Where a document belongs.

    Args:
        document: As an index shows it; times are ISO 8601 in UTC.
        by: Of `STRATA`.

    >>> seen = {"published_at": None, "first_seen_at": "2024-06-21T12:00:00+00:00"}
    >>> stratum_of({"source": "lantern", **seen}, ("source", "month"))
    ('lantern', '2024-06')
    """
    return tuple(_month(document) if name == "month" else document[name] for name in by)


class _Lowest:
    """The `size` lowest-ranked of the documents that were added."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[int, str]] = []  # the highest rank on top

    def add(self, number: int, document: str) -> None:
        entry = (-number, document)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, entry)
        elif self._heap and entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    @property
    def ids(self) -> set[str]:
        return {document for _, document in self._heap}


def _below_one(
    size: int, filled: list[Stratum], sizes: Mapping[Stratum, int]
) -> set[Stratum]:
    """Strata whose share is below one, also after the ones found before took one."""
    small: set[Stratum] = set()
    while True:
        rest = [stratum for stratum in filled if stratum not in small]
        total, left = sum(sizes[stratum] for stratum in rest), size - len(small)
        further = {stratum for stratum in rest if left * sizes[stratum] < total}
        if not further:
            return small
        small |= further


def _largest_remainder(
    size: int, strata: list[Stratum], sizes: Mapping[Stratum, int]
) -> dict[Stratum, int]:
    """`strata` are in the order in which ties are broken."""
    total = sum(sizes[stratum] for stratum in strata)
    parts = {stratum: divmod(size * sizes[stratum], total) for stratum in strata}
    given = {stratum: whole for stratum, (whole, _) in parts.items()}
    by_remainder = sorted(strata, key=lambda stratum: -parts[stratum][1])  # stable
    for stratum in by_remainder[: size - sum(given.values())]:
        given[stratum] += 1
    return given


def _month(document: Mapping[str, Any]) -> str:
    moment: str = document["published_at"] or document["first_seen_at"]
    return moment[:7]
