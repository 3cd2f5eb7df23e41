"""A workspace for crawls of scripted sites, and what came of them."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crawler.job import CrawlJob, Limits
from crawler.launch import CrawlProcess
from pipeline.archive import ArchivedPage, read
from pipeline.documents import WarcPlace
from pipeline.sources import Source
from pipeline.store import open_database, sqlite_url
from pipeline.store.frontier import Balance, balance
from pipeline.store.tables import metadata, pages, urls
from tests.site import Answer, Site

LOOPBACK = ("127.0.0.0/8",)
QUICK = {"timeout_seconds": 2.0, "retry_delays_seconds": (0.05, 0.05)}
"""Limits of the tests: nobody waits for a slow host."""


@dataclass
class Result:
    """What a crawl said."""

    events: list[dict[str, Any]]
    exit_status: int | None
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def finished(self) -> dict[str, Any]:
        return self.of("finished")[0]["sources"]

    @property
    def notes(self) -> str:
        return "\n".join(event["text"] for event in self.of("note"))


@dataclass
class Workspace:
    """A folder with a database and an archive."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def job(self, *sources: Source, limits: Mapping[str, Any] = {}, **fields: Any):
        return CrawlJob(
            database_url=sqlite_url(self.folder / "babelwire.db"),
            archive_folder=str(self.archive),
            lock_file=str(self.folder / "crawl.lock"),
            sources=sources,
            limits=Limits(**{**QUICK, **limits}),
            **{"allow_networks": LOOPBACK, "retry_wait_seconds": 3.0, **fields},
        )

    def crawl(self, *sources: Source, failpoint: str = "", **fields: Any) -> Result:
        os.environ["BABELWIRE_FAILPOINT"] = failpoint
        try:
            with CrawlProcess(self.job(*sources, **fields)) as process:
                events = list(process.events())
        finally:
            del os.environ["BABELWIRE_FAILPOINT"]
        return Result(events, process.exit_status, process.stderr)

    def query(self, statement: Any) -> list[Any]:
        database = open_database(sqlite_url(self.folder / "babelwire.db"))
        try:
            with database.read() as connection:
                return list(connection.execute(statement))
        finally:
            database.close()

    def row(self, url: str) -> Any:
        (row,) = self.query(select(urls).where(urls.c.url == url))
        return row

    def outcome(self, url: str) -> tuple[str, str]:
        row = self.row(url)
        return row.outcome, row.reason

    def pages(self, url: str) -> list[Any]:
        return self.query(select(pages).where(pages.c.url == url).order_by(pages.c.id))

    def stored(self, page: Any) -> ArchivedPage:
        place = WarcPlace(
            file=page.archive_file,
            offset=page.archive_offset,
            length=page.archive_length,
        )
        return read(self.archive, place)

    def table(self, name: str) -> list[Any]:
        return self.query(select(metadata.tables[name]))

    def balance(self) -> dict[str, Balance]:
        database = open_database(sqlite_url(self.folder / "babelwire.db"))
        try:
            with database.read() as connection:
                return balance(connection)
        finally:
            database.close()


def source(site: Site, name: str = "site", **fields: Any) -> Source:
    """A source with a feed, whose articles lie under /a/."""
    given = {
        "kind": "news",
        "publisher": "P",
        "feeds": (site.url("/feed"),),
        "allow": ("^/a/",),
        "delay_seconds": 0,
    }
    return Source(name=name, **{**given, **fields})


def feed(site: Site, paths: Iterable[str], path: str = "/feed") -> None:
    """Publishes an RSS feed of these paths (or addresses)."""
    items = "".join(
        f"<item><title>T</title><link>{p if '//' in p else site.url(p)}</link></item>"
        for p in paths
    ).replace("&", "&amp;")
    site.add(
        path,
        body=f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>",
        headers={"Content-Type": "application/rss+xml"},
    )


def articles(site: Site, answers: Mapping[str, Answer | None]) -> None:
    """Publishes articles and a feed of them; None is a page like any other."""
    for path, answer in answers.items():
        site.add(path, answer or None, body=f"<html><p>Text of {path}</p></html>")
    feed(site, answers)
