"""The `sources` table: what documents of a source show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.documents import Kind
from pipeline.sources import Rights, Source
from pipeline.store.tables import sources


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """A source as the store knows it; stays when its file is removed.

    Its documents go on obeying the rights it had last.
    """

    name: str
    kind: Kind
    publisher: str
    country: str
    owner: str
    audience: tuple[str, ...]
    rights: Rights
    first_seen_at: datetime
    removed_at: datetime | None


def keep_sources(
    connection: Connection, found: Iterable[Source], now: datetime
) -> None:
    """Inserts sources, or brings their rows up to date."""
    rows = [
        {
            "name": source.name,
            "kind": source.kind,
            "publisher": source.publisher,
            "country": source.country,
            "owner": source.owner,
            "audience": list(source.audience),
            "rights": source.rights.show,
            "excerpt_characters": source.rights.excerpt_characters,
            "notice": source.rights.notice,
            "pass_on_days": source.rights.pass_on_days,
            "first_seen_at": now,
            "removed_at": None,
        }
        for source in found
    ]
    if not rows:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(sources)
    kept = set(rows[0]) - {"name", "first_seen_at"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={column: statement.excluded[column] for column in kept},
        ),
        rows,
    )


def mark_removed(connection: Connection, name: str, now: datetime) -> bool:
    """Notes that a source's file is gone; whether the store knew the source."""
    result = connection.execute(
        update(sources).where(sources.c.name == name).values(removed_at=now)
    )
    return result.rowcount > 0


def source_rows(connection: Connection) -> dict[str, SourceRow]:
    """Every source ever crawled or imported, by name."""
    rows = connection.execute(select(sources).order_by(sources.c.name))
    return {row.name: _source_row(row) for row in rows}


def other_sources(connection: Connection, names: Collection[str]) -> list[str]:
    """Names of the sources that the store knows besides these."""
    known = select(sources.c.name).where(sources.c.name.not_in(names))
    return list(connection.scalars(known))


def _source_row(row: Row[Any]) -> SourceRow:
    return SourceRow(
        name=row.name,
        kind=row.kind,
        publisher=row.publisher,
        country=row.country,
        owner=row.owner,
        audience=tuple(row.audience),
        rights=Rights(
            show=row.rights,
            excerpt_characters=row.excerpt_characters,
            notice=row.notice,
            pass_on_days=row.pass_on_days,
        ),
        first_seen_at=row.first_seen_at,
        removed_at=row.removed_at,
    )
