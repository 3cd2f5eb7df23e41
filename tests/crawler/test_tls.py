"""C12: whose certificate is believed, and what is sent where it is not."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.egress import Egress, Route
from tests.certificates import LOOPBACK, self_signed
from tests.crawler.guarded_requests import Asking, asked
from tests.crawler.workspace import articles, source
from tests.proxy import Proxy
from tests.site import Site

EXPIRED = -timedelta(hours=1)


@contextmanager
def secure(
    folder: Path,
    names: Sequence[str] = LOOPBACK,
    *,
    lasts: timedelta = timedelta(days=1),
) -> Iterator[tuple[Site, str]]:
    """A site over TLS, and the file of its authority."""
    authority, context = self_signed(folder, names, lasts=lasts)
    with Site(tls=context) as site:
        site.add("/", body="seen")
        yield site, str(authority)


def looked_at(site: Site, *paths: str, **fields) -> dict[str, int | str]:
    """What came of some paths of a site."""
    urls = tuple(site.url(path) for path in paths or ("/",))
    named = (f"127.0.0.1:{site.port}",)
    network = ("127.0.0.0/8",)
    told = asked(Asking(urls=urls, allow_networks=network, named_hosts=named, **fields))
    return {url.removeprefix(site.base_url): told.answers[url] for url in urls}


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_sent(tmp_path):
    """C12."""
    with secure(tmp_path) as (site, _):
        assert looked_at(site) == {"/": "tls_certificate"}
        assert site.requests == []


def test_an_authority_of_ca_file_is_believed(tmp_path):
    """C12: as for an office's proxy that opens TLS."""
    with secure(tmp_path) as (site, authority):
        assert looked_at(site, egress=Egress(ca_file=authority)) == {"/": 200}


@pytest.mark.parametrize(
    ("names", "lasts"),
    [(LOOPBACK, EXPIRED), (("another.example",), timedelta(days=1))],
    ids=["expired", "wrong host"],
)
def test_an_expired_certificate_and_one_of_another_host_are_refused(
    tmp_path, names, lasts
):
    """C12: although their authority is believed."""
    with secure(tmp_path, names, lasts=lasts) as (site, authority):
        egress = Egress(ca_file=authority)
        assert looked_at(site, egress=egress) == {"/": "tls_certificate"}
        assert site.requests == []


@pytest.mark.parametrize(
    ("names", "lasts"),
    [(LOOPBACK, EXPIRED), (("another.example",), timedelta(days=1))],
    ids=["expired", "wrong host"],
)
def test_an_exception_is_for_one_source_and_its_connections_are_no_others(
    tmp_path, names, lasts
):
    """C12: the other source asks after it, with a connection still open."""
    with secure(tmp_path, names, lasts=lasts) as (site, _):
        named = (f"127.0.0.1:{site.port}",)
        paths = ("/?source", "/", "/?2&source", "/?again?source")
        answers = looked_at(site, *paths, unverified_hosts=named)
        assert answers == {
            "/?source": 200,
            "/": "tls_certificate",
            "/?2&source": "tls_certificate",
            "/?again?source": 200,
        }
        assert [seen.target for seen in site.requests] == ["/?source", "/?again?source"]


def test_an_exception_for_one_host_is_none_for_another(tmp_path):
    """C12."""
    with secure(tmp_path) as (site, _):
        unverified = (f"localhost:{site.port}",)
        answers = looked_at(site, "/?source", unverified_hosts=unverified)
        assert answers == {"/?source": "tls_certificate"}


def test_a_crawl_makes_the_exception_for_the_source_that_names_the_host(
    workspace, tmp_path
):
    """C12: robots.txt of the host is fetched in the same way."""
    with ExitStack() as stack:
        (tmp_path / "a").mkdir()
        excepted, _ = stack.enter_context(secure(tmp_path / "a", lasts=EXPIRED))
        (tmp_path / "b").mkdir()
        other, _ = stack.enter_context(secure(tmp_path / "b", lasts=EXPIRED))
        for site in (excepted, other):
            articles(site, {"/a/1": None})
        result = workspace.crawl(
            source(excepted, "one", unverified_hosts=(f"127.0.0.1:{excepted.port}",)),
            source(other, "two"),
        )
        assert {s.path for s in excepted.requests} == {"/robots.txt", "/feed", "/a/1"}
        assert other.requests == []
        assert "/robots.txt: tls_certificate" in result.notes


def test_a_certificate_is_looked_at_through_a_proxy_as_well(tmp_path):
    """C12: the far end's; the tunnel is no reason to believe."""
    names = ("news.example",)
    with secure(tmp_path, names) as (site, authority), Proxy() as proxy:
        place = ("127.0.0.1", site.port)
        proxy.places |= {"news.example": place, "other.example": place}
        urls = ("https://news.example/", "https://other.example/")
        egress = Egress(
            default=Route(proxy=proxy.url), proxy_resolves=True, ca_file=authority
        )
        asking = Asking(
            urls=urls, nothing_else=True, names={"127.0.0.1": (LOOPBACK[1:],)}
        )
        told = asked(Asking(**{**vars(asking), "egress": egress}))
        assert told.answers == {urls[0]: 200, urls[1]: "tls_certificate"}
        assert [seen.headers["host"] for seen in site.requests] == ["news.example"]
