"""`crawl --since`: lists paged back, archive pages by date, older sitemaps."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.discover import MAX_LISTING_PAGES
from tests.crawler.workspace import Workspace, feed, source
from tests.site import HTML, Response, Site

TODAY = datetime.now(UTC).date()


def day(ago: int) -> str:
    return f"{TODAY - timedelta(days=ago):%Y/%m/%d}"


def story(ago: int) -> str:
    return f"/a/{day(ago)}/story"


def since(ago: int):
    return {"since": TODAY - timedelta(days=ago)}


def paged(site: Site, days: int, *, per_page: int = 2) -> None:
    """A list with the newest stories first, so many days on each page."""
    pages = -(-days // per_page)

    def answer(request):
        number = int(request.target.partition("page=")[2] or 1)
        shown = range((number - 1) * per_page, min(days, number * per_page))
        links = "".join(f'<a href="{story(ago)}">Story</a>' for ago in shown)
        following = f'<a href="/list?page={number + 1}">Next</a>'
        return Response(
            headers=HTML, body=(links + following * (number < pages)).encode()
        )

    site.add("/list", answer)


def found(workspace: Workspace) -> set[str]:
    rows = workspace.table("urls")
    return {row.url.partition("/a/")[2][:10] for row in rows if row.role == "article"}


def asked(site: Site, path: str) -> list[str]:
    return [seen.target for seen in site.requests if seen.path.startswith(path)]


def listing(site: Site, **fields):
    return source(site, feeds=(), listings=(site.url("/list"),), **fields)


def test_a_list_is_paged_back_to_the_date_and_no_further(workspace, site):
    paged(site, 60)
    assert workspace.crawl(listing(site), **since(29)).stderr == ""
    assert found(workspace) == {day(ago) for ago in range(30)}
    # The sixteenth page has nothing but older ones.
    assert len(asked(site, "/list")) == 16


def test_a_list_that_was_read_before_is_paged_back_through_what_is_known(
    workspace, site
):
    paged(site, 60)
    workspace.crawl(listing(site))
    assert len(asked(site, "/list")) == MAX_LISTING_PAGES
    workspace.crawl(listing(site), **since(29))
    assert found(workspace) == {day(ago) for ago in range(30)}


def test_a_list_that_shows_the_same_page_forever_is_left(workspace, site):
    """C9"""

    def answer(request):
        number = int(request.target.partition("page=")[2] or 1)
        body = f'<a href="/a/1">x</a><a href="/list?page={number + 1}">Next</a>'
        return Response(headers=HTML, body=body.encode())

    site.add("/list", answer)
    assert workspace.crawl(listing(site), **since(29)).stderr == ""
    assert len(asked(site, "/list")) == 2


def archive(site: Site):
    """A page for each day but one, an older sitemap, a feed with today's story."""
    for ago in range(-1, 9):
        if ago != 3:
            site.add(f"/archive/{day(ago)}", body=f'<a href="{story(ago)}">x</a>')
    entries = "".join(f"<url><loc>{site.url(story(n))}</loc></url>" for n in (3, 90))
    site.add("/old.xml", body=f"<urlset>{entries}</urlset>")
    feed(site, [story(0)])
    daily = site.url("/archive/{year}/{month:02}/{day:02}")
    return source(site, archives=(daily, site.url("/old.xml")))


@pytest.fixture(scope="module")
def visited(make_workspace):
    """Crawled as ever, back to a day, and as ever; what was asked for in each."""
    workspace, asked_for = make_workspace("archive"), []
    with Site() as site:
        kept = archive(site)
        for choice in ({}, since(5), {}):
            before = len(site.requests)
            result = workspace.crawl(kept, **choice)
            asked_for.append([seen.path for seen in site.requests[before:]])
        yield workspace, site, result, asked_for


def test_the_archive_is_visited_day_by_day_and_only_back_to_a_date(visited):
    workspace, _, _, (ordinary, back, after) = visited
    pages = {f"/archive/{day(ago)}" for ago in range(-1, 7)}
    for paths in (ordinary, after):
        assert not pages & set(paths)
    assert sorted(path for path in back if "/archive/" in path) == sorted(pages)
    assert found(workspace) == {day(ago) for ago in range(-1, 6)}


def test_an_older_sitemap_is_read_only_back_to_a_date(visited):
    """The story of three days ago stands only there; a day of then had no page."""
    workspace, _, _, (ordinary, back, after) = visited
    assert ["/old.xml" in paths for paths in (ordinary, back, after)] == [
        False,
        True,
        False,
    ]
    assert day(3) in found(workspace)
    assert day(90) not in found(workspace)


def test_a_day_without_a_page_is_no_failure(visited):
    workspace, site, _, _ = visited
    missing = site.url(f"/archive/{day(3)}")
    assert workspace.outcome(missing) == ("rejected", "no_archive_page")
    runs = [run.counts["run"]["failed_endpoints"] for run in workspace.table("runs")]
    assert runs == [{}, {}, {}]


def test_a_long_archive_is_told_to_go_on_in_the_next_run(workspace, site):
    kept = archive(site)
    result = workspace.crawl(kept, limits={"max_backfill_endpoints": 3}, **since(1500))
    assert "1,000 archive pages are visited" in result.notes
    assert "504 older ones" in result.notes
    assert site.count("/feed") + site.count("/old.xml") + len(asked(site, "/arch")) == 3
