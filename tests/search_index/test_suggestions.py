"""Did you mean: only said, never done."""

import pytest

from search_index.engines.contract import IndexEngine
from search_index.query import Results
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import ask, document, found


@pytest.fixture
def news(make_index: MakeIndex) -> IndexEngine:
    return make_index(
        [
            *(document(f"n{n}", "Mayors met in Kazan again.") for n in range(60)),
            document("slip", "Mayors met in Kazen, too."),
            document("ru", "Открытие форума в Казани.", "ru"),
            document("ar", "افتتاح المنتدى في قازان", "ar"),
            document("vi", "Diễn đàn thành phố", "vi", english="The cities forum"),
            document("zh", "喀山城市论坛", "zh"),
        ]
    )


def suggested(results: Results) -> str | None:
    texts = [n.text for n in results.notices if n.code == "did_you_mean"]
    return texts[0].removeprefix("Did you mean: ") if texts else None


@pytest.mark.parametrize(
    ("typed", "better"),
    [
        ("Kazna mayors", "Kazan mayors"),
        ("mayosr", "Mayors"),
        ('"met in" kazzan', '"met in" Kazan'),
        ("откритие", "Открытие"),
        ("المنتدي قزان", "المنتدي قازان"),
        ("cites", "cities"),
        ("kazen", "Kazan"),
        ("(kazna OR moscow) mayors", "(Kazan OR moscow) mayors"),
    ],
)
def test_a_slip_is_answered_with_the_index_own_word(
    news: IndexEngine, typed: str, better: str | None
) -> None:
    assert suggested(ask(news, typed)) == better


@pytest.mark.parametrize(
    "typed",
    [
        "Kazan",
        "met",
        "المنتد",
        "xyzzyx",
        "mte",
        '"Kazna"',
        "喀善",
        "kazan -mayors",
        "*",
        "cit*",
    ],
)
def test_what_is_right_short_quoted_or_hopeless_is_left(
    news: IndexEngine, typed: str
) -> None:
    assert suggested(ask(news, typed)) is None


def test_an_inflection_is_no_slip(make_index: MakeIndex) -> None:
    """The same stem finds both."""
    many = [document(f"n{n}", "The forum opened.") for n in range(60)]
    index = make_index([*many, document("one", "The forums opened.")])
    assert suggested(ask(index, "forums lang:fr")) is None


def test_nothing_is_searched_unasked(news: IndexEngine) -> None:
    results = ask(news, "kazen")
    assert found(results) == ["slip"]
    assert results.query == "kazen"


def test_a_suggestion_that_finds_nothing_more_is_not_made(news: IndexEngine) -> None:
    assert suggested(ask(news, "kazna Hanoi")) is None
