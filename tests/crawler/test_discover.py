"""Feeds, sitemaps and listing pages: what is found in sound and broken ones."""

import gzip
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.charsets import decode_text
from crawler.discover import MAX_CHILDREN, MAX_SITEMAP_DEPTH
from crawler.feeds import read_feed
from crawler.listings import read_listing
from crawler.parsing import Body, ParserProcess, find, read_body
from crawler.patterns import learn_patterns
from crawler.sitemaps import read_sitemap
from pipeline.sources import Source

URL = "https://example.org/list"
SOURCE = Source(
    name="s",
    kind="news",
    publisher="P",
    listings=(URL,),
    allow=("^/a/",),
    languages=("ru",),
)


def rss(items, encoding="utf-8", declared=None):
    text = (
        f'<?xml version="1.0" encoding="{declared or encoding}"?><rss version="2.0">'
        f"<channel><title>F</title><language>ru</language>{items}</channel></rss>"
    )
    return text.encode(encoding)


def item(path, title="T", date_text="Fri, 21 Jun 2024 13:00:00 +0300"):
    link = f"https://example.org{path}"
    return (
        f"<item><title>{title}</title><link>{link}</link>"
        f"<pubDate>{date_text}</pubDate></item>"
    )


def feed(body, content_type="application/rss+xml"):
    return read_feed(body, URL, content_type, ("ru",))


def sitemap(body, content_type="application/xml"):
    return read_sitemap(body, URL, content_type, max_bytes=1 << 20)


def urlset(*entries, tag="url", root="urlset"):
    namespaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    )
    inner = "".join(f"<{tag}>{entry}</{tag}>" for entry in entries)
    return f"<{root} {namespaces}>{inner}</{root}>".encode()


def found(kind, body, content_type="text/xml", **fields):
    given = Body(kind=kind, url=URL, content_type=content_type, body=body, **fields)
    return find(given, SOURCE)


# --- Feeds -------------------------------------------------------------------

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><title>A</title>
<entry><title>T</title><link href="/a/1"/><published>2024-06-21T10:00:00Z</published>
</entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>R</title></channel><item><title>T</title>
<link>https://example.org/a/1</link><dc:date>2024-06-21T10:00:00Z</dc:date></item>
</rdf:RDF>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items":
[{"url": "https://example.org/a/1", "title": "T", "date_published":
"2024-06-21T13:00:00+03:00"}]}"""


@pytest.mark.parametrize("body", [rss(item("/a/1")), ATOM, RDF, JSON])
def test_every_kind_of_feed_is_read(body):
    reading = feed(body)
    (entry,) = reading.entries
    assert entry.title == "T"
    assert entry.published_at == datetime(2024, 6, 21, 10, tzinfo=UTC)
    assert entry.url.endswith("/a/1")
    assert reading.problem == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not_a_feed"),
        (b"<!doctype html><html><body>Not found</body></html>", "not_a_feed"),
        (b"<html><body><p>consent</p></body></html>", "not_a_feed"),
        (b"plain text", "not_a_feed"),
        (b"{'json': no}", "broken_feed"),
        (b'{"no": "feed"}', "not_a_feed"),
        (rss(""), "empty_feed"),
        (bytes(range(256)), "not_a_feed"),
    ],
)
def test_what_is_no_feed_is_named(body, problem):
    assert feed(body).problem == problem


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "utf-8"),
        ("windows-1251", "windows-1251"),
        ("windows-1251", "utf-8"),
        ("utf-8", "windows-1251"),
        ("koi8-r", "koi8-r"),
        ("utf-16", "utf-16"),
        ("utf-8-sig", "utf-8"),
    ],
)
def test_the_charset_is_found_whatever_is_declared(encoding, declared):
    """C11."""
    body = rss(item("/a/1", "Форум в Казани"), encoding, declared)
    header = "application/rss+xml"
    if (encoding, declared) == ("utf-8", "windows-1251"):
        header += "; charset=utf-8"
    assert feed(body, header).entries[0].title == "Форум в Казани"


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">""" + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
HOSTILE = {
    "billion laughs": BOMB + b"]><rss version='2.0'><channel><item><title>&j;</title>"
    b"<link>https://example.org/a/1</link></item></channel></rss>",
    "external entity": b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>&e;</title>
<link>https://example.org/a/1</link></item></channel></rss>""",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("read", [feed, sitemap])
def test_entities_are_neither_expanded_nor_read(name, read):
    """C8."""
    reading = read(HOSTILE[name])
    text = "".join(entry.title for entry in reading.entries)
    assert len(text) < 100
    assert "root:" not in text


def test_html_in_titles_is_text_in_hints():
    body = rss(item("/a/1", "&lt;b&gt;Tom &amp;amp; Ann&lt;/b&gt;\n  x"))
    (article,) = found("feed", body).articles
    assert article.hints["title"] == "Tom & Ann x"


# --- Sitemaps ----------------------------------------------------------------

NEWS = (
    "<loc>https://example.org/a/1</loc><lastmod>2024-06-22</lastmod>"
    "<image:image><image:loc>https://example.org/a/image</image:loc></image:image>"
    "<news:news><news:publication><news:name>N</news:name>"
    "<news:language>ar</news:language></news:publication>"
    "<news:publication_date>2024-06-21T10:00:00Z</news:publication_date>"
    "<news:title>قازان</news:title></news:news>"
)


def test_a_news_sitemaps_data_are_kept():
    (article,) = found("sitemap", urlset(NEWS)).articles
    assert article.url == "https://example.org/a/1"
    assert article.hints == {
        "title": "قازان",
        "language": "ar",
        "published_at": "2024-06-21T10:00:00+00:00",
    }


@pytest.mark.parametrize(
    "text", ["2024-06-21", "Fri, 21 Jun 2024 00:00:00 GMT", "21 июня 2024 г."]
)
def test_the_dates_of_a_sitemap_are_read_as_people_write_them(text):
    body = urlset(f"<loc>https://example.org/a/1</loc><lastmod>{text}</lastmod>")
    (entry,) = sitemap(body).entries
    assert entry.modified_at == datetime(2024, 6, 21, tzinfo=UTC)


def test_the_newest_entries_of_a_sitemap_come_first():
    entries = [
        f"<loc>https://example.org/a/{n}</loc><lastmod>2024-06-{n}</lastmod>"
        for n in (11, 30, 22)
    ]
    urls = [article.url[-2:] for article in found("sitemap", urlset(*entries)).articles]
    assert urls == ["30", "22", "11"]


def test_a_bad_address_loses_only_itself():
    body = urlset("<loc>http://[bad</loc>", "<loc>/a/2</loc>", "<loc></loc>", NEWS)
    assert len(found("sitemap", body).articles) == 2


def test_a_sitemap_cut_short_gives_what_was_read():
    body = urlset(*(f"<loc>https://example.org/a/{n}</loc>" for n in range(100)))
    reading = sitemap(body[: len(body) // 2])
    assert 40 <= len(reading.entries) <= 60
    assert reading.problem == "broken_sitemap"


def test_a_packed_sitemap_is_unpacked_within_its_limit():
    """C6."""
    body = urlset(NEWS)
    assert len(sitemap(gzip.compress(body)).entries) == 1
    assert sitemap(gzip.compress(bytes(2 << 20))).problem == "too_large"
    assert sitemap(gzip.compress(body)[:-4]).problem == "truncated"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty_sitemap"),
        (urlset(), "empty_sitemap"),
        (urlset(root="sitemapindex"), "empty_sitemap"),
        (b"<html><body>Not found</body></html>", "not_a_sitemap"),
        (b"no address here", "not_a_sitemap"),
    ],
)
def test_what_is_no_sitemap_is_named(body, problem):
    assert sitemap(body).problem == problem


def test_a_list_of_addresses_and_a_feed_are_sitemaps_too():
    text = b"https://example.org/a/1\nhttps://example.org/a/2\n"
    assert len(sitemap(text, "text/plain").entries) == 2
    assert len(sitemap(rss(item("/a/1"))).entries) == 1


def index(count, host="example.org"):
    entries = [f"<loc>https://{host}/{n}.xml</loc>" for n in range(count)]
    return urlset(*entries, tag="sitemap", root="sitemapindex")


def test_an_index_leads_to_its_sitemaps_down_to_a_depth():
    """C9."""
    assert len(found("sitemap", index(3)).children) == 3
    assert len(found("sitemap", index(2000)).children) == MAX_CHILDREN
    deepest = MAX_SITEMAP_DEPTH - 1
    assert found("sitemap", index(3), depth=deepest).children == ()


def test_an_index_leads_to_no_other_host_and_not_to_itself():
    """C4."""
    assert found("sitemap", index(3, "169.254.169.254")).children == ()
    itself = urlset(f"<loc>{URL}</loc>", tag="sitemap", root="sitemapindex")
    assert found("sitemap", itself).children == ()


def test_since_passes_over_what_is_dated_earlier():
    body = rss(
        item("/a/1", date_text="Thu, 20 Jun 2024 00:00:00 GMT")
        + item("/a/2")
        + "<item><link>https://example.org/a/3</link></item>"
    )
    findings = found("feed", body, since=date(2024, 6, 21))
    assert [article.url[-1] for article in findings.articles] == ["2", "3"]
    assert findings.skipped == 1


# --- Listings ----------------------------------------------------------------


def test_a_listings_links_are_found_in_order_and_out_of_scope_only_counted():
    body = b"""<base href="/sub/"><a href="/a/2">x</a><a href="/a/1#c">y</a>
    <a href="/about">z</a><a href="https://else.org/a/3">w</a><a href="/a/2">again</a>
    <a href="javascript:x()">j</a><a href="mailto:a@b">m</a><a href="http://[">b</a>"""
    findings = found("listing", body, "text/html")
    assert [article.url for article in findings.articles] == [
        "https://example.org/a/2",
        "https://example.org/a/1",
    ]
    assert findings.articles[0].hints == {}
    assert findings.other_links == 2


@pytest.mark.parametrize(
    ("url", "links", "following"),
    [
        (URL, '<link rel="next" href="/list/2">', "https://example.org/list/2"),
        (URL, '<a rel="nofollow next" href="?p=2">', f"{URL}?p=2"),
        (URL, '<a href="?page=3">3</a><a href="?page=2">2</a>', f"{URL}?page=2"),
        (
            f"{URL}?page=2",
            '<a href="?page=1">1</a><a href="?page=3">3</a>',
            f"{URL}?page=3",
        ),
        (URL, '<a href="/list/page/2/">2</a>', f"{URL}/page/2/"),
        (URL, '<a href="/other?page=2">2</a>', None),
        (URL, '<a href="?page=900000000000000000000">x</a>', None),
    ],
)
def test_the_next_page_of_a_listing(url, links, following):
    reading = read_listing(links.encode(), url, "text/html")
    assert [child.url for child in reading.children] == (
        [following] if following else []
    )


@pytest.mark.parametrize("body", [b"", b"\0\0", b"<p>no links</p>", b"\xff\xfe\xfa"])
def test_a_page_without_links_says_so(body):
    assert read_listing(body, URL, "text/html").problem in {"no_links", "not_html"}


# --- The parser's process ----------------------------------------------------


@pytest.fixture(scope="module")
def parser():
    process = ParserProcess(seconds=20.0)
    yield process
    process.close()


@pytest.mark.parametrize("kind", ["feed", "sitemap", "listing"])
def test_the_process_answers_as_the_functions_do(parser, kind):
    bodies = {
        "feed": rss(item("/a/1")),
        "sitemap": index(2),
        "listing": b'<a href="/a/1">T</a><a rel=next href="?page=2">2</a>',
    }
    body = Body(kind=kind, url=URL, content_type="text/html", body=bodies[kind])
    assert parser.find(body, SOURCE) == find(body, SOURCE)
    assert parser.read(body, ("ru",)) == read_body(body, ("ru",))


def test_a_body_that_takes_too_long_is_given_up_and_the_next_is_read():
    """P5, for endpoints."""
    process = ParserProcess(seconds=0.01)
    body = Body(kind="feed", url=URL, content_type="", body=rss(item("/a/1")))
    assert process.find(body, SOURCE).problem == "parse_timeout"
    process._seconds = 20.0
    assert len(process.find(body, SOURCE).articles) == 1
    process.close()


def test_a_parser_that_dies_is_named_and_replaced(parser):
    body = Body(kind="feed", url=URL, content_type="", body=rss(item("/a/1")))
    parser.find(body, SOURCE)
    parser._child.kill()
    parser._child.wait()
    assert len(parser.find(body, SOURCE).articles) == 1


def test_deeply_nested_tags_break_nothing(parser):
    deep = b"<a>" * 20_000
    for kind in ("feed", "sitemap", "listing"):
        body = Body(kind=kind, url=URL, content_type="", body=deep)
        assert parser.find(body, SOURCE).problem


@given(st.binary(max_size=300), st.sampled_from(["feed", "sitemap", "listing"]))
def test_no_bytes_break_a_parser(body, kind):
    found(kind, body, "text/html; charset=nonsense")


# --- Small ones --------------------------------------------------------------


@pytest.mark.parametrize("charset", ["undefined", "hex", "zip", "rot13"])
def test_a_codec_of_python_that_is_no_charset_is_passed_over(charset):
    """C11"""
    body = "Маяк".encode()
    assert decode_text(body, f"text/html; charset={charset}") == "Маяк"


@given(st.binary(max_size=100), st.text(max_size=20))
def test_any_bytes_become_text(body, charset):
    assert isinstance(decode_text(body, f"text/html; charset={charset}"), str)


@pytest.mark.parametrize(
    ("paths", "patterns"),
    [
        (["/news/2024/06/x", "/news/2023/01/y"], ("^/news/\\d{4}/",)),
        (
            ["/world/a-b", "/world/c-d", "/sport/e", "/sport/f"],
            ("^/world/", "^/sport/"),
        ),
        ([f"/slug-{n}-4761{n}.html" for n in range(10, 20)], (r"-\d{4,}\.html?$",)),
        ([f"/s{n}/a-{n}-12345.html" for n in range(10)], (r"-\d{4,}\.html?$",)),
        ([f"/x{n}" for n in range(9)], ()),
        ([], ()),
    ],
)
def test_patterns_are_learned_from_samples(paths, patterns):
    assert learn_patterns("https://e.org" + path for path in paths) == patterns
