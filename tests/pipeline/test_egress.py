"""C17: which way out a host is reached by, and what is no way out."""

import pytest

from pipeline.egress import DIRECT, Egress, Route, check_name
from pipeline.errors import ConfigError

OFFICE = Route(proxy="http://proxy.example:3128")
PARIS = Route(proxy="http://paris.example:8080")


def chosen(host: str, name: str = "", no_proxy: tuple[str, ...] = ()) -> Route:
    egress = Egress(default=OFFICE, named={"paris": PARIS}, no_proxy=no_proxy)
    return egress.choose(host, name)


def test_a_source_says_which_way_and_else_the_default_holds():
    assert chosen("news.example") == OFFICE
    assert chosen("news.example:8080", "paris") == PARIS
    assert chosen("news.example", "direct") == DIRECT
    assert Egress().choose("news.example") == DIRECT


def test_a_way_that_is_not_there_is_no_way():
    with pytest.raises(ConfigError, match=r'found "rome", expected one of "direct"'):
        chosen("news.example", "rome")
    with pytest.raises(ConfigError, match=r"\[network\.egress\.rome\]"):
        check_name("rome", {"paris": PARIS})


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:5000", "LOCALHOST.", "a.localhost"),
        *("127.0.0.1:5000", "127.8.8.8", "[::1]:9200", "[::1]"),
    ],
)
@pytest.mark.parametrize("name", ["", "paris"])
def test_this_machine_is_reached_directly_whatever_is_said(host, name):
    assert chosen(host, name) == DIRECT


NO_PROXY = ("intranet.example", ".dept.example", "10.0.0.0/8", "fd00::/8", "192.0.2.7")

DIRECTLY = {
    "intranet.example": True,
    "wiki.intranet.example:8080": True,
    "Wiki.Intranet.Example.": True,
    "notintranet.example": False,
    "dept.example": True,
    "a.b.dept.example": True,
    "10.1.2.3:8080": True,
    "11.1.2.3": False,
    "[fd00::1]:80": True,
    "[2001:db8::1]": False,
    "192.0.2.7": True,
    "192.0.2.8": False,
    "10.example": False,
}


@pytest.mark.parametrize(("host", "directly"), DIRECTLY.items())
def test_hosts_of_no_proxy_are_reached_directly(host, directly):
    for name in ("", "paris"):
        assert chosen(host, name, NO_PROXY).is_direct is directly


@pytest.mark.parametrize("entry", ["", "*", "http://x.example", "a b", "10.0.0.0/99"])
def test_an_entry_of_no_proxy_that_could_never_match_is_refused(entry):
    with pytest.raises(ConfigError, match="no_proxy: found"):
        Egress(no_proxy=(entry,))


@pytest.mark.parametrize(
    "url",
    [
        *("proxy.example:3128", "http://proxy.example", "https://proxy.example:3128"),
        *("socks5://proxy.example:1080", "http://proxy.example:3128/path"),
        *("http://proxy.example:x", "http://:3128", "http://proxy.example:3128/?a"),
    ],
)
def test_what_is_no_proxy_is_refused_with_what_was_expected(url):
    with pytest.raises(ConfigError, match=r"^proxy: .*http://proxy\.example\.org:3128"):
        Route(proxy=url)


def test_a_proxys_address_holds_no_password_and_one_that_does_is_not_repeated():
    """O4."""
    with pytest.raises(ConfigError, match="proxy_password_variable") as refused:
        Route(proxy="http://user:s3cret@proxy.example:3128")
    assert "s3cret" not in str(refused.value)
    assert "user" not in str(refused.value).replace("proxy_user", "").replace(
        "holds a user", ""
    )


def test_who_is_told_to_a_proxy_is_in_no_repr():
    """C15, O4."""
    route = Route(proxy=OFFICE.proxy, user="someone", password="s3cret")
    assert repr(Egress(default=route, named={"a": route})).count("s3cret") == 0
    assert "someone" not in repr(route)
    assert route.authorization == "Basic c29tZW9uZTpzM2NyZXQ="
    assert OFFICE.authorization == ""


def test_all_proxies_are_known_by_host_and_port():
    egress = Egress(default=OFFICE, named={"paris": PARIS, "none": DIRECT})
    assert egress.proxies == {("proxy.example", 3128), ("paris.example", 8080)}
    assert egress.proxy_hosts == {"proxy.example:3128", "paris.example:8080"}
