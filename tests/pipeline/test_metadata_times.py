"""When a page was published and changed, wherever and however it says so."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates.stated import stated
from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.times import Circumstances
from pipeline.extraction.tree_text import parse_html

URL = "https://lantern.example/a"
FETCHED_AT = datetime(2024, 6, 22, 9, tzinfo=UTC)
TITLE = "The old harbour light stays on, the council decides"
BODY = "<p>" + "The council voted on Thursday to keep the light. " * 12 + "</p>"


def times(html, url=URL, hint="", zone="", chosen="", now=FETCHED_AT):
    tree = parse_html(html if html.startswith("<html") else f"<html>{html}</html>")
    about = Circumstances(
        fetched_at=now,
        hint=stated(hint),
        zone=ZoneInfo(zone) if zone else UTC,
        zone_name=zone,
        html=html,
        chosen=chosen,
    )
    return PageMetadata(tree, url).times(about)


def published(html, **about):
    found = times(html, **about).published
    at = found.at.isoformat()[:19] if found.at else None
    return at, found.precision, found.found_in, found.zone


def page(line, lang="en", before=""):
    return (
        f"<html lang='{lang}'><head><title>{TITLE}</title></head><body>{before}"
        f"<h1>{TITLE}</h1>{line}{BODY}</body>"
    )


def spoken(lang, line):
    """A page in a language, with a line beside its headline."""
    return page(f"<div>{line}</div>", lang)


# --- Where it stands -------------------------------------------------------------

JSON_LD = """<script type="application/ld+json">{"@type": "NewsArticle",
"headline": "T", "datePublished": "%s"}</script>"""

PLACES = {
    "json-ld": JSON_LD % "2024-06-21T10:30:00+03:00",
    "json-ld in a graph": """<script type="application/ld+json">{"@graph":
    [{"@type": "WebSite"}, {"@type": ["Thing", "http://schema.org/NewsArticle"],
    "datePublished": "2024-06-21T10:30:00+03:00"}]}</script>""",
    "json-ld below a page": """<script type="application/ld+json">{"@type": "WebPage",
    "mainEntity": {"@type": "NewsArticle",
    "datePublished": "2024-06-21T10:30:00+03:00"}}</script>""",
    "meta property": "<meta property='article:published_time'"
    " content='2024-06-21T10:30:00+0300'>",
    "meta name": "<meta name='parsely-pub-date' content='2024-06-21T07:30:00Z'>",
    "meta itemprop": "<meta itemprop='datePublished' content='2024-06-21 10:30 +0300'>",
    "Dublin Core": "<meta name='DC.date.issued' content='2024-06-21T10:30:00+03:00'>",
    "sailthru": "<meta name='sailthru.date' content='Fri, 21 Jun 2024 10:30:00 +0300'>",
    "microdata": "<div itemscope itemtype='https://schema.org/NewsArticle'><h1>T</h1>"
    "<span itemprop='datePublished' content='2024-06-21T10:30:00+03:00'>x</span></div>",
    "microdata as text": "<article itemscope itemtype='http://schema.org/Article'>"
    "<h1>T</h1><i itemprop='datePublished'>21 June 2024, 10:30 MSK</i></article>",
    "RDFa": "<span property='dc:date dc:created' content='2024-06-21T10:30:00+03:00'>",
    "time with pubdate": "<time datetime='2024-06-21T10:30:00+03:00' pubdate>x</time>",
    "h-entry": "<time class='dt-published' datetime='2024-06-21T10:30:00+03:00'>",
    "hAtom": "<abbr class='published' title='2024-06-21T10:30:00+03:00'>x</abbr>",
    "Unix time": "<meta name='pubdate' content='1718955000'>",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_declared_time_is_found_with_its_zone(place):
    at, precision, found_in, zone = published(f"<body>{PLACES[place]}{BODY}")
    assert at == "2024-06-21T07:30:00"
    assert precision in {"second", "minute"}
    assert found_in in {"json-ld", "meta", "microdata", "time"}
    assert zone in {"+03:00", "+00:00"}


def test_json_ld_wins_over_meta_and_meta_over_what_is_printed():
    meta = "<meta property='article:published_time' content='2024-06-20T10:00Z'>"
    printed = "<h1>T</h1><div class='date'>19 June 2024 10:00</div>"
    json_ld = JSON_LD % "2024-06-21T10:00Z"
    assert published(json_ld + meta + printed)[2] == "json-ld"
    assert published(meta + printed)[0] == "2024-06-20T10:00:00"


def test_of_several_articles_the_one_with_the_pages_address_counts():
    html = """<script type="application/ld+json">[
    {"@type": "NewsArticle", "url": "/b", "datePublished": "2024-01-01T10:00Z"},
    {"@type": "NewsArticle", "mainEntityOfPage": {"@id": "http://www.lantern.example/a/"},
     "datePublished": "2024-06-21T10:30Z"}]</script>"""
    assert published(html)[0] == "2024-06-21T10:30:00"


def test_the_time_beside_the_headline_wins_over_a_teasers():
    html = """<ul><li><time datetime='2024-06-22T08:00Z'>x</time></ul>
    <article><header><h1>T</h1><p><time datetime='2024-06-21T10:30Z'>x</time></p>
    </header></article>"""
    assert published(html)[0] == "2024-06-21T10:30:00"


def test_a_day_takes_its_minute_from_another_place_that_names_the_day():
    meta = "<meta name='date' content='2024-06-21'>"
    assert published(page("<div>21.06.2024, 10:30</div>", "de", meta)) == (
        "2024-06-21T10:30:00",
        "minute",
        "text",
        "",
    )
    other = published(page("<div>20.06.2024, 10:30</div>", "de", meta))
    assert other[:3] == ("2024-06-21T00:00:00", "day", "meta")


def test_midnight_to_the_second_is_only_a_day():
    html = JSON_LD % "2024-06-21T00:00:00+03:00"
    assert published(html) == ("2024-06-21T00:00:00", "day", "json-ld", "")
    assert published(JSON_LD % "2024-06-21T00:01:00Z")[1] == "second"


# --- What is printed beside the headline -----------------------------------------

PRINTED = {
    "ar": "الجمعة، ٢١ يونيو ٢٠٢٤ - ١٠:٣٠",
    "bg": "21 юни 2024 | 10:30",
    "bn": "প্রকাশিত: ২১ জুন ২০২৪, ১০:৩০",
    "cs": "21. června 2024 10:30",
    "de": "21. Juni 2024, 10:30 Uhr",
    "el": "Παρασκευή, 21 Ιουνίου 2024, 10:30",
    "en": "Published: June 21, 2024 at 10:30 a.m.",
    "es": "21 de junio de 2024 - 10:30 h",
    "fa": "جمعه ۱ تیر ۱۴۰۳ ساعت ۱۰:۳۰",
    "fi": "21.6.2024 klo 10.30",
    "fr": "Publié le 21 juin 2024 à 10h30",
    "he": "21 ביוני 2024, 10:30",
    "hi": "प्रकाशित: 21 जून 2024, 10:30 AM",
    "hu": "2024. június 21. 10:30",
    "hy": "21 հունիսի 2024, 10:30",
    "id": "Jumat, 21 Juni 2024 10:30",
    "it": "21 giugno 2024 alle 10:30",
    "ja": "2024年6月21日 10時30分",
    "ka": "21 ივნისი 2024, 10:30",
    "kk": "21 маусым 2024, 10:30",
    "ko": "입력 2024.06.21 10:30",
    "pl": "21 czerwca 2024, 10:30",
    "pt": "21 de junho de 2024 às 10h30",
    "ru": "21 июня 2024 г., 10:30",
    "sr": "21. јун 2024. 10:30",
    "ta": "21 ஜூன் 2024, 10:30",
    "th": "21 มิถุนายน 2567 10:30 น.",
    "tr": "21 Haziran 2024 Cuma 10:30",
    "uk": "П'ятниця, 21 червня 2024, 10:30",
    "ur": "21 جون 2024، 10:30",
    "vi": "Thứ sáu, 21/6/2024, 10:30",
    "zh-Hans": "2024年6月21日 10:30",
    "zh-Hant": "民國113年6月21日 10:30",
}


@pytest.mark.parametrize("language", PRINTED)
def test_a_printed_time_is_found_in_the_pages_language(language):
    html = spoken(language, PRINTED[language])
    assert published(html)[:3] == ("2024-06-21T10:30:00", "minute", "text")


@pytest.mark.parametrize("language", PRINTED)
def test_a_printed_time_is_found_though_the_page_names_a_wrong_language(language):
    html = spoken("en", PRINTED[language])
    assert published(html)[:3] == ("2024-06-21T10:30:00", "minute", "text")


def test_a_printed_zone_is_kept_and_one_that_is_missing_is_the_sources():
    stated_zone = spoken("vi", "Thứ sáu, 21/6/2024, 10:30 (GMT+7)")
    assert published(stated_zone)[0] == "2024-06-21T03:30:00"
    assert published(stated_zone)[3] == "+07:00"
    without = spoken("ru", "21 июня 2024, 10:30")
    found = published(without, zone="Europe/Moscow")
    assert found == ("2024-06-21T07:30:00", "minute", "text", "Europe/Moscow")


@pytest.mark.parametrize(
    ("language", "line", "at", "precision"),
    [
        ("en", "2 hours ago", "2024-06-22T07:00:00", "hour"),
        ("ru", "2 часа назад", "2024-06-22T07:00:00", "hour"),
        ("ar", "منذ ساعتين", "2024-06-22T07:00:00", "hour"),
        ("vi", "2 giờ trước", "2024-06-22T07:00:00", "hour"),
        ("zh", "3小时前", "2024-06-22T06:00:00", "hour"),
        ("en", "3 days ago", "2024-06-19T00:00:00", "day"),
        ("de", "Gestern, 10:30 Uhr", "2024-06-21T10:30:00", "minute"),
    ],
)
def test_a_relative_time_is_told_from_the_fetch(language, line, at, precision):
    html = spoken(language, f"<span class='date'>{line}</span>")
    assert published(html)[:3] == (at, precision, "text")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("vi", "<span class='date'>Thứ sáu, 21/6/2024, 10:30</span>"),
        ("ru", "<div class='article__info-date'>10:30 21.06.2024</div>"),
        ("zh", "<div><em>2024</em> <em>06</em>/<em>21</em> <em>10:30:15</em></div>"),
        ("ar", "<p><time>21 يونيو 2024</time> <b>10:30</b></p>"),
    ],
)
def test_a_printed_time_may_stand_above_the_headline_and_in_pieces(language, line):
    found = published(page("", language, line))
    assert (found[0][:16], found[2]) == ("2024-06-21T10:30", "text")


def test_the_published_time_is_told_from_the_changed_one():
    found = times(
        spoken("ru", "Опубликовано 20.06.2024 10:30. Обновлено 21.06.2024 11:00")
    )
    assert found.published.at == datetime(2024, 6, 20, 10, 30, tzinfo=UTC)
    assert found.modified.at == datetime(2024, 6, 21, 11, tzinfo=UTC)
    assert found.modified.found_in == "text"


def test_of_a_change_alone_only_the_day_is_taken():
    found = times(spoken("vi", "Cập nhật: 21/06/2024 10:30"))
    assert found.published.at == datetime(2024, 6, 21, tzinfo=UTC)
    assert (found.published.precision, found.modified.precision) == ("day", "minute")


def test_dates_in_the_text_and_in_lists_beside_it_are_not_the_articles():
    prose = "<p>On 3 May 2023 the council had voted " + "to close the harbour " * 20
    aside = "<aside class='related'><li>14 June 2024 Another story</li></aside>"
    html = page("<div class='byline'>21 June 2024</div>" + prose + "</p>" + aside)
    assert published(html)[0] == "2024-06-21T00:00:00"
    assert published(page(prose + "</p>" + aside))[0] is None


def test_a_list_of_many_days_without_a_headline_has_no_date_of_its_own():
    rows = [f"<div class='date'>{day} June 2024, 10:30</div>" for day in range(1, 9)]
    assert published("<body>" + rows[0])[2] == "text"
    assert published("<body>" + "".join(rows))[2] != "text"


def test_a_date_to_come_beside_the_headline_is_an_events_and_no_flag():
    found = times(page("<div>15 August 2024</div><div class='date'>21 June 2024</div>"))
    assert found.published.at == datetime(2024, 6, 21, tzinfo=UTC)
    assert found.flags == ()


def test_a_feeds_time_in_the_future_is_flagged():
    """P7"""
    found = times(page(""), hint="2025-06-21T10:00:00+00:00")
    assert (found.published.at, found.flags) == (None, ("future",))


def test_a_day_in_the_address_chooses_among_printed_ones():
    html = page("<div>1 June 2024</div><div>21 June 2024 10:30</div>")
    url = "https://lantern.example/2024/06/21/light"
    assert published(html, url=url)[0] == "2024-06-21T10:30:00"
    assert published(page("<div>1 May 2024</div>"), url=url) == (
        "2024-06-21T00:00:00",
        "day",
        "url",
        "",
    )


# --- 06/07 -----------------------------------------------------------------------

ENGLISH = "<meta name='pubdate' content='06/07/2024 10:30'>"
JULY = datetime(2024, 7, 10, tzinfo=UTC)


def test_day_and_month_are_told_by_the_pages_language_or_country():
    html = f"<html lang='en-US'>{ENGLISH}"
    assert published(html, now=JULY)[0] == "2024-06-07T10:30:00"
    html = f"<html lang='en-GB'>{ENGLISH}"
    assert published(html, now=JULY)[0] == "2024-07-06T10:30:00"
    found = published(ENGLISH, url="https://lantern.org.uk/a", now=JULY)
    assert found[0] == "2024-07-06T10:30:00"


def test_day_and_month_are_told_by_another_date_of_the_page():
    html = ENGLISH + "<meta property='article:modified_time' content='2024-07-06'>"
    assert published(html, now=JULY)[0] == "2024-07-06T10:30:00"
    html = ENGLISH + "<meta property='article:modified_time' content='2024-06-07'>"
    assert published(html, now=JULY)[0] == "2024-06-07T10:30:00"


def test_what_nothing_settles_is_left_out():
    assert published(ENGLISH, now=JULY)[0] is None
    assert published(ENGLISH)[0] == "2024-06-07T10:30:00"  # the other is in the future


# --- What cannot be (P7) ---------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("2025-06-21T10:30:00Z", "future"),
        ("1970-01-01T00:00:00Z", "too_old"),
        ("0001-01-01T00:00:00", "too_old"),
    ],
)
def test_a_time_that_cannot_be_is_flagged_and_the_next_one_taken(value, flag):
    """P7"""
    meta = "<meta property='article:published_time' content='2024-06-21T10:30Z'>"
    found = times(JSON_LD % value + meta)
    assert found.published.found_in == "meta"
    assert found.flags == (flag,)
    alone = times(JSON_LD % value)
    assert (alone.published.at, alone.flags) == (None, (flag,))


def test_a_time_years_off_the_feeds_is_flagged_and_not_believed():
    """P7"""
    found = times(JSON_LD % "2021-06-21T10:30:00Z", hint="2024-06-21T10:00:00+00:00")
    assert found.published.found_in == "feed"
    assert found.flags == ("contradicts_feed",)


def test_the_day_in_the_address_decides_between_page_and_feed():
    """P7"""
    html, hint = JSON_LD % "2021-06-21T10:30:00Z", "2024-06-21T10:00:00+00:00"
    url = "https://lantern.example/2021/06/21/light"
    found = times(html, url=url, hint=hint)
    assert found.published.at == datetime(2021, 6, 21, 10, 30, tzinfo=UTC)
    assert found.flags == ("contradicts_feed",)


def test_a_sound_time_raises_no_flag():
    found = times(JSON_LD % "2024-06-21T10:30:00Z", hint="2024-06-21T10:31:00+00:00")
    assert found.flags == ()


def test_the_pages_minute_wins_over_the_feeds_and_the_feeds_over_a_day():
    hint = "2024-06-21T10:00:00+00:00"
    assert published(JSON_LD % "2024-06-21T10:30:00Z", hint=hint)[2] == "json-ld"
    assert published(JSON_LD % "2024-06-21", hint=hint)[:3] == (
        "2024-06-21T10:00:00",
        "second",
        "feed",
    )
    assert published(JSON_LD % "2024-06-18", hint=hint)[2] == "json-ld"


def test_of_a_time_in_an_unknown_zone_the_feed_knows_the_moment():
    html, hint = spoken("ru", "21 июня 2024, 10:00"), "2024-06-21T07:02:00+00:00"
    assert published(html, hint=hint)[:3] == ("2024-06-21T07:02:00", "second", "feed")
    known = published(html, hint=hint, zone="Europe/Moscow")
    assert known == ("2024-06-21T07:00:00", "minute", "text", "Europe/Moscow")
    near = published(html, hint="2024-06-21T10:02:00+00:00")
    assert near[:3] == ("2024-06-21T10:00:00", "minute", "text")


def test_a_time_that_clocks_skip_is_an_hour_later():
    """P7"""
    html = JSON_LD % "2024-03-31T03:30:00"
    assert published(html, zone="Europe/Kyiv")[0] == "2024-03-31T01:30:00"
    twice = JSON_LD % "2023-10-29T03:30:00"
    assert published(twice, zone="Europe/Kyiv")[0] == "2023-10-29T00:30:00"


# --- Changes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "found_in"),
    [
        (
            """<script type="application/ld+json">{"@type": "NewsArticle",
            "dateModified": "2024-06-21T12:00:00+03:00"}</script>""",
            "json-ld",
        ),
        (
            "<meta property='article:modified_time' content='2024-06-21T09:00:00Z'>",
            "meta",
        ),
        ("<meta property='og:updated_time' content='2024-06-21T09:00:00Z'>", "meta"),
        (
            """<div itemscope itemtype='https://schema.org/Article'>
            <i itemprop='dateModified' content='2024-06-21T09:00Z'></i></div>""",
            "microdata",
        ),
        ("<time class='updated' datetime='2024-06-21T09:00Z'>x</time>", "time"),
    ],
)
def test_the_last_change_is_found(html, found_in):
    found = times(f"<body>{html}").modified
    assert found.at == datetime(2024, 6, 21, 9, tzinfo=UTC)
    assert (found.found_in, bool(found.zone)) == (found_in, True)


def test_a_change_before_the_publication_is_none():
    meta = "<meta property='article:modified_time' content='2024-06-01T09:00:00Z'>"
    assert times(JSON_LD % "2024-06-21T10:30:00Z" + meta).modified.at is None


# --- Robustness ------------------------------------------------------------------


def test_a_sources_selector_is_read_in_any_form():
    assert published("<p>x", chosen="21 июня 2024, 10:30 МСК")[:3] == (
        "2024-06-21T07:30:00",
        "minute",
        "selector",
    )


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_stands_in_place_of_a_date_breaks_nothing(value, line):
    quoted = value.replace("'", "").replace("<", "").replace("\0", "")
    line = line.replace("<", "").replace("\0", "")
    html = page(f"<div class='date'>{line}</div>")
    found = times(f"<meta name='pubdate' content='{quoted}'>" + html)
    assert found.published.at is None or found.published.at.tzinfo is UTC
