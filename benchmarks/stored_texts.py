"""Puts texts into a store as documents, and groups them as the stage does."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from benchmarks.edited_articles import Text
from pipeline.sources import Source
from pipeline.stages.cluster import ClusterStage
from pipeline.store import Database, open_database, sqlite_url
from pipeline.store.sources import keep_sources
from pipeline.store.tables import documents, pages, readings, urls
from pipeline.urls import document_id

START = datetime(2024, 6, 1, tzinfo=UTC)
BATCH = 5_000


@contextmanager
def temporary_store() -> Iterator[tuple[Database, Path]]:
    """An empty store in a file, and that file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        database = open_database(sqlite_url(path))
        try:
            yield database, path
        finally:
            database.close()


def add(database: Database, texts: Sequence[Text]) -> None:
    """One document a text, as `extract` and `identify` leave them.

    Readings are numbered as the texts are, from 1.
    """
    with database.write() as connection:
        source = Source(name="wire", kind="news", publisher="Wire")
        keep_sources(connection, [source], START)
    for first in range(0, len(texts), BATCH):
        _add(database, first + 1, texts[first : first + BATCH])


def group(database: Database, numbers: Sequence[int]) -> None:
    """What `process` does with these readings, in batches of the stage's size."""
    stage = ClusterStage()
    for first in range(0, len(numbers), stage.batch_size):
        items = numbers[first : first + stage.batch_size]
        with database.read() as connection:
            loaded = stage.load(connection, items)
        found = stage.run(loaded)
        with database.write() as connection:
            stage.save(connection, found, START)


def groups(database: Database) -> dict[int, str]:
    """The group of each reading's document; "" for none."""
    with database.read() as connection:
        rows = connection.execute(
            select(documents.c.reading_id, documents.c.cluster_id)
        )
        return {row.reading_id: row.cluster_id for row in rows}


def _add(database: Database, first: int, texts: Sequence[Text]) -> None:
    numbered = list(enumerate(texts, start=first))
    at = {number: START + timedelta(seconds=number) for number, _ in numbered}
    with database.write() as connection:
        connection.execute(
            insert(urls),
            [
                {
                    "id": number,
                    "source": "wire",
                    "role": "article",
                    "url": _url(number),
                    "url_key": _url(number),
                    "host": "wire.example",
                    "hints": {},
                    "discovered_at": at[number],
                }
                for number, _ in numbered
            ],
        )
        connection.execute(
            insert(pages),
            [
                {
                    "id": number,
                    "url_id": number,
                    "url": _url(number),
                    "source": "wire",
                    "fetched_at": at[number],
                    "status": 200,
                    "hints": {},
                    "archive_file": "x",
                    "archive_offset": 0,
                    "archive_length": 1,
                }
                for number, _ in numbered
            ],
        )
        connection.execute(
            insert(readings),
            [
                {
                    "id": number,
                    "page_id": number,
                    "document_id": document_id(_url(number)),
                    "revision": 1,
                    "extractor": "bench",
                    "title": "",
                    "text": text.text,
                    "text_checksum": "",
                    "authors": [],
                    "published_precision": "none",
                    "language": text.language,
                    "language_alternatives": [],
                    "created_at": at[number],
                }
                for number, text in numbered
            ],
        )
        connection.execute(
            insert(documents),
            [
                {
                    "id": document_id(_url(number)),
                    "source": "wire",
                    "kind": "news",
                    "url": _url(number),
                    "first_seen_at": at[number],
                    "revision": 1,
                    "reading_id": number,
                    "version": number,
                }
                for number, _ in numbered
            ],
        )


def _url(number: int) -> str:
    return f"https://wire.example/{number}"
