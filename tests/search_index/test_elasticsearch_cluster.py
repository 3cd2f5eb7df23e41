"""Three real nodes: one is killed, nothing acknowledged is lost, searches go on."""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store import Database
from search_index.clauses import Everything
from search_index.engines.contract import IndexEngine
from search_index.sync import sync
from search_index.verification import verify
from tests import elasticsearch
from tests.search_index.samples import document, document_id, write
from tests.search_index.test_sync import fill

pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow]

SCRIPT = Path(__file__).parents[1] / "elasticsearch.sh"
HEAP = "512m"


def run(*arguments: str) -> str:
    ran = subprocess.run(
        ["bash", str(SCRIPT), *arguments],
        env={**os.environ, "BABELWIRE_TEST_ELASTICSEARCH_HEAP": HEAP},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """A folder with three running nodes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # another user runs it; pytest's folders are closed
        place = Path(folder) / "es"
        try:
            run("start", str(place), "3")
            yield place
        finally:
            run("stop", str(place))


@pytest.fixture
def index(cluster: Path, tmp_path: Path) -> Iterator[IndexEngine]:
    urls = tuple(
        (cluster / f"node-{number}" / "url").read_text("utf-8").strip()
        for number in (1, 2, 3)
    )
    chosen = elasticsearch.settings(urls=urls, shards=3, replicas=1)
    with elasticsearch.opened("elasticsearch", tmp_path / "index", chosen) as index:
        yield index


def kill(cluster: Path, number: int) -> None:
    pid = int((cluster / f"node-{number}" / "pid").read_text("utf-8"))
    os.kill(pid, signal.SIGKILL)


def test_a_killed_node_loses_nothing_and_stops_no_search(
    cluster: Path, index: IndexEngine
) -> None:
    """I2"""
    write(index, [document(f"n{n}", f"word number{n}") for n in range(200)])
    answers: list[int] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            answers.append(index.snapshot().count(Everything()))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for start in range(200, 1_200, 100):
            if start == 500:
                kill(cluster, 3)
            write(
                index,
                [
                    document(f"n{n}", f"word number{n}")
                    for n in range(start, start + 100)
                ],
            )
    finally:
        ended.set()
        reader.join()
        run("again", str(cluster), "3")
    held = {state.id for state in index.snapshot().states()}
    assert held == {document_id(f"n{n}") for n in range(1_200)}
    assert answers
    assert min(answers) >= 200


def test_a_store_follows_on_a_cluster(database: Database, index: IndexEngine) -> None:
    fill(database, range(30))
    sync(database, index, target="en", batch=7)
    assert verify(database, index, target="en").is_equal
