"""Who wrote a page: declared or printed, in many languages; names only."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.tree_text import parse_html

URL = "https://lantern.example/a"


def authors(html):
    return PageMetadata(parse_html(f"<html>{html}</html>"), URL).authors()


def json_ld(*nodes):
    graph = json.dumps({"@graph": nodes})
    return f'<script type="application/ld+json">{graph}</script>'


ANN = {"@type": "Person", "name": "Ann Lamp"}


@pytest.mark.parametrize(
    ("author", "found"),
    [
        (ANN, ("Ann Lamp",)),
        ([ANN, {"@type": "Person", "name": "Bo Wick"}], ("Ann Lamp", "Bo Wick")),
        ("Ann Lamp", ("Ann Lamp",)),
        (["Ann Lamp", "Ann  Lamp", "https://lantern.example/ann"], ("Ann Lamp",)),
        ({"@id": "#ann"}, ("Ann Lamp",)),
        ([{"@id": "#ann"}, {"@id": "#gone"}], ("Ann Lamp",)),
        ({"@type": "Organization", "name": "Reuters"}, ("Reuters",)),
        ({"@type": "Person", "name": ["Ann Lamp", "x"]}, ("Ann Lamp",)),
        ({"@type": "Person", "name": None}, ()),
        (7, ()),
        ("ANN LAMP, AP Sports Writer", ("ANN LAMP",)),
        ("Ann Lamp, MD", ("Ann Lamp",)),
    ],
)
def test_json_ld_names_the_authors_in_any_form(author, found):
    article = {"@type": "NewsArticle", "author": author}
    assert authors(json_ld(article, {**ANN, "@id": "#ann"})) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("By Ann Lamp", ("Ann Lamp",)),
        ("By Ann Lamp and Bo Wick", ("Ann Lamp", "Bo Wick")),
        ("By Ann Lamp, Bo Wick and Cy Oil", ("Ann Lamp", "Bo Wick", "Cy Oil")),
        ("Written by: Ann Lamp | 21 June 2024", ("Ann Lamp",)),
        ("Ann Lamp @annlamp ann@lantern.example", ("Ann Lamp",)),
        ("Автор: Анна Лампа", ("Анна Лампа",)),
        ("Анна Лампа и Борис Фитиль", ("Анна Лампа", "Борис Фитиль")),
        ("Автор: Ганна Лампа", ("Ганна Лампа",)),
        ("Tác giả: Nguyễn Thị Đèn", ("Nguyễn Thị Đèn",)),
        ("الكاتب: آن لامب", ("آن لامب",)),
        ("بقلم آن لامب وباسم فتيل", ("آن لامب", "باسم فتيل")),
        ("نویسنده: آن لامپ", ("آن لامپ",)),
        ("Von Anna Lampe und Bernd Docht", ("Anna Lampe", "Bernd Docht")),
        ("Por Ana Lámpara y Blas Mecha", ("Ana Lámpara", "Blas Mecha")),
        ("Par Anne Lampe et Luc Mèche", ("Anne Lampe", "Luc Mèche")),
        ("Autor: Anna Lampa", ("Anna Lampa",)),
        ("Yazar: Ayşe Lamba", ("Ayşe Lamba",)),
        ("作者：裴鈺", ("裴鈺",)),
        ("【聯合報╱記者張嘉芳／台北報導】", ("張嘉芳",)),
        ("記者 陳信利 ／即時報導", ("陳信利",)),
        ("Της Άννας Λάμπα", ("Άννας Λάμπα",)),
        ("admin", ()),
        ("21 June 2024", ()),
        ("https://lantern.example/ann", ()),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        "<span class='byline'>{}</span>",
        "<a rel='author' href='/x'>{}</a>",
        "<div class='article-author'><span>{}</span></div>",
    ],
)
def test_a_printed_byline_gives_the_names_alone(place, line, found):
    assert authors(f"<body><h1>T</h1>{place.format(line)}") == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("<p>Автор: Анна Лампа</p>", ("Анна Лампа",)),
        ("<p><b>Tác giả:</b> <i>Nguyễn Thị Đèn</i></p>", ("Nguyễn Thị Đèn",)),
        ("<li>الكاتب: آن لامب</li>", ("آن لامب",)),
        ("<td>作者：</td><td>裴鈺</td>", ("裴鈺",)),
        ("<p>Harbour: the council votes</p>", ()),
    ],
)
def test_a_label_is_enough_to_know_a_byline(line, found):
    assert authors(f"<body><h1>T</h1>{line}<p>The council voted.</p>") == found


def test_names_are_taken_from_the_first_place_that_has_any():
    meta = "<meta name='author' content='Bo Wick'>"
    printed = "<span class='byline'>By Cy Oil</span>"
    article = {"@type": "NewsArticle", "author": ANN}
    assert authors(json_ld(article) + meta + printed) == ("Ann Lamp",)
    assert authors(meta + printed) == ("Bo Wick",)
    micro = (
        "<div itemscope itemtype='http://schema.org/Article'><h1>T</h1>"
        "<p itemprop='author' itemscope><b itemprop='name'>Di Flame</b> x</p></div>"
    )
    assert authors(micro + printed) == ("Di Flame",)


def test_the_sites_own_name_is_kept_only_where_there_is_no_other():
    site = "<meta property='og:site_name' content='The Lantern'>"
    meta = "<meta name='author' content='The Lantern'>"
    assert authors(site + meta) == ("The Lantern",)
    host = "<meta name='author' content='Lantern.example'>"
    assert authors(host + "<i class='byline'>By Ann Lamp</i>") == ("Ann Lamp",)
    assert authors(site + meta + "<i class='byline'>By Ann Lamp</i>") == ("Ann Lamp",)


def test_the_authors_of_comments_and_teasers_are_not_the_pages():
    html = """<div class='comments'><span class='author'>Troll</span></div>
    <div class='related'><a rel='author'>Other</a></div>"""
    assert authors(f"<body>{html}") == ()


@given(st.text(max_size=80))
def test_no_byline_breaks_the_reading(line):
    line = line.replace("<", "").replace("\0", "")
    for name in authors(f"<body><span class='byline'>{line}</span>"):
        assert name == name.strip()
        assert 1 < len(name) <= 100
