"""Pages that build their text by script, fetched with a real Chromium."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawler.browser import NoBrowserError, find_browser
from crawler.browser_page import MAX_REQUESTS
from crawler.fetching import Answer
from crawler.job import Limits
from crawler.judge import retry_after_seconds
from pipeline.egress import Egress, Route
from tests.certificates import self_signed
from tests.conftest import CHROMIUM
from tests.crawler.browsing import Browsing, browsed
from tests.crawler.guarded_requests import Asking
from tests.crawler.test_guard import linux
from tests.crawler.workspace import Result, Workspace, feed, source
from tests.pipeline.builders import NOW
from tests.proxy import Proxy
from tests.site import Request, Response, Site, cut, drip, redirect

pytestmark = pytest.mark.browser

BY_SCRIPT = """<!DOCTYPE html><html><head><meta charset="windows-1251"><title>T</title>
</head><body><main></main><script>
fetch('/text.json').then(r => r.json()).then(found => {
  document.querySelector('main').innerHTML = `<p>${found.text}</p>`;
});
</script></body></html>"""
TEXT = "Написано скриптом."
REMEMBERING = """<p></p><script>
document.querySelector('p').textContent =
  `seen=${document.cookie}${localStorage.getItem('seen') || ''}`;
document.cookie = 'script=1';
localStorage.setItem('seen', 'before');
</script>"""


def add_script_page(site: Site, path: str) -> None:
    site.add(path, body=BY_SCRIPT)
    json_type = {"Content-Type": "application/json"}
    site.add("/text.json", body=json.dumps({"text": TEXT}), headers=json_type)


@dataclass(kw_only=True)
class Crawled:
    """A crawl of a site, and of others beside it."""

    site: Site
    workspace: Workspace
    result: Result
    others: list[Site] = field(default_factory=list)

    def body(self, path: str, site: Site | None = None) -> str:
        (page,) = self.workspace.pages((site or self.site).url(path))
        return self.workspace.stored(page).body.decode()

    def outcome(self, path: str) -> tuple[str, str]:
        return self.workspace.outcome(self.site.url(path))

    def asked(self, path: str) -> list[dict[str, str]]:
        requests = list(self.site.requests)
        return [dict(seen.headers) for seen in requests if seen.path == path]


@pytest.fixture(scope="module")
def crawled(make_workspace: Any) -> Iterator[Crawled]:
    """Pages of all sorts, by a browser; one of them by another source without."""
    with Site() as site, Site() as plain:
        site.add("/robots.txt", body="User-agent: *\nDisallow: /a/denied\n")
        for path in ("/a/text", "/a/denied", "/a/new", "/a/there", "/a/listed"):
            add_script_page(site, path)
        site.add("/a/moved", redirect("/a/new", 301))
        site.add("/a/leads", body="<script>location.href = '/a/there'</script>")
        pdf = {"Content-Type": "application/pdf"}
        site.add("/a/file", body=b"%PDF-1.7", headers=pdf)
        site.add("/a/gone", status=404, body="<p>gone")
        cookie = Response(headers={"Set-Cookie": "c=1"}, body=REMEMBERING.encode())
        for number in range(2):
            site.add(f"/a/remembering-{number}", cookie)
        site.add(
            "/list",
            body="<p></p><script>document.querySelector('p').innerHTML ="
            "'<a href=/a/listed>A headline of four words</a>'</script>",
        )
        paths = ["text", "denied", "moved", "leads", "file", "gone"]
        paths += ["remembering-0", "remembering-1"]
        feed(site, [f"/a/{path}" for path in paths])
        add_script_page(plain, "/a/text")
        feed(plain, ["/a/text"])
        workspace = make_workspace("browser")
        result = workspace.crawl(
            source(site, "site", browser=True, listings=(site.url("/list"),)),
            source(plain, "plain"),
            browser=CHROMIUM,
            limits={"timeout_seconds": 10.0},
        )
        yield Crawled(site=site, workspace=workspace, result=result, others=[plain])


def test_a_page_that_builds_its_text_by_script_is_archived_with_it(crawled):
    assert f"<p>{TEXT}</p>" in crawled.body("/a/text")
    assert crawled.result.stderr == ""


def test_without_a_browser_the_same_page_has_no_text(crawled):
    (plain,) = crawled.others
    assert TEXT not in crawled.body("/a/text", plain)
    assert plain.count("/text.json") == 0


def test_what_is_archived_says_that_a_browser_made_it(crawled):
    (page,) = crawled.workspace.pages(crawled.site.url("/a/text"))
    stored = crawled.workspace.stored(page)
    assert stored.kind == "resource"
    assert stored.header("Content-Type") == "text/html; charset=utf-8"
    assert page.status == 200
    assert page.hints["rendered"].startswith("Chromium ")
    assert page.hints["title"] == "T"  # of the feed, as ever
    (plain,) = crawled.workspace.pages(crawled.others[0].url("/a/text"))
    assert "rendered" not in plain.hints


def test_listings_are_fetched_by_the_browser_and_feeds_are_not(crawled):
    assert TEXT in crawled.body("/a/listed")
    assert all("sec-fetch-mode" in asked for asked in crawled.asked("/list"))
    for path in ("/feed", "/robots.txt"):
        (asked,) = crawled.asked(path)
        assert "sec-fetch-mode" not in asked


def test_a_redirect_is_followed_by_the_crawl_and_not_by_the_browser(crawled):
    assert crawled.outcome("/a/moved") == ("duplicate", "")
    assert TEXT in crawled.body("/a/new")
    assert len(crawled.asked("/a/new")) == 1


def test_a_script_that_leads_elsewhere_counts_as_a_redirect(crawled):
    assert crawled.outcome("/a/leads") == ("duplicate", "")
    assert TEXT in crawled.body("/a/there")
    assert len(crawled.asked("/a/there")) == 1


def test_what_robots_txt_forbids_is_never_asked_for(crawled):
    assert crawled.outcome("/a/denied") == ("rejected", "robots")
    assert crawled.asked("/a/denied") == []


def test_files_and_error_pages_are_not_archived_as_pages(crawled):
    assert crawled.outcome("/a/file") == ("rejected", "not_html")
    assert crawled.outcome("/a/gone") == ("rejected", "http_404")
    assert crawled.workspace.pages(crawled.site.url("/a/gone")) == []


def test_nothing_is_remembered_from_page_to_page(crawled):
    """C15."""
    for number in range(2):
        assert "seen=c=1<" in crawled.body(f"/a/remembering-{number}")
    assert not any("cookie" in seen.headers for seen in crawled.site.requests)


def test_the_browser_introduces_itself_as_the_crawl_does(crawled):
    agents = {seen.headers["user-agent"] for seen in crawled.site.requests}
    assert agents == {"Mozilla/5.0 (compatible; babelwire/0.1)"}


@pytest.fixture(scope="module")
def troubled(make_workspace: Any, tmp_path_factory: Any) -> Iterator[Crawled]:
    """Pages that do what no decent page does; nothing is tried again."""
    _, tls = self_signed(tmp_path_factory.mktemp("certificates"))
    with Site() as site, Site(tls=tls) as secure:
        asking = "let n = 0; setInterval(() => fetch('/more?' + n++), 50)"
        site.add("/a/restless", body=f"<p>Text</p><script>{asking}</script>")
        site.add("/a/spinning", body="<p>Text</p><script>for (;;);</script>")
        many = "for (let n = 0; n < 300; n++) fetch('/many?' + n)"
        site.add("/a/greedy", body=f"<p>Text</p><script>{many}</script>")
        site.add("/a/asking", body="<script>alert(1); confirm(2)</script><p>Text</p>")
        site.add("/a/cut", cut(b"<p>Text of which more is to come"))
        site.add("/a/dripping", drip(b"<p>" + b"x" * 1000))
        site.add("/a/huge", body="<script>document.write('x'.repeat(3e6))</script>")
        for number in range(10):
            site.add(f"/a/circle{number}", redirect(f"/a/circle{number + 1}"))
        paths = "restless spinning greedy asking cut dripping huge circle0".split()
        feed(site, [*(f"/a/{path}" for path in paths), secure.url("/a/secure")])
        workspace = make_workspace("troubled")
        result = workspace.crawl(
            source(
                site,
                browser=True,
                hosts=(f"127.0.0.1:{secure.port}",),
                unverified_hosts=(f"127.0.0.1:{secure.port}",),
            ),
            browser=CHROMIUM,
            limits={
                "timeout_seconds": 2.5,
                "retry_delays_seconds": (),
                "max_body_bytes": 2_000_000,
            },
        )
        yield Crawled(site=site, workspace=workspace, result=result, others=[secure])


def test_a_page_that_never_comes_to_rest_is_taken_as_it_is(troubled):
    assert "<p>Text</p>" in troubled.body("/a/restless")


def test_a_script_that_never_ends_ends_with_its_time(troubled):
    """C7: the host answered, so that it is not left alone for it."""
    assert troubled.outcome("/a/spinning") == ("failed", "parse_timeout")


def test_a_page_makes_only_so_many_requests(troubled):
    assert "<p>Text</p>" in troubled.body("/a/greedy")
    assert 0 < troubled.site.count("/many") < MAX_REQUESTS


def test_dialogs_are_answered(troubled):
    assert "<p>Text</p>" in troubled.body("/a/asking")


def test_a_page_that_arrived_in_part_is_not_taken(troubled):
    """C7, C16."""
    assert troubled.outcome("/a/cut") == ("failed", "truncated")
    assert troubled.outcome("/a/dripping") == ("failed", "timeout")


def test_a_page_that_makes_itself_too_large_is_not_taken(troubled):
    """C6."""
    assert troubled.outcome("/a/huge") == ("rejected", "too_large")


def test_an_endless_redirect_ends(troubled):
    assert troubled.outcome("/a/circle5") == ("failed", "too_many_redirects")
    assert troubled.asked("/a/circle6") == []


def test_no_certificate_is_excepted_for_a_browser(troubled):
    """C12: not even one that the source excepts, for pages have scripts of others."""
    (secure,) = troubled.others
    row = troubled.workspace.row(secure.url("/a/secure"))
    assert (row.outcome, row.reason) == ("failed", "tls_certificate")
    assert secure.count("/a/secure") == 0


def test_a_crawl_of_such_pages_ends_in_order(troubled):
    assert troubled.result.of("finished")[0]["state"] == "done"
    assert troubled.result.stderr == ""


@dataclass
class Canary:
    """Listens at addresses that must not be connected to, and sings where it is."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator["Canary"]:
        inet, inet6 = socket.AF_INET, socket.AF_INET6
        places = [(inet, "127.0.0.2"), (inet, "127.0.0.9"), (inet6, "::1")]
        listeners = [self._listener(*place) for place in places]
        yield self
        for listener in listeners:
            listener.close()

    def _listener(self, family: int, address: str) -> socket.socket:
        listener = socket.create_server((address, self.port), family=family)
        self.port = listener.getsockname()[1]
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((address, self.port))
        for listens in (self._accept, self._receive):
            opened = listener if listens == self._accept else datagrams
            threading.Thread(target=listens, args=(opened,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    self.heard.append(f"TCP {connection.recv(200)!r}")

    def _receive(self, datagrams: socket.socket) -> None:
        self.heard.append(f"UDP {datagrams.recv(200)!r}")


SPELLINGS = [
    "127.0.0.2",
    "2130706434",
    "0x7f000002",
    "0177.0.0.2",
    "127.2",
    "127.0.0.9",
    "①②⑦.⓪.⓪.②",
    "[::1]",
    "[::ffff:127.0.0.2]",
    "[64:ff9b::7f00:2]",
    "a.localhost",
]


@linux
def test_nothing_that_a_page_does_connects_to_a_private_address(workspace):
    """C4, C5: by tags, scripts, workers, calls, redirects; and no page that it
    expects its reader to open next is asked for."""
    with Canary().listening() as canary, Site() as site:
        place = f"127.0.0.2:{canary.port}"
        listed = [f"http://{host}:{canary.port}/" for host in SPELLINGS]
        listed += [f"https://{place}/", "http://169.254.169.254/", "http://10.0.0.1/"]
        attacks = Path(__file__).with_name("attacks.html").read_text(encoding="utf-8")
        attacks = attacks.replace("@CANARY@", f"http://{place}")
        attacks = attacks.replace("@PLACE@", place)
        attacks = attacks.replace("@SPELLINGS@", json.dumps(listed))
        hint = {"Link": f"<http://{place}/hint>; rel=preload; as=script"}
        report = {"Content-Security-Policy-Report-Only": f"report-uri http://{place}/"}
        html = {"Content-Type": "text/html; charset=utf-8"}
        site.add("/a/attacks", body=attacks, headers={**html, **hint, **report})
        site.add("/a/redirect", redirect(f"http://{place}/"))
        leads = [f"http://{place}/", "file:///etc/passwd", "data:text/html,<p>x"]
        for number, url in enumerate(leads):
            script = f"<p>Text</p><script>location.href = '{url}'</script>"
            site.add(f"/a/leads-{number}", body=script)
        refresh = f"<meta http-equiv=refresh content='0;url=http://{place}/r'>"
        site.add("/a/refresh", body=refresh)
        paths = ["attacks", "redirect", "refresh", "leads-0", "leads-1", "leads-2"]
        feed(site, [f"/a/{path}" for path in paths])
        workspace.crawl(
            source(site, browser=True, hosts=(place,), allow=()),
            browser=CHROMIUM,
            limits={"timeout_seconds": 10.0},
            allow_networks=("127.0.0.1/32",),
        )
        assert canary.heard == []
        page = Crawled(site=site, workspace=workspace, result=Result([], 0, ""))
        log = page.body("/a/attacks")
        for tried in ("socket: closed", "call: 0", "transport: WebTransportError"):
            assert tried in log
        assert log.count("fetch http") == len(listed)
        assert not any(seen.path.startswith("/next-") for seen in site.requests)
        reason = workspace.row(f"http://{place}/").reason
        assert reason == "address_not_public"
        for number in (1, 2):
            assert "<p>Text</p>" in page.body(f"/a/leads-{number}")


def test_a_source_without_a_browser_waits_and_others_go_on(workspace):
    with Site() as site, Site() as other:
        add_script_page(site, "/a/text")
        feed(site, ["/a/text"])
        other.add("/a/1", body="<p>Text")
        feed(other, ["/a/1"])
        result = workspace.crawl(
            source(site, "waiting", browser=True),
            source(other, "other"),
            browser="/nowhere/chromium",
        )
        assert workspace.outcome(site.url("/a/text")) == ("pending", "no_browser")
        assert workspace.row(site.url("/a/text")).attempts == 0
        assert workspace.outcome(site.url("/feed")) == ("stored", "")
        assert site.count("/a/text") == 0
        assert len(workspace.pages(other.url("/a/1"))) == 1
    assert result.exit_status == 0
    (note,) = result.of("note")
    assert note["source"] == "waiting"
    assert "there is no program /nowhere/chromium" in note["text"]


def test_a_program_that_is_no_browser_is_told_of_once(workspace, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    with Site() as site:
        for number in range(3):
            add_script_page(site, f"/a/{number}")
        feed(site, [f"/a/{number}" for number in range(3)])
        result = workspace.crawl(source(site, browser=True), browser=str(program))
        for number in range(3):
            url = site.url(f"/a/{number}")
            assert workspace.outcome(url) == ("pending", "no_browser")
    (note,) = result.of("note")
    assert "does not start" in note["text"]


def test_a_busy_host_s_wish_is_read_from_a_page_that_is_not_archived():
    """C3."""
    answer = Answer(
        url="http://e.example/", at=NOW, status=429, headers=(("retry-after", "7"),)
    )
    assert retry_after_seconds(answer, Limits()) == 7


def test_a_browser_that_is_configured_but_not_there_is_named():
    with pytest.raises(NoBrowserError, match="/nowhere/chromium"):
        find_browser("/nowhere/chromium")


def kill_browsers() -> None:
    """Every Chromium that is a descendant of this process, its main process only."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            is_main = not any(a.startswith(b"--type=") for a in arguments)
            is_ours = any(b"/babelwire-browser-" in a for a in arguments)
            if is_main and is_ours and os.getpid() in _ancestors(int(folder.name)):
                os.kill(int(folder.name), signal.SIGKILL)


def _ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        process = int(text.rpartition(")")[2].split()[1])
        found.append(process)
    return found


@linux
def test_a_browser_that_is_killed_is_started_anew_and_the_page_tried_again(workspace):
    with Site() as site:

        def kill_once(_request: Request) -> Response:
            if site.count("/a/deadly") == 1:
                kill_browsers()
            return Response(body=b"<p>Survived")

        site.add("/a/deadly", kill_once)
        feed(site, ["/a/deadly"])
        result = workspace.crawl(source(site, browser=True), browser=CHROMIUM)
        page = Crawled(site=site, workspace=workspace, result=result)
        assert "Survived" in page.body("/a/deadly")
        assert len(page.asked("/a/deadly")) == 2
        assert result.finished["site"]["run"]["retries"] == 1


@linux
def test_a_source_s_way_out_holds_for_its_browser(tmp_path):
    """C17: pages and what they load go through the proxy, and nothing private does."""
    login = ("press", "secret")
    with Site("127.0.0.2") as site, Proxy(login=login) as proxy:
        add_script_page(site, "/a/text")
        proxy.places["good.example"] = ("127.0.0.2", site.port)
        hosts = ("good.example", "private.example", "unknown.example")
        way = Route(proxy=proxy.url, user=login[0], password=login[1])
        told = browsed(
            Browsing(
                asking=Asking(
                    urls=tuple(f"http://{host}:{site.port}/a/text" for host in hosts),
                    allow_networks=("127.0.0.2/32",),
                    named_hosts=tuple(f"{host}:{site.port}" for host in hosts),
                    names={
                        "good.example": (("127.0.0.2",),),
                        "private.example": (("127.0.0.3",),),
                        "unknown.example": ((),),
                    },
                    egress=Egress(named={"paris": way}),
                    timeout_seconds=10.0,
                ),
                executable=CHROMIUM,
                egress="paris",
            )
        )
        assert list(told.answers.values()) == [200, "address_not_public", "dns"]
        assert TEXT in told.bodies[f"http://good.example:{site.port}/a/text"]
        assert {asked.host for asked in proxy.asked} == {"good.example"}
        assert {"/a/text", "/text.json"} <= {seen.path for seen in site.requests}
        assert not any("proxy-authorization" in seen.headers for seen in site.requests)
