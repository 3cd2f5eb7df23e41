"""Section, tags and lead image; and JSON-LD as broken as pages have it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.structured_data import json_ld as nodes_of
from pipeline.extraction.topics import MAX_TAGS
from pipeline.extraction.tree_text import parse_html

URL = "https://lantern.example/news/a"


def read(html):
    return PageMetadata(parse_html(f"<html>{html}</html>"), URL)


def json_ld(**fields):
    data = json.dumps({"@type": "NewsArticle", **fields})
    return f'<script type="application/ld+json">{data}</script>'


def crumbs(*names):
    items = [
        {"@type": "ListItem", "position": n, "item": {"@id": f"/{n}", "name": name}}
        for n, name in enumerate(names, 1)
    ]
    data = json.dumps({"@type": "BreadcrumbList", "itemListElement": items[::-1]})
    return f'<script type="application/ld+json">{data}</script>'


@pytest.mark.parametrize(
    ("html", "section"),
    [
        (json_ld(articleSection="World"), "World"),
        (json_ld(articleSection=["World", "Asia"]), "World"),
        (json_ld(articleSection="world,asia,slider"), "world"),
        ("<meta property='article:section' content='Мир'>", "Мир"),
        (crumbs("Home", "World", "T"), "World"),
        (crumbs("Home"), ""),
        ("<p>x", ""),
    ],
)
def test_the_section_is_declared_or_the_last_breadcrumb(html, section):
    assert read(f"{html}<h1>T</h1>").section() == section


@pytest.mark.parametrize(
    ("html", "tags"),
    [
        (json_ld(keywords="harbour, light,  Harbour"), ("harbour", "light")),
        (json_ld(keywords=["harbour", "light"]), ("harbour", "light")),
        (json_ld(keywords=[{"@type": "DefinedTerm", "name": "light"}]), ("light",)),
        (
            """<meta property='article:tag' content='свет'>
            <meta property='article:tag' content='гавань'>""",
            ("свет", "гавань"),
        ),
        ("<meta name='news_keywords' content='a; b'>", ("a", "b")),
        ("<meta name='keywords' content='نور، ميناء'>", ("نور", "ميناء")),
        ("<meta name='keywords' content='灯塔，港口、海'>", ("灯塔", "港口", "海")),
        (
            json_ld(keywords="PG&amp;E, @river, Section: News, #light"),
            ("PG&E", "light"),
        ),
        (json_ld(keywords=["x" * 200, "", None, 7]), ("7",)),
    ],
)
def test_tags_come_from_where_the_site_has_them_each_once(html, tags):
    assert read(html).tags() == tags


def test_tags_are_bounded_in_number():
    assert len(read(json_ld(keywords=[f"t{n}" for n in range(500)])).tags()) == MAX_TAGS


@pytest.mark.parametrize(
    ("html", "image"),
    [
        (json_ld(image="/i/1.jpg"), "https://lantern.example/i/1.jpg"),
        (json_ld(image={"url": "https://c.example/1.jpg"}), "https://c.example/1.jpg"),
        (json_ld(image=[{"url": "//c.example/1.jpg"}]), "https://c.example/1.jpg"),
        (
            "<meta property='og:image' content='/i/2.jpg'>",
            "https://lantern.example/i/2.jpg",
        ),
        (
            "<meta name='twitter:image' content='http://c.example/3.jpg'>",
            "http://c.example/3.jpg",
        ),
        ("<meta property='og:image' content='data:image/png;base64,AAAA'>", ""),
        ("<meta property='og:image' content='javascript:alert(1)'>", ""),
        ("<meta property='og:image' content='/img/logo.png'>", ""),
        (
            json_ld(
                image="/i/own.png",
                publisher={"name": "L", "logo": {"url": "/i/own.png"}},
            ),
            "",
        ),
        ("<meta property='og:image' content='http://[x'>", ""),
    ],
)
def test_the_lead_image_is_absolute_and_no_logo(html, image):
    assert read(html).image_url() == image


# --- Broken JSON-LD --------------------------------------------------------------

SOUND = '{"@type": "NewsArticle", "headline": "The light", "articleSection": "World"}'


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        SOUND.replace("}", ",}"),
        f"<!-- {SOUND} -->",
        f"//<![CDATA[\n{SOUND}\n//]]>",
        f"/* <![CDATA[ */ {SOUND} /* ]]> */",
        SOUND + ";",
        "\ufeff" + SOUND,
        SOUND.replace("The light", "The\nlight\t"),
        SOUND.replace("The light", r"The light\'s \x"),
        SOUND.replace('"', "&quot;"),
        f"{{}} {SOUND}",
        f"[{SOUND}",
        SOUND.replace('"World"', '"World" "x"'),
        SOUND[:-1],
    ],
)
def test_broken_json_ld_is_read_as_far_as_it_goes(text):
    html = f'<script type="application/ld+json">{text}</script>'
    assert read(html).headline().startswith("The light")
    assert read(html).section() == "World"


def test_several_scripts_are_read_and_one_beyond_repair_spoils_no_other():
    broken = '<script type="application/ld+json">{"a": </script>'
    assert read(broken + json_ld(articleSection="World")).section() == "World"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        json.dumps({"@graph": [{"@type": "Thing", "n": n} for n in range(50_000)]}),
        '{"@type": "NewsArticle", "headline": "' + "x" * 2_000_000 + '"}',
    ],
)
def test_huge_and_deep_structures_are_bounded(text):
    """P5"""
    tree = parse_html(f'<html><script type="application/ld+json">{text}</script>')
    assert len(nodes_of(tree)) <= 2_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "@type", "name", "url", "logo", "item", "position"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
NAMES = (
    "headline author keywords image publisher articleSection datePublished url "
    "mainEntityOfPage isAccessibleForFree inLanguage articleBody"
).split()


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8), VALUES)
def test_no_values_break_the_reading(fields, other):
    extra = json.dumps({"@type": "BreadcrumbList", "itemListElement": other})
    page = read(
        json_ld(**fields) + f'<script type="application/ld+json">{extra}</script>'
    )
    assert isinstance(page.headline(), str)
    assert all(isinstance(name, str) for name in (*page.authors(), *page.tags()))
    assert isinstance(page.section() + page.image_url() + page.article_body(), str)
    assert isinstance(page.languages(), tuple)
    assert page.is_free() in {True, False}
