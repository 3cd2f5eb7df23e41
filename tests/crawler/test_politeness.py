"""Pace, Retry-After, caps and robots.txt, as the site sees them."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.crawler.workspace import articles, source
from tests.site import Response, Site, hang, redirect, reset, status


@pytest.fixture
def second_site():
    with Site() as running:
        yield running


def robots(site: Site, text: str) -> None:
    site.add("/robots.txt", body=text, headers={"Content-Type": "text/plain"})


UNREACHABLE = {
    "503": status(503),
    "429": status(429),
    "500": status(500),
    "reset": reset(),
    "hang": hang(),
}


def test_an_unreachable_robots_txt_stops_the_host_and_nothing_else(workspace):
    """C1."""
    with_trouble = {name: Site() for name in UNREACHABLE}
    sound = Site()
    try:
        for name, site in with_trouble.items():
            articles(site, {"/a/1": None})
            site.add("/robots.txt", UNREACHABLE[name])
        articles(sound, {"/a/1": None})
        sources = [source(site, f"s-{name}") for name, site in with_trouble.items()]
        result = workspace.crawl(*sources, source(sound, "sound"))
        for site in with_trouble.values():
            assert {seen.path for seen in site.requests} == {"/robots.txt"}
            row = workspace.row(site.url("/feed"))
            assert (row.outcome, row.reason) == ("pending", "robots_unreachable")
            assert row.due_at > datetime.now(UTC)
            assert f"{site.base_url}/robots.txt" in result.notes
        assert sound.count("/a/1") == 1
        assert {row.state for row in workspace.table("robots")} == {
            "unreachable",
            "allow",
        }
        assert result.exit_status == 0
    finally:
        for site in [*with_trouble.values(), sound]:
            site.close()


def test_robots_rules_are_obeyed_wherever_they_stand(workspace, site):
    """C2: redirects are followed, what is denied is rejected, not fetched."""
    articles(site, {"/a/1": None, "/a/secret": None})
    for number in range(1, 5):
        site.add(f"/r{number}", redirect(f"/r{number + 1}"))
    site.add("/robots.txt", redirect("/r1"))
    site.add("/r5", body="User-agent: babelwire\nDisallow: /a/secret\n")
    workspace.crawl(source(site))
    assert site.count("/a/secret") == 0
    assert workspace.outcome(site.url("/a/secret")) == ("rejected", "robots")
    assert site.count("/a/1") == 1


def test_retry_after_holds_the_host_and_costs_no_url(workspace, site, second_site):
    """C3: in this run, and in the next one."""
    in_a_year = datetime.now(UTC) + timedelta(days=365)
    date = in_a_year.strftime("%a, %d %b %Y %H:%M:%S GMT")
    articles(site, {"/a/1": status(429, 120), "/a/2": None, "/a/3": None})
    articles(second_site, {"/a/1": status(503, date)})
    sources = (source(site, delay_seconds=0.01), source(second_site, "year"))
    result = workspace.crawl(*sources)
    assert workspace.crawl(*sources).exit_status == 0
    holds = {row.host: row for row in workspace.table("hosts")}
    wait = holds[f"127.0.0.1:{site.port}"].not_before_at - datetime.now(UTC)
    assert timedelta(seconds=60) < wait <= timedelta(seconds=120)
    capped = holds[f"127.0.0.1:{second_site.port}"].not_before_at - datetime.now(UTC)
    assert timedelta(hours=23) < capped <= timedelta(hours=24)
    assert site.count("/a/1") == 1
    assert site.count("/a/2") == site.count("/a/3") == 0
    assert workspace.balance()["site"].pending == 3
    assert result.exit_status == 0


def test_the_pace_of_a_host_is_the_slowest_that_is_asked_for(workspace, site):
    robots(site, "User-agent: *\nCrawl-delay: 0.3\n")
    articles(site, {"/a/1": None, "/a/2": None, "/a/3": None})
    workspace.crawl(source(site), source(site, "slower", delay_seconds=0.1))
    times = [seen.at for seen in site.requests]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) >= 0.3


def test_the_next_run_keeps_the_pace_of_the_one_before(workspace, site):
    """However soon it is started."""
    articles(site, {"/a/1": None})
    paced = source(site, delay_seconds=3.0)
    workspace.crawl(paced)
    number = len(site.requests)
    workspace.crawl(paced)
    last, first = site.requests[number - 1 : number + 1]
    assert first.at - last.at >= 3.0


def test_a_cap_leaves_the_rest_pending_and_says_so(workspace, site):
    """C9."""
    articles(site, {f"/a/{number}": None for number in range(9)})
    result = workspace.crawl(source(site, max_pages_per_run=4))
    assert sum(seen.path.startswith("/a/") for seen in site.requests) == 4
    assert result.finished["site"]["capped"] is True
    assert workspace.table("runs")[0].capped is True
    assert workspace.balance()["site"].discovered == 9


def test_an_endless_calendar_is_left_after_ten_pages(workspace, site):
    """C9."""

    def calendar(request):
        number = int(request.target.partition("page=")[2] or 1)
        links = f'<a href="/a/{number}">x</a><a href="/list?page={number + 1}">next</a>'
        return Response(headers={"Content-Type": "text/html"}, body=links.encode())

    site.add("/list", calendar)
    result = workspace.crawl(source(site, feeds=(), listings=(site.url("/list"),)))
    assert site.count("/list") == 10
    assert result.finished["site"]["run"]["discovered"] == 10


def test_an_environment_proxy_is_ignored(workspace, site, second_site, monkeypatch):
    """C17."""
    monkeypatch.setenv("HTTP_PROXY", second_site.base_url)
    monkeypatch.setenv("http_proxy", second_site.base_url)
    articles(site, {"/a/1": None})
    workspace.crawl(source(site))
    assert second_site.requests == []
    assert site.count("/a/1") == 1


def test_a_dead_host_holds_nobody_up_and_is_named(workspace, site):
    articles(site, {"/a/1": None})
    dead = source(site, "dead", feeds=("http://127.0.0.1:9/feed",))
    result = workspace.crawl(source(site), dead)
    assert site.count("/a/1") == 1
    assert workspace.row("http://127.0.0.1:9/feed").reason == "robots_unreachable"
    assert "http://127.0.0.1:9/robots.txt: connection_refused" in result.notes


def test_a_slow_body_does_not_slow_other_hosts(workspace, site, second_site):
    """C7: each request has a total time; other hosts go on meanwhile."""
    articles(site, {"/a/1": hang()})
    articles(second_site, {f"/a/{number}": None for number in range(20)})
    workspace.crawl(
        source(site, "slow"),
        source(second_site, "fast"),
        limits={"timeout_seconds": 1.0},
    )
    given_up = workspace.row(site.url("/a/1"))
    assert (given_up.outcome, given_up.reason) == ("failed", "timeout")
    assert workspace.balance()["fast"].pending == 20
    fast = max(seen.at for seen in second_site.requests)
    second_try = [s.at for s in site.requests if s.path == "/a/1"][1]
    assert fast < second_try
