"""C4, C5, C15, C17: what the browser's proxy lets through, asked by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crawler.browser_gate import asked_of
from pipeline.egress import Egress, Route
from tests.crawler.browsing import Browsing, Told, browsed, page, tunnel
from tests.crawler.guarded_requests import Asking
from tests.crawler.test_guard import NAMES, SPELLINGS, linux
from tests.proxy import Proxy
from tests.site import Response, Site, big

PRIVATE = [
    *(host for host in SPELLINGS if host.isascii()),
    *NAMES,
    "169.254.169.254",
    "10.0.0.1",
]
CHANGING = {
    "good.example": (("127.0.0.2",),),
    "changing.example": (("127.0.0.2",), ("127.0.0.3",), ("127.0.0.2",)),
}
NONSENSE = [
    "GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n",
    "GET ftp://127.0.0.2/ HTTP/1.1\r\n\r\n",
    "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
    "\r\n\r\n",
    "GET http://127.0.0.2/ HTTP/1.1\r\nX: " + "a" * 70_000 + "\r\n\r\n",
]


def sent(site: Site, requests: list[str], **fields: Any) -> Told:
    """What the gate said to each request; only 127.0.0.2 is allowed.

    Every host is named by a source, so that no port is in the way.
    """
    hosts = [*PRIVATE, *CHANGING, "127.0.0.2"]
    asking = Asking(
        urls=(),
        allow_networks=("127.0.0.2/32",),
        named_hosts=tuple(f"{host}:{site.port}" for host in hosts),
        names=NAMES | CHANGING,
        **fields,
    )
    return browsed(Browsing(asking=asking, sent=tuple(requests)))


@pytest.fixture(scope="module")
def canary() -> Iterator[Site]:
    """Listens everywhere."""
    with Site("0.0.0.0") as running:
        running.add("/", Response(headers={"Connection": "close"}, body=b"sung"))
        running.add("/big", big(3_000_000))
        yield running


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The gate's replies to what all was tried, and what the canary saw."""

    replies: dict[str, list[str]]
    told: Told
    asked: list[dict[str, str]]

    def statuses(self, what: str) -> list[str]:
        return [reply.split(" ")[1] for reply in self.replies[what]]


@pytest.fixture(scope="module")
def tried(canary: Site) -> Tried:
    """All at once: a process takes seconds to start."""
    good = f"http://127.0.0.2:{canary.port}/"
    trials = {
        "good": [page(good)],
        "pages": [page(f"http://{host}:{canary.port}/") for host in PRIVATE],
        "tunnels": [tunnel(f"{host}:{canary.port}") for host in PRIVATE],
        "changing": [page(f"http://changing.example:{canary.port}/")] * 3,
        "no ticket": [
            page(good).replace("TICKET", "Basic cGFnZTp3cm9uZw=="),
            f"GET {good} HTTP/1.1\r\nHost: a\r\n\r\n",
            f"CONNECT 127.0.0.2:{canary.port} HTTP/1.1\r\n\r\n",
        ],
        "nonsense": [*NONSENSE, page("http://127.0.0.2:x/")],
        "two": [page(good) + page(f"http://127.0.0.3:{canary.port}/two")],
        "big": [page(f"{good}big")],
    }
    told = sent(canary, [text for texts in trials.values() for text in texts])
    replies = iter(told.replies)
    by_name = {name: [next(replies) for _ in texts] for name, texts in trials.items()}
    asked = [{**seen.headers, "path": seen.path} for seen in canary.requests]
    return Tried(replies=by_name, told=told, asked=asked)


@linux
def test_no_spelling_of_a_private_address_is_let_through(tried, canary):
    """C4, C5: as a page and as a tunnel; what is allowed gets its answer."""
    assert tried.replies["good"][0].endswith("sung")
    for kind in ("pages", "tunnels"):
        assert set(tried.statuses(kind)) <= {"403", "502"}
        reasons = {reply.splitlines()[1] for reply in tried.replies[kind]}
        assert reasons <= {
            "X-Babelwire-Gate: address_not_public",
            "X-Babelwire-Gate: dns",
        }
    reached = {seen["host"].partition(":")[0] for seen in tried.asked}
    assert reached == {"127.0.0.2", "changing.example"}


@linux
def test_a_name_that_changes_its_address_is_connected_to_only_while_that_is_allowed(
    tried,
):
    """C5: the address that was judged is the one connected to."""
    assert tried.statuses("changing") == ["200", "403", "200"]


@linux
def test_hosts_that_were_connected_to_are_noted_and_counted(tried, canary):
    reached = {f"127.0.0.2:{canary.port}", f"changing.example:{canary.port}"}
    assert set(tried.told.counted) == reached
    assert set(tried.told.announced) == reached


@linux
def test_who_has_no_ticket_gets_nothing(tried):
    """Another program of this machine could else read what only the crawl may."""
    assert tried.statuses("no ticket") == ["407"] * 3


def test_what_is_no_request_of_a_browser_is_refused(tried):
    assert tried.statuses("nonsense") == ["400"] * 4 + ["431", "403"]


@linux
def test_a_second_request_on_a_connection_goes_nowhere(tried):
    """It could be for another host than the one that was judged."""
    assert all(seen["path"] != "/two" for seen in tried.asked)


@linux
def test_a_ticket_is_not_shown_to_the_site(tried):
    """C15."""
    assert not any("proxy-authorization" in seen for seen in tried.asked)
    assert {seen["connection"] for seen in tried.asked} == {"close"}


@linux
def test_a_page_that_loads_more_than_it_may_is_cut_off(tried):
    """C6."""
    (reply,) = tried.replies["big"]
    assert len(reply) < 1_100_000


@linux
def test_the_office_proxy_is_asked_for_what_may_be_reached_and_gets_its_password():
    """C17."""
    login = ("press", "secret")
    with Site("127.0.0.2") as site, Proxy(login=login) as proxy:
        site.add("/", body="sung")
        proxy.places["good.example"] = ("127.0.0.2", site.port)
        way = Route(proxy=proxy.url, user=login[0], password=login[1])
        pages = [page(f"http://{host}:{site.port}/") for host in NAMES]
        tunnels = [tunnel(f"{host}:{site.port}") for host in NAMES]
        good = page(f"http://good.example:{site.port}/")
        told = sent(site, [*tunnels, *pages, good], egress=Egress(default=way))
        assert {asked.host for asked in proxy.asked} == {"good.example"}
        assert "proxy-authorization" not in site.requests[0].headers
    *refused, answered = told.replies
    assert {reply.split(" ")[1] for reply in refused} == {"403"}
    assert answered.endswith("sung")


@linux
def test_a_proxy_that_wants_another_password_does_not_ask_the_browser():
    """C17: to a 407 of its proxy a browser answers with the ticket."""
    with Site("127.0.0.2") as site, Proxy(login=("press", "secret")) as proxy:
        way = Egress(default=Route(proxy=proxy.url))
        place = f"good.example:{site.port}"
        told = sent(site, [page(f"http://{place}/"), tunnel(place)], egress=way)
    assert [reply.split(" ")[1] for reply in told.replies] == ["502", "502"]
    assert all("proxy_refused" in reply for reply in told.replies)


def test_bodies_are_passed_on_only_where_their_length_is_said():
    head = b"POST http://e.example/ HTTP/1.1\r\n"
    with_length = asked_of(head + b"Content-Length: 12")
    assert with_length is not None
    assert with_length.body_bytes == 12
    twice = b"Content-Length: 1\r\nContent-Length: 2"
    for fields in (b"Transfer-Encoding: chunked", twice):
        found = asked_of(head + fields)
        assert found is not None
        assert found.body_bytes == -1
