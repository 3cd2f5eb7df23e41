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
        ("В Казани и Татарстане", "Kasan, Tataristan", "Kazan, Tatarstan"),
        ("В Казани", "Казани и Казани", "Kazan и Kazan"),
    ],
)
def test_a_name_nearly_right_is_set_right(glossary, original, output, expected) -> None:
    repaired, missing = enforce(output, glossary.terms(original, "ru", "en"))
    assert (repaired, missing) == (expected, ())


@pytest.mark.parametrize(
    "output",
    [
        *("In Kazakhstan today", "In the town", "kasane", "Iran and Iraq", "Kazantsev"),
        *("Казаньский", "Казанью довольны"),
    ],
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


@pytest.mark.parametrize(
    ("original", "output", "expected"),
    [
        ("Казань", "Казанью довольны", "Казанью довольны"),
        ("喀山", "在喀山市", "在Kazan市"),
        ("قازان", "في قازان اليوم", "في Kazan اليوم"),
        ("قازان", "بقازان", "بقازان"),
    ],
)
def test_the_originals_spelling_is_replaced_where_it_is_a_word(
    original, output, expected
) -> None:
    spellings = {"xx": (original,), "en": ("Kazan",)}
    name = Name(id="kazan", type="place", spellings=spellings)
    assert enforce(output, Glossary([name]).terms(original, "xx", "en"))[0] == expected


@pytest.mark.parametrize(
    "output",
    ["Kazan’s mayor", "KAZAN", "in kazan", "(Kazan)", "Kazan-based", "Kasan is Kazan"],
)
def test_what_has_the_name_is_left_as_it_is(glossary, output) -> None:
    assert enforce(output, glossary.terms("В Казани", "ru", "en")) == (output, ())


@pytest.mark.parametrize(
    ("target", "output", "expected"),
    [
        ("de", "in Kazan", "in Kasan"),
        ("ar", "في قزان", "في قازان"),
        ("ar", "بقازان", "بقازان"),
        ("zh-Hans", "这是喀山", "这是喀山"),
    ],
)
def test_a_name_is_spelt_as_its_target_language_does(
    glossary, target, output, expected
) -> None:
    terms = glossary.terms("В Казани", "ru", target)
    assert enforce(output, terms) == (expected, ())


def test_the_pairs_checksum_changes_with_its_own_names_alone() -> None:
    def checksum(pair: tuple[str, str], **spellings: tuple[str, ...]) -> str:
        name = Name(id="kazan", type="place", spellings=spellings)
        return Glossary([name]).checksum(*pair)

    before = checksum(("ru", "en"), ru=("Казань",), en=("Kazan",))
    assert before
    assert before == checksum(("ru", "en"), ru=("Казань",), en=("Kazan",), vi=("X",))
    assert before != checksum(("ru", "en"), ru=("Казань",), en=("Qazan",))
    assert before != checksum(("ru", "en"), ru=("Казань", "Казани"), en=("Kazan",))
    assert checksum(("ru", "en"), en=("Kazan",)) == ""


def test_another_name_of_the_sentence_is_never_taken_for_the_missing_one() -> None:
    niger = Name(
        id="niger", type="place", spellings={"ru": ("Нигер",), "en": ("Niger",)}
    )
    nigeria = Name(
        id="nigeria", type="place", spellings={"ru": ("Нигерия",), "en": ("Nigeria",)}
    )
    terms = Glossary([niger, nigeria]).terms("Нигер, Нигерия", "ru", "en")
    assert len(terms) == 2
    assert enforce("Nigeria and a neighbour", terms) == (
        "Nigeria and a neighbour",
        ("niger",),
    )
    assert enforce("Nigar, Nigeria", terms) == ("Niger, Nigeria", ())
