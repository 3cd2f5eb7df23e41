"""The frontier: which URLs there are, which are due, and how each fared.

An article's row keeps the outcome of its latest visit; `balance` counts them.
What a visit changes is in `pipeline.store.committing`, what a run begins with in
`pipeline.store.seeding`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Integer, Row, and_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.tables import pages, urls

Role = Literal["article", "endpoint"]
Outcome = Literal["pending", "stored", "unchanged", "duplicate", "rejected", "failed"]

CHUNK = 500
"""Values in one IN list: well under SQLite's limit of 32,766 variables."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DueUrl:
    """A row of the frontier, as the crawler needs it for a visit.

    Attributes:
        id: The row's.
        endpoint_kind: `feed`, `sitemap` or `listing`; "" for an article.
        host: With its port, where that is not the scheme's own.
        via: How it was found.
        depth: Links from a source's own endpoint; hops where via `redirect`.
        hints: What a feed or sitemap said of it.
        attempts: Visits that failed since the last one that did not.
        etag: Of the page that `body_checksum` is of, likewise `last_modified`.
    """

    id: int
    source: str
    role: Role
    endpoint_kind: str
    url: str
    url_key: str
    host: str
    via: str
    depth: int
    hints: Mapping[str, str]
    attempts: int
    etag: str
    last_modified: str
    body_checksum: str


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How the article URLs of one source stand.

    Attributes:
        rejected: By reason.
        failed: By reason.
    """

    pending: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def discovered(self) -> int:
        """All of them: always the sum of the outcomes."""
        settled = self.stored + self.unchanged + self.duplicate
        lost = sum(self.rejected.values()) + sum(self.failed.values())
        return self.pending + settled + lost

    def as_mapping(self) -> dict[str, Any]:
        """The keys that `status --json` shows."""
        return {
            "discovered": self.discovered,
            "pending": self.pending,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "duplicate": self.duplicate,
            "rejected": dict(self.rejected),
            "failed": dict(self.failed),
        }


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """How a source's feed, sitemap or listing page stands."""

    source: str
    kind: str
    url: str
    outcome: Outcome
    reason: str
    visited_at: datetime | None
    fetched_at: datetime | None


def due_hosts(connection: Connection, sources: Collection[str]) -> dict[str, datetime]:
    """By host, when its first article of these sources is due."""
    rows = connection.execute(
        select(urls.c.host, func.min(urls.c.due_at))
        .where(_articles_of(sources))
        .group_by(urls.c.host)
    )
    return {host: due_at for host, due_at in rows if due_at is not None}


def due_articles(
    connection: Connection,
    host: str,
    now: datetime,
    *,
    limit: int,
    without: Collection[str] = (),
) -> tuple[list[DueUrl], datetime | None]:
    """Articles of a host that are due, the newest finds first.

    Args:
        connection: To read with.
        host: As `host_of` has it.
        now: The time.
        limit: How many at most.
        without: Sources whose articles are not wanted.

    Returns:
        The rows, and when the next one of the host becomes due (None where nothing
        is left, or where there was more than `limit` allows).
    """
    asked = {"host": host, "now": now, "without": list(without)}
    rows = connection.execute(_due_now(), asked | {"most": limit}).all()
    if len(rows) == limit:
        return [_due_url(row) for row in rows], None
    later = connection.scalar(_due_later(), asked)
    return [_due_url(row) for row in rows], later


def due_endpoints(
    connection: Connection, sources: Collection[str], now: datetime
) -> tuple[list[DueUrl], datetime | None]:
    """All endpoints that are due, and when the next one is."""
    mine = and_(
        urls.c.role == "endpoint",
        urls.c.source.in_(sources),
        urls.c.due_at.is_not(None),
    )
    rows = connection.execute(
        _due_columns().where(mine, urls.c.due_at <= now).order_by(urls.c.id)
    ).all()
    later = connection.scalar(
        select(func.min(urls.c.due_at)).where(mine, urls.c.due_at > now)
    )
    return [_due_url(row) for row in rows], later


def next_due(connection: Connection, sources: Collection[str]) -> datetime | None:
    """When the first URL of these sources is due."""
    first: datetime | None = connection.scalar(
        select(func.min(urls.c.due_at)).where(
            urls.c.source.in_(sources), urls.c.due_at.is_not(None)
        )
    )
    return first


def count_due(
    connection: Connection, sources: Collection[str], now: datetime
) -> dict[str, int]:
    """By source, how many articles are due."""
    rows = connection.execute(
        select(urls.c.source, func.count().label("number"))
        .where(_articles_of(sources), urls.c.due_at <= now)
        .group_by(urls.c.source)
    )
    return {row.source: row.number for row in rows}


def balance(connection: Connection, source: str | None = None) -> dict[str, Balance]:
    """How the article URLs stand, by source."""
    statement = select(
        urls.c.source, urls.c.outcome, urls.c.reason, func.count()
    ).where(urls.c.role == "article")
    if source is not None:
        statement = statement.where(urls.c.source == source)
    grouped = statement.group_by(urls.c.source, urls.c.outcome, urls.c.reason)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for name, outcome, reason, number in connection.execute(grouped):
        found.setdefault(name, {}).setdefault(outcome, {})[reason] = number
    return {name: _balance(outcomes) for name, outcomes in found.items()}


def endpoints(connection: Connection, source: str | None = None) -> list[EndpointState]:
    """The sources' own endpoints, and how each fared."""
    statement = select(urls).where(urls.c.role == "endpoint", urls.c.via == "seed")
    if source is not None:
        statement = statement.where(urls.c.source == source)
    return [
        EndpointState(
            source=row.source,
            kind=row.endpoint_kind,
            url=row.url,
            outcome=row.outcome,
            reason=row.reason,
            visited_at=row.visited_at,
            fetched_at=row.fetched_at,
        )
        for row in connection.execute(statement.order_by(urls.c.source, urls.c.id))
    ]


def resolve(
    connection: Connection,
    url_id: int,
    outcome: Outcome,
    reason: str = "",
    *,
    page_id: int | None = None,
    alias_of_key: str | None = None,
) -> bool:
    """Sets an article's outcome once its page was processed.

    Args:
        connection: In a writing transaction.
        url_id: The row.
        outcome: Of processing.
        reason: For `rejected` and `failed`.
        page_id: The page that was processed: when a newer one has been fetched
            meanwhile, the outcome is not this one's to set.
        alias_of_key: For `duplicate`: the URL key of the document's page.

    Returns:
        Whether it was set.
    """
    values: dict[str, Any] = {"outcome": outcome, "reason": reason}
    if alias_of_key is not None:
        values["alias_of_key"] = alias_of_key
    statement = update(urls).where(urls.c.id == url_id, urls.c.role == "article")
    if page_id is not None:
        statement = statement.where(urls.c.page_id == page_id)
    return connection.execute(statement.values(**values)).rowcount > 0


def fetched_pages(connection: Connection) -> dict[str, int]:
    """By source, how many article pages with a body are in the archive."""
    rows = connection.execute(
        select(pages.c.source, func.count().label("number"))
        .join(urls, urls.c.id == pages.c.url_id)
        .where(urls.c.role == "article", pages.c.status == 200)
        .group_by(pages.c.source)
    )
    return {row.source: row.number for row in rows}


def newest_articles(connection: Connection) -> dict[str, datetime]:
    """When each source's newest article URL was discovered."""
    rows = connection.execute(
        select(urls.c.source, func.max(urls.c.discovered_at))
        .where(urls.c.role == "article")
        .group_by(urls.c.source)
    )
    return {source: moment for source, moment in rows}  # noqa: C416


def archive_ends(connection: Connection, files: Iterable[str]) -> dict[str, int]:
    """By archive file, where the store's knowledge of it ends."""
    ends: dict[str, int] = {}
    for name in files:
        row = connection.execute(
            select(pages.c.archive_offset, pages.c.archive_length)
            .where(pages.c.archive_file == name)
            .order_by(pages.c.archive_offset.desc())
            .limit(1)
        ).first()
        if row is not None:
            ends[name] = row.archive_offset + row.archive_length
    return ends


def archive_files(connection: Connection) -> list[str]:
    """Names of every archive file that the store has pages in."""
    names: list[str] = []
    name = connection.scalar(select(func.min(pages.c.archive_file)))
    while name is not None:
        names.append(name)
        # One step in the index a file, however many pages each has.
        name = connection.scalar(
            select(func.min(pages.c.archive_file)).where(pages.c.archive_file > name)
        )
    return names


def insert_ignoring(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows of `urls`, leaving out those that are there; how many were not."""
    if not rows:
        return 0
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(urls).on_conflict_do_nothing().returning(urls.c.id)
    # Returned rows are counted: a driver's own count is unknown for many at once.
    return len(connection.scalars(statement, list(rows)).all())


def chunked(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size` values, in order."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _articles_of(sources: Collection[str]) -> Any:
    return and_(
        urls.c.due_at.is_not(None),
        urls.c.role == "article",
        # No plain column: SQLite would look at every row by another index, and this
        # one, of what is due, holds all that is asked for.
        (urls.c.source + "").in_(sources),
    )


_COLUMNS = tuple(DueUrl.__dataclass_fields__)


def _due_columns() -> Any:
    return select(*(urls.c[name] for name in _COLUMNS))


@cache
def _due_now() -> Any:
    """Made once: hosts are filled up a hundred times a second."""
    return (
        _due_columns()
        .where(_wanted_of_host(), urls.c.due_at <= bindparam("now"))
        .order_by(urls.c.due_at.desc(), urls.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _due_later() -> Any:
    return select(func.min(urls.c.due_at)).where(
        _wanted_of_host(), urls.c.due_at > bindparam("now")
    )


def _wanted_of_host() -> Any:
    return and_(
        urls.c.host == bindparam("host"),
        urls.c.due_at.is_not(None),
        urls.c.role == "article",
        urls.c.source.not_in(bindparam("without", expanding=True)),
    )


def _due_url(row: Row[Any]) -> DueUrl:
    return DueUrl(**dict(zip(_COLUMNS, row, strict=True)))


def _balance(outcomes: Mapping[str, Mapping[str, int]]) -> Balance:
    def total(outcome: str) -> int:
        return sum(outcomes.get(outcome, {}).values())

    return Balance(
        pending=total("pending"),
        stored=total("stored"),
        unchanged=total("unchanged"),
        duplicate=total("duplicate"),
        rejected=dict(outcomes.get("rejected", {})),
        failed=dict(outcomes.get("failed", {})),
    )
