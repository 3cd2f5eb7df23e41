"""A look at a site that stores nothing: what `source add` and `source test` see."""

import base64

import pytest

from crawler.job import Limits, ProbeJob
from crawler.launch import CrawlProcess
from tests.crawler.probing import probe
from tests.crawler.workspace import LOOPBACK, QUICK, articles, feed, source
from tests.site import redirect, status


def probe_in_a_process(**fields):
    job = ProbeJob(**{"allow_networks": LOOPBACK, "limits": Limits(**QUICK), **fields})
    with CrawlProcess(job) as process:
        events = list(process.events())
    assert process.stderr == ""
    assert process.exit_status == 0
    return events[-1]


PATHS = [f"/news/2024/06/{day}/story-{day}" for day in range(10, 22)]


@pytest.fixture
def newspaper(site):
    site.add("/", redirect("/en/"))
    site.add(
        "/en/",
        body="""<html lang="en"><head><title>The Lantern | Home</title>
        <meta property="og:site_name" content="The Lantern">
        <link rel="alternate" type="application/rss+xml" href="/feeds/all">
        </head><body><a href="/secret/rss">hidden</a></body></html>""",
    )
    feed(site, PATHS, "/feeds/all")
    site.add("/robots.txt", body="User-agent: *\nDisallow: /secret\nCrawl-delay: 5\n")
    return site


def test_a_sites_feed_is_found_tried_and_described(newspaper):
    found, _ = probe(url=newspaper.url("/"))
    assert found["site"]["name"] == "The Lantern"
    assert found["site"]["language"] == "en"
    (endpoint,) = found["endpoints"]
    assert (endpoint["kind"], endpoint["url"]) == ("feed", newspaper.url("/feeds/all"))
    assert endpoint["entries"] == len(PATHS)
    assert len(found["samples"]) == 10
    assert found["allow"] == [r"^/news/\d{4}/"]
    assert found["delay_seconds"] == 5.0
    assert found["requests"] == sum(1 for _ in newspaper.requests) <= 25


def test_what_robots_denies_is_not_asked_for(newspaper):
    found, _ = probe(url=newspaper.url("/"))
    assert newspaper.count("/secret/rss") == 0
    (failed,) = [one for one in found["failed"] if "secret" in one["url"]]
    assert failed["problem"] == "robots"


def test_the_address_of_a_feed_itself_will_do(site):
    feed(site, PATHS)
    found, _ = probe(url=site.url("/feed"))
    assert [one["url"] for one in found["endpoints"]] == [site.url("/feed")]


def test_a_site_without_feeds_is_its_own_listing(site):
    links = "".join(f'<a href="{path}">Story of the day</a>' for path in PATHS)
    site.add("/", body=f'<a href="/">Home</a>{links}<a href="/about">About</a>')
    found, _ = probe(url=site.url("/"))
    (endpoint,) = found["endpoints"]
    assert endpoint["kind"] == "listing"
    assert found["samples"][0] == {
        "title": "Story of the day",
        "url": site.url(PATHS[0]),
        "published_at": None,
    }
    assert found["allow"] == [r"^/news/\d{4}/"]


def test_a_site_that_answers_with_an_error_says_so(site):
    found, _ = probe(url=site.url("/"))
    assert found["site"]["reason"] == "http_404"
    assert found["endpoints"] == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://10.0.0.1/", "address_not_public"),
        ("http://127.0.0.1:22/", "port_not_allowed"),
    ],
)
def test_the_guard_holds_for_a_probe(url, reason, site):
    """C4."""
    networks = () if reason == "address_not_public" else LOOPBACK
    job_url = url if "22" not in url else site.url("/")
    if "22" in url:
        site.add("/", redirect(url))
    found = probe_in_a_process(url=job_url, allow_networks=networks)
    assert found["site"]["reason"] == reason


def test_the_requests_are_bounded(site):
    links = "".join(f'<a href="/{n}/rss">x</a>' for n in range(99))
    site.add("/", body=links)
    found, _ = probe(url=site.url("/"), max_requests=6)
    assert found["requests"] == len(site.requests) == 6


def test_an_existing_source_is_tried_and_its_articles_handed_over(site):
    articles(site, {"/a/1": None, "/a/2": status(404), "/b/3": None})
    tried = source(site, sitemaps=(site.url("/sitemap.xml"),))
    found, pages = probe(source=tried, articles=2)
    assert [one["url"] for one in found["endpoints"]] == [site.url("/feed")]
    assert [one["problem"] for one in found["failed"]] == ["http_404"]
    assert found["in_scope"] == 2
    assert [page["status"] for page in pages] == [200, 404]
    body = base64.b64decode(pages[0]["body"])
    assert body == b"<html><p>Text of /a/1</p></html>"
    assert pages[0]["hints"] == {"title": "T"}


def test_a_source_is_told_what_of_its_entries_is_in_scope_and_why_others_are_not(site):
    feed(site, ["/a/1", "/a/2", "/b/3", "/feed", "https://else.example/a/4"])
    found, _ = probe(source=source(site), articles=0)
    (endpoint,) = found["endpoints"]
    assert endpoint["in_scope"] == 2
    assert endpoint["out_of_scope"] == {
        "path_not_allowed": 1,
        "endpoint": 1,
        "other_host": 1,
    }
    assert endpoint["other_hosts"] == ["else.example"]


def test_an_endpoint_that_was_not_tried_is_told_with_the_reason(site):
    feed(site, PATHS)
    second = site.url("/second")
    tried = source(site, feeds=(site.url("/feed"), second), allow=())
    found, _ = probe(source=tried, max_requests=2)
    (failed,) = found["failed"]
    assert (failed["url"], failed["problem"]) == (second, "request_budget_spent")
    late, _ = probe(source=tried, max_seconds=0.0)
    assert {one["problem"] for one in late["failed"]} == {"out_of_time"}
