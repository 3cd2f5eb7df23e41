"""The index follows the store: whatever dies, arrives late, or is deleted."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from pipeline.documents import Document
from pipeline.errors import DiskFullError, LockedError
from pipeline.store import Database, index_state, open_database, sqlite_url
from pipeline.store.documents import load_documents, next_version, raise_versions
from pipeline.store.index_state import Acknowledged
from pipeline.store.tables import documents
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION
from search_index.engines.contract import IndexEngine
from search_index.engines.elasticsearch_server import ElasticsearchSettings
from search_index.sync import SyncReport, rebuild, sync
from search_index.verification import verify
from tests import elasticsearch
from tests.pipeline.builders import NOW, SITE, TEXT, add_document, add_source
from tests.search_index.conftest import OpenIndex
from tests.search_index.samples import ask, document, write

CHILD = """
import json
import sys
from pathlib import Path
from pipeline.store import open_database
from search_index import open_index
from search_index.engines.elasticsearch_server import ElasticsearchSettings
from search_index.sync import rebuild, sync
url, folder, command, engine, settings = sys.argv[1:]
server = ElasticsearchSettings(**json.loads(settings)) if settings else None
index = open_index(Path(folder), engine=engine, server=server)
do = rebuild if command == "rebuild" else sync
do(open_database(url), index, target="en", batch=3)
"""
ROOT = Path(__file__).parents[2]
INDEX_POINTS = (
    "index.before_write",
    "index.after_write",
    "index.after_commit",
    "index.after_commit:2",
    "index.before_state",
    "index.after_state",
)


def fill(database: Database, numbers: Sequence[int]) -> list[str]:
    with database.write() as connection:
        add_source(connection)
        return [
            add_document(connection, f"{SITE}/n{n}", f"{TEXT}\nNumber {n}.")[0]
            for n in numbers
        ]


def remove(database: Database, document_id: str) -> None:
    with database.write() as connection:
        connection.execute(
            update(documents)
            .where(documents.c.id == document_id)
            .values(deleted_at=NOW, version=next_version(connection))
        )


def raise_version(database: Database, document_id: str) -> None:
    with database.write() as connection:
        raise_versions(connection, [document_id])


def held(index: IndexEngine) -> dict[str, tuple[int, str]]:
    return {s.id: (s.version, s.checksum) for s in index.snapshot().states()}


def bring(database: Database, index: IndexEngine) -> SyncReport:
    return sync(database, index, target="en", batch=3)


def assert_equal(database: Database, index: IndexEngine, count: int) -> None:
    report = verify(database, index, target="en")
    assert report.differences == ()
    assert report.damage == ()
    assert report.documents == count
    with database.read() as connection:
        counts = index_state.counts(connection, index.name, report.generation)
    assert (counts.indexed, counts.backlog) == (count, 0)


@pytest.fixture
def index(empty_index: IndexEngine) -> IndexEngine:
    return empty_index


@pytest.fixture
def destroy(
    index: IndexEngine, server: ElasticsearchSettings | None, tmp_path: Path
) -> Callable[[], None]:
    """Removes everything that the index is, as a person might."""

    def do_it() -> None:
        index.close()
        shutil.rmtree(tmp_path / "index")
        if server is not None:
            elasticsearch.remove(server)

    return do_it


def test_a_first_sync_brings_every_document(
    database: Database, index: IndexEngine
) -> None:
    ids = fill(database, range(8))
    seen: list[tuple[int, int]] = []
    report = sync(
        database,
        index,
        target="en",
        batch=3,
        on_progress=lambda done, of: seen.append((done, of)),
    )
    assert (report.written, report.removed) == (8, 0)
    assert seen == [(3, 8), (6, 8), (8, 8)]
    assert set(held(index)) == set(ids)
    assert_equal(database, index, 8)
    assert ask(index, "mayors").total == 8


def test_a_second_sync_changes_nothing(database: Database, index: IndexEngine) -> None:
    fill(database, range(4))
    bring(database, index)
    before = held(index)
    report = bring(database, index)
    assert (report.written, report.removed, report.rebuilt) == (0, 0, "")
    assert held(index) == before


def test_changes_and_removals_follow(database: Database, index: IndexEngine) -> None:
    first, second, third = fill(database, range(3))
    bring(database, index)
    raise_version(database, first)
    remove(database, second)
    report = bring(database, index)
    assert (report.written, report.removed) == (1, 1)
    assert set(held(index)) == {first, third}
    assert_equal(database, index, 2)
    assert bring(database, index).removed == 0


def test_one_removed_before_it_was_ever_indexed_is_no_work(
    database: Database, index: IndexEngine
) -> None:
    (only,) = fill(database, [1])
    remove(database, only)
    assert bring(database, index).removed == 0
    assert held(index) == {}


def test_an_older_version_that_arrives_late_does_not_win(
    database: Database, index: IndexEngine
) -> None:
    """I3"""
    (only,) = fill(database, [1])
    bring(database, index)
    with database.read() as connection:
        (old,) = load_documents(connection, [only])
    raise_version(database, only)
    bring(database, index)
    newest = held(index)
    write(index, [old])
    assert held(index) == newest
    with database.write() as connection:
        current = index.current()
        assert current is not None
        late = Acknowledged(document_id=only, version=old.version, checksum="x")
        index_state.record(connection, index.name, current.name, [late])
    assert_equal(database, index, 1)


def test_a_deleted_index_is_built_again_with_the_same_ids_and_checksums(
    database: Database,
    index: IndexEngine,
    destroy: Callable[[], None],
    open_again: OpenIndex,
) -> None:
    """I8"""
    fill(database, range(5))
    bring(database, index)
    before = held(index)
    destroy()
    again = open_again()
    report = bring(database, again)
    assert report.written == 5
    assert report.rebuilt
    assert held(again) == before
    assert_equal(database, again, 5)


def test_an_index_restored_from_an_older_copy_is_noticed(
    database: Database,
    index: IndexEngine,
    destroy: Callable[[], None],
    open_again: OpenIndex,
) -> None:
    first, *others = fill(database, range(5))
    name = bring(database, index).generation
    with database.read() as connection:
        copy = load_documents(connection, [first, *others])
    raise_version(database, first)
    fill(database, [9])
    bring(database, index)
    destroy()
    restored = open_again()
    restored.create(name, analysis=ANALYSIS_VERSION, target="en")
    restored.activate(name)
    write(restored, copy)
    assert not verify(database, restored, target="en").is_equal
    assert bring(database, restored).repaired == 2
    assert_equal(database, restored, 6)


def test_an_index_of_another_store_loses_what_this_one_never_had(
    database: Database, index: IndexEngine
) -> None:
    write(index, [document("stranger", "text")])
    fill(database, range(2))
    bring(database, index)
    assert_equal(database, index, 2)


def test_an_index_with_newer_documents_than_the_store_is_built_anew(
    database: Database, index: IndexEngine
) -> None:
    """An older version could never replace them."""
    first, *_ = fill(database, range(3))
    bring(database, index)
    with database.read() as connection:
        (known,) = load_documents(connection, [first])
    write(index, [dataclasses.replace(known, version=known.version + 50)])
    report = bring(database, index)
    assert "newer" in report.rebuilt
    assert_equal(database, index, 3)


def test_another_analysis_is_built_beside_and_swapped(
    database: Database, index: IndexEngine
) -> None:
    fill(database, range(4))
    index.create("g-old", analysis="0", target="en")
    index.activate("g-old")
    report = bring(database, index)
    assert "analysis" in report.rebuilt
    current = index.current()
    assert current is not None
    assert current.name == report.generation != "g-old"
    assert_equal(database, index, 4)


def test_another_target_is_a_new_generation(
    database: Database, index: IndexEngine
) -> None:
    fill(database, range(2))
    bring(database, index)
    report = sync(database, index, target="vi")
    assert report.rebuilt
    assert verify(database, index, target="vi").is_equal


def test_a_rebuild_answers_all_the_while(
    database: Database, index: IndexEngine
) -> None:
    fill(database, range(7))
    bring(database, index)
    before = held(index)
    totals: list[int] = []

    def search(_done: int, _of: int) -> None:
        totals.append(ask(index, "mayors").total)

    rebuild(database, index, target="en", batch=2, on_progress=search)
    assert totals == [7, 7, 7, 7]
    assert held(index) == before
    assert_equal(database, index, 7)


def test_a_rebuild_catches_up_with_what_changes_meanwhile(
    database: Database, index: IndexEngine
) -> None:
    first, *_ = fill(database, range(4))
    bring(database, index)

    def change(done: int, _of: int) -> None:
        if done == 2:
            raise_version(database, first)
            fill(database, [9])

    rebuild(database, index, target="en", batch=2, on_progress=change)
    assert_equal(database, index, 5)


def test_verify_names_each_difference(database: Database, index: IndexEngine) -> None:
    changed, missing, _ = fill(database, range(3))
    bring(database, index)
    raise_version(database, changed)
    current = index.current()
    assert current is not None
    with index.write(current.name) as writer:
        writer.delete([(missing, 2**60)])
        writer.commit()
    write(index, [document("strange", "text")])
    report = verify(database, index, target="en")
    assert not report.is_equal
    names = {d.document_id for d in report.differences}
    strange = names - {changed, missing}
    assert len(report.differences) == 3
    assert strange == {document("strange", "text").id}


def test_a_document_that_changed_since_the_backlog_was_read_is_noted_as_brought(
    database: Database, index: IndexEngine
) -> None:
    (only,) = fill(database, [1])

    def load(connection: Connection, ids: Sequence[str]) -> list[Document]:
        if not raised:
            raised.append(True)
            raise_version(database, only)
            with database.read() as fresh:
                return load_documents(fresh, ids)
        return load_documents(connection, ids)

    raised: list[bool] = []
    report = sync(database, index, target="en", load=load)
    assert report.written == 1
    assert_equal(database, index, 1)


def test_two_syncs_at_once_the_second_is_told_who_works(
    database: Database, index: IndexEngine, open_again: OpenIndex
) -> None:
    other = open_again()
    with index.exclusive(), pytest.raises(LockedError, match=str(os.getpid())):
        bring(database, other)


def test_a_full_disk_says_so_and_the_next_run_goes_on(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3; a cluster's full disk is a block of its index (I5)."""
    index = open_index(tmp_path / "index")
    fill(database, range(5))
    bring(database, index)
    fill(database, range(5, 8))

    def full(*_: object) -> None:
        raise ValueError("IoError: No space left on device (os error 28)")

    with monkeypatch.context() as patch:
        patch.setattr("search_index.engines.tantivy_index.tantivy_document", full)
        with pytest.raises(DiskFullError, match="disk is full"):
            bring(database, index)
    assert len(held(index)) == 5
    bring(database, index)
    assert_equal(database, index, 8)


class TestKilled:
    """`kill -9` at every point, then run again (P1, I4, I7)."""

    @pytest.fixture
    def store(self, tmp_path: Path, sqlite_template: Path) -> Path:
        shutil.copy(sqlite_template, tmp_path / "store.db")
        return tmp_path / "store.db"

    @pytest.mark.slow
    @pytest.mark.parametrize("point", INDEX_POINTS)
    @pytest.mark.parametrize("command", ["sync", "rebuild"])
    def test_nothing_is_lost_or_doubled(
        self,
        store: Path,
        tmp_path: Path,
        index: IndexEngine,
        server: ElasticsearchSettings | None,
        point: str,
        command: str,
    ) -> None:
        database = open_database(sqlite_url(store))
        first, second, *_ = fill(database, range(5))
        bring(database, index)
        raise_version(database, first)
        remove(database, second)
        fill(database, range(5, 10))
        killed = subprocess.run(
            [
                sys.executable,
                "-c",
                CHILD,
                sqlite_url(store),
                str(tmp_path / "index"),
                command,
                index.name,
                json.dumps(dataclasses.asdict(server)) if server else "",
            ],
            env={**os.environ, "BABELWIRE_FAILPOINT": point},
            cwd=ROOT,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        assert ask(index, "mayors").total >= 4
        bring(database, index)
        assert_equal(database, index, 9)
        database.close()


class TestIndexState:
    """The table alone."""

    def test_the_backlog_is_oldest_first_and_limited(self, database: Database) -> None:
        ids = fill(database, range(4))
        with database.read() as connection:
            found = index_state.backlog(connection, "tantivy", "g", 3)
        assert [document_id for document_id, _ in found] == ids[:3]

    def test_generations_and_engines_are_apart(self, database: Database) -> None:
        (only,) = fill(database, [1])
        with database.write() as connection:
            version = connection.scalar(select(documents.c.version))
            assert version is not None
            note = Acknowledged(document_id=only, version=version, checksum="c")
            index_state.record(connection, "tantivy", "g", [note])
            backlogs = [
                index_state.counts(connection, engine, generation).backlog
                for engine, generation in [
                    ("tantivy", "g"),
                    ("tantivy", "h"),
                    ("elasticsearch", "g"),
                ]
            ]
            index_state.forget_other_generations(connection, "tantivy", "h")
            after = index_state.counts(connection, "tantivy", "g")
        assert backlogs == [0, 1, 1]
        assert after.backlog == 1
