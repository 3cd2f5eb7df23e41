"""Groups of documents with (nearly) the same text.

Two documents are linked when their texts are (`pipeline.fingerprints`), and what is
linked with each other, also by way of others, is a group. It is named after its oldest
document. What is compared does not depend on an order: within a batch none is seen, and
from batch to batch only which texts are compared may differ, where a fingerprint is in
more documents than are counted, or a text is like more than `MAX_CANDIDATES` others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, or_, select, update

from pipeline.fingerprints import COMMON_DOCUMENTS, Fingerprints, is_duplicate
from pipeline.store.documents import raise_versions
from pipeline.store.fingerprint_rows import (
    HELD_BY,
    Held,
    forget,
    index,
    keep,
    load_held,
    load_holders,
    update_readings,
)
from pipeline.store.frontier import chunked
from pipeline.store.tables import documents, readings

MAX_CANDIDATES = 20
"""Documents compared in full with one: those sharing most fingerprints."""

MAX_BY_COMMON = 5
"""Further ones that share most of what many have: a report that the world prints."""

LEAST = 2
"""Fingerprints that a candidate shares: of four in common (`MIN_SHARED`) every other
one is indexed."""

MAX_REGROUPED = 200
"""A group that lost a member is made anew; a larger one only loses it."""


def current_documents(
    connection: Connection, reading_ids: Sequence[int]
) -> dict[int, str]:
    """The document each reading stands for; only readings that are shown now."""
    statement = select(readings.c.id, documents.c.id.label("document")).join(
        documents, documents.c.reading_id == readings.c.id
    )
    wanted = readings.c.id.in_(reading_ids), documents.c.deleted_at.is_(None)
    rows = connection.execute(statement.where(*wanted))
    return {row.id: row.document for row in rows}


@dataclass(frozen=True, kw_only=True)
class Fingerprinted:
    """A document with the fingerprints of the reading that it shows."""

    document_id: str
    reading_id: int
    found: Fingerprints


def assign(connection: Connection, batch: Sequence[Fingerprinted]) -> None:
    """Stores documents' fingerprints and groups each with its likes.

    Each is compared with all that were stored and all of the batch, whatever their
    order. Raises the version of every document whose group changed.

    Args:
        connection: In a writing transaction.
        batch: Different documents.
    """
    known = {
        one.document_id: one
        for one in load_held(connection, ids=[one.document_id for one in batch])
    }
    same = {
        one.document_id: one.reading_id
        for one in batch
        if one.document_id in known and known[one.document_id].found == one.found
    }
    update_readings(connection, same)
    changed = [one for one in batch if one.document_id not in same]
    if changed:
        leaving = [known[c.document_id] for c in changed if c.document_id in known]
        _Change(connection, changed, leaving).write()


def remove(connection: Connection, ids: Sequence[str]) -> None:
    """Takes documents out of their groups, and out of all comparison.

    Args:
        connection: In a writing transaction.
        ids: Also of documents that are in no group.
    """
    leaving = load_held(connection, ids=ids)
    if leaving:
        _Change(connection, (), leaving).write()


def count(connection: Connection) -> int:
    """How many groups there are."""
    statement = select(func.count(documents.c.cluster_id.distinct())).where(
        documents.c.cluster_id != ""
    )
    return connection.scalar(statement) or 0


class _Change:
    """Documents that come, leave, or say something else now."""

    def __init__(
        self,
        connection: Connection,
        coming: Sequence[Fingerprinted],
        leaving: Sequence[Held],
    ) -> None:
        self._connection = connection
        self._coming = coming
        self._leaving = leaving
        self._moved = {one.document_id for one in coming}
        self._moved |= {one.document_id for one in leaving}

    def write(self) -> None:
        forget(self._connection, self._leaving)
        numbers = keep(
            self._connection,
            [(c.document_id, c.reading_id, c.found) for c in self._coming],
        )
        new = load_held(self._connection, ids=numbers)
        comparison = _Comparison(self._connection, new)
        groups = _Groups(self._connection, self._moved)
        loose = groups.loosen(comparison.newly_doubtful())
        others = load_held(self._connection, ids=loose - self._moved)
        comparison.add(others)
        groups.link(comparison.matches([*new, *others]))
        groups.write()


class _Comparison:
    """Compares documents with all that the store has."""

    def __init__(self, connection: Connection, new: Sequence[Held]) -> None:
        self._connection = connection
        self._known: dict[int, Held] = {one.number: one for one in new}
        self._holders = load_holders(connection, _indexed(new))
        before = _common(self._holders)
        index(connection, self._index_rows(new))
        self._crossed = _common(self._holders) - before

    def _index_rows(self, new: Sequence[Held]) -> Iterable[tuple[int, int]]:
        """The rows to store; the batch's own holders are all counted."""
        kept = []
        for one in sorted(new, key=lambda one: one.document_id):
            for value in one.found.indexed:
                holders = self._holders.setdefault(value, set())
                if len(holders) < HELD_BY:
                    kept.append((value, one.number))
                holders.add(one.number)
        return kept

    def newly_doubtful(self) -> set[str]:
        """Who may have been linked by what turns out to be boilerplate."""
        numbers = {n for value in self._crossed for n in self._holders[value]}
        self._load(numbers)
        return {self._known[n].document_id for n in numbers if n in self._known}

    def add(self, held: Sequence[Held]) -> None:
        """Documents that are compared, too."""
        self._known |= {one.number: one for one in held}
        missing = [value for value in _indexed(held) if value not in self._holders]
        self._holders |= load_holders(self._connection, missing)

    def matches(self, held: Sequence[Held]) -> list[tuple[str, str]]:
        """Pairs of documents with (nearly) the same text, one of these in each."""
        common = _common(self._holders)
        candidates = {one.number: self._candidates(one, common) for one in held}
        self._load({number for numbers in candidates.values() for number in numbers})
        return [
            (one.document_id, other.document_id)
            for one in held
            for other in map(self._known.get, candidates[one.number])
            if other is not None and _is_linked(one, other, common)
        ]

    def _candidates(self, one: Held, common: Collection[int]) -> list[int]:
        rare, shared = Counter[int](), Counter[int]()
        for value in one.found.indexed:
            counted = shared if value in common else rare
            counted.update(self._holders.get(value, ()))
        del rare[one.number], shared[one.number]
        found = [*_most(rare, MAX_CANDIDATES), *_most(shared, MAX_BY_COMMON)]
        return list(dict.fromkeys(found))

    def _load(self, numbers: Iterable[int]) -> None:
        missing = [number for number in numbers if number not in self._known]
        for held in load_held(self._connection, numbers=missing):
            self._known[held.number] = held


def _indexed(held: Sequence[Held]) -> list[int]:
    return sorted({value for one in held for value in one.found.indexed})


def _common(holders: Mapping[int, Collection[int]]) -> frozenset[int]:
    return frozenset(v for v, held in holders.items() if len(held) > COMMON_DOCUMENTS)


def _most(counts: Counter[int], number: int) -> list[int]:
    enough = ((-times, held) for held, times in counts.items() if times >= LEAST)
    ranked = sorted(enough)
    return [held for _, held in ranked[:number]]


def _is_linked(one: Held, other: Held, common: frozenset[int]) -> bool:
    boilerplate = common.intersection(one.found.indexed) if common else common
    return is_duplicate(
        one.found,
        other.found,
        boilerplate,
        one_language=_is_one_language(one, other),
    )


def _is_one_language(one: Held, other: Held) -> bool:
    """Unless both are known to be in different ones; scripts do not matter."""
    own, others = (held.language.split("-")[0] for held in (one, other))
    return own == others or not {own, others}.isdisjoint({"", "und"})


@dataclass(frozen=True)
class _Member:
    id: str
    age: tuple[object, str]
    cluster: str


class _Groups:
    """The groups that a change touches."""

    def __init__(self, connection: Connection, moved: Collection[str]) -> None:
        self._connection = connection
        self._members: dict[str, _Member] = {}
        self._moved = moved
        self._loose: set[str] = set(moved)
        self._parents: dict[str, str] = {}
        self._load(moved)

    def loosen(self, doubtful: Collection[str]) -> set[str]:
        """Dissolves groups that lose a member, or hang together by boilerplate.

        Returns:
            The documents that are to be compared again, and those that moved.
        """
        self._load(doubtful)
        touched = {
            member.cluster
            for id_ in {*self._moved, *doubtful}
            if (member := self._members.get(id_)) and member.cluster
        }
        for cluster in sorted(touched):
            members = [m.id for m in self._members.values() if m.cluster == cluster]
            if len(members) <= MAX_REGROUPED:
                self._loose.update(members)
        return self._loose

    def link(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Puts documents and their likes together."""
        self._load({id_ for pair in pairs for id_ in pair} - set(self._members))
        for one, other in pairs:
            self._join(self._node(one), self._node(other))

    def write(self) -> None:
        """Stores what changed, and raises the versions of whom it concerns."""
        groups: dict[str, list[_Member]] = {}
        for member in self._members.values():
            groups.setdefault(self._root(self._node(member.id)), []).append(member)
        before = Counter(m.cluster for m in self._members.values() if m.cluster)
        changes: dict[str, str] = {}
        concerned: list[str] = []
        for members in groups.values():
            members.sort(key=lambda member: member.age)
            name = members[0].id if len(members) > 1 else ""
            changes |= {m.id: name for m in members if m.cluster != name}
            old = {member.cluster for member in members}
            if old != {name} or (name and before[name] != len(members)):
                concerned += [member.id for member in members]
        if changes:
            self._connection.execute(
                update(documents)
                .where(documents.c.id == bindparam("document"))
                .values(cluster_id=bindparam("cluster")),
                [{"document": d, "cluster": c} for d, c in sorted(changes.items())],
            )
        raise_versions(self._connection, sorted(concerned))

    def _load(self, ids: Collection[str]) -> None:
        """Documents, and everybody in their groups."""
        c = documents.c
        for chunk in chunked(sorted(ids)):
            clusters = select(c.cluster_id).where(c.id.in_(chunk), c.cluster_id != "")
            rows = self._connection.execute(
                select(c.id, c.first_seen_at, c.cluster_id).where(
                    or_(c.id.in_(chunk), c.cluster_id.in_(clusters))
                )
            )
            for row in rows:
                age = (row.first_seen_at, row.id)
                member = _Member(id=row.id, age=age, cluster=row.cluster_id)
                self._members[row.id] = member

    def _node(self, document_id: str) -> str:
        """What hangs together in any case: a group that is not made anew."""
        cluster = self._members[document_id].cluster
        if document_id in self._loose or not cluster:
            return document_id
        return f"cluster {cluster}"

    def _root(self, node: str) -> str:
        while (parent := self._parents.get(node, node)) != node:
            self._parents[node] = self._parents.get(parent, parent)
            node = parent
        return node

    def _join(self, one: str, other: str) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first
