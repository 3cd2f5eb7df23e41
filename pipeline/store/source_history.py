"""What the store remembers of the sources' visits and of what they gave, day by day.

Read only: `pipeline.store.committing` and the stages write it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, and_, case, func, or_, select

from pipeline.store.frontier import Outcome
from pipeline.store.tables import documents, runs, urls


@dataclass(frozen=True, kw_only=True)
class EndpointRow:
    """A feed, sitemap or listing page, and how its latest visit went.

    Attributes:
        via: `seed` where the source's file names it, or `redirect`.
        visited_at: Of the latest visit, whatever came of it.
        fetched_at: When it last had a body, or said that nothing changed.
        alias_of_key: Where it leads, for `duplicate`.
        new_per_day: Articles a day, as learned; None: not known yet.
    """

    source: str
    kind: str
    url: str
    url_key: str
    via: str
    outcome: Outcome
    reason: str
    visited_at: datetime | None
    fetched_at: datetime | None
    alias_of_key: str
    new_per_day: float | None


def endpoint_rows(
    connection: Connection, source: str | None = None
) -> list[EndpointRow]:
    """The sources' own endpoints, and where they redirect to."""
    columns = (
        urls.c.source,
        urls.c.endpoint_kind.label("kind"),
        *(urls.c[name] for name in ("url", "url_key", "via", "outcome", "reason")),
        *(urls.c[name] for name in ("visited_at", "fetched_at", "alias_of_key")),
        urls.c.new_per_day,
    )
    statement = select(*columns).where(
        urls.c.role == "endpoint", urls.c.via.in_(("seed", "redirect"))
    )
    if source is not None:
        statement = statement.where(urls.c.source == source)
    rows = connection.execute(statement.order_by(urls.c.source, urls.c.id))
    return [EndpointRow(**row._mapping) for row in rows]


def last_reads(connection: Connection) -> dict[str, datetime]:
    """When something that announces articles was last read, by source.

    An answer that cannot be read (a broken feed) is none; that nothing changed is.
    """
    was_good = or_(urls.c.outcome != "failed", urls.c.fetched_at < urls.c.visited_at)
    rows = connection.execute(
        select(urls.c.source, func.max(urls.c.fetched_at))
        .where(urls.c.role == "endpoint", urls.c.fetched_at.is_not(None), was_good)
        .group_by(urls.c.source)
    )
    return {source: moment for source, moment in rows}  # noqa: C416


def first_visits(connection: Connection) -> dict[str, datetime]:
    """When each source's first run began."""
    rows = connection.execute(
        select(runs.c.source, func.min(runs.c.started_at)).group_by(runs.c.source)
    )
    return {source: moment for source, moment in rows}  # noqa: C416


def documents_per_day(
    connection: Connection, first: date, days: int
) -> dict[str, tuple[int, ...]]:
    """New documents of each source on consecutive days (UTC), tombstones apart.

    Args:
        connection: To read with.
        first: The first day.
        days: How many.

    Returns:
        A number for each day, of the sources that had any.
    """
    starts = [_midnight(first + timedelta(days=n)) for n in range(days + 1)]
    seen_at = documents.c.first_seen_at
    place = case(*((seen_at < end, n) for n, end in enumerate(starts[1:])))
    mine = and_(
        seen_at >= starts[0], seen_at < starts[-1], documents.c.deleted_at.is_(None)
    )
    # The place is computed once: PostgreSQL does not see that two are equal.
    placed = select(documents.c.source, place.label("place")).where(mine).subquery()
    rows = connection.execute(
        select(placed.c.source, placed.c.place, func.count()).group_by(
            placed.c.source, placed.c.place
        )
    )
    found: dict[str, list[int]] = {}
    for source, number, count in rows:
        found.setdefault(source, [0] * days)[number] = count
    return {source: tuple(counts) for source, counts in found.items()}


def outcomes_since(
    connection: Connection, since: datetime
) -> dict[str, Counter[tuple[Outcome, str]]]:
    """What became of the articles that were discovered since, by source.

    Returns:
        How many of each outcome and reason.
    """
    rows = connection.execute(
        select(urls.c.source, urls.c.outcome, urls.c.reason, func.count())
        .where(urls.c.role == "article", urls.c.discovered_at >= since)
        .group_by(urls.c.source, urls.c.outcome, urls.c.reason)
    )
    found: dict[str, Counter[tuple[Outcome, str]]] = {}
    for source, outcome, reason, number in rows:
        found.setdefault(source, Counter())[outcome, reason] = number
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
