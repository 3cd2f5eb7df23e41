"""Documents whose page is gone at the site: marked, never erased."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from pipeline.store.documents import next_versions
from pipeline.store.frontier import chunked
from pipeline.store.tables import document_urls, documents
from pipeline.urls import url_key

MISSING_REASONS = frozenset({"http_404", "http_410"})
"""Answers that say there is no such page (RFC 9110 §15.5.5, §15.5.11)."""

MISSING_VISITS = 2
"""One such answer may be a server's accident; after the second a document counts as
withdrawn."""

MISSING_RECHECK = timedelta(hours=1)
"""Between the two, where nobody asks sooner."""


def mark_withdrawn(
    connection: Connection, missing: Mapping[str, datetime | None]
) -> int:
    """Notes which documents' pages are gone, or are there again.

    A document goes by its own address: one of its others may well be gone.

    Args:
        connection: In a writing transaction.
        missing: By URL key, when the page was found to be gone; None: it is there.

    Returns:
        How many documents changed.
    """
    changes = [
        {"document": row.id, "at": missing[row.url_key]}
        for keys in chunked(missing)
        for row in connection.execute(
            select(
                document_urls.c.url_key,
                documents.c.id,
                documents.c.url,
                documents.c.withdrawn_at,
            )
            .join(documents, documents.c.id == document_urls.c.document_id)
            .where(document_urls.c.url_key.in_(keys))
        )
        if url_key(row.url) == row.url_key
        and (row.withdrawn_at is None) != (missing[row.url_key] is None)
    ]
    if changes:
        versions = next_versions(connection, len(changes))
        for change, version in zip(changes, versions, strict=True):
            change["new_version"] = version
        connection.execute(
            update(documents)
            .where(documents.c.id == bindparam("document"))
            .values(withdrawn_at=bindparam("at"), version=bindparam("new_version")),
            changes,
        )
    return len(changes)
