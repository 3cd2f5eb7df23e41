"""Sites that moved to https or to another host: noticed, confirmed, remembered.

A permanent redirect (301, 308) to the same path elsewhere says that one page moved.
Once an endpoint did, or `CONFIRMING_PAGES` articles, the site has: links to the old
scheme are asked for at the new one, and articles on the new host are in scope. One
page's redirect is not believed for the others: it may lead to a guest's site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, insert, select, update

from pipeline.store.frontier import chunked
from pipeline.store.tables import origin_moves, urls
from pipeline.urls import host_of

CONFIRMING_PAGES = 3
"""Different articles of one origin that moved to another: more than an accident, and
few enough for a site that publishes once a week."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One origin (scheme, host, port) of a source gave way to another."""

    source: str
    from_origin: str
    to_origin: str

    @property
    def from_host(self) -> str:
        """With its port, where that is not the scheme's own."""
        return host_of(self.from_origin)

    @property
    def to_host(self) -> str:
        """With its port, where that is not the scheme's own."""
        return host_of(self.to_origin)


def move_between(source: str, url: str, target: str) -> Move | None:
    """The move that a permanent redirect shows; None where it shows none."""
    here, there = urlsplit(url), urlsplit(target)
    same_place = (here.path or "/", here.query) == (there.path or "/", there.query)
    from_origin, to_origin = _origin(url), _origin(target)
    is_upgrade = here.scheme == "http" or there.scheme == "https"
    if from_origin == to_origin or not same_place or not is_upgrade:
        return None
    return Move(source=source, from_origin=from_origin, to_origin=to_origin)


def confirmed_moves(connection: Connection, sources: Collection[str]) -> list[Move]:
    """The moves of these sources that are beyond doubt."""
    statement = select(
        origin_moves.c.source, origin_moves.c.from_origin, origin_moves.c.to_origin
    ).where(
        origin_moves.c.source.in_(sources), origin_moves.c.confirmed_at.is_not(None)
    )
    return [Move(**row._mapping) for row in connection.execute(statement)]


def redirected_hosts(
    connection: Connection, sources: Collection[str]
) -> set[tuple[str, str]]:
    """Source and host, where an endpoint's redirect led to something to read."""
    rows = connection.execute(
        select(urls.c.source, urls.c.host)
        .where(
            urls.c.role == "endpoint",
            urls.c.via == "redirect",
            urls.c.source.in_(sources),
            urls.c.outcome.in_(("stored", "unchanged")),
        )
        .distinct()
    )
    return {(row.source, row.host) for row in rows}


def note_moves(
    connection: Connection,
    articles: Iterable[Move],
    endpoints: Iterable[Move],
    now: datetime,
) -> list[Move]:
    """Counts moves that were seen; those that are confirmed by it.

    Articles that were left out because they led to the new host are due again.

    Args:
        connection: In a writing transaction.
        articles: One for each article that moved, each article's only once ever.
        endpoints: One for each endpoint that moved.
        now: The time.
    """
    counts = Counter(articles)
    certain = set(endpoints)
    confirmed = []
    for move in sorted({*counts, *certain}, key=lambda m: (m.source, m.from_origin)):
        seen = CONFIRMING_PAGES if move in certain else counts[move]
        if _count(connection, move, seen, now):
            confirmed.append(move)
            _revive(connection, move, now)
    return confirmed


def _origin(url: str) -> str:
    return f"{urlsplit(url).scheme.lower()}://{host_of(url)}"


def _count(connection: Connection, move: Move, seen: int, now: datetime) -> bool:
    """Whether this confirmed it."""
    here = (
        origin_moves.c.source == move.source,
        origin_moves.c.from_origin == move.from_origin,
        origin_moves.c.to_origin == move.to_origin,
    )
    known = connection.execute(select(origin_moves).where(*here)).first()
    total = seen + (known.seen if known else 0)
    is_new = total >= CONFIRMING_PAGES and (known is None or not known.confirmed_at)
    values = {"seen": total} | ({"confirmed_at": now} if is_new else {})
    if known is None:
        key = {name: getattr(move, name) for name in Move.__dataclass_fields__}
        connection.execute(insert(origin_moves).values(**key, first_at=now, **values))
    else:
        connection.execute(update(origin_moves).where(*here).values(**values))
    return is_new


def _revive(connection: Connection, move: Move, now: datetime) -> None:
    left_out = select(urls.c.id).where(
        urls.c.source == move.source,
        urls.c.role == "article",
        urls.c.outcome == "rejected",
        urls.c.reason == "redirect_out_of_scope",
        urls.c.host == move.from_host,
    )
    for ids in chunked(connection.scalars(left_out).all()):
        values = {"due_at": now, "attempts": 0, "outcome": "pending", "reason": ""}
        connection.execute(update(urls).where(urls.c.id.in_(ids)).values(**values))
