"""The same story in a publisher's other languages, as its page declares them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from pipeline.store.tables import document_urls, documents, readings
from pipeline.urls import url_key


@dataclass(frozen=True, kw_only=True)
class Edition:
    """An edition.

    Attributes:
        language: BCP 47 tag, as the page declares it.
        url: As the page declares it.
        document_id: Of the document it leads to; "" where it was not collected.
        title: Of that document, or "".
    """

    language: str
    url: str
    document_id: str = ""
    title: str = ""


def load_editions(connection: Connection, document_id: str) -> list[Edition]:
    """The editions that a document's newest reading declares, in the page's order.

    Its own addresses are left out, also where they are declared under another one.
    """
    declared = connection.scalar(
        select(readings.c.alternates)
        .join(documents, documents.c.reading_id == readings.c.id)
        .where(documents.c.id == document_id)
    )
    keys = {url: key for _, url in declared or () if (key := _key(url))}
    led = _documents(connection, keys.values())
    found: dict[str, Edition] = {}
    for tag, url in declared or ():
        other, title = led.get(keys.get(url, ""), ("", ""))
        if url in keys and other != document_id:
            edition = Edition(language=tag, url=url, document_id=other, title=title)
            found.setdefault(other or keys[url], edition)
    return list(found.values())


def _documents(
    connection: Connection, keys: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """Id and headline of what each URL key leads to."""
    statement = (
        select(document_urls.c.url_key, documents.c.id, readings.c.title)
        .join(documents, documents.c.id == document_urls.c.document_id)
        .join(readings, readings.c.id == documents.c.reading_id)
        .where(document_urls.c.url_key.in_(set(keys)))
    )
    return {row.url_key: (row.id, row.title) for row in connection.execute(statement)}


def _key(url: str) -> str:
    try:
        return url_key(url)
    except ValueError:
        return ""
