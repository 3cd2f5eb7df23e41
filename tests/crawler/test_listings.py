"""Lists of articles: their next page in many languages, and the times beside links."""

from datetime import UTC, date, datetime

import pytest

from crawler.discover import MAX_BACKFILL_PAGES, MAX_LISTING_PAGES
from crawler.listings import read_listing
from crawler.paging import Paging
from crawler.parsing import Body, find
from pipeline.sources import Source
from pipeline.store.frontier import DueUrl

URL = "https://example.org/list"
SINCE = date(2024, 6, 10)
SOURCE = Source(
    name="s", kind="news", publisher="P", listings=(URL,), allow=("^/a/", "^/2024/")
)


def next_pages(html, url=URL):
    reading = read_listing(html.encode(), url, "text/html; charset=utf-8")
    return [child.url for child in reading.children]


def times(html):
    reading = read_listing(html.encode(), URL, "text/html; charset=utf-8")
    return {
        entry.url.removeprefix("https://example.org"): entry.published_at
        and entry.published_at.date().isoformat()
        for entry in reading.entries
    }


def found(html, **fields):
    body = Body(
        kind="listing",
        url=URL,
        content_type="text/html; charset=utf-8",
        body=html.encode(),
        **fields,
    )
    return find(body, SOURCE)


# --- The next page -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Next",
        "NEXT PAGE »",
        "« Older posts",
        "Trang sau",
        "Trang tiếp theo",
        "التالي",
        "الصفحة التالية ›",
        "Следующая",
        "Далее →",
        "Наступна",
        "下一页",
        "次へ >",
        "다음",
        "Siguiente »",
        "Próxima página",
        "Suivant",
        "Weiter",
        "Sonraki",
        "Berikutnya",
        "بعدی",
        "अगला",
        "ถัดไป",
        "»",
        "›",
        "&gt;",
        "<span>Trang</span> sau",
    ],
)
def test_the_link_to_the_next_page_is_known_by_its_name(text):
    assert next_pages(f'<a href="/list-p2">{text}</a>') == [
        "https://example.org/list-p2"
    ]


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/list-p2" title="Trang sau"><img src="x"></a>',
        '<a href="/list-p2" aria-label="Следующая страница"><svg></svg></a>',
    ],
)
def test_a_picture_leads_to_the_next_page_by_what_it_is_called(link):
    assert next_pages(link) == ["https://example.org/list-p2"]


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/list-p9">»»</a>',
        '<a href="/a/1">Next year the tram will run again to the harbour</a>',
        '<a href="/a/1">The next</a>',
        '<a href="#top">Next</a>',
        '<a href="javascript:more()">Next</a>',
        '<a href="">Next</a>',
        "<a>Next</a>",
    ],
)
def test_what_only_looks_like_it_is_no_next_page(link):
    assert next_pages(link) == []


def test_what_is_declared_comes_before_numbers_and_these_before_names():
    named, numbered = '<a href="/x">Next</a>', '<a href="?page=2">2</a>'
    declared = '<a rel="next" href="/y">more</a>'
    assert next_pages(named + numbered) == [f"{URL}?page=2"]
    assert next_pages(named + numbered + declared) == ["https://example.org/y"]


def test_the_next_page_is_no_article_where_every_link_may_be_one():
    source = Source(name="s", kind="news", publisher="P", listings=(URL,))
    html = b'<a href="/a/1">T</a><a href="/older">Next</a>'
    body = Body(kind="listing", url=URL, content_type="text/html", body=html)
    findings = find(body, source)
    assert [article.url for article in findings.articles] == ["https://example.org/a/1"]
    assert [child.url for child in findings.children] == ["https://example.org/older"]


def test_a_next_page_on_another_host_is_not_followed():
    """C4"""
    assert found('<a href="http://169.254.169.254/">Next</a>').children == ()


# --- Times beside links ------------------------------------------------------


def test_the_time_in_a_teaser_belongs_to_its_links():
    html = """<ul>
    <li><a href="/a/1"><img></a><h2><a href="/a/1">One</a></h2>
        <a href="/world/">World</a>
        <p><time datetime="2024-06-21T10:00+03:00">x</time></li>
    <li><time datetime="2024-06-20">y</time> <a href="/a/2">Two</a></li>
    <li><a href="/a/3">Three <time datetime="2024-06-19">z</time></a></li>
    <li><a href="/a/4">Four</a></li></ul>"""
    assert times(html) == {
        "/a/1": "2024-06-21",
        "/world/": "2024-06-21",
        "/a/2": "2024-06-20",
        "/a/3": "2024-06-19",
        "/a/4": None,
    }


def test_a_time_that_may_be_anothers_belongs_to_nobody():
    one = '<p><time datetime="2024-06-21"></time><a href="/a/1">One</a>'
    other = '<time datetime="2024-06-20"></time><a href="/a/2">Two</a></p>'
    assert set(times(one + other).values()) == {None}
    links = "".join(f'<a href="/a/{n}">Story</a>' for n in range(30))
    of_page = f'<div><time datetime="2024-06-21"></time>{links}</div>'
    assert set(times(of_page).values()) == {None}
    assert times('<time datetime="soon"></time><a href="/a/1">x</a>') == {"/a/1": None}


# --- Paging back to a date ---------------------------------------------------


def test_what_is_older_by_its_time_or_its_address_is_passed_over():
    html = """<li><time datetime="2024-06-01"></time><a href="/a/old">Old</a></li>
    <li><time datetime="2024-06-12"></time><a href="/a/new">New</a></li>
    <a href="/2024/05/30/old">Old</a><a href="/2024/06/20/new">New</a>
    <a href="/a/undated">Whenever</a>"""
    findings = found(html, since=SINCE)
    assert [article.url[20:] for article in findings.articles] == [
        "a/new",
        "2024/06/20/new",
        "a/undated",
    ]
    assert findings.skipped == 2
    assert len(found(html).articles) == 5


def test_the_day_in_an_address_counts_more_than_a_sitemaps_lastmod():
    """A site that is built anew says of all its pages that they have changed."""
    text = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<url><loc>https://example.org/2024/01/02/x</loc><lastmod>2024-06-20</lastmod>"
        "</url><url><loc>https://example.org/a/1</loc><lastmod>2024-06-20</lastmod>"
        "</url></urlset>"
    )
    body = Body(
        kind="sitemap", url=URL, content_type="", body=text.encode(), since=SINCE
    )
    findings = find(body, SOURCE)
    assert [article.url for article in findings.articles] == ["https://example.org/a/1"]


def page(*days, more=""):
    links = "".join(f'<a href="/2024/{day}/x">Story</a>' for day in days)
    return f'{links}{more}<a href="?page=2">2</a>'


def test_a_list_is_paged_back_until_a_page_is_older_than_the_date():
    assert found(page("06/21", "06/01"), since=SINCE).children
    assert not found(page("06/02", "06/01"), since=SINCE).children
    margin = '<a href="/a/1">Most read</a>'
    assert not found(page("06/02", "06/01", more=margin), since=SINCE).children
    mostly_undated = "".join(f'<a href="/a/{n}">Story</a>' for n in range(9))
    assert found(page("06/02", more=mostly_undated), since=SINCE).children
    assert found(page("06/02", "06/01")).children


def test_a_list_is_paged_further_back_where_a_date_is_given():
    for depth, ordinary, back in (
        (MAX_LISTING_PAGES - 2, 1, 1),
        (MAX_LISTING_PAGES - 1, 0, 1),
        (MAX_BACKFILL_PAGES - 2, 0, 1),
        (MAX_BACKFILL_PAGES - 1, 0, 0),
    ):
        assert len(found(page("06/21"), depth=depth).children) == ordinary
        assert len(found(page("06/21"), depth=depth, since=SINCE).children) == back


def visit(paging, path, links, following, depth):
    target = DueUrl(
        id=1,
        source="s",
        role="endpoint",
        endpoint_kind="listing",
        url=f"https://example.org{path}",
        url_key=f"https://example.org{path}",
        host="example.org",
        via="listing",
        depth=depth,
        hints={},
        attempts=0,
        etag="",
        last_modified="",
        body_checksum="",
    )
    html = "".join(f'<a href="/a/{n}">x</a>' for n in links)
    findings = found(f'{html}<a rel="next" href="{following}">2</a>')
    return len(paging.followed(target, findings).children)


def test_paging_ends_where_a_page_shows_what_those_before_it_did():
    paging = Paging()
    assert visit(paging, "/list", [1, 2], "/list/2", 0) == 1
    assert visit(paging, "/list/2", [2, 3], "/list/3", 1) == 1
    assert visit(paging, "/other", [1, 2], "/other/2", 0) == 1
    assert visit(paging, "/list/3", [1, 3], "/list/4", 2) == 0
    assert visit(paging, "/other/2", [], "/other/3", 1) == 0


def test_a_time_of_day_is_kept():
    html = (
        '<p><a href="/a/1">x</a><time datetime="2024-06-21T13:00:00+03:00"></time></p>'
    )
    (entry,) = read_listing(html.encode(), URL, "text/html").entries
    assert entry.published_at == datetime(2024, 6, 21, 10, tzinfo=UTC)
