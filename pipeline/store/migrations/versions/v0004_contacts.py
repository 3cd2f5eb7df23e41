"""Hosts that were contacted; those of earlier crawls as far as they are known."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds the table, and what earlier crawls left."""
    op.create_table(
        "contacts",
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host", "purpose", name=op.f("pk_contacts")),
    )
    connection = op.get_bind()
    found = _visited(connection)
    if found:
        contacts = sa.table(
            "contacts",
            sa.column("host", sa.String),
            sa.column("purpose", sa.String),
            sa.column("first_at", MOMENT),
            sa.column("last_at", MOMENT),
            sa.column("times", sa.BigInteger),
        )
        op.bulk_insert(contacts, found)


def _visited(connection: sa.Connection) -> list[dict[str, Any]]:
    """Hosts whose robots.txt was asked for: that is done before any page is."""
    robots = sa.table("robots", sa.column("origin"), sa.column("fetched_at", MOMENT))
    asked: dict[str, list[datetime]] = {}
    for origin, at in connection.execute(sa.select(robots)):
        asked.setdefault(_host(origin), []).append(at)
    pages = _pages_by_host(connection)
    found = []
    for host, moments in asked.items():
        first_at, last_at, times = pages.get(host, (moments[0], moments[0], 0))
        found.append(
            {
                "host": host,
                "purpose": "visit",
                "first_at": min(first_at, *moments),
                "last_at": max(last_at, *moments),
                "times": times + len(moments),
            }
        )
    return found


def _pages_by_host(
    connection: sa.Connection,
) -> dict[str, tuple[datetime, datetime, int]]:
    """First, last and number; what was imported was not fetched from here."""
    urls = sa.table("urls", *map(sa.column, ("id", "host", "via")))
    pages = sa.table("pages", sa.column("url_id"), sa.column("fetched_at", MOMENT))
    statement = (
        sa.select(
            urls.c.host,
            sa.func.min(pages.c.fetched_at, type_=MOMENT),
            sa.func.max(pages.c.fetched_at, type_=MOMENT),
            sa.func.count(),
        )
        .select_from(pages.join(urls, urls.c.id == pages.c.url_id))
        .where(urls.c.via != "import")
        .group_by(urls.c.host)
    )
    return {
        host: (first_at, last_at, times)
        for host, first_at, last_at, times in connection.execute(statement)
    }


def _host(origin: str) -> str:
    """Of an origin: without the scheme and its own port."""
    name = origin.partition("://")[2]
    return name.removesuffix(":80").removesuffix(":443")
