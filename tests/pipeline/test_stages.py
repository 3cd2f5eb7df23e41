"""What a stage may rely on: claims, late writers, errors, death at any point."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from pipeline.documents import (
    Segment,
    Translated,
    TranslationRequest,
)
from pipeline.errors import StageError
from pipeline.stages.extract import ExtractStage
from pipeline.stages.segment import SegmentedReading, SegmentStage
from pipeline.stages.stage import store, take
from pipeline.stages.translate import Segmented, TranslateSettings, TranslateStage
from pipeline.store import Database, memory, work
from pipeline.store.tables import segments, translated_segments
from pipeline.translation import Chain
from pipeline.translation.tmx import SavedTranslation
from pipeline.workers import Limits, Workers
from tests.conftest import Clock
from tests.pipeline import tasks
from tests.pipeline.builders import (
    NOW,
    SITE,
    add_document,
    add_source,
    make_page,
    outcome,
    shown,
)
from tests.pipeline.process_once import Upper, process

LATER = NOW + work.LEASE + timedelta(hours=1)


class Doubling:
    """A stage on plain numbers that notes what it is told."""

    name = "double"
    version = "1"
    batch_size = 10

    def __init__(self, results: Mapping[int, Any] | None = None) -> None:
        self.results = results or {}
        self.saved: dict[int, Any] = {}
        self.lost: list[int] = []

    def supply(self, connection: Connection) -> str:
        return "one"

    def outdated(self, connection: Connection) -> Sequence[int]:
        return ()

    def load(self, connection: Connection, items: Sequence[int]) -> Mapping[int, int]:
        return {item: item for item in items if item != 13}

    def run(self, loaded: Mapping[int, int]) -> Mapping[int, Any]:
        return {item: self.results.get(item, 2 * item) for item in loaded}

    def save(
        self, connection: Connection, results: Mapping[int, Any], now: datetime
    ) -> Mapping[int, StageError]:
        self.saved |= results
        return {i: StageError(reason="half", waiting=True) for i in results if i == 5}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        self.lost += items


@pytest.fixture
def enqueue(database: Database) -> Callable[..., None]:
    def enqueue(*items: int, stage: str = "double") -> None:
        with database.write() as connection:
            work.enqueue(connection, stage, items, now=NOW)

    return enqueue


def counts(database: Database, stage: str = "double") -> work.StageCounts:
    with database.read() as connection:
        return work.counts(connection)[stage]


def batch(database: Database, stage: Any, clock: Clock) -> Any:
    taken = take(database, stage, now=clock.now)
    assert taken is not None
    return store(database, stage, taken, stage.run(taken.loaded), clock)


def test_a_batch_is_saved_and_its_items_are_done(database, enqueue, clock) -> None:
    enqueue(1, 2)
    stage = Doubling()
    report = batch(database, stage, clock)
    assert (report.claimed, report.done, report.failed) == (2, 2, 0)
    assert stage.saved == {1: 2, 2: 4}
    assert take(database, stage, now=NOW) is None


def test_an_item_that_is_obsolete_is_done_without_a_result(
    database, enqueue, clock
) -> None:
    enqueue(13)
    stage = Doubling()
    assert batch(database, stage, clock).done == 1
    assert stage.saved == {}


def test_an_error_costs_its_own_item(database, enqueue, clock) -> None:
    enqueue(1, 2)
    stage = Doubling({1: StageError(reason="odd", retry=False)})
    report = batch(database, stage, clock)
    assert (report.done, report.failed) == (1, 1)
    assert (stage.saved, stage.lost) == ({2: 4}, [1])
    assert counts(database).dead_reasons == {"odd": 1}


def test_an_item_is_told_as_set_aside_only_after_its_last_attempt(
    database, enqueue, clock
) -> None:
    enqueue(1)
    stage = Doubling({1: StageError(reason="odd")})
    for expected in ([], [], [1]):
        batch(database, stage, clock)
        assert stage.lost == expected
        clock.advance(minutes=2)


def test_what_is_stored_but_unfinished_waits_for_the_supply(
    database, enqueue, clock
) -> None:
    enqueue(5)
    report = batch(database, Doubling(), clock)
    assert (report.waiting, report.failed, report.done) == (1, 0, 0)
    assert counts(database).waiting == {"half": 1}
    with database.write() as connection:
        renewed = [
            work.renew(connection, "double", version="1", supply=supply, now=NOW)
            for supply in ("one", "two")
        ]
    assert renewed == [0, 1]


def test_a_late_worker_s_result_is_dropped(database, enqueue, clock) -> None:
    """P6"""
    enqueue(1, 2)
    late, other = Doubling(), Doubling({1: "new", 2: "new"})
    taken = take(database, late, now=clock.now)
    clock.advance(seconds=work.LEASE.total_seconds())
    batch(database, other, clock)
    report = store(database, late, taken, late.run(taken.loaded), clock)
    assert (report.done, late.saved) == (0, {})
    assert other.saved == {1: "new", 2: "new"}
    assert counts(database).done == 2


def test_items_whose_workers_died_are_told_as_set_aside(
    database, enqueue, clock
) -> None:
    """P5"""
    enqueue(1)
    stage = Doubling()
    for _ in range(work.MAX_CLAIMS):
        take(database, stage, now=clock.now)
        clock.advance(seconds=work.LEASE.total_seconds())
    assert take(database, stage, now=clock.now) is None
    assert stage.lost == [1]


def test_a_save_that_raises_stores_nothing_and_keeps_the_claim(
    database, enqueue, clock
) -> None:
    enqueue(1)
    stage = Doubling()
    taken = take(database, stage, now=NOW)

    def broken(*_: object) -> Mapping[int, StageError]:
        raise ZeroDivisionError

    stage.save = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        store(database, stage, taken, {1: 2}, clock)
    assert counts(database).claimed == 1


# --- Extraction ------------------------------------------------------------------


def test_a_page_that_is_set_aside_is_failed_in_the_balance(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as connection:
        add_source(connection)
        page = make_page(connection)
        workers = Workers(tasks.extract, size=1, limits=Limits())
        stage = ExtractStage(tmp_path, {}, workers)  # type: ignore[arg-type]
        assert set(stage.load(connection, [page.id, 999])) == {page.id}
        stage.set_aside(connection, [page.id])
    assert outcome(database, page.url) == ("failed", "extraction")


# --- Translation -----------------------------------------------------------------


ENGLISH = TranslateSettings(targets=("en",))


class Some:
    """Translates the first so many segments it is ever asked for."""

    name = "some"

    def __init__(self, number: int, reason: str = "no_model") -> None:
        self._number = number
        self._reason = reason

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        return [
            Translated(text=r.text.upper(), engine="some")
            if n < self._number
            else Translated(text=None, engine="some", reason=self._reason)
            for n, r in enumerate(requests)
        ]

    def recipe(self, source: str, target: str) -> str:
        return "some" if self._number else ""


def reading(language: str = "vi") -> Segmented:
    return Segmented(
        language=language,
        segments=tuple(
            Segment(position=n, field="text", start=n, end=n + 1, text=c)
            for n, c in enumerate("ab")
        ),
    )


@pytest.mark.parametrize(
    ("language", "engine", "status", "reason", "waits"),
    [
        ("vi", Some(2), "done", "", None),
        ("vi", Some(1), "partial", "no_model", True),
        ("vi", Some(0), "waiting", "no_model", True),
        ("vi", Some(0, "unavailable"), "waiting", "unavailable", True),
        ("vi", Some(0, "bad_answer"), "failed", "bad_answer", True),
        ("und", Some(2), "waiting", "language_undetermined", True),
        ("en", Some(0), "none_needed", "", None),
    ],
)
def test_a_translation_says_how_far_it_came(
    database, language, engine, status, reason, waits
) -> None:
    """P10"""
    stage = TranslateStage(engine, ENGLISH)
    ((translation,),) = stage.run({1: reading(language)}).values()
    assert (translation.status, translation.reason) == (status, reason)
    with database.write() as connection:
        add_source(connection)
        _, number = add_document(connection)
        pieces = SegmentedReading(segments=reading(language).segments)
        SegmentStage().save(connection, {number: pieces}, NOW)
        errors = stage.save(connection, {number: (translation,)}, NOW)
    assert {e.waiting for e in errors.values()} == (set() if waits is None else {waits})


def test_every_target_language_is_asked_for_in_one_call() -> None:
    asked: list[Sequence[TranslationRequest]] = []

    class Noting(Upper):
        def translate(self, requests: list[TranslationRequest]) -> list[Translated]:
            asked.append(requests)
            return super().translate(requests)

    stage = TranslateStage(Noting(), TranslateSettings(targets=("en", "fr")))
    found = stage.run({1: reading(), 2: reading("fr")})
    assert [t.status for t in found[1]] == ["done", "done"]
    assert [t.status for t in found[2]] == ["done", "none_needed"]
    assert [len(requests) for requests in asked] == [6]
    assert [piece.text for piece in found[1][0].segments] == ["A", "B"]


def test_saved_translations_that_are_added_wake_what_waits(database) -> None:
    stage = TranslateStage(Chain([]), ENGLISH)
    with database.read() as connection:
        before = stage.supply(connection)
        assert stage.supply(connection) == before
    pair = SavedTranslation(
        source_language="vi", target_language="en", source_text="a", target_text="b"
    )
    memory.save(database, [pair], now=NOW)
    with database.read() as connection:
        assert stage.supply(connection) != before


# --- Death -----------------------------------------------------------------------


def _prepare(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)
        readings = [
            add_document(connection, f"{SITE}/{name}", title=f"Title {name}")[1]
            for name in "abc"
        ]
        for stage in ("identify", "cluster"):
            work.enqueue(connection, stage, readings, now=NOW)


@pytest.mark.parametrize("passing", [1, 5])
@pytest.mark.parametrize(
    "point",
    [
        "process.after_claim",
        "process.before_save",
        "process.in_save",
        "process.after_save",
    ],
)
def test_process_killed_at_any_point_loses_and_doubles_nothing(
    database: Database, database_url: str, point: str, passing: int
) -> None:
    """P1"""
    _prepare(database)
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.pipeline.process_once"),
            *(database_url, NOW.isoformat()),
        ],
        env={**os.environ, "BABELWIRE_FAILPOINT": f"{point}:{passing}"},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    process(database, LATER)
    found = shown(database)
    assert len(found) == 3
    assert {document.language for document in found} == {"vi"}
    assert {document.duplicates for document in found} == {2}
    for document in found:
        translation = document.translation("en")
        assert translation is not None
        assert translation.status == "done"
        assert len(translation.segments) == len(document.segments) == 4
    with database.read() as connection:
        assert {c.done for c in work.counts(connection).values()} == {3}
        for table in (segments, translated_segments):
            assert connection.scalar(select(func.count()).select_from(table)) == 12
