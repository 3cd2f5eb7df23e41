"""The URL key: what is equal, what is not, and that nothing breaks it."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.urls import MAX_URL_CHARACTERS, document_id, host_of, url_key

hosts = st.sampled_from(
    ["example.org", "EXAMPLE.org", "пример.рф", "127.0.0.1", "[::1]", "a.b.c."]
)
ports = st.sampled_from(["", ":80", ":443", ":8080", ":", ":081"])
paths = st.text("abAB/.-_~%24é \\;:@+", max_size=20).map(lambda text: "/" + text)
queries = st.text("ab=&%3f+é/?", max_size=12).map(lambda text: text and "?" + text)
addresses = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "HTTPS"]),
    hosts,
    ports,
    paths,
    queries,
).map(str.strip)


@given(addresses)
@example("http://example.org/%%341")
@example("http://example.org:443/")
@example("https://example.org:80/")
@example("http://example.org/a/..//./%2e%2E/b")
def test_the_key_of_a_key_is_itself(url):
    assert url_key(url_key(url)) == url_key(url)


@given(addresses)
def test_a_key_is_an_ascii_url_without_white_space(url):
    assert re.fullmatch(r"https://[!-~]+", url_key(url))


@given(addresses, st.text("ab/?#", max_size=5))
def test_a_fragment_makes_no_other_page(url, fragment):
    assert url_key(f"{url}#{fragment}") == url_key(url)


@given(addresses)
def test_a_tracking_parameter_makes_no_other_page(url):
    joint = "&" if "?" in url else "?"
    assert url_key(f"{url}{joint}utm_source=x&fbclid=y") == url_key(url)


@given(st.text(max_size=80))
def test_any_text_has_a_key_or_is_no_url(text):
    for url in (text, f"http://{text}", f"http://example.org/{text}"):
        try:
            assert url_key(url).startswith("https://")
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "https://EXAMPLE.org:443/a"),
        ("http://example.org", "http://example.org:80/"),
        ("http://example.org./a", "http://example.org/a"),
        ("http://пример.рф/а", "https://xn--e1afmkfd.xn--p1ai/%D0%B0"),
        ("http://example.org/%7Ea/%3f", "http://example.org/~a/%3F"),
        ("http://example.org/b/../a", "http://example.org/a"),
        ("http://example.org/a?&x=1", "http://example.org/a?x=1"),
        ("http://[0:0::1]/a", "http://[::1]/a"),
    ],
)
def test_these_lead_to_the_same_page(one, other):
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "http://example.org/A"),
        ("http://example.org/a", "http://example.org/a/"),
        ("http://example.org/?a=1&b=2", "http://example.org/?b=2&a=1"),
        ("http://example.org/a", "http://example.org:8080/a"),
        ("http://example.org/a%2Fb", "http://example.org/a/b"),
        ("http://www.example.org/", "http://example.org/"),
    ],
)
def test_these_do_not(one, other):
    assert url_key(one) != url_key(other)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http://./",
        "http://example.org:99999/",
        "http://example.org:port/",
        "http://exa\nmple.org/",
        "http://☃/" + "a" * MAX_URL_CHARACTERS,
        "http://[::1/",
    ],
)
def test_these_are_no_urls_of_pages(url):
    with pytest.raises(ValueError, match=r"\w"):
        url_key(url)


def test_a_host_keeps_the_port_that_is_not_its_schemes():
    assert host_of("http://Example.org:8080/x") == "example.org:8080"
    assert host_of("https://example.org:443/x") == "example.org"


def test_an_id_is_the_same_everywhere():
    key = url_key("https://example.com/a")
    assert document_id(key) == "dfxhautcqiqn7zt5j"
    assert re.fullmatch(r"d[a-z2-7]{16}", document_id(key))
