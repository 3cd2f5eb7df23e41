"""Enters what a page showed into the frontier: articles once, endpoints as due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.revisits import retired_rest
from pipeline.store.frontier import DueUrl, Role, chunked, insert_ignoring
from pipeline.store.merges import merge_redirected
from pipeline.store.tables import document_urls, urls


@dataclass(frozen=True, kw_only=True)
class Link:
    """A URL that a page showed, or redirected to.

    Attributes:
        modified_at: When a sitemap index says that a child changed, else None.
        reads_on: Of a listing's next page in a run that goes back to a date: read
            again although nothing new was shown before it.
    """

    url: str
    url_key: str
    host: str
    role: Role
    endpoint_kind: str = ""
    via: str
    depth: int
    hints: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    reads_on: bool = False


class Links:
    """Inserts links in one writing transaction."""

    def __init__(
        self, connection: Connection, now: datetime, run_started_at: datetime
    ) -> None:
        """Takes the transaction.

        Args:
            connection: In a writing transaction.
            now: The time.
            run_started_at: Endpoints visited since then are not made due again.
        """
        self._connection = connection
        self._now = now
        self._run_started_at = run_started_at

    def insert_articles(self, target: DueUrl, links: Iterable[Link]) -> list[Link]:
        """Enters article URLs that are not known yet.

        Args:
            target: The page that showed them.
            links: The first is the first fetched.

        Returns:
            The new ones.
        """
        wanted = _distinct(links, "article")
        known = self.known_articles(wanted)
        self._add_hints(known, wanted)
        new = [link for key, link in wanted.items() if key not in known]
        insert_ignoring(self._connection, self._rows(target, new))
        return new

    def insert_endpoints(
        self, target: DueUrl, links: Iterable[Link], *, shows_news: bool
    ) -> bool:
        """Enters endpoints, and makes known ones due where they may have changed.

        Args:
            target: The page that showed them.
            links: In any order.
            shows_news: Whether that page showed a new article.

        Returns:
            Whether any is due now.
        """
        wanted = _distinct(links, "endpoint")
        known = self._known_endpoints(target.source, wanted)
        again = [
            row.id
            for key, row in known.items()
            if self._reads_again(row, wanted[key], shows_news)
        ]
        for chunk in chunked(again):
            self._connection.execute(
                update(urls)
                .where(urls.c.id.in_(chunk))
                .values(due_at=self._now, attempts=0)
            )
        new = [link for key, link in wanted.items() if key not in known]
        insert_ignoring(self._connection, self._rows(target, new))
        return bool(again or new)

    def drop_unlisted(self, index: DueUrl, links: Iterable[Link]) -> None:
        """Gives up the sitemaps that an index lists no more and nobody has read yet.

        An index whose sitemaps change their names would fill the frontier with them.
        """
        listed = _distinct(links, "endpoint")
        waiting = select(urls.c.id, urls.c.url_key).where(
            urls.c.role == "endpoint",
            urls.c.source == index.source,
            urls.c.parent_id == index.id,
            urls.c.due_at.is_not(None),
        )
        rows = self._connection.execute(waiting).all()
        for chunk in chunked(row.id for row in rows if row.url_key not in listed):
            self._connection.execute(
                update(urls)
                .where(urls.c.id.in_(chunk))
                .values(due_at=None, outcome="rejected", reason="not_listed")
            )

    def known_articles(self, keys: Iterable[str]) -> dict[str, Row[Any]]:
        """Those of the URL keys that are in the frontier."""
        known: dict[str, Row[Any]] = {}
        for chunk in chunked(keys):
            found = select(urls.c.id, urls.c.url_key, urls.c.hints).where(
                urls.c.role == "article", urls.c.url_key.in_(chunk)
            )
            rows = self._connection.execute(found)
            known |= {row.url_key: row for row in rows}
        return known

    def _add_hints(
        self, known: Mapping[str, Row[Any]], links: Mapping[str, Link]
    ) -> None:
        """A feed says more of a URL than the listing that showed it first."""
        for key, row in known.items():
            hints = links[key].hints
            if hints and not row.hints:
                self._connection.execute(
                    update(urls).where(urls.c.id == row.id).values(hints=dict(hints))
                )

    def _known_endpoints(self, source: str, keys: Iterable[str]) -> dict[str, Row[Any]]:
        known: dict[str, Row[Any]] = {}
        for chunk in chunked(keys):
            found = select(
                urls.c.id,
                urls.c.url_key,
                urls.c.via,
                urls.c.endpoint_kind,
                urls.c.visited_at,
                urls.c.fetched_at,
                urls.c.idle_reads,
            ).where(
                urls.c.role == "endpoint",
                urls.c.source == source,
                urls.c.url_key.in_(chunk),
            )
            rows = self._connection.execute(found)
            known |= {row.url_key: row for row in rows}
        return known

    def _reads_again(self, row: Row[Any], link: Link, shows_news: bool) -> bool:
        if row.visited_at is not None and row.visited_at >= self._run_started_at:
            return False
        if row.via == "seed":
            return False  # `every` is for the source's own endpoints
        if link.via == "redirect" or row.fetched_at is None:
            return True
        if row.endpoint_kind == "sitemap":
            if row.fetched_at + retired_rest(row.idle_reads) > self._now:
                return False  # whatever its index says: it brought nothing for long
            return link.modified_at is None or link.modified_at > row.fetched_at
        return shows_news or link.reads_on

    def _rows(self, target: DueUrl, links: Sequence[Link]) -> list[dict[str, Any]]:
        return [
            {
                "source": target.source,
                "role": link.role,
                "endpoint_kind": link.endpoint_kind,
                "url": link.url,
                "url_key": link.url_key,
                "host": link.host,
                "parent_id": target.id,
                "via": link.via,
                "depth": link.depth,
                "hints": dict(link.hints),
                "discovered_at": self._now,
                # The later due, the earlier fetched: the first gets the latest time.
                "due_at": self._now - timedelta(microseconds=position),
            }
            for position, link in enumerate(links)
        ]


def _distinct(links: Iterable[Link], role: Role) -> dict[str, Link]:
    found: dict[str, Link] = {}
    for link in links:
        if link.role == role:
            found.setdefault(link.url_key, link)
    return found


def lead_to_documents(
    connection: Connection, aliases: Mapping[str, str], now: datetime
) -> None:
    """Addresses that redirect to a known document's lead to it as well.

    Where such an address had a document of its own, the two are one from now on.

    Args:
        connection: In a writing transaction.
        aliases: URL key to the key it redirects to.
        now: The time.
    """
    for keys in chunked(aliases):
        targets = [aliases[key] for key in keys]
        rows = connection.execute(
            select(document_urls.c.url_key, document_urls.c.document_id).where(
                document_urls.c.url_key.in_(targets)
            )
        )
        documents = {row.url_key: row.document_id for row in rows}
        found = [
            {
                "url_key": key,
                "document_id": documents[aliases[key]],
                "relation": "redirect",
            }
            for key in keys
            if aliases[key] in documents
        ]
        if found:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            statement = dialect.insert(document_urls).on_conflict_do_nothing()
            connection.execute(statement, found)
    merge_redirected(connection, aliases, now)
