"""Children that hang, crash or grow cost their own item and nothing else (P5)."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.documents import Extraction
from pipeline.errors import StageError
from pipeline.extraction import PageInput
from pipeline.workers import START_ATTEMPTS, Limits, Workers
from tests.pipeline import tasks
from tests.pipeline.builders import NOW, SITE

ROW = b"<tr><td>Kazan</td><td>110 cities</td><td><a href='/x'>14</a></td></tr>\n"


@pytest.fixture
def workers() -> Iterator[Workers[str, str]]:
    """One child, so that what it survives shows; it hangs for .3 s at most."""
    limits = Limits(seconds=0.3, memory_bytes=1 << 30)
    with Workers(tasks.act, size=1, limits=limits) as pool:
        yield pool
    assert multiprocessing.active_children() == []


def reasons(results: list[str | StageError]) -> list[str]:
    return [r.reason if isinstance(r, StageError) else r for r in results]


def test_results_come_in_the_order_of_the_items() -> None:
    orders = [f"say:{number}" for number in range(20)]
    with Workers(tasks.act, size=2, limits=Limits()) as pool:
        assert pool.run(orders) == [str(number) for number in range(20)]
        assert pool.run([]) == []
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


def test_a_child_is_started_once_for_many_items(workers) -> None:
    assert len(set(workers.run(["pid"] * 5) + workers.run(["pid"]))) == 1


def test_a_child_that_hangs_costs_its_own_item(workers, tmp_path) -> None:
    """P5"""
    found = workers.run(["say:a", f"hang:{tmp_path / 'x'}", "say:b"])
    assert reasons(found) == ["a", "timeout", "b"]


@pytest.mark.parametrize("order", ["exit:0", "exit:7", "kill"])
def test_a_child_that_dies_costs_its_own_item(workers, order) -> None:
    """P5"""
    assert reasons(workers.run(["say:a", order, "say:b"])) == ["a", "crash", "b"]


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is Linux's")
def test_a_child_that_outgrows_its_memory_costs_its_own_item(workers) -> None:
    """P5"""
    found = workers.run(["say:a", "grow", "say:b"])
    assert reasons(found) == ["a", "out_of_memory", "b"]


def test_an_exception_is_an_error_with_its_traceback(workers) -> None:
    (error,) = workers.run(["raise:no such thing"])
    assert isinstance(error, StageError)
    assert error.reason == "LookupError"
    assert "no such thing" in error.detail
    assert "in act" in error.detail
    assert error.retry


def test_a_child_that_died_while_idle_costs_nothing(workers) -> None:
    (pid,) = workers.run(["pid"])
    os.kill(int(pid), signal.SIGKILL)
    for child in multiprocessing.active_children():
        child.join()
    assert workers.run(["say:a"]) == ["a"]


def test_any_text_may_be_an_answer(workers) -> None:
    assert workers.run(["say:ready", "say:"]) == ["ready", ""]


def test_an_answer_may_be_large(workers) -> None:
    text = "x" * 5_000_000
    assert workers.run([f"say:{text}"]) == [text]


def test_closing_ends_a_run_in_another_thread(tmp_path: Path) -> None:
    """Ctrl-C while the children work: nothing is left behind."""
    results: list[str | StageError] = []
    pool = Workers(tasks.act, size=1, limits=Limits(seconds=600))
    orders = [f"hang:{tmp_path / 'other'}", "say:b"]
    thread = threading.Thread(target=lambda: results.extend(pool.run(orders)))
    pool.run(["say:warm"])
    thread.start()
    pool.close()
    thread.join()
    assert multiprocessing.active_children() == []
    assert len(results) == 2


@pytest.mark.parametrize("size", [1, 2])
def test_children_that_never_start_are_not_started_for_ever(size, tmp_path) -> None:
    """P5"""
    task = tasks.StartsAtAttempt(99, tmp_path / "log")
    with Workers(task, size=size, limits=Limits()) as pool:
        assert reasons(pool.run(["a", "b", "c", "d"])) == ["worker_cannot_start"] * 4
        assert reasons(pool.run(["e"])) == ["worker_cannot_start"]
    assert multiprocessing.active_children() == []


def test_children_that_end_before_they_are_ready_cost_no_item(tmp_path) -> None:
    """P5"""
    task = tasks.StartsAtAttempt(START_ATTEMPTS, tmp_path / "log")
    with Workers(task, size=1, limits=Limits()) as pool:
        assert pool.run(["a", "b"]) == ["a", "b"]


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is Linux's")
@pytest.mark.parametrize(("limit", "found"), [(1 << 29, str(1 << 29)), (None, "none")])
def test_memory_may_be_limited_or_not(limit: int | None, found: str) -> None:
    limits = Limits(memory_bytes=limit)
    with Workers(tasks.limit_of_memory, size=1, limits=limits) as pool:
        assert pool.run(["?"]) == [found]


# --- Hostile pages ---------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<div>" * 5_000 + b"<p>Deep." + b"</div>" * 5_000, id="deep"),
        pytest.param(b"<table>" + ROW * 40_000 + b"</table>", id="table"),
        pytest.param(b"<b><i><a>" * 20_000, id="unclosed"),
        pytest.param(b"<p " + b"a='b' " * 300_000 + b">", id="attributes"),
    ],
)
def test_hostile_pages_end_within_their_limits(body: bytes) -> None:
    """P5"""
    page = PageInput(body=body, url=f"{SITE}/a", fetched_at=NOW)
    good = PageInput(
        body=b"<title>Good</title><p>" + b"A good page of a few words. " * 20,
        url=f"{SITE}/b",
        fetched_at=NOW,
    )
    # Generous for the good page: a fresh child first imports the extractor.
    limits = Limits(seconds=5, memory_bytes=1 << 30)
    with Workers(tasks.extract, size=1, limits=limits) as pool:
        hostile, fine = pool.run([page, good])
    assert isinstance(hostile, Extraction) or hostile.reason in {
        "timeout",
        "out_of_memory",
        "crash",
    }
    assert isinstance(fine, Extraction)
    assert fine.title == "Good"
