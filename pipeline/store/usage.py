"""What servers were asked, day by day: what a bill is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.tables import engine_usage
from pipeline.translation.server import Usage

_COUNTS = ("requests", "characters", "input_tokens", "output_tokens")


def add_usage(
    connection: Connection, used: Mapping[str, Usage], *, now: datetime
) -> None:
    """Adds to the day's counts of each engine; nothing for one that was not asked."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for engine, usage in used.items():
        if not usage.requests:
            continue
        counts = {name: getattr(usage, name) for name in _COUNTS}
        statement = dialect.insert(engine_usage).values(
            day=now.strftime("%Y-%m-%d"), engine=engine, **counts
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["day", "engine"],
                set_={
                    name: engine_usage.c[name] + number
                    for name, number in counts.items()
                },
            )
        )


def usage_since(connection: Connection, day: str) -> dict[str, Usage]:
    """The sums by engine since a day (ISO date)."""
    rows = connection.execute(
        select(
            engine_usage.c.engine,
            *(func.sum(engine_usage.c[name]).label(name) for name in _COUNTS),
        )
        .where(engine_usage.c.day >= day)
        .group_by(engine_usage.c.engine)
        .order_by(engine_usage.c.engine)
    )
    return {
        row.engine: Usage(**{name: int(getattr(row, name)) for name in _COUNTS})
        for row in rows
    }
