"""Segments lose nothing and stay where they were found."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from babelwire.demo.model import DemoArticle
from babelwire.demo.world import World
from pipeline.segmentation import segment_reading, sentence_spans

LANGUAGES = [
    "und",
    "en",
    "vi",
    "ar",
    "ru",
    "zh-Hans",
    "fa",
    "hi",
    "th",
    "ja",
    "am",
    "x",
]
PIECES = [
    *("Mayors met. ", "Mr. Lee left! ", "U.S. ", "3.5 ", "…", "?", "“Yes.” ", "\n"),
    *("TP. ", "PGS.TS. ", "v.v. ", "Hồ Chí Minh. ", "e\u0301 "),
    *("د. ", "أحمد قال. ", "؟ ", "می‌رود. ", "喀山。", "“市长”！", "दिल्ली। ", "👩‍🏫 "),
    *("г. ", "Казань. ", "\u00a0", "\u2028", "\t", "።", "ประชุม ", "\u202e", "\x1c"),
]
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
)


@given(TEXTS, TEXTS, st.sampled_from(LANGUAGES))
@example("", "", "en")
@example("Title", "TP. ", "vi")
def test_segments_lose_nothing_but_blanks(title: str, text: str, language: str) -> None:
    pieces = segment_reading(title, text, language)
    fields = {"title": title, "text": text}
    assert [piece.position for piece in pieces] == list(range(len(pieces)))
    ends = {"title": 0, "text": 0}
    for piece in pieces:
        whole = fields[piece.field]
        assert piece.text == whole[piece.start : piece.end]
        assert piece.text == piece.text.strip() != ""
        assert "\n" not in piece.text or piece.field == "title"
        assert not whole[ends[piece.field] : piece.start].strip()
        ends[piece.field] = piece.end
    assert not any(fields[name][end:].strip() for name, end in ends.items())


def sentences(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("vi", ["TP. Hồ Chí Minh họp báo.", "UBND TP.HCM trả lời."]),
        (
            "vi",
            ["Ông gặp PGS.TS. Nguyễn Văn An.", "ThS. Lan và GS. Minh (TS. Hà) nói."],
        ),
        ("vi", ["Giá gạo, ngô, v.v. tăng mạnh.", "Sau đó giá giảm."]),
        ("ar", ["قال د. أحمد إن المؤتمر بدأ.", "وأضاف أ. د. سالم أن العدد كبير."]),
        ("ar", ["العنوان ص.ب. 123 دبي.", "انتهى المؤتمر."]),
        ("ru", ["Это было в 2024 г. в Казани.", "Мэр уехал."]),
        ("en", ["Mr. Lee met Dr. Ray at 3.5 p.m. in Kazan.", "They left."]),
        ("zh", ["市长们周五在喀山会面。", "他们签署了协议。"]),
        ("hi", ["महापौर कज़ान में मिले।", "वे लौट गए।"]),
        ("und", ["Mayors met in Kazan.", "They left."]),
    ],
)
def test_sentences_end_where_they_should(language, expected) -> None:
    between = "" if language == "zh" else " "
    assert sentences(between.join(expected), language) == expected


def test_an_abbreviation_at_the_end_of_a_line_ends_its_segment() -> None:
    assert sentences("Họp tại TP.\nSau đó về.", "vi") == ["Họp tại TP.", "Sau đó về."]


def test_the_same_word_in_another_language_is_no_abbreviation() -> None:
    assert sentences("We met the TT. They left.", "en") == [
        "We met the TT.",
        "They left.",
    ]


def test_the_title_is_one_segment_whatever_stands_in_it() -> None:
    first, second = segment_reading(" Who? Where? ", "Here.", "en")
    assert (first.field, first.text, first.start) == ("title", "Who? Where?", 1)
    assert (second.field, second.position) == ("text", 1)


@pytest.mark.parametrize("article", World.load().articles, ids=lambda a: a.id)
def test_the_demo_s_texts_have_the_sentences_of_its_memory(
    article: DemoArticle,
) -> None:
    for edition in (1, 2):
        expected = [s for p in article.paragraphs_in(edition) for s in p]
        found = segment_reading("", article.text_in(edition), article.language)
        assert [piece.text for piece in found] == expected
