"""One writer on a cluster that several machines share (P6)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import LockedError
from search_index import open_index
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server
from search_index.engines.lease import DOCUMENT, LEASE_SECONDS, Lease
from tests.pipeline.builders import NOW

pytestmark = pytest.mark.elasticsearch


class Time:
    """Seconds since 1970 that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server(cluster: ElasticsearchSettings) -> Iterator[Server]:
    made = Server(cluster)
    yield made
    made.close()


@pytest.fixture
def lease(server: Server, tmp_path: Path, time: Time) -> Callable[[str], Lease]:
    """Of a workspace on a machine of its own."""
    return lambda name: Lease(server, tmp_path / name, clock=time)


def leave_behind(lease: Lease) -> None:
    """As a killed process does."""
    held = lease.held()
    held.__enter__()
    lease._leave = lambda: None  # type: ignore[method-assign]
    held.__exit__(None, None, None)


def test_the_second_is_told_who_works(
    cluster: ElasticsearchSettings, tmp_path: Path
) -> None:
    one, other = (
        open_index(tmp_path / name, engine="elasticsearch", server=cluster)
        for name in ("one", "other")
    )
    with (
        one.exclusive(),
        pytest.raises(LockedError, match="being changed by"),
        other.exclusive(),
    ):
        raise AssertionError
    with other.exclusive():
        pass
    one.close()
    other.close()


def test_a_dead_one_is_followed_at_once_at_home_and_later_elsewhere(
    lease: Callable[[str], Lease], time: Time
) -> None:
    leave_behind(lease("home"))
    with pytest.raises(LockedError), lease("elsewhere").held():
        raise AssertionError
    with lease("home").held():
        pass
    leave_behind(lease("home"))
    time.seconds += LEASE_SECONDS + 1
    with lease("elsewhere").held(), pytest.raises(LockedError), lease("home").held():
        raise AssertionError


def test_one_that_stood_still_too_long_is_told_and_leaves_the_other_alone(
    lease: Callable[[str], Lease], time: Time
) -> None:
    """P6: its late work is refused."""
    slow, quick = lease("slow"), lease("quick")
    with slow.held():
        slow.check()
        time.seconds += LEASE_SECONDS + 1
        with quick.held():
            with pytest.raises(LockedError, match="taken over"):
                slow.check()
            slow.prolong()
            slow._leave()
            quick.check()
            with pytest.raises(LockedError), lease("third").held():
                raise AssertionError


def test_one_that_stood_still_goes_on_where_nobody_took_over(
    lease: Callable[[str], Lease], time: Time
) -> None:
    slow = lease("slow")
    with slow.held():
        time.seconds += LEASE_SECONDS + 1
        slow.check()
        with pytest.raises(LockedError), lease("other").held():
            raise AssertionError


def test_a_lost_answer_to_its_own_writing_does_not_unseat_it(
    lease: Callable[[str], Lease], server: Server
) -> None:
    """I4"""
    one = lease("one")
    with one.held():
        index = f"{server.settings.name}-lock"
        written = server.client.get(index=index, id=DOCUMENT)["_source"]
        server.client.index(index=index, id=DOCUMENT, document=written)
        one.prolong()
        one.check()


def test_a_lease_that_somebody_removed_is_lost(
    lease: Callable[[str], Lease], server: Server
) -> None:
    one = lease("one")
    with one.held():
        server.client.delete(index=f"{server.settings.name}-lock", id=DOCUMENT)
        one.prolong()
        with pytest.raises(LockedError):
            one.check()
