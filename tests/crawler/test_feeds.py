"""Feeds of every kind, sound and broken, with dates as people write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.feed_repair import mended, rebuilt
from crawler.feeds import read_feed
from crawler.job import Limits
from crawler.parsing import Body, ParserProcess

URL = "https://example.org/feed"
NOON = datetime(2024, 6, 21, 10, tzinfo=UTC)
MIDNIGHT = datetime(2024, 6, 21, tzinfo=UTC)


def read(body, content_type="application/rss+xml", languages=()):
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return read_feed(data, URL, content_type, languages)


# --- Kinds -------------------------------------------------------------------

RSS_090 = """<?xml version="1.0"?><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>F</title>
<link>https://example.org/</link></channel><item><title>Tom &amp; Ann</title>
<link>https://example.org/a/1</link></item></rdf:RDF>"""
RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC
"-//Netscape Communications//DTD RSS 0.91//EN"
"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel>
<title>F</title><language>en</language><item><title>Tom &amp; Ann</title>
<link>https://example.org/a/1</link></item></channel></rss>"""
RSS_10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel
rdf:about="https://example.org/"><title>F</title><items><rdf:Seq>
<rdf:li rdf:resource="https://example.org/a/1"/></rdf:Seq></items></channel>
<item rdf:about="https://example.org/a/1"><title>Tom &amp; Ann</title>
<link>https://example.org/a/1</link><dc:date>2024-06-21T12:00+02:00</dc:date></item>
</rdf:RDF>"""
RSS_20 = """<rss version="2.0"><channel><title>F</title><item>
<title>Tom &amp; Ann</title><guid isPermaLink="true">https://example.org/a/1</guid>
<pubDate>Fri, 21 Jun 2024 13:00:00 +0300</pubDate></item></channel></rss>"""
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en">
<title>F</title><entry><title>Tom &amp; Ann</title><link rel="alternate"
type="text/html" href="https://example.org/a/1"/><issued>2024-06-21T10:00:00Z</issued>
<modified>2024-06-22T10:00:00Z</modified></entry></feed>"""
ATOM_10 = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/b/">
<title>F</title><entry><title type="html">Tom &amp;amp; Ann</title>
<link rel="self" href="x.xml"/><link href="../a/1"/>
<published>2024-06-21T10:00:00Z</published></entry></feed>"""
JSON_10 = """{"version": "https://jsonfeed.org/version/1", "title": "F", "items":
[{"id": "1", "url": "https://example.org/a/1", "title": "Tom & Ann",
"date_published": "2024-06-21T13:00:00+03:00"}]}"""
JSON_11 = """\ufeff{"version": "https://jsonfeed.org/version/1.1", "title": "F",
"language": "en", "items": [{"id": 1, "external_url": "https://example.org/a/1",
"title": "Tom &amp; Ann", "summary": "a\tb", "date_published":
"2024-06-21T10:00:00.000Z"}]}"""
KINDS = {
    "RSS 0.90": (RSS_090, None),
    "RSS 0.91": (RSS_091, None),
    "RSS 1.0": (RSS_10, NOON),
    "RSS 2.0": (RSS_20, NOON),
    "Atom 0.3": (ATOM_03, NOON),
    "Atom 1.0": (ATOM_10, NOON),
    "JSON Feed 1.0": (JSON_10, NOON),
    "JSON Feed 1.1": (JSON_11, NOON),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_feed_gives_title_address_and_time(kind):
    body, moment = KINDS[kind]
    reading = read(body)
    (entry,) = reading.entries
    assert entry.title == "Tom & Ann"
    assert entry.url == "https://example.org/a/1"
    assert entry.published_at == moment
    assert (reading.title, reading.problem) == ("F", "")


# --- Broken feeds ------------------------------------------------------------


def item(number, title="", rest=""):
    return (
        f"<item><title>{title or f'Tom & Ann {number}'}</title>"
        f"<link>https://example.org/a/{number}</link>"
        f"<pubDate>Fri, 21 Jun 2024 13:00:00 +0300</pubDate>{rest}</item>"
    )


def rss(fifth, before="", after=""):
    items = "".join(fifth if n == 5 else item(n) for n in range(10))
    return (
        f'{before}<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>F</title><language>ru</language>{items}</channel></rss>{after}"
    )


FIFTH = item(5)
BROKEN = {
    "bare ampersands": (rss(FIFTH), "Tom & Ann 5"),
    "an ampersand before an entity's name": (
        rss(item(5, "A &copy 2024 & B")),
        "A &copy 2024 & B",
    ),
    "HTML's entities": (rss(item(5, "caf&eacute;&nbsp;&hellip;")), "café\xa0…"),
    "an entity that nobody knows": (rss(item(5, "A &nope; B")), "A &nope; B"),
    "control characters": (rss(item(5, "A\x01B\x0b C")), "AB C"),
    "references to no character": (rss(item(5, "A&#1;&#xD800;B")), "A\ufffd\ufffdB"),
    "a bare less-than sign": (rss(item(5, "a < b, 3 <4")), "a < b, 3 <4"),
    "a title that is not closed": (
        rss(FIFTH.replace("</title>", "")),
        "Tom & Ann 5",
    ),
    "a title closed by another name": (
        rss(FIFTH.replace("</title>", "</titel>")),
        "Tom & Ann 5",
    ),
    "a link that is not closed": (rss(FIFTH.replace("</link>", "")), "Tom & Ann 5"),
    "a date that is not closed": (
        rss(FIFTH.replace("</pubDate>", "")),
        "Tom & Ann 5",
    ),
    "an item that is not closed": (rss(FIFTH.replace("</item>", "")), "Tom & Ann 5"),
    "an open tag in a title": (rss(item(5, "<b>A & B")), "A & B"),
    "HTML that is not escaped": (
        rss(item(5, "", "<description>x<br>y<p>z & w</description>")),
        "Tom & Ann 5",
    ),
    "an open CDATA section": (rss(item(5, "<![CDATA[A & B")), "A & B"),
    "prefixes that are not declared": (
        rss(item(5, "", "<dc:creator>x</dc:creator>")),
        "Tom & Ann 5",
    ),
    "an attribute without quotes": (
        rss(item(5, "", "<enclosure url=a length=3 />")),
        "Tom & Ann 5",
    ),
    "an attribute twice": (
        rss(item(5, "", '<enclosure url="a" url="b"/>')),
        "Tom & Ann 5",
    ),
    "a warning before it": (rss(FIFTH, "<br />\n<b>Warning</b>: x\n"), "Tom & Ann 5"),
    "a script after it": (rss(FIFTH, "", "<script>a && b</script>"), "Tom & Ann 5"),
    "a comment with two hyphens": (
        rss(f"<!-- a -- b -->{FIFTH}"),
        "Tom & Ann 5",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_feed_is_repaired_and_loses_nothing(name):
    body, fifth = BROKEN[name]
    reading = read(body)
    titles = [" ".join(entry.title.split(" ")) for entry in reading.entries]
    assert titles == [fifth if n == 5 else f"Tom & Ann {n}" for n in range(10)]
    urls = [entry.url for entry in reading.entries]
    assert urls == [f"https://example.org/a/{n}" for n in range(10)]
    assert {e.published_at for e in reading.entries if e is not reading.entries[5]} == {
        NOON
    }
    assert reading.problem == ""
    assert reading.language == "ru"


def test_a_feed_without_its_end_is_called_broken_and_gives_what_is_there():
    body = rss(FIFTH)
    cut = read(body[: body.index("<title>Tom & Ann 7")])
    assert [entry.url[-1] for entry in cut.entries] == list("0123456")
    assert cut.problem == "broken_feed"


def test_an_address_that_the_end_cut_off_is_none():
    body = rss(FIFTH)
    for end in range(body.index("/a/7") - 20, body.index("/a/7") + 4):
        urls = [entry.url for entry in read(body[:end]).entries]
        assert urls == [f"https://example.org/a/{n}" for n in range(7)]


def test_an_item_without_an_address_is_a_loss_only_where_the_feed_is_broken():
    sound = rss("<item><title>T</title></item>").replace("Tom & Ann", "Tom and Ann")
    assert read(sound).problem == ""
    assert read(sound.replace("Ann 3</title>", "Ann 3")).problem == "broken_feed"


def test_parameters_of_an_address_stay_as_they_are():
    """An address with &copy= in it was read with a copyright sign."""
    body = rss(FIFTH.replace("/a/5", "/a/5?id=1&copy=2&lang=ru"))
    assert read(body).entries[5].url == "https://example.org/a/5?id=1&copy=2&lang=ru"


def test_a_broken_atom_feed_is_repaired():
    entries = "".join(
        f"<entry><title>T & {n}<link rel='self' href='/x'/>"
        f"<link href='/a/{n}?b=1&c=2'/>"
        "<updated>2024-06-21T10:00:00Z</updated></entry>"
        for n in range(3)
    )
    body = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi">{entries}</feed>'
    reading = read(body)
    assert [entry.title for entry in reading.entries] == ["T & 0", "T & 1", "T & 2"]
    assert reading.entries[1].url == "https://example.org/a/1?b=1&c=2"
    assert {entry.published_at for entry in reading.entries} == {NOON}
    assert reading.entries[0].language == "vi"


def test_cyrillic_that_is_labelled_utf_8_is_read_by_the_language_of_the_feed():
    """C11. CRAWLER §5: a reader that believes the label loses it."""
    body = rss(item(5, "Форум в Казани")).encode("windows-1251")
    assert read(body).entries[5].title == "Форум в Казани"


def test_a_json_feed_with_line_breaks_in_its_texts_is_read():
    body = '{"items": [{"url": "https://example.org/a/1", "title": "A\n B"}]}'
    assert read(body).entries[0].title == "A\n B"


@pytest.mark.parametrize("kind", [k for k in KINDS if "JSON" not in k])
def test_a_sound_feed_is_left_as_it_is(kind):
    body, _ = KINDS[kind]
    start = body.index("<rdf" if "<rdf" in body else "<rss" if "<rss" in body else "<f")
    assert mended(body) == body[start:]


@given(st.text("<>&;![]/ab\x01\ud800'\" =#xDlti", max_size=200))
def test_repairing_never_fails_and_what_is_mended_stays(text):
    body = f"<rss><channel><item><title>{text}</title></item></channel></rss>"
    once = mended(body)
    assert mended(once) == once
    rebuilt(once)
    read(body)


@pytest.mark.parametrize("piece", ["<![CDATA[", "<item><title>", "<item ", '<link a="'])
def test_many_beginnings_without_an_end_stay_within_the_parsers_limits(piece):
    """P5"""
    body = f"<rss><channel>{piece * 20_000}".encode()
    process = ParserProcess(seconds=Limits().parse_seconds)
    try:
        reading = process.read(Body(kind="feed", url=URL, content_type="", body=body))
    finally:
        process.close()
    assert reading.problem in {"broken_feed", "not_a_feed"}


# --- Dates -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("21 июня 2024, 10:00", NOON),
        ("Fri, 21 Jun 2024 13:00:00 +0300", NOON),
        ("21-06-2024", MIDNIGHT),  # the library reads a day of 2021
        ("2024/06/21", MIDNIGHT),  # the library reads November
        ("soon", None),
    ],
)
def test_the_dates_of_a_feed_are_read_in_its_language(text, moment):
    dated = FIFTH.replace("Fri, 21 Jun 2024 13:00:00 +0300", text)
    assert read(rss(dated)).entries[5].published_at == moment
    body = f"""{{"language": "ru", "items": [{{"url": "https://example.org/a/1",
    "date_published": "{text}"}}]}}"""
    assert read(body).entries[0].published_at == moment


def test_the_source_says_the_language_of_a_feed_that_does_not():
    body = rss(FIFTH.replace("Fri, 21 Jun 2024 13:00:00 +0300", "21 Haz 2024"))
    body = body.replace("<language>ru</language>", "")
    assert read(body, languages=("tr",)).entries[5].published_at == MIDNIGHT
