"""Selectors are proposed where they are seen to help, and nowhere else."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from babelwire.selector_proposals import SampleRead, propose, read_sample_page
from babelwire.sourcefile import ProposedSelector
from pipeline.extraction import PageInput
from pipeline.sources import Selectors

NOW = datetime(2024, 6, 30, tzinfo=UTC)
WORDS = "The tram to the harbour runs again since Monday, says the office. " * 12


def page(number: int, head: str = "", title: str = "", body: str = "") -> str:
    return (
        f"<html><head>{head}</head><body><h1 class='site'>The Lantern</h1>{title}"
        f"{body or f'<article><p>{WORDS} {number}</p></article>'}</body></html>"
    )


def proposals(
    pages: Sequence[str], *, hints: Callable[[int], dict[str, str]] = lambda _: {}
) -> dict[str, ProposedSelector]:
    def read(selectors: Selectors) -> list[SampleRead]:
        return [
            read_sample_page(
                PageInput(
                    body=text.encode(),
                    url=f"https://example.org/{number}",
                    content_type="text/html; charset=utf-8",
                    fetched_at=NOW,
                    hints=hints(number),
                    selectors=selectors,
                )
            )
            for number, text in enumerate(pages)
        ]

    return {proposal.key: proposal for proposal in propose(read)}


def with_titles(of: Callable[[int], str]) -> list[str]:
    return [page(number, title=of(number)) for number in range(3)]


def test_a_headline_that_the_extractor_misses_is_found() -> None:
    """It takes the only first heading, which is the site's name."""
    found = proposals(with_titles(lambda n: f"<h2 class='head'>Story {n}</h2>"))
    title = found["title"]
    assert title.css == "h2.head"
    assert title.is_needed
    assert title.why == "gives the headline that 3 of 3 samples lack without it"


def test_nothing_is_proposed_where_the_extractor_reads_all() -> None:
    meta = '<meta property="article:published_time" content="2024-06-21T10:00:00Z">'
    pages = [
        page(n, head=f'<meta property="og:title" content="Story {n}">{meta}')
        + "<h2 class='head'>x</h2>"
        for n in range(3)
    ]
    assert proposals(pages) == {}


@pytest.mark.parametrize(
    "title",
    [
        lambda n: "<h2 class='head'>All stories</h2>",  # the same everywhere
        lambda n: f"<h2 class='head'>A{n}</h2><h2 class='head'>B{n}</h2>",  # two
        lambda n: f"<h2 class='h{n}'>Story {n}</h2><h2>x{n}</h2>",  # not on all
        lambda n: "<h2 class='head'></h2>",
        lambda n: f"<h2 class='a:b\"]{{}}'>Story {n}</h2><h2></h2>",
    ],
)
def test_an_element_that_is_not_the_same_on_all_samples_is_not_proposed(
    title: Callable[[int], str],
) -> None:
    assert "title" not in proposals(with_titles(title))


def test_one_page_says_nothing_of_its_site() -> None:
    assert proposals(with_titles(lambda n: f"<h2 class='head'>S {n}</h2>")[:1]) == {}


def test_a_time_is_needed_where_there_is_none() -> None:
    def pages(attributes: str) -> list[str]:
        moments = [f"2024-06-2{n} 1{n}:00" for n in range(3)]
        return [
            page(n, title=f"<span {attributes} datetime='{moment}'></span>")
            for n, moment in enumerate(moments)
        ]

    found = proposals(pages("class='pub-date'"), hints=lambda n: {"title": f"T{n}"})
    assert found["published"].css == "span.pub-date"
    assert "published" not in proposals(pages("class='note'"))


def test_a_time_of_day_is_proposed_as_a_comment_and_never_another_day() -> None:
    def pages(day: int) -> list[str]:
        return [
            page(
                n,
                head=f'<meta name="date" content="2024-06-2{n}">',
                title=f"<p class='pub-time' datetime='2024-06-{day + n}T10:30Z'></p>",
            )
            for n in range(3)
        ]

    published = proposals(pages(20))["published"]
    assert published.css == "p.pub-time"
    assert not published.is_needed
    assert "published" not in proposals(pages(10))


def test_a_text_that_the_extractor_does_not_find_is_found() -> None:
    def body(n: int) -> str:
        lines = "".join(
            f"<a href='/x'>{word} {n}</a> <br>" for word in WORDS.split(" ")
        )
        return f"<nav class='menu'><div class='story-body'>{lines}</div></nav>"

    pages = [page(n, body=body(n)) for n in range(3)]
    text = proposals(pages)["text"]
    assert text.css == "div.story-body"
    assert text.is_needed
