"""The frontier's memory side: pace, fairness, caps; nothing lost, nothing twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.frontier import NEVER, Frontier
from pipeline.store.frontier import DueUrl


def row(number, host="a.org", source="s", role="article"):
    url = f"https://{host}/{number}"
    return DueUrl(
        id=number,
        source=source,
        role=role,
        endpoint_kind="feed" if role == "endpoint" else "",
        url=url,
        url_key=url,
        host=host,
        via="feed",
        depth=0,
        hints={},
        attempts=0,
        etag="",
        last_modified="",
        body_checksum="",
    )


def frontier(**fields):
    return Frontier(**{"caps": {"s": 100, "t": 100}, **fields})


def ids(found):
    return [one.id for one in found]


def drain(front, now):
    found = []
    while (one := front.next(now)) is not None:
        found.append(one)
    return found


def test_a_host_with_a_delay_is_asked_once_and_again_after_the_answer():
    front = frontier()
    front.set_delay("a.org", 2.0)
    front.add([row(1), row(2)])
    assert ids(drain(front, 0.0)) == [1]
    front.finished("a.org", 5.0)
    assert drain(front, 6.9) == []
    assert front.paced_at(6.0) == 7.0
    assert ids(drain(front, 7.0)) == [2]


def test_the_slowest_delay_holds():
    front = frontier()
    for seconds in (1.0, 3.0, 2.0):
        front.set_delay("a.org", seconds)
    front.add([row(1), row(2)])
    front.next(0.0)
    front.finished("a.org", 0.0)
    assert front.next(2.9) is None
    assert front.next(3.0) is not None


def test_a_slow_host_holds_nobody_up():
    front = frontier(concurrency=4)
    front.set_delay("slow.org", 60.0)
    front.add([row(n, "slow.org") for n in range(1, 5)])
    front.add([row(n, f"h{n}.org") for n in range(5, 8)])
    assert len(drain(front, 0.0)) == 4


def test_nothing_is_waited_for_by_the_clock_while_no_more_may_be_in_flight():
    """Otherwise the dispatcher would ask again and again until an answer comes."""
    front = frontier(concurrency=2)
    front.add([row(n, f"h{n}.org") for n in range(4)])
    assert front.ready_at() <= 0.0
    assert len(drain(front, 0.0)) == 2
    assert front.ready_at() == NEVER
    front.finished("h0.org", 1.0)
    assert front.ready_at() <= 1.0


def test_two_requests_a_host_without_a_delay_and_no_more():
    front = frontier(per_host=2)
    front.add([row(n) for n in range(9)])
    assert len(drain(front, 0.0)) == 2


def test_a_held_host_waits_until_its_time():
    """C3."""
    front = frontier()
    front.add([row(1)])
    front.hold("a.org", 50.0)
    assert front.next(49.0) is None
    assert front.paced_at(0.0) == NEVER
    assert front.retry_at() == 50.0
    assert ids(drain(front, 50.0)) == [1]


def test_a_row_is_taken_once_until_it_is_committed():
    front = frontier()
    assert front.add([row(1), row(1)]) == 1
    one = front.next(0.0)
    assert front.add([row(1)]) == 0
    front.committed(one)
    assert front.add([row(1)]) == 1


def test_a_cap_leaves_rows_in_the_table():
    """C9."""
    front = frontier(caps={"s": 2, "t": 9})
    front.add([row(1), row(2), row(3), row(4, source="t")])
    front.set_delay("a.org", 0.1)
    found = []
    for now in range(9):
        found += drain(front, float(now))
        front.finished("a.org", float(now)) if front.in_flight else None
    assert ids(found) == [1, 2, 4]
    assert front.is_exhausted("s")
    assert front.exhausted_sources() == ["s"]
    assert front.add([row(3)]) == 1  # not taken any more


def test_endpoints_come_first_and_do_not_count_as_articles():
    front = frontier(caps={"s": 1})
    front.add([row(1)])
    front.add([row(2, role="endpoint"), row(3, role="endpoint")], first=True)
    front.set_delay("a.org", 0.1)
    found = []
    for now in range(4):
        found += drain(front, float(now))
        front.finished("a.org", float(now)) if front.in_flight else None
    assert ids(found) == [2, 3, 1]


def test_a_blocked_host_asks_nothing_and_then_goes_on():
    front = frontier()
    front.add([row(1), row(2)])
    front.block(front.next(0.0))
    assert drain(front, 9.0) == []
    front.unblock("a.org", 9.0, asked=True)
    assert ids(drain(front, 9.0)) == [1, 2]


def test_a_host_is_filled_up_when_it_runs_low():
    front = frontier()
    front.expect("a.org", 5.0)
    assert front.wants_rows(4.0) == []
    assert front.wants_rows(5.0) == ["a.org"]
    assert front.wants_rows(5.0) == []
    assert front.is_busy()
    front.refilled("a.org", [row(1)], 80.0, more=False, now=5.0)
    assert front.retry_at() == 5.0 or front.retry_at() == 0.0
    assert front.wants_rows(79.0) == []
    assert front.wants_rows(80.0) == ["a.org"]


steps = st.lists(
    st.tuples(st.sampled_from("naftsc"), st.integers(0, 40)), min_size=5, max_size=120
)


@given(steps, st.floats(0, 3))
@settings(max_examples=200)
def test_rows_are_neither_lost_nor_given_out_twice(moves, delay):  # noqa: C901
    """Whatever happens: taken = waiting + in flight + finished, once each."""
    front = frontier(concurrency=3)
    for host in ("h0", "h1", "h2"):
        front.set_delay(host, delay)
    now, added, flying, done = 0.0, set(), [], []
    for move, number in moves:
        now += 0.5
        if move == "a" and number not in added:
            added.add(number)
            front.add([row(number, f"h{number % 3}")])
        elif move == "n" and (one := front.next(now)) is not None:
            flying.append(one)
        elif move == "f" and flying:
            one = flying.pop(number % len(flying))
            front.finished(one.host, now)
            done.append(one.id)
        elif move == "s" and flying:
            one = flying.pop()
            front.skipped(one)
            done.append(one.id)
        elif move == "t":
            front.hold(f"h{number % 3}", now + number / 10)
        assert front.in_flight == len(flying) <= 3
    for _ in range(500):
        now += 5.0
        for one in drain(front, now):
            front.finished(one.host, now)
            done.append(one.id)
        for one in flying:
            front.finished(one.host, now)
            done.append(one.id)
        flying = []
    assert sorted(done) == sorted(added)
