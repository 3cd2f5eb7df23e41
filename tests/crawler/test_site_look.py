"""What a look at a new site proposes: editions, an archive, a pace."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from crawler.editions import find_editions
from crawler.listings import parse_html
from tests.crawler.probing import TODAY, probe
from tests.crawler.workspace import feed, source
from tests.site import Site, redirect

URL = "https://example.org/"


def editions(html: str, language: str = "en") -> dict[str, str]:
    tree = parse_html(html.encode(), "text/html; charset=utf-8")
    return {e.language: e.url for e in find_editions(tree, URL, language)}


# --- Editions ----------------------------------------------------------------


def test_editions_are_what_the_front_page_declares() -> None:
    html = """<link rel="alternate" hreflang="ar" href="/ar/">
    <link rel="alternate" hreflang="pt_BR" href="https://pt.example.org/">
    <link rel="alternate" hreflang="en" href="/"><link rel="alternate" hreflang="en-GB"
    href="/uk/"><link rel="alternate" hreflang="x-default" href="/world/">
    <link rel="canonical" hreflang="fr" href="/fr/">
    <link rel="alternate" hreflang="de" href="javascript:x()">"""
    assert editions(html) == {
        "ar": "https://example.org/ar/",
        "pt-BR": "https://pt.example.org/",
    }


@pytest.mark.parametrize(
    ("link", "language"),
    [
        ('<a href="/x">Tiếng Việt</a>', "vi"),
        ('<a href="/x">العربية</a>', "ar"),
        ('<a href="/x"><b>РУССКИЙ</b></a>', "ru"),
        ('<a href="/x" title="English"><img></a>', "en"),
        ('<a href="/x">繁體中文</a>', "zh-Hant"),
        ('<a href="https://ar.example.org/">AR</a>', "ar"),
        ('<a href="/vn/">VN</a>', "vi"),
        ('<a href="/?lang=ru">ru</a>', "ru"),
    ],
)
def test_a_link_leads_to_an_edition_by_its_languages_own_name_or_code(
    link: str, language: str
) -> None:
    assert list(editions(link, "")) == [language]


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/x">AR</a>',  # a code that the address does not have
        '<a href="/tv/">TV</a>',  # no language's
        '<a href="/x">Русский язык в школах: что изменится</a>',
        '<a href="/">Tiếng Việt</a>',
        '<a href="#vi">Tiếng Việt</a>',
        '<a href="http://[bad">Tiếng Việt</a>',
        '<a href="mailto:vi@e.org">Tiếng Việt</a>',
    ],
)
def test_other_links_lead_to_no_edition(link: str) -> None:
    assert editions(link, "en") == {}


# --- The archive -------------------------------------------------------------


def day(ago: int) -> str:
    return f"{TODAY - timedelta(days=ago):%Y/%m/%d}"


RECENT = [f"/news/{day(ago)}/story-number-{ago}" for ago in range(5)]
OLD = [f"/news/{day(ago)}/story-number-{ago}" for ago in range(200, 800, 100)]


def front(site: Site, more: str = "") -> None:
    site.add(
        "/",
        body=f"""<html lang="en"><head><link rel="alternate" href="/feed"
        type="application/rss+xml">{more}</head><body></body></html>""",
    )
    feed(site, RECENT)


def sitemap(site: Site, path: str, paths: list[str], lastmod: str = "") -> None:
    dated = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    entries = "".join(f"<url><loc>{site.url(p)}</loc>{dated}</url>" for p in paths)
    site.add(path, body=f"<urlset>{entries}</urlset>")


def test_a_sitemap_that_goes_back_further_than_the_feed_is_told_with_its_oldest_day(
    site: Site,
) -> None:
    front(site)
    # A site that is built anew says that all of it changed today.
    sitemap(site, "/sitemap.xml", RECENT + OLD, TODAY.date().isoformat())
    found, _ = probe(url=site.url("/"), articles=0)
    archive = found["archive"]
    assert (archive["kind"], archive["url"]) == ("sitemap", site.url("/sitemap.xml"))
    assert archive["oldest"][:10] == day(700).replace("/", "-")
    assert archive["allow"] == [r"^/news/\d{4}/"]


def test_of_an_index_the_oldest_sitemap_is_looked_at_too(site: Site) -> None:
    front(site)
    children = "".join(
        f"<sitemap><loc>{site.url(f'/{n}.xml')}</loc>"
        f"<lastmod>{2024 - n}-01-01</lastmod></sitemap>"
        for n in range(3)
    )
    site.add("/sitemap.xml", body=f"<sitemapindex>{children}</sitemapindex>")
    for number in range(3):
        sitemap(site, f"/{number}.xml", OLD[2 * number : 2 * number + 2])
    found, _ = probe(url=site.url("/"), articles=0)
    assert found["archive"]["oldest"][:10] == day(700).replace("/", "-")
    assert [site.count(f"/{n}.xml") for n in range(3)] == [1, 0, 1]


def test_of_an_index_the_sitemap_of_articles_is_looked_at(site: Site) -> None:
    """The sitemaps of pages and sections changed later."""
    site.add("/", body="<html></html>")
    names = {"page": "2024-06-29", "post": "2024-06-20", "category": "2024-06-29"}
    children = "".join(
        f"<sitemap><loc>{site.url(f'/{name}-sitemap.xml')}</loc>"
        f"<lastmod>{day}</lastmod></sitemap>"
        for name, day in names.items()
    )
    site.add("/sitemap.xml", body=f"<sitemapindex>{children}</sitemapindex>")
    sitemap(site, "/post-sitemap.xml", RECENT)
    for name in ("page", "category"):
        sitemap(site, f"/{name}-sitemap.xml", [f"/{name}"])
    found, _ = probe(url=site.url("/"), articles=0)
    assert [one["url"] for one in found["samples"]] == [site.url(p) for p in RECENT]


def test_of_a_sources_index_sitemaps_are_opened_until_one_has_its_articles(
    site: Site,
) -> None:
    children = "".join(
        f"<sitemap><loc>{site.url(f'/{n}.xml')}</loc></sitemap>" for n in range(5)
    )
    site.add("/sitemap.xml", body=f"<sitemapindex>{children}</sitemapindex>")
    for number in range(5):
        sitemap(site, f"/{number}.xml", [f"/about/{number}", f"/a/{number}"][:number])
    tried = source(site, feeds=(), sitemaps=(site.url("/sitemap.xml"),))
    found, _ = probe(source=tried, articles=0)
    assert found["in_scope"] == 1
    assert [site.count(f"/{n}.xml") for n in range(5)] == [1, 1, 1, 0, 0]


def test_a_sitemap_that_goes_back_no_further_is_no_archive(site: Site) -> None:
    front(site)
    sitemap(site, "/sitemap.xml", RECENT)
    assert probe(url=site.url("/"), articles=0)[0]["archive"] is None


def test_a_site_without_a_feed_has_no_archive_beside_what_is_visited(
    site: Site,
) -> None:
    site.add("/", body="<html></html>")
    sitemap(site, "/sitemap.xml", RECENT + OLD)
    assert probe(url=site.url("/"), articles=0)[0]["archive"] is None


def test_an_archive_whose_articles_cannot_be_told_apart_has_no_patterns(
    site: Site,
) -> None:
    front(site)
    sitemap(site, "/sitemap.xml", [*OLD, *(f"/x{n}" for n in range(20))], "2019-01-01")
    archive = probe(url=site.url("/"), articles=0)[0]["archive"]
    assert archive["allow"] == []


def archive_link(site: Site) -> None:
    front(site)
    links = f'<a href="/archive/{day(3)}">Archive</a>'
    site.add("/", body=f'<link rel=alternate type=rss href="/feed">{links}')


def test_an_archive_by_date_is_asked_for_a_day_of_last_year(site: Site) -> None:
    archive_link(site)
    past = day(365)
    links = "".join(f'<a href="/news/{past}/story-of-{n}">x</a>' for n in range(4))
    site.add(f"/archive/{past}", body=links)
    archive = probe(url=site.url("/"), articles=0)[0]["archive"]
    assert archive["url"] == site.url("/archive/{year}/{month:02}/{day:02}")
    assert archive["oldest"][:10] == past.replace("/", "-")
    assert archive["allow"] == [r"^/news/\d{4}/"]


@pytest.mark.parametrize("answer", ["404", "redirect", "empty"])
def test_an_archive_that_has_no_such_day_is_none(site: Site, answer: str) -> None:
    archive_link(site)
    if answer == "redirect":
        site.add(f"/archive/{day(365)}", redirect("/"))
    elif answer == "empty":
        site.add(f"/archive/{day(365)}", body='<a href="/about">About</a>')
    assert probe(url=site.url("/"), articles=0)[0]["archive"] is None


# --- The rest ----------------------------------------------------------------


def test_two_feeds_of_the_same_articles_are_followed_once(site: Site) -> None:
    front(site, '<link rel="alternate" type="application/atom+xml" href="/atom">')
    feed(site, RECENT[:3], "/atom")
    found, _ = probe(url=site.url("/"), articles=0)
    assert [one["url"] for one in found["endpoints"]] == [site.url("/feed")]
    problems = [one["problem"] for one in found["failed"] if one["kind"] == "feed"]
    assert problems == ["lists_nothing_that_another_does_not"]


def test_the_feed_of_comments_is_left_alone(site: Site) -> None:
    front(site, '<link rel="alternate" type="rss" href="/comments/feed/">')
    feed(site, ["/a/1"], "/comments/feed/")
    found, _ = probe(url=site.url("/"), articles=0)
    assert [one["url"] for one in found["endpoints"]] == [site.url("/feed")]
    assert site.count("/comments/feed/") == 0


def test_articles_are_fetched_of_what_the_site_announces(site: Site) -> None:
    front(site)
    _, pages = probe(url=site.url("/"), articles=2)
    assert [page["url"] for page in pages] == [site.url(path) for path in RECENT[:2]]


def ticking(seconds: float) -> Iterator[float]:
    """Of a clock that is read before and after each request."""
    return (seconds * number for number in count())


@pytest.mark.parametrize(
    ("seconds", "crawl_delay", "delay"),
    [
        (0.1, 0, 2.0),
        (1.0, 0, 5.0),
        (1.0, 7, 7.0),
        (9.0, 0, 30.0),
        (0.1, 99_999, 3600.0),
    ],
)
def test_the_pace_is_by_robots_and_by_how_slowly_the_site_answers(
    site: Site, seconds: float, crawl_delay: int, delay: float
) -> None:
    front(site)
    site.add("/robots.txt", body=f"User-agent: *\nCrawl-delay: {crawl_delay}\n")
    ticks = ticking(seconds)
    found, _ = probe(url=site.url("/"), articles=0, monotonic=lambda: next(ticks))
    assert found["delay_seconds"] == delay


def test_the_samples_that_look_like_articles_are_counted(site: Site) -> None:
    front(site)
    feed(site, [*RECENT, *OLD, "/about"])
    found, _ = probe(url=site.url("/"), articles=0)
    assert (found["fitting"], found["in_scope"]) == (11, 12)
