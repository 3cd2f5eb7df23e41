"""The demo's news world keeps what its users rely on."""

import http.client
import socket
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import feedparser
import htmldate
import pytest
import sentencex
import trafilatura
from lxml import etree, html

from babelwire.demo.model import DATA, DemoArticle
from babelwire.demo.server import WorldServer, serve
from babelwire.demo.world import Request, Response, World

WORLD = World.load()
CHANGING = "kazan-cityhall/o-podpisannyh-soglasheniyah"
BASE_URLS = {name: f"http://{name}.example" for name in WORLD.sites}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MEMORY = (DATA / "memory.tmx").read_bytes()
SITEMAP = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}
# trafilatura drops the zero-width non-joiner that Persian is written with; a rare
# printable character stands in for it while the page is extracted.
JOINER, STAND_IN = "\u200c", "\u2e2e"

EACH_ARTICLE = pytest.mark.parametrize("article", WORLD.articles, ids=lambda a: a.id)
EACH_SITE = pytest.mark.parametrize("name", list(WORLD.sites))


def get(site: str, target: str, world: World = WORLD, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(site=site, target=target, headers=names)
    return world.respond(request, BASE_URLS)


def page(article: DemoArticle, world: World = WORLD) -> str:
    answer = get(article.site, article.path, world)
    assert answer.status == 200
    return answer.body.decode(WORLD.sites[article.site].charset)


def language(article: DemoArticle) -> str:
    return article.language.split("-")[0]


def words(article: DemoArticle) -> int:
    text = article.text_in(1)
    # A Chinese word has about 1.6 characters.
    return round(len(text) / 1.6) if language(article) == "zh" else len(text.split())


def memory() -> dict[tuple[str, str], str]:
    units: dict[tuple[str, str], str] = {}
    for unit in etree.fromstring(MEMORY).iter("tu"):
        source, target = unit.findall("tuv")
        assert unit.get("srclang") == source.get(XML_LANG)
        assert target.get(XML_LANG) == "en"
        units[source.get(XML_LANG), source.findtext("seg")] = target.findtext("seg")
    return units


# --- What there is ------------------------------------------------------------


def test_there_are_twelve_publications_three_of_them_official() -> None:
    kinds = Counter(site.kind for site in WORLD.sites.values())
    assert kinds.total() >= 12
    assert kinds["official"] >= 3
    assert set(kinds) == {"news", "official"}


def test_there_are_forty_four_articles_in_twelve_languages() -> None:
    found = Counter(language(article) for article in WORLD.articles)
    assert found.total() >= 44
    expected = {"vi", "ar", "ru", "en", "fr", "es", "pt", "zh", "fa", "hi", "tr", "de"}
    assert expected <= set(found)


def test_articles_have_80_to_250_words_and_those_on_the_forum_250_to_400() -> None:
    for article in WORLD.articles:
        low, high = (250, 400) if article.forum else (80, 250)
        assert low <= words(article) <= high, article.id


def test_eight_long_articles_on_the_forum_are_in_seven_languages() -> None:
    forum = [language(article) for article in WORLD.articles if article.forum]
    assert len(forum) == 8
    assert {"vi", "ar", "ru", "en", "fr", "pt", "zh"} == set(forum)


def test_ids_are_unique_and_name_the_site() -> None:
    ids = [article.id for article in WORLD.articles]
    assert len(set(ids)) == len(ids)
    assert all(WORLD.sites[item.site] for item in WORLD.articles)
    assert {item.site for item in WORLD.articles} == set(WORLD.sites)


def test_articles_are_dated_from_10_to_25_june_2024() -> None:
    days = {article.published_at.date().isoformat() for article in WORLD.articles}
    assert all(article.published_at.tzinfo for article in WORLD.articles)
    assert min(days) >= "2024-06-10"
    assert max(days) <= "2024-06-25"


def test_every_peculiarity_occurs() -> None:
    found = Counter(name for article in WORLD.articles for name in article.special)
    assert found["wire"] == 3
    expected = {
        *("no_date", "wrong_language", "mixed", "redirect", "tracking"),
        *("wire", "changes"),
    }
    assert set(found) == expected


# --- Pages --------------------------------------------------------------------


@EACH_ARTICLE
def test_a_page_gives_exactly_the_text_of_its_article(article: DemoArticle) -> None:
    text: str | None = trafilatura.extract(
        page(article).replace(JOINER, STAND_IN),
        favor_precision=True,
        include_comments=False,
    )
    assert text is not None
    assert text.replace(STAND_IN, JOINER) == article.text_in(1)


@EACH_ARTICLE
def test_sentences_are_those_that_sentencex_finds(article: DemoArticle) -> None:
    paragraphs = [*article.paragraphs_in(1), *article.paragraphs_in(2)]
    texts = [*article.text_in(1).split("\n"), *article.text_in(2).split("\n")]
    for sentences, text in zip(paragraphs, texts, strict=True):
        found = [part.strip() for part in sentencex.segment(language(article), text)]
        assert tuple(part for part in found if part) == sentences


@EACH_ARTICLE
def test_a_page_has_a_clean_canonical_address(article: DemoArticle) -> None:
    root = html.fromstring(page(article))
    canonical = root.xpath("//link[@rel='canonical']/@href")
    assert canonical == [BASE_URLS[article.site] + article.path]


@EACH_ARTICLE
def test_a_page_declares_its_language_and_direction(article: DemoArticle) -> None:
    root = html.fromstring(page(article))
    assert root.get("lang") == (article.declared_language or article.language)
    right_to_left = language(article) in {"ar", "fa"}
    assert root.get("dir") == ("rtl" if right_to_left else "ltr")


@EACH_ARTICLE
def test_only_the_page_without_a_date_shows_none(article: DemoArticle) -> None:
    day = article.published_at.date().isoformat()
    assert (day in page(article)) != article.no_date


def test_the_page_without_a_date_has_one_in_its_feed_alone() -> None:
    (article,) = (item for item in WORLD.articles if item.no_date)
    assert "2024" not in page(article)
    assert htmldate.find_date(page(article), original_date=True) is None
    site = WORLD.sites[article.site]
    feed = feedparser.parse(get(site.name, site.feed_rss).body)
    (entry,) = (item for item in feed.entries if item.link.endswith(article.path))
    assert entry.published_parsed[:3] == (2024, 6, 16)


def test_the_wrong_language_is_not_that_of_the_text() -> None:
    (article,) = (item for item in WORLD.articles if item.declared_language)
    assert article.declared_language != article.language
    assert article.language == "ar"


def test_the_mixed_page_quotes_a_paragraph_amid_english_furniture() -> None:
    (article,) = (item for item in WORLD.articles if "mixed" in item.special)
    assert article.language == "id"
    assert article.quoted_paragraph is not None
    assert article.paragraphs[article.quoted_paragraph][0].startswith("“Het regent")
    assert "All content belongs to" in page(article)


def test_the_agency_text_on_three_sites_is_alike_but_not_equal() -> None:
    copies = [item for item in WORLD.articles if item.wire == "seamount"]
    assert len({item.site for item in copies}) == 3
    texts = [set(item.text_in(1).split()) for item in copies]
    for one in texts:
        for other in texts:
            assert len(one & other) / len(one | other) > 0.8
    assert len({item.text_in(1) for item in copies}) == 3


# --- Charsets -----------------------------------------------------------------


def test_four_charsets_are_served() -> None:
    charsets = {site.charset for site in WORLD.sites.values()}
    assert charsets == {"utf-8", "windows-1251", "windows-1256", "gb18030"}


@EACH_SITE
def test_a_charset_is_declared_where_the_site_says(name: str) -> None:
    site = WORLD.sites[name]
    answer = get(name, WORLD.articles_of(name)[0].path)
    in_header = f"charset={site.charset}" in answer.headers["Content-Type"]
    in_meta = f'<meta charset="{site.charset}">'.encode() in answer.body
    assert in_header == (site.charset_declared in {"header", "both"})
    assert in_meta == (site.charset_declared in {"meta", "both"})


@EACH_ARTICLE
def test_every_character_survives_the_charset(article: DemoArticle) -> None:
    shown = html.fromstring(page(article)).text_content()
    for paragraph in article.text_in(1).split("\n"):
        assert paragraph in shown


def test_one_site_declares_its_charset_in_the_header_alone_one_in_meta() -> None:
    where = {s.charset: s.charset_declared for s in WORLD.sites.values()}
    assert where["windows-1251"] == "header"
    assert where["windows-1256"] == "meta"


# --- Endpoints ----------------------------------------------------------------


def test_articles_are_found_through_four_kinds_of_endpoints() -> None:
    sites = WORLD.sites.values()
    for kind in ("feed_rss", "feed_atom", "sitemap", "listing"):
        assert any(getattr(site, kind) for site in sites), kind


@EACH_SITE
def test_a_site_names_every_article_in_its_endpoints(name: str) -> None:
    expected = {item.linked_path for item in WORLD.articles_of(name)}
    site = WORLD.sites[name]
    found = [
        *([_feed_links(name, site.feed_rss)] if site.feed_rss else []),
        *([_feed_links(name, site.feed_atom)] if site.feed_atom else []),
        *([_sitemap_links(name)] if site.sitemap else []),
        *([_listing_links(name)] if site.listing else []),
    ]
    assert found
    for links in found:
        assert expected <= links


def _feed_links(name: str, path: str) -> set[str]:
    answer = get(name, path)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    feed = feedparser.parse(answer.body, response_headers=headers)
    assert not feed.bozo
    assert feed.version in {"rss20", "atom10"}
    assert all(entry.title for entry in feed.entries)
    assert all(entry.published_parsed for entry in feed.entries)
    return {urlsplit(entry.link).path for entry in feed.entries}


def _sitemap_links(name: str) -> set[str]:
    index = etree.fromstring(get(name, WORLD.sites[name].sitemap).body)
    links: set[str] = set()
    for address in index.xpath("//s:sitemap/s:loc/text()", namespaces=SITEMAP):
        part = etree.fromstring(get(name, urlsplit(address).path).body)
        locations = part.xpath("//s:url/s:loc/text()", namespaces=SITEMAP)
        links |= {urlsplit(location).path for location in locations}
        if "news" in address:
            titles = part.xpath("//n:title/text()", namespaces=SITEMAP)
            dates = part.xpath("//n:publication_date/text()", namespaces=SITEMAP)
            assert len(titles) == len(dates) == len(locations)
    return links


def _listing_links(name: str) -> set[str]:
    links: set[str] = set()
    target = WORLD.sites[name].listing
    pages = 0
    while target:
        body = get(name, target).body.decode(WORLD.sites[name].charset)
        root = html.fromstring(body)
        links |= {urlsplit(href).path for href in root.xpath("//main//a/@href")}
        target = next(iter(root.xpath("//link[@rel='next']/@href")), "")
        pages += 1
    assert pages > 1
    return links


def test_a_listing_ends_with_404_beyond_its_last_page() -> None:
    assert get("quai-du-matin", "/actualites/?page=99").status == 404


def test_a_feed_carries_tracking_parameters_and_the_page_answers_to_them() -> None:
    feed = feedparser.parse(get("cape-lantern", "/feeds/latest.xml").body)
    (link,) = (item.link for item in feed.entries if "utm_source=rss" in item.link)
    parts = urlsplit(link)
    answer = get("cape-lantern", f"{parts.path}?{parts.query}")
    assert answer == get("cape-lantern", parts.path)


def test_the_listed_address_of_one_article_redirects_to_it() -> None:
    (article,) = (item for item in WORLD.articles if item.redirect_from)
    answer = get(article.site, article.redirect_from)
    assert answer.status == 301
    assert answer.headers["Location"] == BASE_URLS[article.site] + article.path


def test_a_listing_links_to_a_missing_page_that_answers_200() -> None:
    path = "/monde/2024-06-05-article-retire.html"
    assert path in _listing_links("quai-du-matin")
    answer = get("quai-du-matin", path)
    assert answer.status == 200
    assert "Page introuvable" in answer.body.decode()


def test_robots_disallows_a_path_that_the_listing_links_to() -> None:
    robots = get("quai-du-matin", "/robots.txt").body.decode()
    assert "Disallow: /abonnes/" in robots.splitlines()
    assert "/abonnes/lettre-du-dimanche.html" in _listing_links("quai-du-matin")


def test_one_site_has_no_robots_and_one_asks_for_a_delay() -> None:
    assert get("hanoi-city-office", "/robots.txt").status == 404
    assert b"Crawl-delay: 1" in get("hafenblick", "/robots.txt").body


@EACH_SITE
def test_a_source_file_says_what_the_site_offers(name: str) -> None:
    site = WORLD.sites[name]
    source = tomllib.loads(WORLD.source_toml(name, BASE_URLS[name]))
    assert source["name"] == name
    assert source["kind"] == site.kind
    assert source["delay_seconds"] == 0.0
    endpoints = source["feeds"] + source["sitemaps"] + source["listings"]
    assert endpoints
    for address in endpoints:
        assert get(name, urlsplit(address).path).status == 200


# --- Conditional requests and the second edition ------------------------------


@EACH_SITE
def test_an_unchanged_page_answers_304_to_its_etag_and_to_its_date(name: str) -> None:
    path = WORLD.articles_of(name)[0].path
    first = get(name, path)
    by_tag = get(name, path, if_none_match=f'"other", {first.headers["ETag"]}')
    by_date = get(name, path, if_modified_since=first.headers["Last-Modified"])
    assert (by_tag.status, by_tag.body) == (304, b"")
    assert (by_date.status, by_date.body) == (304, b"")
    assert by_tag.headers["ETag"] == first.headers["ETag"]


def test_an_etag_outweighs_a_date() -> None:
    path = WORLD.articles_of("cape-lantern")[0].path
    late = "Sat, 01 Jan 2050 00:00:00 GMT"
    answer = get("cape-lantern", path, if_none_match='"x"', if_modified_since=late)
    assert answer.status == 200


def test_an_unreadable_date_is_ignored() -> None:
    path = WORLD.articles_of("cape-lantern")[0].path
    assert get("cape-lantern", path, if_modified_since="yesterday").status == 200


def test_the_second_edition_changes_one_official_text_and_its_number() -> None:
    world = World.load()
    article = world.article(CHANGING)
    before = get(article.site, article.path, world)
    world.advance()
    after = get(article.site, article.path, world, if_none_match=before.headers["ETag"])
    assert after.status == 200
    assert before.headers["Last-Modified"] != after.headers["Last-Modified"]
    assert "14 соглашений" in before.body.decode()
    assert "17 соглашений" in after.body.decode()
    assert "14 соглашений" not in after.body.decode()
    text = trafilatura.extract(after.body.decode(), favor_precision=True)
    assert text == article.text_in(2)


def test_the_second_edition_leaves_all_other_articles_as_they_were() -> None:
    world = World.load()
    world.advance()
    for article in world.articles:
        same = page(article, world) == page(article)
        assert same == (article.id != CHANGING)


# --- Translations and queries -------------------------------------------------


@EACH_ARTICLE
def test_every_headline_and_sentence_has_a_saved_translation(
    article: DemoArticle,
) -> None:
    if article.language == "en":
        return
    units = memory()
    sentences = [
        article.title,
        *(s for edition in (1, 2) for p in article.paragraphs_in(edition) for s in p),
    ]
    for sentence in sentences:
        assert units[article.language, sentence]


def test_saved_translations_are_declared_as_tmx_1_4() -> None:
    root = etree.fromstring(MEMORY)
    assert root.get("version") == "1.4"
    assert root.find("header").get("srclang") == "*all*"
    assert all(source != "en" for source, _ in memory())


def test_there_are_sixty_queries_in_six_languages() -> None:
    queries = WORLD.queries()
    found = Counter(query.language for query in queries)
    assert len(queries) >= 60
    assert len(found) >= 6
    assert len({(q.text, q.language) for q in queries}) == len(queries)


def test_every_right_document_exists() -> None:
    ids = {article.id for article in WORLD.articles}
    for query in WORLD.queries():
        assert query.right, query.text
        assert set(query.right) <= ids, query.text


def test_english_queries_are_answered_from_vietnamese_arabic_and_russian() -> None:
    languages = {article.id: article.language for article in WORLD.articles}
    answers = [
        {languages[item] for item in query.right}
        for query in WORLD.queries()
        if query.language == "en"
    ]
    assert any({"vi", "ar", "ru"} <= found for found in answers)


# --- The server ---------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[WorldServer]:
    with serve(World.load()) as server:
        yield server


@EACH_ARTICLE
def test_the_server_serves_each_article(
    article: DemoArticle, served: WorldServer
) -> None:
    with urllib.request.urlopen(served.urls[article.site] + article.path) as answer:
        body = answer.read()
        assert int(answer.headers["Content-Length"]) == len(body)
    assert article.title.split("&")[0] in body.decode(
        WORLD.sites[article.site].charset
    ).replace("&#x27;", "'")


def test_head_gives_the_headers_of_get_without_a_body(served: WorldServer) -> None:
    address = urlsplit(served.urls["cape-lantern"])
    connection = http.client.HTTPConnection(address.netloc)
    path = WORLD.articles_of("cape-lantern")[0].path
    connection.request("GET", path)
    got = connection.getresponse()
    body = got.read()
    # The same connection again: it is kept alive.
    connection.request("HEAD", path)
    head = connection.getresponse()
    assert head.read() == b""
    assert int(head.headers["Content-Length"]) == len(body)
    assert head.headers["ETag"] == got.headers["ETag"]
    connection.close()


def test_other_methods_are_refused(served: WorldServer) -> None:
    request = urllib.request.Request(served.urls["cape-lantern"], data=b"x")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 405
    caught.value.close()


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}"):
            WorldServer(lambda _: Response(), ["a"], base_port=port)


def test_sites_follow_the_base_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with WorldServer(lambda _: Response(), ["a"], base_port=port) as server:
        assert server.urls == {"a": f"http://127.0.0.1:{port}"}
