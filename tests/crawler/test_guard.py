"""C4, C5, C12, C17: what may be connected to, tried with the handlers that are
really configured."""

import ipaddress
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from crawler.guard import Guard, GuardResolver, is_public
from tests import certificates
from tests.site import Site

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"]
CLOSED = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_connected_to(text):
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", CLOSED)
def test_all_others_may_not(text):
    """C4."""
    assert not is_public(ipaddress.ip_address(text))


URLS = {
    "https://example.org/a": "",
    "http://example.org:443/a": "",
    "http://example.org:8080/a": "port_not_allowed",
    "http://example.org:22/": "port_not_allowed",
    "http://named.org:8080/": "",
    "http://u:p@example.org/": "url_has_credentials",
    "http://u@example.org/": "url_has_credentials",
    "ftp://example.org/": "not_http",
    "file:///etc/passwd": "not_http",
    "gopher://example.org/": "not_http",
    "data:text/html,x": "not_http",
    "http://example.org/" + "a" * 3000: "url_too_long",
}


@pytest.mark.parametrize(("url", "reason"), URLS.items())
def test_urls_are_refused_by_rule(url, reason):
    """C4, C15."""
    guard = Guard(named_hosts=frozenset({"named.org:8080"}))
    assert guard.url_refusal(url) == reason


def refusal(addresses, port=80, **fields):
    guard = Guard(**fields)
    found = [ipaddress.ip_address(address) for address in addresses]
    return guard.address_refusal("example.org", port, found)


def test_a_mixed_answer_is_refused_whole():
    """C5."""
    assert refusal(["93.184.215.14", "10.0.0.1"]) == "address_not_public"
    assert refusal(["93.184.215.14"]) == ""


def test_other_ports_are_for_named_hosts_in_allowed_networks():
    networks = ("127.0.0.2/32",)
    named = frozenset({"example.org:8000"})
    assert refusal(["127.0.0.2"], allow_networks=networks) == ""
    both = {"allow_networks": networks, "named_hosts": named}
    assert refusal(["127.0.0.2"], 8000, **both) == ""
    refused = refusal(["127.0.0.2"], 8000, allow_networks=networks)
    assert refused == "port_not_allowed"
    assert refusal(["93.184.215.14"], 8000, named_hosts=named) == "port_not_allowed"
    assert refusal(["127.0.0.3"], allow_networks=networks) == "address_not_public"


class Receiver:
    def __init__(self):
        self.addresses, self.complete = [], False

    def resolutionBegan(self, resolution):  # noqa: N802
        pass

    def addressResolved(self, address):  # noqa: N802
        self.addresses.append(address.host)

    def resolutionComplete(self):  # noqa: N802
        self.complete = True


class Rebinding:
    """A resolver whose answer changes with every question."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def resolveHostName(self, receiver, host, port, types, semantics):  # noqa: N802
        receiver.resolutionBegan(None)
        for address in self.answers.pop(0):
            receiver.addressResolved(IPv4Address("TCP", address, port))
        receiver.resolutionComplete()


def test_a_name_that_changes_its_address_is_checked_every_time():
    """C5: only a checked address is ever passed on."""
    inner = Rebinding(["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14"])
    resolver = GuardResolver(None, Guard(), inner)
    passed_on, refusals = [], []
    for _ in range(3):
        receiver = Receiver()
        resolver.resolveHostName(receiver, "rebinding.org", 80)
        assert receiver.complete
        passed_on.append(receiver.addresses)
        refusals.append(resolver.refusals.get(("rebinding.org", 80)))
    assert passed_on == [["93.184.215.14"], [], ["93.184.215.14"]]
    assert refusals == [None, "address_not_public", None]


SPELLINGS = [
    "127.0.0.1",
    "127.0.0.3",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
]

CANARY = """
import json, sys
from crawler.clock import Clock
from crawler.fetching import Fetcher
from crawler.guard import Guard
from crawler.job import Limits
from crawler.run import Ending, run_reactor
from crawler.settings import scrapy_settings
from scrapy import Request

urls, named = json.load(sys.stdin), json.loads(sys.argv[1])
guard = Guard(allow_networks=(sys.argv[2],), named_hosts=frozenset(named))
settings = scrapy_settings(guard=guard, limits=Limits(timeout_seconds=3.0), agent="t")
answers = {}

async def work(crawler):
    fetcher = Fetcher(
        crawler.engine.download_async, now=Clock().now,
        refusals=crawler.settings["BABELWIRE_REFUSALS"], max_body_bytes=10**6,
    )
    for url in urls:
        answer = await fetcher.fetch(url)
        answers[url] = answer.reason or answer.status
    try:
        proxied = Request(urls[0], meta={"proxy": urls[0]})
        await crawler.engine.download_async(proxied)
        answers["proxy"] = "sent"
    except Exception as error:
        answers["proxy"] = str(error)

ending = Ending()
run_reactor(settings, work, ending)
if ending.error is not None:
    raise ending.error
print(json.dumps(answers))
"""


def fetched(urls, named, environment, network):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CANARY, json.dumps(named), network],
        input=json.dumps(urls),
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.linux
@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is not there")
def test_no_spelling_of_a_private_address_reaches_it(monkeypatch):
    """C4, C17: a canary listens everywhere; one address is allowed."""
    with Site("0.0.0.0") as canary, Site("127.0.0.1") as proxy:
        canary.add("/", body="sung")
        allowed = f"http://127.0.0.2:{canary.port}/"
        urls = [f"http://{spelling}:{canary.port}/" for spelling in SPELLINGS]
        named = [f"{spelling}:{canary.port}" for spelling in [*SPELLINGS, "127.0.0.2"]]
        environment = {
            **os.environ,
            "HTTP_PROXY": proxy.base_url,
            "http_proxy": proxy.base_url,
            "PYTHONPATH": str(Path.cwd()),
        }
        answers = fetched([*urls, allowed], named, environment, "127.0.0.2/32")
        assert [seen.headers["host"] for seen in canary.requests] == [
            f"127.0.0.2:{canary.port}"
        ]
        assert proxy.requests == []
        assert answers.pop(allowed) == 200
        assert answers.pop("proxy") == "proxy_not_allowed"
        assert answers[urls[0]] == "address_not_public"
        assert 200 not in answers.values()


@pytest.fixture
def self_signed(tmp_path):
    """A TLS server on loopback whose certificate nobody vouches for."""
    _, context = certificates.self_signed(tmp_path)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_tls, args=[listener, context, heard])
        thread.start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve_tls(listener, context, heard):
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                channel = context.wrap_socket(connection, server_side=True)
                heard.append(channel.recv(1000))
                channel.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(self_signed):
    """C12: nothing is sent."""
    port, heard = self_signed
    url = f"https://127.0.0.1:{port}/"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    answers = fetched([url], [f"127.0.0.1:{port}"], environment, "127.0.0.0/8")
    assert answers[url] == "tls_certificate"
    assert heard == []
