"""Stores what extraction found, a batch of pages at a time.

Most pages of a crawl are new articles that depend on nothing else in their batch:
those are looked up and stored together. Every other page goes by the rules of
`pipeline.store.identity` alone, in its turn, so that the store becomes what it
would be if every page had been stored one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from pipeline.store.documents import next_versions
from pipeline.store.identity import (
    NewDocument,
    apply_rules,
    canonical_key,
    endpoints_among,
    insert_documents,
)
from pipeline.store.readings import Extracted, Recorded
from pipeline.store.tables import document_urls, documents, readings, urls
from pipeline.urls import document_id, page_key


def record(
    connection: Connection, extracted: Extracted, *, extractor: str, now: datetime
) -> Recorded:
    """Stores one extraction by the rules and says what became of the page.

    The balance's outcome is written for the address's newest page only.
    """
    recorded = apply_rules(connection, extracted, extractor=extractor, now=now)
    _resolve(connection, [extracted], [recorded])
    return recorded


def record_all(
    connection: Connection,
    batch: Sequence[Extracted],
    *,
    extractor: str,
    now: datetime,
) -> list[Recorded]:
    """Stores extractions as `record` does one after the other, only faster."""
    if not batch:
        return []
    # Other workers wait from here on: what is looked up stays true.
    next_versions(connection, 0)
    recorded = _Batch(connection, batch, extractor, now).record()
    _resolve(connection, batch, recorded)
    return recorded


class _Addresses:
    """What a page's place in the store depends on: its keys and its id-to-be."""

    def __init__(self, connection: Connection, extracted: Extracted) -> None:
        self.url = page_key(extracted.page.url)
        page, extraction = extracted.page, extracted.extraction
        self.canonical = canonical_key(connection, page, extraction)

    @property
    def keys(self) -> set[str]:
        return {self.url, self.canonical} - {""}


class _Batch:
    """One call of `record_all`."""

    def __init__(
        self,
        connection: Connection,
        batch: Sequence[Extracted],
        extractor: str,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._batch = batch
        self._extractor = extractor
        self._now = now
        self._addresses = {
            number: _Addresses(connection, extracted)
            for number, extracted in enumerate(batch)
            if not extracted.extraction.rejected
        }
        self._results: dict[int, Recorded] = {}
        self._waiting: dict[int, NewDocument] = {}
        self._touched: set[str] = set()
        self._look_up()

    def record(self) -> list[Recorded]:
        for number, extracted in enumerate(self._batch):
            if extracted.extraction.rejected:
                self._results[number] = self._by_rules(extracted)
                continue
            new = self._new_document(number)
            if new is not None:
                self._waiting[number] = new
            else:
                self._store_waiting()
                self._results[number] = self._by_rules(extracted)
            self._touched |= self._addresses[number].keys
        self._store_waiting()
        return [self._results[number] for number in range(len(self._batch))]

    def _by_rules(self, extracted: Extracted) -> Recorded:
        return apply_rules(
            self._connection, extracted, extractor=self._extractor, now=self._now
        )

    def _store_waiting(self) -> None:
        stored = insert_documents(
            self._connection,
            list(self._waiting.values()),
            extractor=self._extractor,
            now=self._now,
        )
        self._results.update(zip(self._waiting, stored, strict=True))
        self._waiting.clear()

    def _new_document(self, number: int) -> NewDocument | None:
        """The document this page begins; None where the rules have to decide.

        That is where anything of the page is known, or where a page before it in
        the batch has to do with its addresses.
        """
        extracted, addresses = self._batch[number], self._addresses[number]
        canonical = addresses.canonical
        if canonical in self._endpoints:
            canonical = ""
        identity = document_id(canonical or addresses.url)
        if (
            extracted.page.id in self._read
            or identity in self._taken
            or addresses.keys & (self._known | self._touched)
        ):
            return None
        return NewDocument(
            id=identity,
            extracted=extracted,
            url_key=addresses.url,
            canonical=canonical,
        )

    def _look_up(self) -> None:
        connection, addresses = self._connection, self._addresses.values()
        pages = [self._batch[number].page.id for number in self._addresses]
        keys = sorted(set[str]().union(*(a.keys for a in addresses)))
        canonicals = {a.canonical for a in addresses} - {""}
        self._read = frozenset(
            connection.scalars(
                select(readings.c.page_id).where(readings.c.page_id.in_(pages))
            )
        )
        self._known = _known_keys(connection, keys)
        self._endpoints = (
            endpoints_among(connection, canonicals) if canonicals else frozenset()
        )
        self._taken = frozenset(
            connection.scalars(
                select(documents.c.id).where(documents.c.id.in_(map(document_id, keys)))
            )
        )


def _known_keys(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Keys that lead to a document, redirect somewhere, or are redirected to."""
    led = select(document_urls.c.url_key).where(document_urls.c.url_key.in_(keys))
    is_article = urls.c.role == "article"
    redirecting = select(urls.c.url_key).where(
        urls.c.url_key.in_(keys), urls.c.alias_of_key != "", is_article
    )
    targets = select(urls.c.alias_of_key).where(
        urls.c.alias_of_key.in_(keys), urls.c.alias_of_key != "", is_article
    )
    return frozenset(
        key
        for statement in (led, redirecting, targets)
        for key in connection.scalars(statement)
    )


def _resolve(
    connection: Connection, batch: Sequence[Extracted], recorded: Sequence[Recorded]
) -> None:
    statement = select(urls.c.id, urls.c.page_id, urls.c.outcome).where(
        urls.c.id.in_({extracted.page.url_id for extracted in batch})
    )
    rows = {row.id: row for row in connection.execute(statement)}
    changes = [
        {"row": page.url_id, "outcome": result.outcome, "reason": result.reason}
        for page, result in zip((e.page for e in batch), recorded, strict=True)
        if rows[page.url_id].page_id == page.id
        and not _is_reread(rows[page.url_id], result)
    ]
    if changes:
        is_it = (urls.c.id == bindparam("row"), urls.c.role == "article")
        connection.execute(update(urls).where(*is_it), changes)


def _is_reread(newest: Row[Any, Any, Any], result: Recorded) -> bool:
    """Another extractor's look at a page changes no outcome but a rejection's."""
    known: str = newest.outcome
    if known in {"pending", "rejected"}:
        return False
    return known == "duplicate" or result.outcome in {"unchanged", "rejected"}
