"""What is known of sources' boilerplate, and how it is learned from their documents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.boilerplate import SAMPLE_DOCUMENTS, Boilerplate, recurring_lines
from pipeline.store import work
from pipeline.store.tables import boilerplate, documents, readings


def load_boilerplate(
    connection: Connection, sources: Collection[str]
) -> dict[str, Boilerplate]:
    """What is known of each source; sources of which nothing is are left out."""
    rows = connection.execute(
        select(boilerplate).where(boilerplate.c.source.in_(sources))
    )
    return {
        row.source: Boilerplate(
            version=row.version, lines=frozenset(row.lines), documents=row.documents
        )
        for row in rows
    }


def learn_boilerplate(
    connection: Connection, sources: Collection[str], *, now: datetime
) -> Mapping[str, frozenset[str]]:
    """Learns again where it is time; the lines that are new, by source.

    Documents that were looked at and have one of the new lines are read again, as new
    readings of the same revisions; others when `process --again` asks for it.

    Args:
        connection: In a writing transaction.
        sources: Those with new documents.
        now: The time.
    """
    known = load_boilerplate(connection, sources)
    found: dict[str, frozenset[str]] = {}
    for source, number in _counts(connection, sources).items():
        before = known.get(source, Boilerplate())
        if before.is_due(number):
            new = _learn(connection, source, before, number, now)
            if new:
                found[source] = new
    return found


def _counts(connection: Connection, sources: Collection[str]) -> dict[str, int]:
    statement = (
        select(documents.c.source, func.count())
        .where(documents.c.source.in_(sources), documents.c.deleted_at.is_(None))
        .group_by(documents.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def _learn(
    connection: Connection,
    source: str,
    before: Boilerplate,
    number: int,
    now: datetime,
) -> frozenset[str]:
    sample = _sample(connection, source)
    new = recurring_lines([text for _, text in sample]) - before.lines
    _store(connection, source, before, new, number, now)
    pages = [page for page, text in sample if not new.isdisjoint(text.split("\n"))]
    work.enqueue(connection, "extract", pages, now=now)
    return new


def _sample(connection: Connection, source: str) -> Sequence[tuple[int, str]]:
    """Page and text of the newest documents, one of each group of likes."""
    rows = connection.execute(
        select(
            documents.c.id, documents.c.cluster_id, readings.c.page_id, readings.c.text
        )
        .join(readings, readings.c.id == documents.c.reading_id)
        .where(documents.c.source == source, documents.c.deleted_at.is_(None))
        .order_by(documents.c.first_seen_at.desc(), documents.c.id)
        .limit(SAMPLE_DOCUMENTS)
    )
    by_group = {row.cluster_id or row.id: (row.page_id, row.text) for row in rows}
    return list(by_group.values())


def _store(
    connection: Connection,
    source: str,
    before: Boilerplate,
    new: frozenset[str],
    number: int,
    now: datetime,
) -> None:
    values = {
        "version": before.version + bool(new),
        "lines": sorted(before.lines | new),
        "documents": number,
        "learned_at": now,
    }
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(boilerplate)
        .values(source=source, **values)
        .on_conflict_do_update(index_elements=["source"], set_=values)
    )
