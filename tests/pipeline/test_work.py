"""The contract of the `work` table, on both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.errors import StageError
from pipeline.store import Database, work
from tests.conftest import Clock
from tests.pipeline.builders import NOW

STAGE = "extract"
FAILED = StageError(reason="crash", detail="Traceback …")


@pytest.fixture
def enqueue(database: Database) -> Callable[..., None]:
    def enqueue(*items: int, stage: str = STAGE) -> None:
        with database.write() as connection:
            work.enqueue(connection, stage, items, now=NOW)

    return enqueue


@pytest.fixture
def claim(database: Database, clock: Clock) -> Callable[..., work.Claim]:
    def claim(limit: int = 10, version: str = "1") -> work.Claim:
        with database.write() as connection:
            return work.claim(
                connection, STAGE, limit=limit, now=clock.now, version=version
            )

    return claim


def finish(database: Database, held: work.Claim, *items: int) -> None:
    with database.write() as connection:
        work.finish(connection, held, items, input_version="1")


def fail(
    database: Database,
    held: work.Claim,
    item: int,
    clock: Clock,
    error: StageError = FAILED,
    supply: str = "",
) -> None:
    version = work.waiting_version("1", supply) if error.waiting else "1"
    with database.write() as connection:
        work.fail(connection, held, [item], error, now=clock.now, input_version=version)


def stage(database: Database) -> work.StageCounts:
    with database.read() as connection:
        return work.counts(connection)[STAGE]


def test_newest_items_are_claimed_first_and_only_once(database, enqueue, claim) -> None:
    enqueue(1, 2, 3)
    assert claim(limit=2).items in {(3, 2), (2, 3)}
    assert claim().items == (1,)
    assert claim().items == ()


def test_the_higher_priority_goes_first_then_the_newer_item(database) -> None:
    with database.write() as connection:
        for items, priority in (((1, 2), 0), ((3, 4), -10), ((5,), 10)):
            work.enqueue(connection, STAGE, items, now=NOW, priority=priority)
        held = work.claim(connection, STAGE, limit=2, now=NOW)
        rest = work.claim(connection, STAGE, limit=9, now=NOW)
    assert (held.items, rest.items) == ((5, 2), (1, 4, 3))


def test_a_lease_that_is_extended_is_not_lost(database, enqueue) -> None:
    enqueue(1)
    with database.write() as connection:
        held = work.claim(connection, STAGE, limit=1, now=NOW)
        work.extend(connection, held, now=NOW + work.LEASE / 2)
        after = NOW + work.LEASE + timedelta(seconds=1)
        assert work.claim(connection, STAGE, limit=1, now=after).items == ()
        assert work.still_mine(connection, held) == {1}


def test_a_waiting_item_with_a_time_is_due_when_it_comes(database, enqueue) -> None:
    enqueue(1, 2)
    later = timedelta(minutes=5)
    with database.write() as connection:
        held = work.claim(connection, STAGE, limit=2, now=NOW)
        for item, again_after in ((1, later), (2, None)):
            error = StageError(
                reason="unavailable", waiting=True, again_after=again_after
            )
            work.fail(connection, held, [item], error, now=NOW)
        for at, number in ((later - timedelta(seconds=1), 0), (later, 1)):
            at_time = NOW + at
            assert (
                work.renew(connection, STAGE, version="", supply="", now=at_time)
                == number
            )
        assert work.claim(connection, STAGE, limit=2, now=NOW + later).items == (1,)


def test_an_item_that_is_due_later_is_not_claimed(database, clock, claim) -> None:
    with database.write() as connection:
        work.enqueue(connection, STAGE, [1], now=NOW + timedelta(seconds=1))
    assert claim().items == ()
    with database.read() as connection:
        assert work.next_due_at(connection, STAGE) == NOW + timedelta(seconds=1)
    clock.advance(seconds=1)
    assert claim().items == (1,)


def test_stages_do_not_see_each_others_items(database, enqueue, claim) -> None:
    enqueue(1, stage="identify")
    assert claim().items == ()


def test_finished_items_are_done(database, enqueue, claim) -> None:
    enqueue(1, 2)
    held = claim()
    finish(database, held, 1)
    assert (stage(database).done, stage(database).claimed) == (1, 1)


def test_a_released_claim_costs_no_attempt(database, enqueue, claim, clock) -> None:
    enqueue(1)
    for _ in range(work.MAX_ATTEMPTS + 1):
        held = claim()
        assert held.items == (1,)
        with database.write() as connection:
            work.release(connection, held)
    assert stage(database).due == 1


def test_a_late_worker_is_refused_once_another_has_its_item(
    database, enqueue, claim, clock
) -> None:
    """P6"""
    enqueue(1, 2)
    late = claim()
    clock.advance(seconds=work.LEASE.total_seconds())
    other = claim(limit=1)
    with database.write() as connection:
        assert work.still_mine(connection, late) == {1, 2} - set(other.items)
        assert work.still_mine(connection, other) == set(other.items)
    finish(database, late, 1, 2)
    fail(database, late, other.items[0], clock)
    assert stage(database).claimed == 1
    finish(database, other, *other.items)
    assert stage(database).done == 2


def test_a_lease_holds_until_its_last_moment(database, enqueue, claim, clock) -> None:
    enqueue(1)
    claim()
    clock.advance(seconds=work.LEASE.total_seconds() - 1)
    assert claim().items == ()


def test_three_failures_set_an_item_aside_with_its_traceback(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    for pause in (0, 60, 0):
        assert stage(database).dead == 0
        fail(database, claim(), 1, clock)
        clock.advance(seconds=pause)
    assert stage(database).dead_reasons == {"crash": 1}
    with database.read() as connection:
        assert work.set_aside(connection) == [(STAGE, 1, "crash", "Traceback …")]
        assert work.dead_among(connection, STAGE, [1, 2]) == (1,)


def test_the_third_attempt_waits_a_minute(database, enqueue, claim, clock) -> None:
    enqueue(1)
    fail(database, claim(), 1, clock)
    fail(database, claim(), 1, clock)
    assert claim().items == ()
    clock.advance(minutes=1)
    assert claim().items == (1,)


def test_a_failure_without_hope_is_set_aside_at_once(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    fail(database, claim(), 1, clock, StageError(reason="gone", retry=False))
    assert stage(database).dead == 1


def test_an_item_whose_workers_died_again_and_again_is_set_aside(
    database, enqueue, claim, clock
) -> None:
    """P5: a page that kills the whole process cannot do so for ever."""
    enqueue(1)
    for _ in range(work.MAX_CLAIMS):
        assert claim().items == (1,)
        clock.advance(seconds=work.LEASE.total_seconds())
    held = claim()
    assert (held.items, held.buried) == ((), (1,))
    assert stage(database).dead_reasons == {"worker_died": 1}


def test_an_item_that_kills_its_workers_takes_no_others_along(
    database, enqueue, claim, clock
) -> None:
    """P5: claimed alone after two deaths, the others are done beside it."""
    enqueue(1, 2, 3)
    for _ in range(work.ALONE_AFTER):
        assert len(claim().items) == 3
        clock.advance(seconds=work.LEASE.total_seconds())
    alone = [claim().items for _ in range(3)]
    assert sorted(alone) == [(1,), (2,), (3,)]


def test_what_died_with_its_workers_stays_set_aside_until_a_new_version(
    database, enqueue, claim, clock
) -> None:
    test_an_item_whose_workers_died_again_and_again_is_set_aside(
        database, enqueue, claim, clock
    )
    assert _renew(database, "1") == 0
    assert _renew(database, "2") == 1


def test_a_very_long_detail_is_cut(database, enqueue, claim, clock) -> None:
    enqueue(1)
    error = StageError(reason="x", detail="x" * 10_000, retry=False)
    fail(database, claim(), 1, clock, error)
    with database.read() as connection:
        ((_, _, _, detail),) = work.set_aside(connection)
    assert len(detail) == work.MAX_DETAIL_CHARACTERS


def test_waiting_is_no_failure_and_counts_no_attempt(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    error = StageError(reason="no_model", waiting=True)
    for number in range(work.MAX_ATTEMPTS + 1):
        fail(database, claim(), 1, clock, error, supply=str(number))
        assert stage(database).waiting == {"no_model": 1}
        assert _renew(database, "1", supply=str(number + 1)) == 1


def test_waiting_items_try_again_only_when_the_supply_changed(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    error = StageError(reason="no_model", waiting=True)
    fail(database, claim(), 1, clock, error, supply="one model")
    assert _renew(database, "1", supply="one model") == 0
    assert _renew(database, "1", supply="two models") == 1
    assert claim().items == (1,)


def test_another_version_of_a_stage_makes_its_work_due_again(
    database, enqueue, claim, clock
) -> None:
    enqueue(1, 2, 3, 4)
    held = claim(limit=3)
    done, dead, _ = held.items
    finish(database, held, done)
    fail(database, held, dead, clock, StageError(reason="x", retry=False))
    assert _renew(database, "1") == 0
    assert _renew(database, "2") == 2
    assert stage(database).due == 3
    assert stage(database).claimed == 1


def test_revive_makes_set_aside_items_due_by_stage_and_reason(
    database, enqueue, claim, clock
) -> None:
    enqueue(1, 2)
    held = claim()
    fail(database, held, 1, clock, StageError(reason="timeout", retry=False))
    fail(database, held, 2, clock, StageError(reason="crash", retry=False))
    with database.write() as connection:
        assert work.revive(connection, now=NOW, stage="identify") == 0
        assert work.revive(connection, now=NOW, reason="timeout") == 1
        assert work.revive(connection, now=NOW, stage=STAGE) == 1
    assert claim().items in {(1, 2), (2, 1)}


def test_revived_items_have_three_attempts_again(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    fail(database, claim(), 1, clock, StageError(reason="x", retry=False))
    with database.write() as connection:
        work.revive(connection, now=NOW)
    fail(database, claim(), 1, clock)
    assert stage(database).due == 1


def test_enqueueing_again_starts_anew_whatever_the_state(
    database, enqueue, claim, clock
) -> None:
    enqueue(1)
    held = claim()
    enqueue(1)
    with database.write() as connection:
        assert work.still_mine(connection, held) == frozenset()
    assert claim().items == (1,)


def test_enqueueing_nothing_is_allowed(database, enqueue) -> None:
    enqueue()
    with database.read() as connection:
        assert work.counts(connection) == {}


def _renew(database: Database, version: str, supply: str = "") -> int:
    with database.write() as connection:
        return work.renew(connection, STAGE, version=version, supply=supply, now=NOW)


def test_two_workers_at_once_never_hold_the_same_item(
    database, open_store, enqueue
) -> None:
    """On PostgreSQL the second skips what the first is just claiming."""
    enqueue(1, 2, 3, 4)
    other = open_store()
    if database.dialect == "sqlite":
        first = _claim_two(database)
        second = _claim_two(other)
    else:
        with database.write() as connection:
            first = set(work.claim(connection, STAGE, limit=2, now=NOW).items)
            second = _claim_two(other)
    assert first | second == {1, 2, 3, 4}


def _claim_two(database: Database) -> set[int]:
    with database.write() as connection:
        return set(work.claim(connection, STAGE, limit=2, now=NOW).items)
