"""C4, C5, C17: what the browser's proxy lets through, asked by hand."""

from typing import Any

import pytest

from crawler.browser_gate import asked_of
from pipeline.egress import Egress, Route
from tests.crawler.browsing import Browsing, Told, browsed, page, tunnel
from tests.crawler.guarded_requests import Asking
from tests.crawler.test_guard import NAMES, SPELLINGS, linux
from tests.proxy import Proxy
from tests.site import Response, Site, big, redirect


@pytest.fixture
def canary():
    """Listens everywhere; 127.0.0.2 is allowed."""
    with Site("0.0.0.0") as running:
        running.add("/", Response(headers={"Connection": "close"}, body=b"sung"))
        yield running


def sent(site: Site, requests: list[str], **fields: Any) -> Told:
    """What the gate said to each request, with every host named by a source."""
    hosts = [*SPELLINGS, *NAMES, "127.0.0.2", "good.example", "changing.example"]
    asking = Asking(
        urls=(),
        allow_networks=("127.0.0.2/32",),
        named_hosts=tuple(f"{host}:{site.port}" for host in hosts),
        names=NAMES
        | {
            "good.example": (("127.0.0.2",),),
            "changing.example": (("127.0.0.2",), ("127.0.0.3",), ("127.0.0.2",)),
        },
        **fields,
    )
    return browsed(Browsing(asking=asking, sent=tuple(requests)))


def statuses(told: Told) -> list[str]:
    return [reply.split(" ")[1] for reply in told.replies]


ASCII = [host for host in SPELLINGS if host.isascii()]


@linux
def test_no_spelling_of_a_private_address_is_let_through(canary):
    """C4, C5: 403, as a page and as a tunnel; what is allowed gets its answer."""
    hosts = [*ASCII, *NAMES, "169.254.169.254", "10.0.0.1"]
    pages = [page(f"http://{host}:{canary.port}/") for host in hosts]
    tunnels = [tunnel(f"{host}:{canary.port}") for host in hosts]
    good = page(f"http://good.example:{canary.port}/")
    told = sent(canary, [*pages, *tunnels, good])
    assert set(statuses(told)[:-1]) <= {"403", "502"}
    assert {r.splitlines()[1] for r in told.replies[:-1]} <= {
        f"X-Babelwire-Gate: {reason}"
        for reason in ("address_not_public", "port_not_allowed", "dns")
    }
    assert told.replies[-1].endswith("sung")
    assert [s.headers["host"] for s in canary.requests] == [
        f"good.example:{canary.port}"
    ]
    assert told.counted == [f"good.example:{canary.port}"]


@linux
def test_a_name_that_changes_its_address_is_connected_to_only_while_that_is_allowed():
    """C5: the address that was judged is the one connected to."""
    again = Response(headers={"Connection": "close"}, body=b"sung")
    with Site("127.0.0.2") as good, Site("127.0.0.3", good.port) as bad:
        good.add("/", again)
        bad.add("/", again)
        asked = page(f"http://changing.example:{good.port}/")
        told = sent(good, [asked, asked, asked])
        assert statuses(told) == ["200", "403", "200"]
        assert bad.requests == []


@linux
def test_who_has_no_ticket_gets_nothing(canary):
    """Another program of this machine could else read what only the crawl may."""
    url = f"http://127.0.0.2:{canary.port}/"
    wrong = page(url).replace("TICKET", "Basic cGFnZTp3cm9uZw==")
    none = f"GET {url} HTTP/1.1\r\nHost: a\r\n\r\n"
    connect = f"CONNECT 127.0.0.2:{canary.port} HTTP/1.1\r\n\r\n"
    assert statuses(sent(canary, [wrong, none, connect])) == ["407"] * 3
    assert canary.requests == []


NONSENSE = [
    "GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n",
    "GET ftp://127.0.0.2/ HTTP/1.1\r\n\r\n",
    "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
    "GET http://127.0.0.2:x/ HTTP/1.1\r\n\r\n",
    "\r\n\r\n",
    "GET http://127.0.0.2/ HTTP/1.1\r\nX: " + "a" * 70_000 + "\r\n\r\n",
]


def test_what_is_no_request_of_a_browser_is_refused(canary):
    told = sent(canary, NONSENSE)
    assert statuses(told) == ["400"] * 5 + ["431"]


@linux
def test_a_ticket_is_not_shown_to_the_site_and_other_hosts_need_other_connections(
    canary,
):
    """C15; a second request on a connection could be for another host."""
    first = page(f"http://127.0.0.2:{canary.port}/")
    told = sent(canary, [first + page(f"http://127.0.0.3:{canary.port}/")])
    assert len(canary.requests) <= 1
    assert "403" not in told.replies[0]
    told = sent(canary, [first])
    headers = canary.requests[-1].headers
    assert "proxy-authorization" not in headers
    assert headers["connection"] == "close"


@linux
def test_a_page_that_loads_more_than_it_may_is_cut_off(canary):
    """C6."""
    canary.add("/", big(3_000_000))
    (reply,) = sent(canary, [page(f"http://127.0.0.2:{canary.port}/")]).replies
    assert len(reply) < 1_100_000


@linux
def test_the_office_proxy_is_asked_for_what_may_be_reached_and_gets_its_password(
    canary,
):
    """C17."""
    canary.add("/away", redirect("http://127.0.0.3/"))
    login = ("press", "secret")
    places = {"good.example": ("127.0.0.2", canary.port)}
    with Proxy(places=places, login=login) as proxy:
        way = Route(proxy=proxy.url, user=login[0], password=login[1])
        hosts = [*NAMES, "good.example"]
        pages = [page(f"http://{host}:{canary.port}/") for host in hosts]
        tunnels = [tunnel(f"{host}:{canary.port}") for host in NAMES]
        told = sent(canary, [*tunnels, *pages], egress=Egress(default=way))
        assert {asked.host for asked in proxy.asked} == {"good.example"}
    assert set(statuses(told)[:-1]) == {"403"}
    assert told.replies[-1].endswith("sung")
    assert "proxy-authorization" not in canary.requests[0].headers


@linux
def test_a_proxy_that_wants_another_password_does_not_ask_the_browser(canary):
    """C17: its 407 would have the browser send the gate's own password again."""
    with Proxy(login=("press", "secret")) as proxy:
        way = Egress(default=Route(proxy=proxy.url))
        url = f"http://good.example:{canary.port}/"
        told = sent(canary, [page(url), tunnel(url.split("/")[2])], egress=way)
    assert statuses(told) == ["502", "502"]
    assert all("proxy_refused" in reply for reply in told.replies)


def test_bodies_are_passed_on_only_where_their_length_is_said():
    head = b"POST http://e.example/ HTTP/1.1\r\n"
    with_length = asked_of(head + b"Content-Length: 12")
    assert with_length is not None
    assert with_length.body_bytes == 12
    for field in (
        b"Transfer-Encoding: chunked",
        b"Content-Length: 1\r\nContent-Length: 2",
    ):
        found = asked_of(head + field)
        assert found is not None
        assert found.body_bytes == -1
