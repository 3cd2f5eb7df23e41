"""Segments in another language than their document's; figures: `tests/quality`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import Identifier, Segment
from pipeline.identification import make_identifier, mark_quotations
from pipeline.segmentation import segment_reading

RUSSIAN = [
    "Мэры ста десяти городов встретились в Казани в прошлую пятницу.",
    "Они подписали соглашения об общественном транспорте и жилье.",
    "Следующая встреча пройдёт весной в столице республики.",
]
VIETNAMESE = [
    "Thị trưởng của hơn một trăm thành phố gặp nhau vào thứ Sáu vừa qua.",
    "Họ đã ký các thỏa thuận về giao thông công cộng và nhà ở.",
    "Cuộc họp tiếp theo sẽ diễn ra vào mùa xuân tại thủ đô.",
]
ENGLISH = [
    "The mayors of one hundred and ten cities met in Kazan last Friday.",
    "They signed agreements on public transport and on housing.",
    "The next meeting takes place in spring in the capital.",
]
CROATIAN = [
    "Gradonačelnici stotinu gradova susreli su se prošlog tjedna u Kazanu.",
    "Potpisali su ugovore o javnom prijevozu i o stanovanju.",
]


@pytest.fixture(scope="module")
def fast() -> Identifier:
    return make_identifier("fast")


def marked(
    lines: list[str], language: str, fast: Identifier, title: str = ""
) -> dict[str, str]:
    """The marked segments of a document of these lines, with their languages."""
    pieces = segment_reading(title, "\n".join(lines), language)
    found = mark_quotations(pieces, language, fast)
    assert [(s.position, s.start, s.text) for s in found] == [
        (s.position, s.start, s.text) for s in pieces
    ]
    return {s.text: s.language for s in found if s.language}


@pytest.mark.parametrize(
    ("lines", "language", "quotation", "other"),
    [
        (RUSSIAN, "ru", "“We will not leave our cities alone”, he said.", "en"),
        (VIETNAMESE, "vi", "«Мы не оставим наши города одних», — сказал он.", "ru"),
        (ENGLISH, "en", "إن مدننا لن تبقى وحدها أبدا", "ar"),
        (ENGLISH, "en", "Nous ne laisserons jamais nos villes toutes seules.", "fr"),
        (RUSSIAN, "ru", "我们不会让我们的城市孤立无援。", "zh"),
        (RUSSIAN, "ru", "Ми не залишимо наші міста наодинці, сказав він учора.", ""),
        (CROATIAN, "hr", "Predsednik je rekao da će posle posetiti deo grada.", ""),
        (CROATIAN, "hr", "We will never leave our cities alone with this.", "en"),
    ],
)
def test_a_quotation_is_marked_and_a_neighbour_s_is_not(
    lines, language, quotation, other, fast
) -> None:
    text = [lines[0], quotation, *lines[1:]]
    expected = {quotation: other} if other else {}
    assert marked(text, language, fast) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Real Madrid, Manchester United, Bayern München, Inter Milan",
        "Microsoft Windows Server Datacenter Edition",
        "The New York Times, The Washington Post, The Wall Street Journal",
        "Breaking News",
        "Read more",
        "https://example.org/what-the-mayors-said-about-their-cities",
        "© 2024",
        "«Hello!»",
        "U2 — With or Without You",
    ],
)
def test_names_titles_and_bits_are_no_quotations(line: str, fast) -> None:
    for lines, language in ((RUSSIAN, "ru"), (VIETNAMESE, "vi")):
        assert marked([*lines, line], language, fast) == {}


def test_a_headline_may_be_a_quotation(fast) -> None:
    title = "“We will not leave our cities alone with this”"
    assert marked(RUSSIAN, "ru", fast, title) == {title: "en"}


def test_nothing_is_marked_in_a_document_of_no_language(fast) -> None:
    assert marked([*RUSSIAN, *ENGLISH], "und", fast) == {}


def test_plain_documents_have_no_mark(fast) -> None:
    for lines, language in ((RUSSIAN, "ru"), (VIETNAMESE, "vi"), (ENGLISH, "en")):
        assert marked(lines, language, fast) == {}


@given(st.lists(st.text(st.characters(), max_size=60), max_size=6))
@settings(max_examples=60)
def test_any_segments_come_back_as_they_were(texts: list[str]) -> None:
    pieces = [
        Segment(position=n, field="text", start=0, end=len(text), text=text)
        for n, text in enumerate(texts)
    ]
    found = mark_quotations(pieces, "ru", make_identifier("fast"))
    assert [s.text for s in found] == texts
