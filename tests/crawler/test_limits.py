"""C4, C6, C7, C15: bombs, drips and other people's cookies, in whole crawls."""

import gzip
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.urls import host_of
from tests.certificates import self_signed
from tests.crawler.test_guard import linux
from tests.crawler.workspace import Workspace, articles, feed, source
from tests.site import (
    HTML,
    MEBIBYTE,
    Answer,
    Response,
    Site,
    bomb,
    drip,
    drip_head,
    hang,
    redirect,
)

ONCE = {"retry_delays_seconds": (), "host_failures": 99}
"""Limits: each page is tried once, and no host left alone."""

# --- C6 --------------------------------------------------------------------------

MAX_MEMORY_BYTES = 300 * MEBIBYTE
"""CASES.md, C6."""

SIZE = 400 * MEBIBYTE
"""Of what the bombs hold."""

CRAWL = """
import json, resource, sys
from crawler.job import CrawlJob
from crawler.launch import CrawlProcess
with CrawlProcess(CrawlJob.from_json(sys.stdin.read())) as process:
    for event in process.events():
        pass
    assert process.stderr == "", process.stderr
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small process, so that the largest of its children is the crawl or its parser."""


def peak_bytes(workspace: Workspace, *sources, **fields) -> int:
    """What the largest process of a crawl had in memory at most."""
    done = subprocess.run(
        [sys.executable, "-c", CRAWL],
        input=workspace.job(*sources, **fields).to_json(),
        cwd=Path(__file__).parent.parent.parent,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2)
    return int(done.stdout) * unit


def nested(outer: str, inner: bytes) -> Response:
    headers = {"Content-Type": "text/html", "Content-Encoding": outer}
    return Response(headers=headers, body=inner)


def twice(size: int) -> Response:
    """Zeros that were packed, and packed again."""
    once = gzip.compress(bytes(size), 9)
    return nested("gzip, gzip", gzip.compress(once, 9))


def in_chain(size: int) -> Response:
    """More encodings than anybody means."""
    body = bytes(size)
    for _ in range(8):
        body = gzip.compress(body, 6)
    return nested(", ".join(["gzip"] * 8), body)


BOMBS: dict[str, Answer] = {
    "/a/gzip": bomb("gzip", SIZE),
    "/a/br": bomb("br", SIZE),
    "/a/zstd": bomb("zstd", SIZE),
    "/a/deflate": bomb("deflate", SIZE),
    "/a/twice": twice(SIZE),
    "/a/in-chain": in_chain(64 * MEBIBYTE),
}

SITEMAPS: dict[str, Answer] = {
    "/gzip.xml.gz": bomb("gzip", SIZE, as_file=True),
    "/twice.xml.gz": bomb("gzip", SIZE),
    "/one.xml": bomb("br", SIZE),
    "/two.xml": bomb("zstd", SIZE),
}


@pytest.mark.slow
def test_bombs_are_dropped_at_the_limit_and_fill_no_memory(workspace, site):
    """C6: one alone would be more than a crawl may have."""
    articles(site, BOMBS)
    for path, answer in SITEMAPS.items():
        site.add(path, answer)
    sitemaps = tuple(site.url(path) for path in SITEMAPS)
    peak = peak_bytes(
        workspace, source(site, sitemaps=sitemaps), limits={"timeout_seconds": 30.0}
    )
    reasons = {path: workspace.row(site.url(path)).reason for path in BOMBS}
    assert reasons.pop("/a/in-chain") in {"too_large", "unknown_encoding"}
    assert set(reasons.values()) == {"too_large"}
    for path in SITEMAPS:
        row = workspace.row(site.url(path))
        assert (row.outcome, row.reason) == ("failed", "too_large")
    assert peak < MAX_MEMORY_BYTES


@pytest.mark.slow
def test_a_page_of_the_whole_limit_does_fill_memory(workspace, site):
    """C6: the control; what is measured grows with what is kept."""
    articles(site, {"/a/1": bomb("gzip", SIZE)})
    limits = {"timeout_seconds": 60.0, "max_body_bytes": 500 * MEBIBYTE}
    assert peak_bytes(workspace, source(site), limits=limits) > MAX_MEMORY_BYTES


# --- C7 --------------------------------------------------------------------------


@pytest.mark.slow
def test_sixteen_dripping_hosts_leave_the_others_their_speed(workspace):
    """C7: all their pages come before the first drip is given up."""
    paths = [f"/a/{number}" for number in range(25)]
    with ExitStack() as stack:
        dripping = [stack.enter_context(Site()) for _ in range(16)]
        quick = [stack.enter_context(Site()) for _ in range(4)]
        for site in dripping:
            articles(site, dict.fromkeys(paths[:3], drip(b"x" * 3600)))
        for site in quick:
            articles(site, dict.fromkeys(paths))
        sources = [source(s, f"s{n}") for n, s in enumerate(dripping + quick)]
        workspace.crawl(*sources, limits={"timeout_seconds": 6.0, **ONCE})
        for number, site in enumerate(dripping):
            assert workspace.balance()[f"s{number}"].failed == {"timeout": 3}
            third = [seen.at for seen in site.requests if "/a/" in seen.path][2]
            for other in quick:  # two at once: the third waits until one is given up
                assert {*paths} <= {seen.path for seen in other.requests}
                assert max(seen.at for seen in other.requests) < third


def test_every_way_to_be_slow_ends_in_time(workspace, site):
    """C7: a total limit, however the bytes come."""
    ways = {
        "/a/body": drip(b"x" * 3600, 0.1),
        "/a/head": drip_head(0.1),
        "/a/silent": hang(),
        "/a/half": hang(b"HTTP/1.1 200 O"),
    }
    articles(site, ways)
    workspace.crawl(source(site), limits={"timeout_seconds": 1.0, **ONCE})
    for path in ways:
        assert workspace.outcome(site.url(path)) == ("failed", "timeout")


# --- C15 -------------------------------------------------------------------------


def test_no_cookie_or_credential_is_ever_sent(workspace, tmp_path):
    """C15: across host, port and scheme, by redirects and by links."""
    _, context = self_signed(tmp_path)
    with Site() as first, Site() as second, Site(tls=context) as secure:
        sites = (first, second, secure)
        for site in sites:
            hand_out_cookies(site, [other.url("/a/x") for other in sites])
        hosts = tuple(f"127.0.0.1:{site.port}" for site in sites)
        sources = [
            source(site, f"s{n}", hosts=hosts, unverified_hosts=hosts[2:])
            for n, site in enumerate(sites)
        ]
        for _ in range(2):
            workspace.crawl(*sources)
        for site in sites:
            paths = {seen.path for seen in site.requests}
            assert paths == {"/robots.txt", "/feed", "/a/0", "/a/1", "/a/2", "/a/x"}
            for seen in site.requests:
                sent = {"cookie", "authorization", "referer", "proxy-authorization"}
                assert not sent & set(seen.headers)


def hand_out_cookies(site: Site, targets: list[str]) -> None:
    cookies = {**HTML, "Set-Cookie": "id=1; Path=/; Domain=127.0.0.1", "ETag": '"1"'}
    articles(
        site,
        {
            f"/a/{n}": Response(status=302, headers={**cookies, "Location": target})
            for n, target in enumerate(targets)
        },
    )
    for path in ("/a/x", "/robots.txt"):
        site.add(path, headers=cookies, body="<p>x</p>" if path == "/a/x" else "")


def test_credentials_in_an_address_are_not_sent(workspace, site):
    """C15: of a link, and of a source's own endpoint."""
    articles(site, {"/a/1": None})
    with_login = site.url("/a/2").replace("//", "//user:pass@")
    site.add("/a/1", redirect(with_login))
    workspace.crawl(source(site))
    assert workspace.row(with_login).reason == "url_has_credentials"
    assert site.count("/a/2") == 0


# --- C4 --------------------------------------------------------------------------

INSIDE = ("127.0.0.3", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "[::1]")


@linux
def test_pages_that_lead_inside_are_refused_when_connecting(workspace):
    """C4: by redirects and by links, to hosts that the source calls its own."""
    with Site("127.0.0.2") as site, Site("0.0.0.0") as canary:
        own = tuple(host_of(f"http://{host}:{canary.port}/") for host in INSIDE)
        links = [f"http://{host}:{canary.port}/a/link" for host in INSIDE]
        moved = [f"http://{host}:{canary.port}/a/moved" for host in INSIDE]
        paths = {f"/a/{n}": redirect(to) for n, to in enumerate(moved)}
        articles(site, {**paths, "/a/file": redirect("file:///etc/passwd")})
        feed(site, [*paths, "/a/file", *links])
        workspace.crawl(source(site, hosts=own), allow_networks=("127.0.0.2/32",))
        for url in (*links, *moved):
            assert workspace.outcome(url) == ("rejected", "address_not_public")
        outcome = workspace.outcome(site.url("/a/file"))
        assert outcome == ("rejected", "redirect_not_http")
        assert canary.requests == []
