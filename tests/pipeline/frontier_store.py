"""A source with one feed in a store, and visits as the crawler hands them in."""

from datetime import timedelta

from sqlalchemy import select

from pipeline.documents import WarcPlace
from pipeline.sources import Source
from pipeline.store import frontier as table
from pipeline.store.committing import commit_batch
from pipeline.store.links import Link
from pipeline.store.seeding import seed_endpoints
from pipeline.store.sources import keep_sources
from pipeline.store.tables import urls
from pipeline.store.visits import NewPage, Visit
from pipeline.urls import host_of, url_key
from tests.pipeline.builders import NOW

FEED = "https://example.org/feed"
SOURCE = Source(name="site", kind="news", publisher="P", feeds=(FEED,), every="30m")


def link(path, role="article", via="feed", depth=1, **fields):
    url = f"https://example.org{path}"
    return Link(
        url=url,
        url_key=url_key(url),
        host=host_of(url),
        role=role,
        via=via,
        depth=depth,
        **fields,
    )


def page(body="x", number=0, status=200):
    place = WarcPlace(file="a.warc.gz", offset=number * 100, length=100)
    return NewPage(
        place=place,
        status=status,
        content_type="text/html",
        body_checksum=f"sha256:{body}" if body else "",
        body_bytes=len(body),
    )


def endpoint(connection):
    rows, _ = table.due_endpoints(connection, ["site"], NOW + timedelta(days=999))
    return next(row for row in rows if row.via == "seed")


def commit(connection, *visits, now=NOW):
    return commit_batch(connection, visits, now, run_started_at=now)


def discover(store, *links, now=NOW, **fields):
    """A visit of the feed that shows these links."""
    with store.write() as connection:
        seed_endpoints(connection, [SOURCE], now)
        row = endpoint(connection)
        visit = Visit(
            target=row, at=now, verdict="read", page=page("feed"), links=links, **fields
        )
        return commit(connection, visit, now=now)


def due(store, now=NOW, limit=99):
    with store.read() as connection:
        rows, _ = table.due_articles(connection, "example.org", now, limit=limit)
    return rows


def visit(store, row, verdict, *, now=NOW, **fields):
    with store.write() as connection:
        return commit(
            connection, Visit(target=row, at=now, verdict=verdict, **fields), now=now
        )


def row_of(store, path):
    with store.read() as connection:
        found = select(urls).where(urls.c.url == f"https://example.org{path}")
        return connection.execute(found).one()


def outcome(store, path):
    row = row_of(store, path)
    return row.outcome, row.reason


def taken_again(store, path):
    row = row_of(store, path)
    return table.DueUrl(
        **{name: getattr(row, name) for name in table.DueUrl.__dataclass_fields__}
    )


def prepared(database, *sources):
    """The store, with these sources' endpoints due."""
    with database.write() as connection:
        keep_sources(connection, sources or [SOURCE], NOW)
        seed_endpoints(connection, sources or [SOURCE], NOW)
    return database
