"""Lists that a "load more" button asks for."""

import json
from urllib.parse import urlsplit

import pytest

from crawler.json_listings import read_json_listing
from pipeline.errors import ConfigError
from pipeline.json_listings import JsonListing, listing_of
from pipeline.settings import from_mapping
from pipeline.sources import Source
from tests.crawler.workspace import source
from tests.site import Response

URL = "https://e.org/api?page={page}"
RULE = JsonListing(
    url=URL,
    items="data.items",
    link="path",
    title="head.line",
    published="at",
    pages=3,
)


def read(document, rule=RULE, url=RULE.first_url, **fields):
    return read_json_listing(
        json.dumps(document).encode(), url, "application/json", rule, **fields
    )


def page(*items):
    return {"data": {"items": list(items)}}


ITEM = {"path": "/a/1", "head": {"line": "Kazan <b>forum</b>"}, "at": 1718928000}


def test_a_rule_says_where_everything_is():
    reading = read(page(ITEM, {"path": "/a/2", "at": "2024-06-21T10:00:00+03:00"}))
    first, second = reading.entries
    assert (first.url, first.title) == ("/a/1", "Kazan forum")
    assert first.published_at.isoformat() == "2024-06-21T00:00:00+00:00"
    assert second.published_at.isoformat() == "2024-06-21T07:00:00+00:00"
    assert reading.problem == ""


def test_milliseconds_are_no_seconds():
    (entry,) = read(page({**ITEM, "at": 1718928000000})).entries
    assert entry.published_at.year == 2024


@pytest.mark.parametrize("at", [None, True, [], "soon", 10**30, -(10**30)])
def test_a_time_that_is_none_leaves_the_article(at):
    (entry,) = read(page({**ITEM, "at": at})).entries
    assert entry.published_at is None


def test_an_address_may_be_put_together():
    rule = JsonListing(url="https://e.org/api", link="https://e.org/{lang}/n/{id}")
    reading = read([{"id": 7, "lang": "vi"}, {"id": 8}], rule, "https://e.org/api")
    assert [entry.url for entry in reading.entries] == ["https://e.org/vi/n/7"]
    assert reading.children == ()


@pytest.mark.parametrize("part", ["@evil.example", "\\evil", "a?b#c", "x y"])
def test_a_part_of_an_address_leads_nowhere_else(part):
    """C4."""
    rule = JsonListing(url="https://e.org/api", link="https://e.org/{id}")
    (entry,) = read([{"id": part}], rule, "https://e.org/api").entries
    found = urlsplit(entry.url)
    assert (found.netloc, found.query, found.fragment) == ("e.org", "", "")


BROKEN = {
    "not JSON": (b"<html>", "not_json"),
    "deep": (b"[" * 100_000, "not_json"),
    "no list": (b'{"data": {"items": {}}}', "no_such_list"),
    "elsewhere": (b'{"data": 7}', "no_such_list"),
    "no addresses": (b'{"data": {"items": [{"x": 1}, 7, null]}}', "no_links"),
    "empty": (b'{"data": {"items": []}}', "no_links"),
}


@pytest.mark.parametrize(("body", "problem"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_such_list_says_so(body, problem):
    """C8."""
    reading = read_json_listing(body, RULE.first_url, "application/json", RULE)
    assert (reading.entries, reading.problem) == ((), problem)


def test_an_empty_page_is_the_end_of_a_list_and_no_problem():
    reading = read(page(), url=RULE.page_url(9))
    assert (reading.children, reading.problem) == ((), "")


def test_the_next_page_is_one_step_on():
    offsets = JsonListing(url=URL, link="path", first_page=0, step=20, pages=9)
    (following,) = read([ITEM], offsets, offsets.first_url).children
    assert following.url == "https://e.org/api?page=20"
    assert read([ITEM], offsets, offsets.first_url, is_last=True).children == ()


def test_an_address_knows_its_rule():
    other = JsonListing(url="https://e.org/b", link="u")
    assert listing_of([RULE, other], "https://e.org/api?page=12") == RULE
    assert listing_of([RULE, other], "https://e.org/b") == other
    assert listing_of([RULE, other], "https://e.org/api?page=x") is None


WRONG = {
    "url": {"url": "ftp://e.org/", "link": "u"},
    "pages": {"url": "https://e.org/a", "link": "u", "pages": 2},
    "items": {"url": "https://e.org/a", "link": "u", "items": "a..b"},
    "link": {"url": "https://e.org/a", "link": ""},
}


@pytest.mark.parametrize(("key", "fields"), WRONG.items())
def test_a_rule_that_cannot_work_is_refused(key, fields):
    with pytest.raises(ConfigError, match=key):
        from_mapping(JsonListing, fields)


def listing(site, **fields):
    rule = JsonListing(url=site.url("/api?page={page}"), link="u", **fields)
    return source(site, feeds=(), json_listings=(rule,))


def serve(site, pages):
    def answer(request):
        number = int(request.target.rpartition("=")[2])
        items = [{"u": f"/a/{number}-{n}"} for n in range(3)] if number <= pages else []
        return Response(
            headers={"Content-Type": "application/json"},
            body=json.dumps(items).encode(),
        )

    site.add("/api", answer)


def test_a_crawl_reads_so_many_pages_and_no_more(workspace, site):
    serve(site, pages=9)
    workspace.crawl(listing(site, pages=2))
    assert {seen.target for seen in site.requests if "/api" in seen.target} == {
        "/api?page=1",
        "/api?page=2",
    }
    assert workspace.balance()["site"].discovered == 6
    (first,) = (r for r in workspace.table("urls") if r.url.endswith("/api?page=1"))
    assert (first.endpoint_kind, first.outcome) == ("json", "stored")


def test_a_crawl_back_to_a_date_reads_on_to_the_end(workspace, site):
    from datetime import date

    serve(site, pages=4)
    workspace.crawl(listing(site, pages=1), since=date(2024, 1, 1))
    assert workspace.balance()["site"].discovered == 12


def test_a_source_with_a_rule_survives_its_file(tmp_path):
    from pipeline.sources import read_source

    (tmp_path / "s.toml").write_text(
        'name = "s"\nkind = "news"\npublisher = "P"\n'
        '[[json_listings]]\nurl = "https://e.org/a?p={page}"\nlink = "u"\npages = 2\n'
    )
    found = read_source(tmp_path / "s.toml")
    assert isinstance(found, Source)
    assert found.endpoint_kinds == {"https://e.org/a?p=1": "json"}
    assert found.out_of_scope("https://e.org/a?p=5") == "endpoint"
