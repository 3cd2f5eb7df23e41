"""Names that must be spelt one way."""

from pathlib import Path

import pytest

from pipeline.names import Name, read_names
from pipeline.translation.glossary import Glossary, enforce, terms_checksum

NAMES = Path(__file__).parents[2] / "configs" / "names"


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return Glossary(read_names(NAMES).values())


@pytest.mark.parametrize(
    ("language", "text", "ids"),
    [
        ("ru", "Мэр Казани встретил гостей", ["kazan"]),
        ("ru", "В КАЗАНИ и Татарстане", ["kazan", "tatarstan"]),
        ("ar", "وفي قازان التقى", ["kazan"]),
        ("ar", "بالبريكس وتتارستان", ["brics", "tatarstan"]),
        ("zh-Hans", "论坛在喀山开幕", ["kazan"]),
        ("vi", "Diễn đàn tại Kazan", ["kazan"]),
        ("ru", "Казаньский", []),
        ("sw", "Kazan", []),
    ],
)
def test_names_are_found_in_their_forms(glossary, language, text, ids) -> None:
    found = glossary.terms(text, language, "en")
    assert [term.id for term in found] == ids
    assert glossary.mentions(text, language) is bool(ids)


@pytest.mark.parametrize(
    ("original", "output", "expected"),
    [
        ("В Казани", "In Kasan today", "In Kazan today"),
        ("В Казани", "In Cazan's centre", "In Kazan's centre"),
        ("В Татарстане", "in Tataristan’s capital", "in Tatarstan’s capital"),
        ("В Казани", "In Казани today", "In Kazan today"),
        ("В Казани", "In Kazán", "In Kazan"),
        ("В Казани", "IN KAZAN", "IN KAZAN"),
        ("В Казани и Татарстане", "In Kazan, Tartarstan", "In Kazan, Tatarstan"),
    ],
)
def test_a_name_nearly_right_is_set_right(glossary, original, output, expected) -> None:
    repaired, missing = enforce(output, glossary.terms(original, "ru", "en"))
    assert (repaired, missing) == (expected, ())


@pytest.mark.parametrize(
    "output", ["In Kazakhstan today", "In the town", "kasane", "Iran and Iraq"]
)
def test_what_is_another_word_is_left_and_the_name_is_missed(glossary, output) -> None:
    repaired, missing = enforce(output, glossary.terms("В Казани", "ru", "en"))
    assert (repaired, missing) == (output, ("kazan",))


def test_names_of_three_letters_are_never_guessed() -> None:
    iran = Name(id="iran", type="place", spellings={"ru": ("Иран",), "en": ("Iran",)})
    terms = Glossary([iran]).terms("Иран", "ru", "en")
    assert enforce("Iraq", terms) == ("Iraq", ("iran",))


def test_the_checksum_changes_with_what_is_wanted_of_these_names() -> None:
    def checksum(*english: str, text: str = "Казань") -> str:
        spellings = {"ru": ("Казань",), "en": english}
        name = Name(id="kazan", type="place", spellings=spellings)
        return terms_checksum(Glossary([name]).terms(text, "ru", "en"))

    assert checksum("Kazan") == checksum("Kazan") != checksum("Qazan")
    assert checksum("Kazan", text="Москва") == ""
