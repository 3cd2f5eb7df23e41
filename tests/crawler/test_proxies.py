"""C17, C15: crawls behind a proxy, what it gets, and what becomes of its failures."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.web.client import URI

from crawler.job import CrawlJob, Limits, ProbeJob
from crawler.launch import CrawlProcess
from crawler.proxies import (
    FAILED,
    MAX_FAILURES,
    MAX_HEAD_BYTES,
    PAUSE_SECONDS,
    REFUSED,
    UNAVAILABLE,
    ProxyError,
    Standing,
    TunnelEndpoint,
)
from pipeline.egress import Egress, Route
from pipeline.store import sqlite_url
from pipeline.urls import host_of
from tests.crawler.guarded_requests import Asking, asked
from tests.crawler.workspace import QUICK, Result, Workspace, articles, feed, source
from tests.proxy import CLOSE, HANG, Proxy
from tests.site import Site, redirect

NEWS = "http://news.example"
LOGIN = ("crawler", "s3cret-word")


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    with Proxy(places={"news.example": ("127.0.0.1", site.port)}) as running:
        yield running


def publish(site: Site, *paths: str) -> None:
    articles(site, dict.fromkeys(paths))
    feed(site, [f"{NEWS}{path}" for path in paths])


def news(site: Site, name: str = "news", **fields: Any) -> Any:
    return source(site, name, **{"feeds": (f"{NEWS}/feed",), **fields})


def through(proxy: Proxy, **fields: Any) -> Egress:
    """As in an office that has no DNS for the outside."""
    return Egress(default=Route(proxy=proxy.url), proxy_resolves=True, **fields)


def noted(workspace: Workspace) -> dict[tuple[str, str], int]:
    return {(row.host, row.purpose): row.times for row in workspace.table("contacts")}


# --- All is well -----------------------------------------------------------------


def test_a_crawl_goes_through_the_proxy_with_robots_txt_and_all(workspace, site, proxy):
    """C17: and whoever was asked for, and through whom, is noted."""
    publish(site, "/a/1", "/a/2")
    result = workspace.crawl(news(site), egress=through(proxy), allow_networks=())
    assert result.stderr == ""
    assert result.exit_status == 0
    targets = {asked_for.target for asked_for in proxy.asked}
    paths = ("/robots.txt", "/feed", "/a/1", "/a/2")
    assert targets == {f"{NEWS}{path}" for path in paths}
    assert noted(workspace) == {
        ("news.example", "visit"): 4,
        (f"127.0.0.1:{proxy.port}", "proxy"): 4,
    }
    assert workspace.balance()["news"].pending == 2  # to be read


def test_the_archive_names_no_address_of_the_office(workspace, site, proxy):
    publish(site, "/a/1")
    workspace.crawl(news(site), egress=through(proxy), allow_networks=())
    for path in workspace.archive.glob("*.warc.gz"):
        import gzip

        assert b"WARC-IP-Address" not in gzip.decompress(path.read_bytes())


def test_a_source_leaves_by_the_way_that_it_names(workspace, site, proxy):
    with Proxy(places=proxy.places) as paris, Site() as near:
        publish(site, "/a/1")
        articles(near, {"/a/2": None})
        egress = replace(through(proxy), named={"paris": Route(proxy=paris.url)})
        workspace.crawl(
            news(site, egress="paris"),
            source(near, "near", egress="direct"),
            egress=egress,
        )
        assert proxy.asked == []
        assert {a.target for a in paris.asked} == {
            f"{NEWS}{path}" for path in ("/robots.txt", "/feed", "/a/1")
        }
        assert near.count("/a/2") == near.count("/robots.txt") == 1


def test_hosts_of_no_proxy_and_this_machine_are_reached_directly(
    workspace, site, proxy
):
    articles(site, {"/a/1": None})
    unknown = news(site, feeds=("http://wiki.intranet.example/feed",))
    workspace.crawl(
        source(site, "here"),
        unknown,
        egress=through(proxy, no_proxy=("intranet.example",)),
        retry_wait_seconds=0.0,
    )
    assert site.count("/a/1") == 1
    assert proxy.asked == []
    assert workspace.row("http://wiki.intranet.example/feed").reason == "dns"


def probed(job: ProbeJob) -> dict[str, Any]:
    with CrawlProcess(job) as process:
        (found,) = [event for event in process.events() if event["event"] == "probe"]
    return found


def test_a_look_at_a_site_takes_the_same_way(workspace, site, proxy):
    publish(site, "/a/1")
    dead = Route(proxy="http://127.0.0.1:9")
    job = ProbeJob(
        source=news(site, egress="paris"),
        egress=replace(
            through(proxy), default=dead, named={"paris": Route(proxy=proxy.url)}
        ),
        limits=Limits(**QUICK),
        database_url=sqlite_url(workspace.folder / "babelwire.db"),
    )
    found = probed(job)
    assert found["endpoints"][0]["entries"] == 1
    assert f"{NEWS}/a/1" in {asked_for.target for asked_for in proxy.asked}
    assert noted(workspace) == {
        ("news.example", "probe"): len(proxy.asked),
        (f"127.0.0.1:{proxy.port}", "proxy"): len(proxy.asked),
    }


def test_a_page_that_leads_inside_is_not_asked_of_the_proxy(workspace, site, proxy):
    """C4, C17: by a redirect, or by a link, to hosts that the source calls its own."""
    hosts = ("10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fe80::1]")
    publish(site, "/a/1", *(f"/a/to{number}" for number in range(len(hosts))))
    for number, host in enumerate(hosts):
        site.add(f"/a/to{number}", redirect(f"http://{host}/a/x"))
    feed(site, [f"{NEWS}/a/1", *(f"{NEWS}/a/to{n}" for n in range(len(hosts)))])
    own = tuple(host_of(f"http://{host}/") for host in hosts)
    workspace.crawl(news(site, hosts=own), egress=through(proxy), allow_networks=())
    assert {asked_for.host for asked_for in proxy.asked} == {"news.example"}
    for host in hosts:
        outcome = workspace.outcome(f"http://{host}/a/x")
        assert outcome == ("rejected", "address_not_public")


# --- Credentials (C15) -----------------------------------------------------------


def test_the_password_goes_to_the_proxy_and_nowhere_else(
    workspace, site, proxy, tmp_path
):
    """C15: nor into events, notes or the archive; not even into a repr."""
    proxy.login = LOGIN
    publish(site, "/a/1")
    route = Route(proxy=proxy.url, user=LOGIN[0], password=LOGIN[1])
    egress = replace(through(proxy), default=route)
    job = workspace.job(news(site), egress=egress)
    assert LOGIN[1] not in repr(job)
    assert CrawlJob.from_json(job.to_json()) == job
    result = workspace.crawl(news(site), egress=egress)
    assert site.count("/a/1") == 1
    assert all("proxy-authorization" in asked_for.headers for asked_for in proxy.asked)
    assert not any("proxy-authorization" in seen.headers for seen in site.requests)
    told = json.dumps(result.events) + result.stderr
    assert LOGIN[1] not in told
    assert route.authorization.split()[1] not in told


def test_a_host_reached_directly_gets_no_password(site):
    """C15."""
    route = Route(proxy="http://127.0.0.1:9", user=LOGIN[0], password=LOGIN[1])
    told = asked(
        Asking(
            urls=(site.url("/"),),
            allow_networks=("127.0.0.0/8",),
            named_hosts=(f"127.0.0.1:{site.port}",),
            egress=Egress(default=route),
        )
    )
    assert list(told.answers.values()) == [404]
    assert "proxy-authorization" not in site.requests[0].headers


# --- What goes wrong -------------------------------------------------------------


def stays_due(workspace: Workspace, result: Result, reason: str) -> None:
    """Nothing failed, nobody is held, and one note says what is wrong."""
    row = workspace.row(f"{NEWS}/feed")
    assert (row.outcome, row.reason, row.attempts) == ("pending", reason, 0)
    assert row.due_at > datetime.now(UTC) + timedelta(seconds=60)
    assert workspace.table("hosts") == []
    assert workspace.table("robots") == []
    assert result.exit_status == 0
    assert len(result.of("note")) == 1
    assert "what should go through it stays due" in result.notes


def test_a_dead_proxy_is_no_hosts_fault_and_is_told_once(workspace, site, proxy):
    publish(site, "/a/1")
    other = news(site, "other", feeds=("http://other.example/feed",))
    dead = Egress(default=Route(proxy="http://127.0.0.1:9"), proxy_resolves=True)
    result = workspace.crawl(news(site), other, egress=dead)
    stays_due(workspace, result, UNAVAILABLE)
    assert "proxy 127.0.0.1:9 does not answer" in result.notes
    assert workspace.row("http://other.example/feed").reason == UNAVAILABLE
    workspace.crawl(news(site), egress=through(proxy))
    assert site.count("/a/1") == 1


def test_a_look_at_a_site_says_that_it_is_the_proxy():
    dead = Egress(default=Route(proxy="http://127.0.0.1:9"), proxy_resolves=True)
    job = ProbeJob(url=f"{NEWS}/", egress=dead, limits=Limits(**QUICK))
    assert probed(job)["site"]["reason"] == UNAVAILABLE


def test_a_proxy_that_wants_another_password_is_told_once(workspace, site, proxy):
    """C15: and the one that was tried is not."""
    proxy.login = LOGIN
    publish(site, "/a/1")
    wrong = Route(proxy=proxy.url, user=LOGIN[0], password="wr0ng-word")
    egress = replace(through(proxy), default=wrong)
    result = workspace.crawl(news(site), egress=egress)
    stays_due(workspace, result, REFUSED)
    assert "wants a user and a password, or others" in result.notes
    assert "wr0ng-word" not in json.dumps(result.events)


@pytest.mark.parametrize("first", ["dead", "paris"])
def test_who_reaches_a_host_another_way_does_not_wait_for_a_dead_proxy(
    workspace, site, proxy, first
):
    """Whether robots.txt was asked for by the dead way, or is known already."""
    articles(site, {"/a/1": None})
    for way in ("dead", "paris"):
        feed(site, [f"{NEWS}/a/{way}"], path=f"/{way}")
        site.add(f"/a/{way}", body="<p>Text</p>")
    named = {"paris": Route(proxy=proxy.url), "dead": Route(proxy="http://127.0.0.1:9")}
    sources = [
        news(site, way, feeds=(f"{NEWS}/{way}",), egress=way)
        for way in sorted(named, key=lambda way: way != first)
    ]
    workspace.crawl(*sources, egress=replace(through(proxy), named=named))
    assert site.count("/a/paris") == 1
    row = workspace.row(f"{NEWS}/dead")
    assert (row.outcome, row.reason, row.attempts) == ("pending", UNAVAILABLE, 0)
    assert workspace.table("hosts") == []


def asked_of(proxy: Proxy, *urls: str, **fields: Any) -> list[int | str]:
    asking = Asking(urls=urls, egress=through(proxy), timeout_seconds=1.0, **fields)
    return list(asked(asking).answers.values())


@pytest.mark.parametrize(
    ("status", "reason"), [(403, FAILED), (502, FAILED), (407, REFUSED)]
)
def test_a_tunnel_that_is_refused_says_why(proxy, status, reason):
    proxy.fault = lambda _: status
    assert asked_of(proxy, "https://news.example/") == [reason]


def test_what_fails_at_the_proxy_is_not_asked_of_it_again_and_again(proxy):
    """Wrong passwords lock accounts, and a silent proxy costs time at each request."""
    urls = [f"https://{number}.news.example/" for number in range(MAX_FAILURES + 3)]
    for status, reason in ((407, REFUSED), (CLOSE, UNAVAILABLE)):
        proxy.asked.clear()
        proxy.fault = lambda _, status=status: status
        assert asked_of(proxy, *urls) == [reason] * len(urls)
        assert len(proxy.asked) == MAX_FAILURES


def test_a_host_that_a_proxy_does_not_reach_is_no_failure_of_the_proxy(proxy, site):
    site.add("/", body="seen")
    bad = [f"https://{number}.example/" for number in range(MAX_FAILURES + 1)]
    proxy.fault = lambda asked_for: 0 if asked_for.method == "GET" else 504
    answers = asked_of(proxy, *bad, f"{NEWS}/")
    assert answers == [FAILED] * len(bad) + [200]


def test_a_plain_request_that_a_proxy_does_not_answer_is_its_failure(proxy):
    proxy.fault = lambda _: CLOSE
    assert asked_of(proxy, f"{NEWS}/") == [UNAVAILABLE]


def test_a_silent_tunnel_ends_with_the_request(proxy):
    """C7: the total time holds on the way to the proxy, too."""
    proxy.fault = lambda _: HANG
    assert asked_of(proxy, "https://news.example/") == ["timeout"]


# --- Tunnels ---------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Kept(Protocol):
    def __init__(self) -> None:
        self.received = b""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.received += data


class Way:
    """A proxy's endpoint that is connected at once, or never."""

    def __init__(self, *, connects: bool = True) -> None:
        self.transport = StringTransport()
        self.connects = connects
        self.given_up = False

    def connect(self, factory: Factory) -> Deferred[Any]:
        if not self.connects:
            return Deferred(lambda _: setattr(self, "given_up", True))
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock) -> Standing:
    return Standing(Route(proxy="http://proxy.example:3128"), clock)


def opened(way: Way, standing: Standing) -> tuple[Deferred[Any], list[Any]]:
    uri = URI.fromBytes(b"https://news.example/")
    endpoint = TunnelEndpoint(way, uri, Route(), standing)  # type: ignore[arg-type]
    told: list[Any] = []
    opening = endpoint.connect(Factory.forProtocol(Kept))
    opening.addBoth(told.append)
    return opening, told


def test_what_follows_a_proxys_word_is_the_far_ends(standing):
    way = Way()
    _, told = opened(way, standing)
    assert way.transport.value().startswith(b"CONNECT news.example:443 HTTP/1.1\r\n")
    way.protocol.dataReceived(b"HTTP/1.1 200 Connec")
    assert told == []
    way.protocol.dataReceived(b"tion established\r\nVia: x\r\n\r\nfar")
    way.protocol.dataReceived(b" end")
    (kept,) = told
    assert kept.received == b"far end"
    kept.transport.write(b"hello")
    assert way.transport.value().endswith(b"hello")


ANSWERS = {
    b"HTTP/1.1 403 Forbidden\r\n\r\n": FAILED,
    b"HTTP/1.1 407 Login\r\n\r\n": REFUSED,
    b"220 mail.example ESMTP\r\n\r\n": FAILED,
    b"x" * (MAX_HEAD_BYTES + 1): FAILED,
}


@pytest.mark.parametrize(("answer", "reason"), ANSWERS.items())
def test_a_connection_without_a_tunnel_is_closed(standing, answer, reason):
    way = Way()
    _, (told,) = answered(way, standing, answer)
    assert told.check(ProxyError)
    assert told.value.reason == reason
    assert way.transport.disconnecting


def answered(way: Way, standing: Standing, data: bytes) -> tuple[Any, list[Any]]:
    opening, told = opened(way, standing)
    way.protocol.dataReceived(data)
    return opening, told


def test_a_tunnel_that_nobody_waits_for_any_more_is_closed(standing):
    """C7: a silent proxy keeps no connection open, and learns nothing later."""
    way = Way()
    opening, told = opened(way, standing)
    opening.cancel()
    assert len(told) == 1
    assert way.transport.disconnecting
    way.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n\r\n")
    never = Way(connects=False)
    opening, _ = opened(never, standing)
    opening.cancel()
    assert never.given_up


def test_a_proxy_that_failed_often_is_left_alone_for_a_while(standing, clock):
    for _ in range(MAX_FAILURES):
        standing.check()
        standing.failed(UNAVAILABLE, "does not answer")
    with pytest.raises(ProxyError, match="does not answer"):
        standing.check()
    clock.now = PAUSE_SECONDS
    standing.check()
    standing.failed(UNAVAILABLE, "does not answer")  # then one more is enough
    with pytest.raises(ProxyError):
        standing.check()


def test_a_few_silent_hosts_do_not_close_the_way_to_others(standing, clock):
    """C7: 16 tunnels end in silence while other hosts answer."""
    began = clock.now
    clock.now = 5.0
    standing.works()
    clock.now = 20.0
    for _ in range(16):
        standing.silent(began)
    standing.check()
    for _ in range(MAX_FAILURES):
        standing.silent(clock.now)  # and now nothing else works either
    with pytest.raises(ProxyError):
        standing.check()
