"""Passages and the words marked in them."""

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_index.analysis.recipes import recipes
from search_index.analysis.words import WORD, is_unspaced
from search_index.entry import build_entry
from search_index.highlight import MAX_PASSAGE, Highlighter
from search_index.parser import parse
from search_index.planning import Interpretation
from search_index.query import Passage
from tests.search_index.samples import NOW, document


def highlighter(query: str, *languages: str) -> Highlighter:
    return Highlighter(
        Interpretation(
            tree=parse(query),
            languages=languages or ("en",),
            target="en",
            zone=ZoneInfo("UTC"),
            now=NOW,
        )
    )


def marked(query: str, text: str, language: str) -> list[str]:
    spans = highlighter(query, language).spans(text, side="original", language=language)
    return [text[start:end] for start, end in spans]


def passages(query: str, *args: str, **values: object) -> tuple[Passage, ...]:
    entry = build_entry(document("d", *args, **values), "en")
    return highlighter(query).passages(json.loads(entry.display))


@pytest.mark.parametrize(
    ("language", "query", "text", "expected"),
    [
        ("en", "city", "Cities and the city’s mayors", ["Cities", "city’s"]),
        ("ru", "город", "Форум городов 😀 в городе", ["городов", "городе"]),
        ("vi", "thanh pho", "các thành phố, thánh", ["thành", "phố", "thánh"]),
        ("vi", "thành", "thành thánh thanh", ["thành"]),
        ("ar", "ايران", "قال إيران اليوم", ["إيران"]),
        ("tr", "istanbul", "İstanbul'da kar", ["İstanbul'da"]),
        ("zh", "城市论坛", "在喀山举行的城市论坛。", ["城市论坛"]),
        ("zh", "喀山", "俄罗斯喀山市", ["喀山"]),
        ("th", "ประชุม", "การประชุมเมือง", ["ประชุม"]),
        ("hi", "जमीन", "यह ज़मीन है", ["ज़मीन"]),
        ("en", "ci*", "cities, citizens, ice", ["cities", "citizens"]),
        ("en", '"two words"', "words two words two", ["two words"]),
        ("en", "a -b", "a b", ["a"]),
        ("de", "strasse", "Die Straße", ["Straße"]),
        ("en", "don't", "don’t do", ["don’t"]),
        ("en", "cit", "citcit cit", ["cit"]),
    ],
)
def test_the_words_asked_for_are_marked(
    language: str, query: str, text: str, expected: list[str]
) -> None:
    assert marked(query, text, language) == expected


def test_the_passage_is_the_sentence_with_most_words_and_its_aligned_one() -> None:
    original, translation = passages(
        "forum cities",
        "Первое.\nФорум городов.\nГород.",
        "ru",
        english=["The forum.", "The forum of cities.", "A city."],
    )
    assert original.text == "Форум городов."
    assert original.highlights == ()
    assert translation.text == "The forum of cities."
    assert translation.highlights == ((4, 9), (13, 19))


def test_a_headline_is_shown_where_only_it_matches() -> None:
    (passage,) = passages("hanoi", "Talks went on.", title="In Hanoi")
    assert (passage.field, passage.text) == ("title", "In Hanoi")


def test_without_words_the_text_begins() -> None:
    (passage,) = passages("lang:en", "First.\nSecond.", title="Title")
    assert passage.text == "First."


def test_a_document_without_segments_is_cut_into_sentences() -> None:
    (passage,) = passages("two", "One. This is two! Three", segments=())
    assert passage.text == "This is two!"
    assert [passage.text[a:b] for a, b in passage.highlights] == ["two"]


def test_a_very_long_sentence_is_cut_around_its_first_mark() -> None:
    (passage,) = passages("needle", "hay " * 500 + "needle " + "hay " * 500)
    assert len(passage.text) <= MAX_PASSAGE
    assert [passage.text[a:b] for a, b in passage.highlights] == ["needle"]


pieces = st.sampled_from(
    "thành phố thanh قازان إيران 喀山城市 город Города İstanbul'da การประชุม 😀 ﬁn "
    "e\u0301te\u0301 शहर ज़मीन Σίσυφος a \u00ad x\u200dy 2024 ٢٠٢٤ . , \n".split(" ")
)
texts = st.lists(pieces, max_size=20).map(" ".join)


@given(text=texts, query=texts, language=st.sampled_from(sorted(recipes())))
def test_marks_are_whole_words_in_order_and_inside_the_text(
    text: str, query: str, language: str
) -> None:
    if not WORD.search(query):
        return
    spans = highlighter(query, language).spans(text, side="original", language=language)
    words = {match.span() for match in WORD.finditer(text)}
    unspaced = [span for span in words if is_unspaced(text[slice(*span)])]
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        last = end
        inside = any(a <= start and end <= b for a, b in unspaced)
        assert (start, end) in words or inside


@given(text=texts, language=st.sampled_from(sorted(recipes())))
def test_a_text_asked_for_itself_is_marked_everywhere(text: str, language: str) -> None:
    if not WORD.search(text):
        return
    spans = highlighter(text, language).spans(text, side="original", language=language)
    shown = set()
    for start, end in spans:
        shown |= set(range(start, end))
    for start, end in (match.span() for match in WORD.finditer(text)):
        assert start in shown or is_unspaced(text[start:end])
