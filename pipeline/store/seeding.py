"""What a run begins with: the sources' endpoints that are due, and its articles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from pipeline.revisits import rest
from pipeline.sources import Source
from pipeline.store.frontier import chunked, insert_ignoring
from pipeline.store.tables import urls
from pipeline.urls import host_of, url_key


def seed_endpoints(
    connection: Connection,
    sources: Iterable[Source],
    now: datetime,
    *,
    due_only: bool = False,
    since: date | None = None,
) -> int:
    """Makes the sources' own endpoints due; how many are.

    Where the source's scope has changed since the last time, its endpoints are
    read in full again: what they list may be wanted now.

    Args:
        connection: In a writing transaction.
        sources: Those to visit; they must be in the table `sources`.
        now: The time.
        due_only: Leave those alone whose rest (`pipeline.revisits.rest`, within the
            bounds of `every`) is not over.
        since: Of the crawl: part of the scope.
    """
    chosen = list(sources)
    known = _known_endpoints(connection, [source.name for source in chosen])
    stale: list[int] = []
    due: list[int] = []
    new: list[dict[str, Any]] = []
    for source in chosen:
        wanted = _endpoint_rows(source, now, _scope(source, since))
        here = known.get(source.name, {})
        _follow_changes(connection, here, wanted)
        stale += [r.id for k, r in here.items() if r.via == "seed" and k not in wanted]
        new += [row for key, row in wanted.items() if key not in here]
        due += [
            here[key].id
            for key in wanted
            if key in here and (not due_only or _is_due(here[key], source, now))
        ]
    _set_endpoints(connection, stale, due_at=None)
    _set_endpoints(connection, due, due_at=now, attempts=0, via="seed", depth=0)
    insert_ignoring(connection, new)
    return len(due) + len(new)


def make_due(connection: Connection, days: Mapping[str, int], now: datetime) -> int:
    """Makes settled articles that were first seen in the last days due again.

    Aliases are left out: the page they lead to is visited itself. So is what was
    imported.

    Args:
        connection: In a writing transaction.
        days: By source.
        now: The time.
    """
    return sum(
        _make_due(
            connection, [name for name in days if days[name] == number], now, number
        )
        for number in sorted(set(days.values()))
    )


def _make_due(
    connection: Connection, sources: Collection[str], now: datetime, days: int
) -> int:
    result = connection.execute(
        update(urls)
        .where(
            urls.c.role == "article",
            urls.c.source.in_(sources),
            urls.c.outcome.in_(("stored", "unchanged", "rejected", "failed")),
            urls.c.alias_of_key == "",
            urls.c.via != "import",
            urls.c.discovered_at >= now - timedelta(days=days),
            or_(urls.c.due_at.is_(None), urls.c.due_at > now),
        )
        .values(due_at=now, attempts=0)
    )
    return result.rowcount


def _known_endpoints(
    connection: Connection, names: Collection[str]
) -> dict[str, dict[str, Row[Any]]]:
    """By source and URL key; a few hundred sources are asked for at once."""
    found: dict[str, dict[str, Row[Any]]] = {}
    for chunk in chunked(names):
        rows = connection.execute(
            select(urls).where(urls.c.source.in_(chunk), urls.c.role == "endpoint")
        )
        for row in rows:
            found.setdefault(row.source, {})[row.url_key] = row
    return found


def _is_due(row: Row[Any], source: Source, now: datetime) -> bool:
    # A visit in the future: the clock was set back, so it says nothing (P7).
    if row.visited_at is None or row.visited_at > now:
        return True
    return bool(row.visited_at + rest(row.new_per_day, source.every_bounds) <= now)


def _set_endpoints(connection: Connection, ids: list[int], **values: Any) -> None:
    for chunk in chunked(ids):
        connection.execute(update(urls).where(urls.c.id.in_(chunk)).values(**values))


def _follow_changes(
    connection: Connection,
    known: Mapping[str, Row[Any]],
    wanted: Mapping[str, Mapping[str, Any]],
) -> None:
    changed = [
        (known[key].id, row)
        for key, row in wanted.items()
        if key in known and _differs(known[key], row)
    ]
    if changed:
        whole = {"etag": "", "last_modified": "", "body_checksum": ""}
        _set_endpoints(connection, [row.id for row in known.values()], **whole)
    for row_id, row in changed:
        kind, hints = row["endpoint_kind"], row["hints"]
        _set_endpoints(connection, [row_id], endpoint_kind=kind, hints=hints)


def _differs(row: Row[Any], wanted: Mapping[str, Any]) -> bool:
    kind, hints = wanted["endpoint_kind"], wanted["hints"]
    return bool(row.endpoint_kind != kind or row.hints.get("scope") != hints["scope"])


def _scope(source: Source, since: date | None) -> str:
    told: list[Any] = [source.allow, sorted(source.own_hosts), str(since or "")]
    if source.json_listings:
        told.append([asdict(rule) for rule in source.json_listings])
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _endpoint_rows(
    source: Source, now: datetime, scope: str
) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for url, kind in source.endpoint_kinds.items():
        rows.setdefault(
            url_key(url),
            {
                "source": source.name,
                "role": "endpoint",
                "endpoint_kind": kind,
                "url": url,
                "url_key": url_key(url),
                "host": host_of(url),
                "via": "seed",
                "hints": {"scope": scope},
                "discovered_at": now,
                "due_at": now,
            },
        )
    return rows
