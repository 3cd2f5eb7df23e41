"""Redirects of every kind, as a crawl follows and remembers them."""

import pytest

from crawler.scope import Scope
from pipeline.store.moves import Move
from tests.crawler.workspace import articles, feed, source
from tests.site import Site, redirect

REFRESH = '<html><meta http-equiv="refresh" content="{}"><body>Moved.</body></html>'


def test_a_meta_refresh_is_a_redirect(workspace, site):
    articles(site, {"/a/old": None, "/a/here": None, "/a/slow": None})
    site.add("/a/old", body=REFRESH.format("0; url=/a/new"))
    site.add("/a/here", body=REFRESH.format("0;URL='/a/here?utm_source=x'"))
    site.add("/a/slow", body=REFRESH.format("300; url=/a/never"))
    site.add("/a/new", body="<p>The text</p>")
    workspace.crawl(source(site))
    assert workspace.outcome(site.url("/a/old")) == ("duplicate", "")
    assert workspace.row(site.url("/a/old")).alias_of_key.endswith("/a/new")
    assert workspace.outcome(site.url("/a/new")) == ("pending", "")
    # Of an address that leads to itself, or is for later, the page is what it is.
    assert workspace.outcome(site.url("/a/here")) == ("pending", "")
    assert site.count("/a/never") == 0
    assert [page.status for page in workspace.pages(site.url("/a/old"))] == [200]


@pytest.mark.parametrize(
    "content", ["0; url=file:///etc/passwd", "0; url=javascript:x()", "0; url=", "x"]
)
def test_a_meta_refresh_to_nowhere_is_none(workspace, site, content):
    """C4."""
    articles(site, {"/a/1": None})
    site.add("/a/1", body=REFRESH.format(content))
    workspace.crawl(source(site))
    assert workspace.outcome(site.url("/a/1")) == ("pending", "")


def test_a_meta_refresh_out_of_the_source_is_not_followed(workspace, site):
    articles(site, {"/a/1": None})
    site.add("/a/1", body=REFRESH.format("0; url=/elsewhere"))
    workspace.crawl(source(site))
    assert workspace.outcome(site.url("/a/1")) == ("rejected", "redirect_out_of_scope")


def test_refreshes_in_a_circle_end(workspace, site):
    articles(site, {"/a/1": None})
    site.add("/a/1", body=REFRESH.format("0; url=/a/2"))
    site.add("/a/2", body=REFRESH.format("0; url=/a/1"))
    workspace.crawl(source(site))
    assert workspace.outcome(site.url("/a/2")) == ("failed", "redirect_loop")


@pytest.fixture
def new_home():
    with Site() as running:
        yield running


def test_articles_lie_where_the_feed_has_moved_to(workspace, site, new_home):
    """Another source names the new host's port, so that it may be asked at all."""
    site.add("/feed", redirect(new_home.url("/rss"), code=301))
    feed(new_home, ["/a/1", site.url("/a/2")], "/rss")
    new_home.add("/a/1", body="<p>one</p>")
    site.add("/a/2", body="<p>two</p>")
    other = source(new_home, "other", feeds=(new_home.url("/none"),))
    workspace.crawl(source(site), other)
    rows = {row.url: row.source for row in workspace.table("urls")}
    assert rows[new_home.url("/a/1")] == rows[site.url("/a/2")] == "site"
    assert new_home.count("/a/1") == site.count("/a/2") == 1


def test_a_site_that_moved_is_followed_there_and_told(workspace, site, new_home):
    paths = [f"/a/{number}" for number in range(4)]
    feed(site, paths)
    for path in paths:
        site.add(path, redirect(new_home.url(path), code=301))
        new_home.add(path, body=f"<p>{path}</p>")
    other = source(new_home, "other", feeds=(new_home.url("/none"),))
    result = workspace.crawl(source(site), other)
    assert f"{site.base_url} has moved to {new_home.base_url}" in result.notes
    assert [new_home.count(path) for path in paths] == [1] * 4
    assert {workspace.outcome(site.url(path)) for path in paths} == {("duplicate", "")}


def test_links_to_a_site_that_went_to_https_are_asked_for_there():
    scope = Scope([source_of_host("e.org")])
    scope.learn(Move(source="s", from_origin="http://e.org", to_origin="https://e.org"))
    assert scope.upgraded("s", "http://e.org/a?b=1") == "https://e.org/a?b=1"
    assert scope.upgraded("s", "http://f.org/a") == "http://f.org/a"


def test_a_host_is_learned_for_its_source_alone():
    scope = Scope([source_of_host("e.org"), source_of_host("f.org", "t")])
    assert scope.learn_host("s", "new.org")
    assert not scope.learn_host("s", "new.org")
    assert scope["s"].is_article("https://new.org/x")
    assert not scope["t"].is_article("https://new.org/x")
    assert scope.names == ["s", "t"]


def source_of_host(host, name="s"):
    from pipeline.sources import Source

    return Source(name=name, kind="news", publisher="P", feeds=(f"https://{host}/f",))
