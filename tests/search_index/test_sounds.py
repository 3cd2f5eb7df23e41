"""Names found in other scripts by what they sound like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_index.analysis.sounds import LONGEST, SHORTEST, named_sounds, sounds_of
from search_index.engines.contract import IndexEngine
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import ask, document, found


@pytest.mark.parametrize(
    "spellings",
    [
        ("Putin", "Путин", "بوتين", "Πούτιν", "פוטין"),
        ("Kazan", "Казань", "قازان", "Kazán"),
        ("Metshin", "Метшин", "ميتشين"),
        ("Gazprom", "Газпром", "غازبروم"),
        ("Lavrov", "Лавров", "لافروف"),
        ("BRICS", "БРИКС", "بريكس"),
        ("Netanyahu", "Нетаньяху", "نتنياهو", "נתניהו"),
        ("Tbilisi", "Тбилиси", "თბილისი"),
        ("Yerevan", "Ереван", "Երևան"),
    ],
)
def test_spellings_of_one_name_have_one_key(spellings: tuple[str, ...]) -> None:
    keys = [set(sounds_of(word)) for word in spellings]
    assert set.intersection(*keys)


@pytest.mark.parametrize("word", ["the", "a", "2024", "普京", "", "eau", "ия"])
def test_what_is_short_or_has_no_letters_for_it_has_none(word: str) -> None:
    assert sounds_of(word) == ()


def test_arabic_is_read_with_and_without_what_is_written_together() -> None:
    assert set(sounds_of("وبوتين")) >= set(sounds_of("بوتين"))
    assert set(sounds_of("القاهرة")) >= set(sounds_of("قاهرة"))


@given(word=st.text(max_size=40))
def test_keys_are_short_and_the_same_every_time(word: str) -> None:
    keys = sounds_of(word)
    assert keys == sounds_of(word)
    assert all(SHORTEST <= len(key) <= LONGEST for key in keys)
    assert set(named_sounds(word)) <= set(keys)


@pytest.fixture
def waiting(make_index: MakeIndex) -> IndexEngine:
    return make_index(
        [
            document("ru", "Выступил Ильсур Метшин из Казани.", "ru"),
            document("ar", "تحدث ميتشين عن المدن", "ar"),
            document("done", "Метшин уехал", "ru", english="He left"),
            document("en", "Metshin spoke in Kazan."),
            document("other", "Погода на завтра", "ru"),
        ]
    )


def test_a_name_is_found_where_the_translation_is_missing(
    waiting: IndexEngine,
) -> None:
    """In part only: a key is that of some other words, too."""
    results = ask(waiting, "Metshin")
    assert found(results) == ["en"]
    assert results.total == 1
    assert set(found(results, "some")) == {"ru", "ar"}


def test_what_sounds_so_is_marked(waiting: IndexEngine) -> None:
    hits = {hit.language: hit for hit in ask(waiting, "Metshin").hits}
    marked = {
        language: [p.text[a:b] for p in hit.passages for a, b in p.highlights]
        for language, hit in hits.items()
    }
    assert marked == {"en": ["Metshin"], "ru": ["Метшин"], "ar": ["ميتشين"]}


def test_a_name_that_nothing_translated_is_found_in_other_scripts(
    waiting: IndexEngine,
) -> None:
    results = ask(waiting, "Метшин")
    assert set(found(results)) == {"ru", "done"}
    assert set(found(results, "some")) == {"en", "ar"}
    translated = ask(waiting, "Метшин", translate_query=lambda *_: "Metshin")
    assert "en" in found(translated)


def test_quotations_and_small_words_are_meant_as_they_are_written(
    waiting: IndexEngine,
) -> None:
    assert found(ask(waiting, '"Metshin"'), "some") == []
    assert found(ask(waiting, "other than that"), "some") == []
