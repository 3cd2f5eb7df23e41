"""Names in queries that nothing translates."""

import pytest

from pipeline.names import Name
from search_index.engines.contract import IndexEngine
from search_index.query import Results
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import ask, document, found

NAMES = {
    name.id: name
    for name in (
        Name(
            id="kazan",
            type="place",
            spellings={
                "en": ("Kazan",),
                "ru": ("Казань",),
                "vi": ("Kazan",),
                "ar": ("قازان",),
                "zh": ("喀山",),
            },
        ),
        Name(
            id="hanoi",
            type="place",
            spellings={"en": ("Hanoi",), "vi": ("Hà Nội",), "ru": ("Ханой",)},
        ),
    )
}


@pytest.fixture
def places(make_index: MakeIndex) -> IndexEngine:
    return make_index(
        [
            document("ru", "Форум открылся в Казани.", "ru"),
            document("ar", "افتتح المنتدى في قازان", "ar"),
            document("zh", "喀山城市论坛", "zh"),
            document("vi", "Hội nghị ở Hà Nội", "vi", english="A meeting in Hanoi"),
            document("other", "Форум в Уфе.", "ru"),
        ]
    )


def searched(index: IndexEngine, text: str, **values: object) -> Results:
    return ask(index, text, names=NAMES, **values)


@pytest.mark.parametrize("typed", ["Казань", "казани", "Казанью"])
def test_a_name_is_found_in_every_spelling(places: IndexEngine, typed: str) -> None:
    results = searched(places, typed)
    assert set(found(results)) == {"ru", "ar", "zh"}
    (notice,) = [n for n in results.notices if n.code == "names_spelt"]
    assert "kazan" in notice.text


def test_a_name_of_several_words_is_one_name(places: IndexEngine) -> None:
    results = searched(places, "Hà Nội", query_language="vi")
    assert found(results) == ["vi"]
    assert [n.code for n in results.notices if n.code == "names_spelt"]
    assert found(searched(places, "Ханой")) == ["vi"]


def test_the_other_words_still_count(places: IndexEngine) -> None:
    assert found(searched(places, "форум Казань")) == ["ru"]


def test_with_a_translation_the_names_need_no_help(places: IndexEngine) -> None:
    results = searched(places, "Казань", translate_query=lambda *_: "Kazan")
    assert "names_spelt" not in {notice.code for notice in results.notices}


def test_a_query_in_the_target_language_is_left_as_typed(places: IndexEngine) -> None:
    assert found(searched(places, "Kazan")) == []


def test_words_that_are_no_names_change_nothing(places: IndexEngine) -> None:
    results = searched(places, "форум")
    assert set(found(results)) == {"ru", "other"}
    assert "names_spelt" not in {notice.code for notice in results.notices}


def test_spellings_are_marked(places: IndexEngine) -> None:
    hits = {hit.language: hit for hit in searched(places, "Казань").hits}
    marked = {
        language: [p.text[a:b] for p in hit.passages for a, b in p.highlights]
        for language, hit in hits.items()
    }
    assert marked == {"ru": ["Казани"], "ar": ["قازان"], "zh": ["喀山"]}
