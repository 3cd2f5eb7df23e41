"""A batch becomes what its pages would have become one after the other."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from pipeline.fingerprints import fingerprint
from pipeline.store import Database, clusters
from pipeline.store.readings import Extracted, Recorded
from pipeline.store.recording import record, record_all
from pipeline.store.tables import (
    document_urls,
    documents,
    readings,
    revisions,
    urls,
)
from tests.pipeline.builders import (
    EXTRACTOR,
    NOW,
    OTHER_TEXT,
    SITE,
    TEXT,
    WORDS,
    add_document,
    add_source,
    add_url,
    make_extraction,
    make_page,
)

PATHS = ("a", "b", "c", "d", "e")
TEXTS = (TEXT, TEXT + "\nShare this.", OTHER_TEXT)
SEEDS = range(40)


class _UndoneError(Exception):
    """Ends a transaction whose effects were seen."""


def undone(
    database: Database, act: Callable[[Connection], Any], tables: Sequence[Any]
) -> tuple[Any, dict[str, list[tuple[Any, ...]]]]:
    """What `act` returns and what the tables hold after it; nothing stays."""
    with pytest.raises(_UndoneError) as caught, database.write() as connection:
        raise _UndoneError(act(connection), dump(connection, tables))
    returned, held = caught.value.args
    return returned, held


def dump(
    connection: Connection, tables: Sequence[Any]
) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by table; readings are numbered by their order, as ids have gaps."""
    ids = connection.scalars(select(readings.c.id).order_by(readings.c.id))
    order = {number: place for place, number in enumerate(ids)}
    held = {}
    for table in tables:
        names = [column.name for column in table.c]
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
        for row in rows:
            key = "id" if table is readings else "reading_id"
            if key in row:
                row[key] = order[row[key]]
            if changes := row.get("changes"):
                between = [order[number] for number in changes["readings"]]
                row["changes"] = {**changes, "readings": between}
        held[table.name] = sorted(tuple(repr(r[n]) for n in names) for r in rows)
    return held


def pages_of_any_kind(connection: Connection, chance: random.Random) -> list[Extracted]:
    """New, known, changed, rejected pages; aliases, redirects and thieves."""
    add_source(connection)
    make_page(connection, f"{SITE}/feed.xml", role="endpoint")
    for path in chance.sample(PATHS, 2):
        add_document(connection, f"{SITE}/{path}", chance.choice(TEXTS))
    for path in chance.sample(PATHS, chance.randrange(3)):
        target = f"{SITE}/{chance.choice(PATHS)}"
        add_url(connection, f"{SITE}/{path}", alias_of_key=target)
    return [
        _page_of_any_kind(connection, chance, NOW + timedelta(hours=hour))
        for hour in range(10)
    ]


def _page_of_any_kind(connection: Connection, chance: random.Random, at: Any) -> Any:
    path = chance.choice((*PATHS, *(f"{p}?print=1" for p in PATHS), str(at.hour)))
    canonical = chance.choice(["", "", *PATHS, "feed.xml"])
    extraction = make_extraction(
        chance.choice(TEXTS),
        chance.choice(["Mayors", "Rice"]),
        canonical_url=canonical and f"{SITE}/{canonical}",
        rejected=chance.choice(["", "", "", "", "soft_404"]),
    )
    page = make_page(connection, f"{SITE}/{path}", at=at)
    return Extracted(page=page, extraction=extraction)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_is_stored_as_its_pages_one_after_the_other(
    database: Database, seed: int
) -> None:
    """Aliases, changes, stolen canonicals, one document twice: all in one batch."""
    with database.write() as connection:
        batch = pages_of_any_kind(connection, random.Random(seed))
    tables = (readings, documents, revisions, document_urls, urls)

    def singly(connection: Connection) -> list[Recorded]:
        return [record(connection, one, extractor=EXTRACTOR, now=NOW) for one in batch]

    def together(connection: Connection) -> list[Recorded]:
        return record_all(connection, batch, extractor=EXTRACTOR, now=NOW)

    one_by_one, expected = undone(database, singly, tables)
    at_once, found = undone(database, together, tables)
    assert found == expected
    assert [r.outcome for r in at_once] == [r.outcome for r in one_by_one]


def test_new_articles_of_a_batch_get_ids_in_their_order(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)
        batch = [
            Extracted(
                page=make_page(connection, f"{SITE}/{number}"),
                extraction=make_extraction(),
            )
            for number in range(70)
        ]
        recorded = record_all(connection, batch, extractor=EXTRACTOR, now=NOW)
        ids = [number for one in recorded for number in one.reading_ids]
        rows = select(readings.c.page_id).order_by(readings.c.id)
        page_ids = list(connection.scalars(rows))
        ordered = select(documents.c.reading_id).order_by(documents.c.version)
        by_version = list(connection.scalars(ordered))
        assert record_all(connection, [], extractor=EXTRACTOR, now=NOW) == []
    assert ids == sorted(ids) == by_version
    assert page_ids == [one.page.id for one in batch]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_is_grouped_as_its_documents_one_after_the_other(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)

    def text() -> str:
        start = 100 * chance.randrange(4)
        return " ".join(WORDS[start : start + chance.choice([100, 180, 200, 300])])

    def fingerprinted(connection: Connection, name: int) -> clusters.Fingerprinted:
        identity, reading = add_document(connection, f"{SITE}/{name}")
        return clusters.Fingerprinted(
            document_id=identity, reading_id=reading, found=fingerprint(text())
        )

    with database.write() as connection:
        add_source(connection)
        batch = [fingerprinted(connection, name) for name in range(12)]
        # Others were grouped before; some of the batch had another text then.
        before = [fingerprinted(connection, name) for name in range(12, 18)]
        clusters.assign(connection, [*before, *map(renamed, batch[:3], before)])
    changed = [update_of(one, text()) for one in batch[:3]]
    once = [*changed, *batch[3:]]

    def grouped(connection: Connection) -> list[tuple[str, str]]:
        rows = connection.execute(select(documents.c.id, documents.c.cluster_id))
        return sorted((row.id, row.cluster_id) for row in rows)

    def singly(connection: Connection) -> list[tuple[str, str]]:
        for one in once:
            clusters.assign(connection, [one])
        return grouped(connection)

    def together(connection: Connection) -> list[tuple[str, str]]:
        clusters.assign(connection, chance.sample(once, len(once)))
        return grouped(connection)

    expected, _ = undone(database, singly, ())
    found, _ = undone(database, together, ())
    assert found == expected


def renamed(
    one: clusters.Fingerprinted, other: clusters.Fingerprinted
) -> clusters.Fingerprinted:
    """The one with the other's text."""
    return replace(one, found=other.found)


def update_of(one: clusters.Fingerprinted, text: str) -> clusters.Fingerprinted:
    return replace(one, found=fingerprint(text))
