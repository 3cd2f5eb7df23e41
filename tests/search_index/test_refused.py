"""Documents that a server will never take: set aside, visible, revived (I1)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pipeline.documents import Document
from pipeline.store import Database, index_state
from pipeline.store.documents import load_documents
from search_index import open_index
from search_index.clauses import Everything
from search_index.engines.elasticsearch_server import ElasticsearchSettings
from search_index.sync import sync
from search_index.verification import verify
from tests.search_index.test_sync import fill, raise_version

pytestmark = pytest.mark.elasticsearch


def test_a_refused_document_is_set_aside_until_somebody_revives_it(
    database: Database, cluster: ElasticsearchSettings, tmp_path: Path
) -> None:
    """I1, through the store: noted with its reason, not asked again, never lost."""
    spoiled, *_ = fill(database, range(3))

    def load(connection: Connection, ids: Sequence[str]) -> list[Document]:
        return [
            replace(each, country="X" * 40_000) if each.id == spoiled else each
            for each in load_documents(connection, ids)
        ]

    def counts() -> index_state.IndexCounts:
        with database.read() as connection:
            living = index.current()
            assert living is not None
            return index_state.counts(connection, index.name, living.name)

    index = open_index(tmp_path, engine="elasticsearch", server=cluster)
    report = sync(database, index, target="en", load=load)
    assert (report.written, report.refused) == (2, 1)
    assert (counts().indexed, counts().backlog, counts().refused) == (2, 0, 1)
    assert sync(database, index, target="en", load=load).refused == 0
    with database.write() as connection:
        ((document_id, reason),) = index_state.set_aside(connection)
        assert document_id == spoiled
        assert "country" in reason
        assert index_state.revive(connection, reason="another") == 0
        assert index_state.revive(connection) == 1
    assert counts().backlog == 1
    assert sync(database, index, target="en").written == 1
    assert (counts().indexed, counts().refused) == (3, 0)
    assert verify(database, index, target="en").is_equal
    index.close()


def test_what_is_refused_is_not_shown_as_it_was_before(
    database: Database, cluster: ElasticsearchSettings, tmp_path: Path
) -> None:
    (only,) = fill(database, [1])
    index = open_index(tmp_path, engine="elasticsearch", server=cluster)
    sync(database, index, target="en")
    raise_version(database, only)

    def load(connection: Connection, ids: Sequence[str]) -> list[Document]:
        found = load_documents(connection, ids)
        return [replace(each, country="X" * 40_000) for each in found]

    assert sync(database, index, target="en", load=load).refused == 1
    assert index.snapshot().count(Everything()) == 0
    index.close()
