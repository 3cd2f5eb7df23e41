"""The headline of a page, without its site's name, in the usual and odd forms."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.tree_text import parse_html

URL = "https://www.daily-lantern.example/a"
TITLE = "The old harbour light stays on, the council decides"
TEXT = "<p>The council voted on Thursday to keep the light.</p>"


def headline(html, url=URL):
    return PageMetadata(parse_html(f"<html>{html}</html>"), url).headline()


def tab(text):
    return f"<head><title>{text}</title></head>"


def og(text, site=""):
    name = f'<meta property="og:site_name" content="{site}">' if site else ""
    return f'<meta property="og:title" content="{text}">{name}'


def json_ld(**fields):
    data = json.dumps({"@type": "NewsArticle", **fields})
    return f'<script type="application/ld+json">{data}</script>'


SIGNS = [" | ", " - ", " – ", " — ", " · ", " :: ", " » ", "｜", " • ", " › ", "|"]


@pytest.mark.parametrize("sign", SIGNS)
def test_the_sites_name_behind_or_in_front_is_taken_off(sign):
    site = "The Daily Lantern"
    assert headline(og(f"{TITLE}{sign}{site}", site)) == TITLE
    assert headline(og(f"{site}{sign}{TITLE}", site)) == TITLE
    assert headline(tab(f"{TITLE}{sign}daily-lantern.example")) == TITLE


@pytest.mark.parametrize(
    "declaration",
    [
        json_ld(publisher={"@type": "Organization", "name": "The Daily Lantern"}),
        """<script type="application/ld+json">{"@type": "WebSite",
        "name": "The Daily Lantern"}</script>""",
        '<meta name="application-name" content="The Daily Lantern">',
        '<meta name="twitter:site" content="@TheDailyLantern">',
        '<a href="/">The Daily Lantern</a>',
        '<a href="https://e.example/">The Daily Lantern</a>',
    ],
)
def test_the_sites_name_is_known_from_many_places(declaration):
    html = tab(f"{TITLE} - The Daily Lantern") + f"<body>{declaration}{TEXT}"
    assert headline(html, url="https://e.example/a") == TITLE


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("治公款消费 莫患焦虑症_新闻_北方网", "治公款消费 莫患焦虑症"),
        ("港務委員會投票決定 - 即時新聞 - 明燈網", "港務委員會投票決定"),
        ("Маяк останется — Новости дня — Фонарь", "Маяк останется"),
        ("المنارة باقية | أخبار | المصباح", "المنارة باقية"),
        ("Ngọn hải đăng ở lại | Thời sự | Đèn", "Ngọn hải đăng ở lại"),
        ("in.gr - Ο φάρος μένει ανοιχτός - Υγεία", "Ο φάρος μένει ανοιχτός"),
    ],
)
def test_the_part_that_the_page_shows_is_the_headline(full, shown):
    page = tab(full) + f"<body><ul><li>x</li></ul><div>{shown}</div>{TEXT}"
    assert headline(page) == shown
    assert headline(tab(full) + f"<body><h2>{shown}</h2>{TEXT}") == shown
    assert headline(og(full) + f"<body><h1>{shown}</h1>{TEXT}") == shown


def test_signs_inside_a_headline_stay():
    title = "Spider-Man - a review: worth it?"
    assert headline(og(title) + f"<h1>{title}</h1>") == title
    assert headline(tab(f"{title} | E") + f"<h1>{title}</h1>") == title


def test_a_logo_in_the_first_h1_is_no_headline():
    logo = '<h1><a href="/">Daily Lantern</a></h1>'
    assert headline(tab(TITLE) + f"<body>{logo}<h1>{TITLE}</h1>") == TITLE
    assert (
        headline(tab(f"{TITLE} - DL") + f"<body>{logo}{TEXT}<h2>{TITLE}</h2>") == TITLE
    )
    assert headline(tab(TITLE) + f"<body>{logo}{TEXT}") == TITLE


def test_a_section_in_the_first_h1_is_no_headline():
    page = tab(f"{TITLE} - Wales News - E") + f"<h1>Wales News</h1><h1>{TITLE}</h1>"
    assert headline(page) == TITLE


def test_a_short_headline_that_begins_the_title_is_one():
    page = tab("About us – The Vortex Cannon Company") + "<h1>About us</h1>"
    assert headline(page) == "About us"


def test_a_headline_cut_short_is_taken_whole_from_the_page():
    cut = TITLE[:30] + "…"
    assert headline(og(cut) + f"<h1>{TITLE}</h1>") == TITLE
    long = "The council decides " + "again and again " * 8 + "to keep the light"
    assert headline(json_ld(headline=long[:110]) + f"<h1>{long}</h1>") == long


def test_additions_around_a_headline_are_left_out():
    photo = f"<h1>{TITLE} <small>Photo: A. Lamp</small></h1>"
    assert headline(og(TITLE) + photo) == TITLE
    kicker = f"<h1><span>Opinion</span> {TITLE}</h1>"
    assert headline(json_ld(headline=TITLE) + kicker) == TITLE
    tail = f"{TITLE} (From The Daily Lantern)"
    assert headline(tab(tail) + og(TITLE) + f"<h1>{tail}</h1>") == TITLE


def test_what_is_shown_wins_over_a_spelling_of_it():
    shown = "“The old harbour light stays on”, the council decides"
    declared = '"The old harbour light stays on", the council decides'
    page = og(declared.replace('"', "&quot;")) + f"<h1>{shown}</h1>"
    assert headline(page) == shown


def test_a_shouted_headline_is_taken_as_it_is_declared():
    assert headline(og(TITLE) + f"<h1>{TITLE.upper()}</h1>") == TITLE


def test_a_heading_that_another_title_confirms_wins_over_json_ld():
    other = "Harbour light: what the council did and why it matters"
    page = tab(f"{TITLE} - E") + json_ld(headline=other) + f"<h1>{TITLE}</h1>"
    assert headline(page) == TITLE
    page = tab(f"{other} - E") + json_ld(headline=other) + f"<h1>{TITLE}</h1>"
    assert headline(page) == other


def test_entities_are_resolved_however_often_they_were_escaped():
    assert (
        headline(og("Tom &amp;amp;amp; Ann &amp;#8211; a story"))
        == "Tom & Ann – a story"
    )
    assert headline(json_ld(headline="Tom &amp; <em>Ann</em>")) == "Tom & Ann"


def test_a_title_that_is_only_the_sites_name_is_none():
    assert headline(og("The Lantern", "The Lantern") + f"<h1>{TITLE}</h1>") == TITLE


def test_a_page_without_any_title_has_none():
    assert headline("<body><p>x") == ""


@given(st.lists(st.text("aAé中|-–:_ .…&<>\"'؟ب", max_size=30), min_size=4, max_size=4))
def test_no_titles_break_the_choice(texts):
    shown, declared, site, headline_text = texts
    quoted = declared.replace('"', "")
    html = tab(shown) + og(quoted, site.replace('"', ""))
    found = headline(html + json_ld(headline=headline_text) + f"<h1>{shown}</h1>")
    assert found == found.strip()
    assert "\n" not in found
