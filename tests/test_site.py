"""The scripted host misbehaves as told, and only then."""

import gzip
import http.client
import io
import socket
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator

import pytest

from babelwire.demo.world import Response
from tests.site import (
    Answer,
    FaultyWorld,
    Site,
    big,
    bomb,
    chunked_cut,
    cut,
    drip,
    hang,
    header_flood,
    raw,
    redirect,
    reset,
    status,
    wrong_charset,
)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def fetch(site: Site, path: str = "/", timeout: float = 10) -> bytes:
    with urllib.request.urlopen(site.url(path), timeout=timeout) as answer:
        data: bytes = answer.read()
        return data


def status_of(site: Site, path: str = "/") -> int:
    connection = http.client.HTTPConnection(site.host, site.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_a_site_answers_as_scripted_and_records_what_was_asked(site: Site) -> None:
    site.add("/a", body="<p>è</p>")
    site.add("/b", answers=[status(503, 7), Response(body=b"now")])
    site.add("/c", lambda request: Response(body=request.target.encode()))
    site.add("/a?x=1", body=b"one")
    assert fetch(site, "/a") == "<p>è</p>".encode()
    assert fetch(site, "/a?x=1") == b"one"
    assert [status_of(site, "/b") for _ in range(3)] == [503, 200, 200]
    assert fetch(site, "/c?q=2") == b"/c?q=2"
    assert status_of(site, "/nothing") == 404
    assert site.count("/a") == 2
    assert [seen.target for seen in site.requests][:2] == ["/a", "/a?x=1"]
    assert site.requests[0].headers["host"] == f"127.0.0.1:{site.port}"


def test_an_error_status_carries_retry_after(site: Site) -> None:
    site.add("/", status(503, "Fri, 21 Jun 2024 10:00:00 GMT"))
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(site)
    assert caught.value.headers["Retry-After"] == "Fri, 21 Jun 2024 10:00:00 GMT"
    caught.value.close()


def test_a_redirect_leads_anywhere(site: Site) -> None:
    site.add("/", redirect("/to", 308))
    site.add("/to", body="there")
    assert fetch(site) == b"there"


def test_a_reset_connection_is_reset(site: Site) -> None:
    site.add("/", reset())
    with socket.create_connection((site.host, site.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_a_hanging_site_ends_when_it_is_closed(site: Site) -> None:
    site.add("/", hang(b"HTTP/1.1 200"))
    with socket.create_connection((site.host, site.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 200"
        site.close()
        assert client.recv(100) == b""


def test_a_dripping_body_arrives_whole_in_the_end(site: Site) -> None:
    site.add("/", drip(b"slow", seconds_per_byte=0.001))
    assert fetch(site) == b"slow"


@pytest.mark.parametrize("fault", [cut(b"half"), chunked_cut(b"half")])
def test_a_cut_body_is_noticed(site: Site, fault: Answer) -> None:
    site.add("/", fault)
    with pytest.raises(http.client.IncompleteRead):
        fetch(site)


def test_a_big_page_has_its_size(site: Site) -> None:
    site.add("/", big(3_000_001))
    assert len(fetch(site)) == 3_000_001


def test_a_header_flood_exceeds_what_clients_take(site: Site) -> None:
    site.add("/", header_flood(count=200))
    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        fetch(site)


def test_raw_bytes_are_sent_as_they_are(site: Site) -> None:
    site.add("/", raw(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    assert fetch(site) == b"ok"


def test_a_wrong_charset_is_declared(site: Site) -> None:
    site.add("/", wrong_charset("привет", "koi8-r", "windows-1251"))
    assert fetch(site).decode("koi8-r") == "привет"


def _inflated(encoding: str, data: bytes) -> int:
    if encoding == "gzip":
        return len(gzip.decompress(data))
    if encoding == "deflate":
        return len(zlib.decompress(data))
    if encoding == "br":
        import brotli

        return len(brotli.decompress(data))
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as stream:
        return len(stream.read())


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_small_until_it_is_opened(site: Site, encoding: str) -> None:
    size = 5 << 20
    site.add("/", bomb(encoding, size))
    data = fetch(site)
    assert len(data) < size / 100
    assert _inflated(encoding, data) == size


def test_a_faulty_world_fails_where_told_and_heals() -> None:
    only = ["hafenblick", "quai-du-matin"]
    with FaultyWorld(only=only) as world:
        german, french = world.sites["hafenblick"], world.sites["quai-du-matin"]
        world.fault("hafenblick", status(503))
        world.fault("quai-du-matin", status(429), "/robots.txt")
        assert status_of(german, "/robots.txt") == 503
        assert status_of(french, "/robots.txt") == 429
        assert status_of(french, "/actualites/") == 200
        world.heal("hafenblick")
        assert status_of(german, "/robots.txt") == 200
        assert world.urls["hafenblick"] in world.source_toml("hafenblick")
        assert german.count("/robots.txt") == 2
