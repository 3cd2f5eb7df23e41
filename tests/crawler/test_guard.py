"""C4, C5, C17: what may be connected to, tried with the handlers that are really
configured, directly and behind a proxy."""

import ipaddress
import sys
from dataclasses import replace
from typing import Any

import pytest
from scrapy import Request
from scrapy.core.downloader import Downloader as ScrapyDownloader
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from twisted.internet.address import IPv4Address

from crawler.guard import Guard, GuardResolver, RefusedError, is_public
from crawler.job import Limits
from crawler.settings import check_resolver, check_settings, scrapy_settings
from crawler.spider import WorkSpider
from pipeline.egress import Egress, Route
from pipeline.errors import ConfigError
from tests.crawler.guarded_requests import Asking, asked
from tests.proxy import Proxy
from tests.site import Response, Site


def linux(test: Any) -> Any:
    """For a test that needs more of loopback than 127.0.0.1."""
    is_linux = sys.platform == "linux"
    skip = pytest.mark.skipif(not is_linux, reason="127.0.0.2 is not there")
    return pytest.mark.linux(skip(test))


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

NAMES = {
    "mapped.example": (("::ffff:127.0.0.1",),),
    "nat64.example": (("64:ff9b::7f00:1",),),
    "sixtofour.example": (("2002:7f00:1::",),),
    "mixed.example": (("127.0.0.2", "127.0.0.3"),),
    "metadata.example": (("169.254.169.254",),),
    "private.example": (("127.0.0.3",),),
    "office.example": (("10.0.0.1",),),
}
"""Names whose addresses are not public."""


@pytest.fixture
def canary():
    """Listens everywhere; 127.0.0.2 is allowed."""
    with Site("0.0.0.0") as running:
        running.add("/", body="sung")
        yield running


def table(site: Site, good: str, **fields: Any) -> Asking:
    """Every spelling and every name, and one address that is allowed, last."""
    hosts = [*SPELLINGS, *NAMES, good]
    urls = [f"http://{host}:{site.port}/?{n}" for n, host in enumerate(hosts)]
    return Asking(
        urls=(*urls, f"http://{good}:{site.port}/"),
        allow_networks=("127.0.0.2/32",),
        named_hosts=tuple(f"{host}:{site.port}" for host in hosts),
        names=NAMES | {"good.example": (("127.0.0.2",),)},
        **fields,
    )


@linux
def test_no_spelling_of_a_private_address_reaches_it(canary):
    """C4, C5, C17: with the handlers really configured."""
    with Site("127.0.0.1") as proxy:
        url = proxy.base_url
        environment = {"HTTP_PROXY": url, "http_proxy": url, "ALL_PROXY": url}
        told = asked(table(canary, "127.0.0.2", proxied=url), environment)
        assert proxy.requests == []
    through = [url for url, answer in told.answers.items() if answer == 200]
    assert through == [u for u in told.answers if "//127.0.0.2:" in u]
    assert hosts_asked_for(canary) == {"127.0.0.2"}
    assert told.proxied == "proxy_not_allowed"
    others = {answer for url, answer in told.answers.items() if url not in through}
    assert others == {"address_not_public", "dns"}


def hosts_asked_for(site: Site) -> set[str]:
    return {seen.headers["host"].partition(":")[0] for seen in site.requests}


@linux
@pytest.mark.parametrize("proxied", [False, True])
def test_a_name_that_changes_its_address_is_asked_for_only_while_that_is_allowed(
    proxied,
):
    """C5: the checked address is the one connected to; a proxy is not asked."""
    again = Response(headers={"Connection": "close"}, body=b"sung")
    with Site("127.0.0.2") as good, Site("127.0.0.3", good.port) as bad, Proxy() as way:
        good.add("/", again)
        bad.add("/", again)
        way.places["rebinding.example"] = ("127.0.0.2", good.port)
        told = asked(
            Asking(
                urls=tuple(
                    f"http://rebinding.example:{good.port}/?{n}" for n in range(4)
                ),
                allow_networks=("127.0.0.2/32",),
                named_hosts=(f"rebinding.example:{good.port}",),
                names={
                    "rebinding.example": (
                        *(("127.0.0.2",), ("127.0.0.3",)),
                        *(("127.0.0.3", "127.0.0.2"), ("127.0.0.2",)),
                    )
                },
                egress=behind(way) if proxied else Egress(),
            )
        )
        refused = "address_not_public"
        assert list(told.answers.values()) == [200, refused, refused, 200]
        assert bad.requests == []
        assert len(good.requests) == 2
        assert len(way.asked) == (2 if proxied else 0)


def behind(proxy: Proxy, **fields: Any) -> Egress:
    return Egress(default=Route(proxy=proxy.url), **fields)


@linux
def test_nothing_private_is_asked_of_a_proxy_however_it_is_spelt(canary):
    """C4, C5, C17: the same table; the proxy itself would connect to anything."""
    with Proxy(places={"good.example": ("127.0.0.2", canary.port)}) as proxy:
        told = asked(
            table(canary, "good.example", egress=behind(proxy), proxied=proxy.url)
        )
        assert {asked_for.host for asked_for in proxy.asked} == {"good.example"}
        assert told.proxied == "proxy_not_allowed"
    assert told.answers[f"http://good.example:{canary.port}/"] == 200
    assert hosts_asked_for(canary) == {"good.example"}


INSIDE = ["printer", "printer.local", "metadata.google.internal", "router.lan"]


def test_a_name_that_is_not_known_here_is_left_to_the_proxy_only_where_that_is_said(
    canary,
):
    """C17: and neither what could be read as an address, nor a name from inside."""
    hosts = [*SPELLINGS, *INSIDE, "10.0.0.1", "169.254.169.254", "0x0a.1"]
    good = "http://news.example/"
    urls = (*(f"http://{host}/" for host in hosts), "http://news.example:8080/", good)
    with Proxy(places={"news.example": ("127.0.0.1", canary.port)}) as proxy:
        asking = Asking(
            urls=urls, nothing_else=True, names={proxy.host: ((proxy.host,),)}
        )
        told = asked(replace(asking, egress=behind(proxy)))
        assert told.answers[good] == "dns"
        assert proxy.asked == []
        told = asked(replace(asking, egress=behind(proxy, proxy_resolves=True)))
        assert [asked_for.target for asked_for in proxy.asked] == [good]
    assert told.answers[good] == 200
    assert told.announced == ["news.example", f"{proxy.host}:{proxy.port}"]


@pytest.mark.parametrize("egress", ["", "direct"])
def test_a_proxy_is_never_what_a_page_is_fetched_from(egress):
    """C17: whatever way out a source takes."""
    with Proxy() as proxy:
        route = Route(proxy=proxy.url)
        way = Egress() if egress else Egress(default=route)
        told = asked(
            Asking(
                urls=(proxy.url + "/", f"http://127.1:{proxy.port}/"),
                allow_networks=("127.0.0.0/8",),
                named_hosts=(f"127.0.0.1:{proxy.port}", f"127.1:{proxy.port}"),
                egress=replace(way, named={"office": route}),
            )
        )
        assert set(told.answers.values()) == {"is_the_proxy"}
        assert proxy.asked == []


@linux
def test_a_proxy_is_connected_to_wherever_it_is(canary):
    """The address rule is for pages: an office's proxy is inside."""
    with Proxy(host="127.0.0.3") as proxy:
        told = asked(
            Asking(
                urls=("http://good.example/",),
                names={"good.example": (("93.184.215.14",),)},
                egress=behind(proxy),
            )
        )
        # Far away nobody answers; what counts is that it was asked.
        assert [asked_for.target for asked_for in proxy.asked] == [
            "http://good.example/"
        ]
    assert told.announced == ["good.example", f"127.0.0.3:{proxy.port}"]


# --- What would go past the guard ------------------------------------------------

HANDLERS = "scrapy.core.downloader.handlers"


def handlers(path: str) -> dict[str, Any]:
    return {"DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{HANDLERS}.{path}")}


BYPASSES = {
    "httpx": handlers("_httpx.HttpxDownloadHandler"),
    "aiohttp": handlers("_aiohttp.AiohttpDownloadHandler"),
    "twisted": handlers("http11.HTTP11DownloadHandler"),
    "files": {"DOWNLOAD_HANDLERS": {"file": f"{HANDLERS}.file.FileDownloadHandler"}},
    "resolver": {"TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingThreadedResolver"},
    "no rules": {"DOWNLOADER_MIDDLEWARES": {}},
    "late rules": {"DOWNLOADER_MIDDLEWARES": {"crawler.guard.UrlRules": 900}},
    "environment": {"HTTPPROXY_ENABLED": True},
    "redirects": {"REDIRECT_ENABLED": True},
    "refreshes": {"METAREFRESH_ENABLED": True},
    "cookies": {"COOKIES_ENABLED": True},
    "cache": {"HTTPCACHE_ENABLED": True},
    "names": {"DNSCACHE_ENABLED": True},
    "downloader": {"DOWNLOADER": "tests.crawler.test_guard.Downloader"},
    "addon": {"ADDONS": {"tests.crawler.test_guard.Addon": 1}},
    "telnet": {"TELNETCONSOLE_ENABLED": True},
    "remote": {"REMOTE_CONTROL_ENABLED": True},
}


class Downloader(ScrapyDownloader):
    """Scrapy's, by another name."""


class Addon:
    """Could change any setting."""

    def update_settings(self, settings):
        pass


@pytest.mark.parametrize("name", BYPASSES)
def test_settings_that_lead_past_the_guard_are_refused_before_any_request(name, canary):
    """C4, C5, C15."""
    settings = BYPASSES[name]
    made = scrapy_settings(guard=Guard(), limits=Limits(), agent="t") | settings
    with pytest.raises(ConfigError, match=next(iter(settings))):
        check_settings(Crawler(WorkSpider, Settings(made)).settings)


@pytest.mark.parametrize("name", ["httpx", "resolver"])
def test_a_crawl_with_such_settings_asks_nobody(name, canary):
    """C4: the check is made by what runs every crawl and every probe."""
    asking = table(canary, "127.0.0.2", settings=BYPASSES[name])
    told = asked(asking)
    assert next(iter(BYPASSES[name])) in told.error
    assert told.answers == {}
    assert canary.requests == []


def test_a_resolver_that_somebody_put_in_later_is_noticed():
    """C5."""
    check_resolver(GuardResolver(None, Guard(), Rebinding()))
    with pytest.raises(ConfigError, match="resolver: found 'Rebinding'"):
        check_resolver(Rebinding())


@pytest.mark.parametrize("name", ["httpx", "aiohttp", "resolver"])
def test_without_that_check_the_canary_sings(name, canary):
    """C4: the control; what these settings really let through."""
    asked(table(canary, "127.0.0.2", settings=BYPASSES[name], checked=False))
    hosts = {seen.headers["host"] for seen in canary.requests}
    assert f"127.0.0.1:{canary.port}" in hosts


@linux
def test_without_that_check_a_proxy_of_the_environment_or_a_request_is_used(canary):
    """C17: the control. Our own handler refuses both by itself."""
    asking = Asking(
        urls=(f"http://127.0.0.1:{canary.port}/",),
        allow_networks=("127.0.0.2/32",),
        checked=False,
    )
    changes = {**BYPASSES["environment"], **BYPASSES["no rules"]}
    with Proxy(host="127.0.0.2") as proxy:
        environment = {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url}
        named = (f"{proxy.host}:{proxy.port}",)
        own = replace(asking, proxied=proxy.url, settings=changes, named_hosts=named)
        assert asked(own, environment).proxied == "proxy_not_allowed"
        assert proxy.asked == []
        scrapys = {**changes, **BYPASSES["twisted"]}
        told = asked(replace(own, settings=scrapys), environment)
        assert told.proxied == "sent"
        assert len(proxy.asked) == 2
        assert hosts_asked_for(canary) == {"127.0.0.1"}


def test_a_request_that_carries_credentials_is_refused():
    """C15: whoever put them there."""
    for name in ("Cookie", "Authorization", "Proxy-Authorization"):
        request = Request("https://example.org/", headers={name: "x"})
        with pytest.raises(RefusedError, match="carries_credentials"):
            Guard().check(request)
