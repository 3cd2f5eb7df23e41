"""Whose text of a page is taken, and which lines of it are not the article's."""

from datetime import UTC, datetime

import pytest

from pipeline.documents import Candidate
from pipeline.extraction import PageInput, extract_page
from pipeline.extraction.article_text import Known, best_of
from pipeline.extraction.blocks import features, page_blocks, words
from pipeline.extraction.judge import JudgedPage, Model
from pipeline.extraction.lines import foreign_lines, is_read_also, is_timestamp
from pipeline.extraction.tree_text import parse_html
from pipeline.sources import Selectors

PARAGRAPHS = [
    "Mayors of one hundred and ten cities met in Kazan on Friday, and spoke of trams.",
    "They signed fourteen agreements on transport, water and housing for their towns.",
    "The next meeting is to be held in Da Nang, in the spring of the following year.",
]
MENU = (
    "<nav><ul><li><a href='/a'>News</a></li><li><a href='/b'>Sport</a></li></ul></nav>"
)
TEASERS = "".join(
    f"<li><a href='/n/{n}'>Another story that is told elsewhere, number {n}</a></li>"
    for n in range(12)
)


def html(*paragraphs: str, head: str = "", after: str = "") -> str:
    body = "".join(f"<p>{p}</p>" for p in paragraphs)
    return (
        f"<html><head><title>x</title>{head}</head><body>{MENU}"
        f"<article><h1>Mayors meet</h1>{body}</article>{after}</body></html>"
    )


def judged(page: str) -> JudgedPage:
    tree = parse_html(page)
    assert tree is not None
    return JudgedPage(page_blocks(tree))


def read(page: str, **fields):
    return extract_page(
        PageInput(
            body=page.encode(),
            url="https://lantern.example/a",
            fetched_at=datetime(2024, 6, 22, tzinfo=UTC),
            **fields,
        )
    )


# --- Lines of a page -------------------------------------------------------------


def test_a_page_s_lines_are_what_a_browser_shows() -> None:
    tree = parse_html(
        "<body><p>One <b>two</b><script>no()</script>three</p><p hidden>no</p>"
        "<div style='display: none'>no</div>four<br>five<ul><li>six</ul></body>"
    )
    assert tree is not None
    found = [block.text for block in page_blocks(tree)]
    assert found == ["One twothree", "four", "five", "six"]


def test_lines_know_their_links_and_their_elements() -> None:
    tree = parse_html("<body><ul><li><a href='/'>all of it</a></ul><p>none</body>")
    assert tree is not None
    first, second = page_blocks(tree)
    assert (first.linked, second.linked) == (1.0, 0.0)
    assert first.elements[:2] == ("li", "ul")
    assert second.elements[0] == "p"


def test_a_page_of_50_000_nested_elements_has_its_lines() -> None:
    """P5"""
    tree = parse_html("<div>" * 50_000 + "deep" + "</div>" * 50_000)
    assert tree is not None
    assert len(features(page_blocks(tree))) <= 1


def test_words_of_scripts_without_spaces_are_characters() -> None:
    assert words("ประชุม 2024") == (*"ประชุม", "2024")
    assert words("喀山 Kazan") == ("喀", "山", "kazan")


# --- The choice ------------------------------------------------------------------


def test_the_text_that_agrees_with_the_page_s_article_is_taken() -> None:
    page = judged(html(*PARAGRAPHS, after=f"<ul>{TEASERS}</ul>"))
    whole = "\n".join(PARAGRAPHS)
    texts = {
        "short": PARAGRAPHS[0],
        "whole": whole,
        "with_menu": f"News\nSport\n{whole}\n" + "\n".join(["Another story"] * 40),
    }
    found = best_of(page, texts, Known())
    assert found.text == whole
    assert found.choice.extractor == "whole"
    assert found.choice.candidates[0].words == len(words(whole))


def test_what_the_judge_thinks_is_kept_with_the_choice() -> None:
    found = best_of(judged(html(*PARAGRAPHS)), {"a": PARAGRAPHS[0]}, Known())
    (candidate,) = found.choice.candidates
    assert candidate == Candidate(
        extractor="a", words=candidate.words, score=candidate.score
    )
    assert candidate.score is not None
    assert 0 < candidate.score < 1


def test_the_judge_can_be_another_model() -> None:
    """Every line as likely as another: the longest text agrees best."""
    tree = parse_html(html(*PARAGRAPHS))
    assert tree is not None
    blocks = page_blocks(tree)
    page = JudgedPage(blocks, Model(constant=9.0, weights=(0.0,) * 28))
    everything = "\n".join(block.text for block in blocks)
    texts = {"article": "\n".join(PARAGRAPHS), "page": everything}
    assert best_of(page, texts, Known()).choice.extractor == "page"


def test_readability_s_text_of_a_page_without_an_article_is_not_taken() -> None:
    page = judged(f"<body>{MENU}<ul>{TEASERS}</ul></body>")
    found = best_of(page, {"readability": "News\nSport"}, Known())
    assert (found.text, found.choice.extractor) == ("", "")


def test_lines_are_left_out_with_their_reasons() -> None:
    text = "\n".join(
        ["Ann Lee", *PARAGRAPHS, "Read also: Trams return", "Follow us", "Ann Lee"]
    )
    known = Known(authors=("Ann Lee",), boilerplate=frozenset({"Follow us"}))
    found = best_of(judged(html(*PARAGRAPHS)), {"a": text}, known)
    assert found.text == "\n".join(PARAGRAPHS)
    assert dict(found.choice.removed) == {
        "byline": "Ann Lee",
        "read_also": "Read also: Trams return",
        "boilerplate": "Follow us",
    }


def test_a_source_s_selector_wins_over_every_extractor() -> None:
    found = read(html(*PARAGRAPHS), selectors=Selectors(text="article p"))
    assert found.text == "\n".join(PARAGRAPHS)
    assert found.choice.extractor == "selectors"


def test_boilerplate_goes_also_from_what_a_selector_found() -> None:
    found = read(
        html(*PARAGRAPHS),
        selectors=Selectors(text="article p"),
        boilerplate=frozenset({PARAGRAPHS[2]}),
    )
    assert found.text == "\n".join(PARAGRAPHS[:2])


def test_a_page_whose_text_is_only_in_its_json_ld_is_read_from_there() -> None:
    body = " ".join(PARAGRAPHS * 2)
    head = (
        '<script type="application/ld+json">{"@type": "NewsArticle",'
        f' "headline": "Mayors meet", "articleBody": "{body}"}}</script>'
    )
    found = read(f"<html><head>{head}</head><body><div id='app'></div></body></html>")
    assert found.text == body
    assert found.rejected == ""


def test_a_page_is_read_by_its_lines_alone_when_that_is_asked() -> None:
    """P5"""
    paragraphs = [f"{p} It is part {n}." for n in range(3) for p in PARAGRAPHS]
    page = html(*paragraphs, after=f"<ul>{TEASERS}</ul>")
    found = read(page, by_lines_alone=True)
    assert found.choice.extractor == "blocks"
    assert set(paragraphs) <= set(found.text.split("\n"))
    assert "Another story" not in found.text


def test_a_list_of_other_articles_is_no_article() -> None:
    """C10"""
    teasers = "".join(
        f"<div><h2><a href='/n/{n}'>A story of mayors and of trams, number {n}</a></h2>"
        f"<p>{PARAGRAPHS[n % 3]} It is the story number {n} of all.</p></div>"
        for n in range(12)
    )
    page = f"<html><body>{MENU}<main>{teasers}</main></body></html>"
    assert read(page).rejected == "listing"
    head = '<meta property="og:type" content="article">'
    assert read(page.replace("<body>", f"<head>{head}</head><body>")).rejected == ""


def test_a_video_without_a_text_is_no_article() -> None:
    """C10"""
    head = '<meta property="og:type" content="video.other">'
    assert read(html("Watch it here, in full.", head=head)).rejected == "video"
    assert read(html(*PARAGRAPHS * 4, head=head)).rejected == ""


# --- Lines by what they say ------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Read also: Trams return to the river",
        "Читайте также: Трамваи возвращаются",
        "Xem thêm: Tàu điện trở lại",
        "اقرأ أيضا: عودة الترام",
        "» Lire aussi : le retour des trams",
        "相关阅读：有轨电车回归",
        "यह भी पढ़ें: ट्राम लौटी",
    ],
)
def test_a_line_that_leads_to_another_article_is_known(line: str) -> None:
    assert is_read_also(line)


def test_a_paragraph_that_begins_like_such_a_line_stays() -> None:
    assert not is_read_also("See also: " + " ".join(["word"] * 60))
    assert not is_read_also("Read more slowly, she told the children.")


def test_links_below_a_heading_of_other_articles_go_with_it() -> None:
    lines = [*PARAGRAPHS, "Читайте также", "Трамваи вернулись", "Мэр назвал сроки", "—"]
    linked = {"Трамваи вернулись", "Мэр назвал сроки"}
    found = list(foreign_lines(lines, linked=linked))
    assert found == [(3, "read_also"), (4, "read_also"), (5, "read_also")]


@pytest.mark.parametrize(
    "line",
    [
        "21/06/2024 10:30",
        "Обновлено: 21.06.2024, 10:30",
        "Thứ sáu, 21/6/2024, 10:30 (GMT+7)",
        "2024年6月21日 10:30",
        "Published on Friday 21 June 2024 at 10:30",
        "٢١/٠٦/٢٠٢٤ ١٠:٣٠",
        "٢١ يونيو ٢٠٢٤",
        "جمعه ۱ تیر ۱۴۰۳",
    ],
)
def test_a_line_that_is_only_a_time_is_known(line: str) -> None:
    assert is_timestamp(line)


@pytest.mark.parametrize(
    "line",
    [
        "Kazan beat Da Nang 25:23",
        "In 2024 the river rose by two metres at 10:30.",
        "KAZAN, 21 June 2024 (Agency). The mayors met at 10:30 in the old town hall.",
        "2024",
    ],
)
def test_a_line_that_says_something_with_a_time_stays(line: str) -> None:
    assert not is_timestamp(line)
