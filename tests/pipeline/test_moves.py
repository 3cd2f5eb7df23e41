"""Sites that moved to https or to another host are remembered, single pages not."""

import pytest

from pipeline.store.moves import (
    CONFIRMING_PAGES,
    Move,
    confirmed_moves,
    move_between,
    redirected_hosts,
)
from pipeline.urls import host_of, url_key
from tests.pipeline.builders import NOW
from tests.pipeline.frontier_store import (
    commit,
    discover,
    due,
    endpoint,
    link,
    page,
    prepared,
    row_of,
    visit,
)

HERE = "http://example.org"


@pytest.fixture
def store(database):
    return prepared(database)


MOVES = {
    ("http://e.org/a?b=1", "https://e.org/a?b=1"): ("http://e.org", "https://e.org"),
    ("https://e.org/a", "https://www.e.org/a"): ("https://e.org", "https://www.e.org"),
    ("http://e.org", "http://e.net/"): ("http://e.org", "http://e.net"),
    ("https://e.org/a", "http://www.e.org/a"): None,  # not down to the clear
    ("https://e.org/a", "https://guest.net/b"): None,  # another page
    ("https://e.org/go?to=1", "https://guest.net/go"): None,
    ("https://e.org/a", "https://e.org/a"): None,
}


@pytest.mark.parametrize(("urls", "origins"), MOVES.items())
def test_the_same_path_elsewhere_is_a_move(urls, origins):
    move = move_between("s", *urls)
    assert (move and (move.from_origin, move.to_origin)) == origins


def moved(path, host="www.example.org"):
    return redirect(f"https://{host}{path}")


def redirect(url, role="article"):
    base = link("/")
    return type(base)(
        url=url,
        url_key=url_key(url),
        host=host_of(url),
        role=role,
        endpoint_kind="feed" if role == "endpoint" else "",
        via="redirect",
        depth=1,
    )


def follow(store, *targets, permanent=True):
    """Each due article redirects to its target; the moves that this confirmed."""
    found = []
    for row, target in zip(due(store), targets, strict=True):
        result = visit(
            store,
            row,
            "redirect",
            redirect=target,
            redirect_in_scope=False,
            is_permanent=permanent,
        )
        found += result.moves
    return found


def known(store):
    with store.read() as connection:
        return confirmed_moves(connection, ["site"])


def test_three_articles_that_moved_are_a_site_that_moved(store):
    paths = [f"/{n}" for n in range(CONFIRMING_PAGES)]
    discover(store, *(link(path) for path in paths))
    confirmed = follow(store, *map(moved, paths))
    move = Move(
        source="site",
        from_origin="https://example.org",
        to_origin="https://www.example.org",
    )
    assert confirmed == [move] == known(store)
    assert (move.from_host, move.to_host) == ("example.org", "www.example.org")
    # What was left out meanwhile is visited again, now that it is in scope.
    assert {row.url[-2:] for row in due(store)} == set(paths)


def test_two_articles_are_not(store):
    discover(store, link("/1"), link("/2"))
    assert follow(store, moved("/2"), moved("/1")) == []
    assert known(store) == []


def test_one_article_seen_many_times_counts_once(store):
    discover(store, link("/1"))
    for _ in range(5):
        row = row_of(store, "/1")
        (target,) = due(store) or [taken(row)]
        visit(
            store,
            target,
            "redirect",
            redirect=moved("/1"),
            redirect_in_scope=False,
            is_permanent=True,
        )
    assert known(store) == []


def taken(row):
    from pipeline.store.frontier import DueUrl

    return DueUrl(**{name: getattr(row, name) for name in DueUrl.__dataclass_fields__})


def test_a_redirect_for_now_moves_nothing(store):
    paths = [f"/{n}" for n in range(5)]
    discover(store, *(link(path) for path in paths))
    assert follow(store, *map(moved, paths), permanent=False) == []


def test_an_open_redirect_does_not_bring_a_guest_in(store):
    discover(store, *(link(f"/go?to={n}") for n in range(9)))
    targets = [redirect(f"https://guest.net/{n}") for n in range(9)]
    assert follow(store, *targets) == []
    assert known(store) == []


def test_an_endpoint_that_moved_is_believed_at_once(store):
    from pipeline.store.visits import Visit

    with store.write() as connection:
        feed = endpoint(connection)
        result = commit(
            connection,
            Visit(
                target=feed,
                at=NOW,
                verdict="redirect",
                redirect=redirect("https://www.example.org/feed", "endpoint"),
                redirect_in_scope=True,
                is_permanent=True,
            ),
        )
    assert [move.to_host for move in result.moves] == ["www.example.org"]


def test_where_an_endpoint_redirects_to_belongs_to_the_source_once_it_was_read(store):
    from pipeline.store import frontier as table
    from pipeline.store.visits import Visit

    target = redirect("https://feeds.example.net/rss", "endpoint")
    with store.write() as connection:
        found = {"redirect": target, "redirect_in_scope": True}
        feed = endpoint(connection)
        commit(connection, Visit(target=feed, at=NOW, verdict="redirect", **found))
    with store.write() as connection:
        assert redirected_hosts(connection, ["site"]) == set()
        (row,), _ = table.due_endpoints(connection, ["site"], NOW)
        commit(connection, Visit(target=row, at=NOW, verdict="read", page=page("f")))
        assert redirected_hosts(connection, ["site"]) == {("site", "feeds.example.net")}
        assert redirected_hosts(connection, ["other"]) == set()
