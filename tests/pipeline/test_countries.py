"""Countries as names, from the CLDR."""

import sys
from pathlib import Path

import pytest

from pipeline.countries import Countries, countries, inflected, slug

DEMO = "en ru vi ar zh fa hi tr es fr pt de".split()


def test_every_country_of_iso_3166_is_spelt_in_the_languages_of_the_demo() -> None:
    known = countries()
    assert len(known) == 250  # ISO 3166-1 has 249; and Kosovo
    assert {"vietnam", "russia", "united-arab-emirates", "kosovo"} <= set(known)
    for name_id, name in known.items():
        assert name.id == name_id
        assert name.type == "country"
        missing = {language for language in DEMO if language not in name.spellings}
        assert not missing, name_id


def test_regions_that_are_no_country_are_left_out() -> None:
    assert not {"united-nations", "european-union", "world", "unknown-region"} & set(
        countries()
    )


@pytest.mark.parametrize(
    ("name_id", "language", "spelling"),
    [
        ("united-states", "en", "USA"),
        ("united-kingdom", "en", "UK"),
        ("united-arab-emirates", "en", "UAE"),
        ("vietnam", "en", "Viet Nam"),
        ("vietnam", "vi", "Việt Nam"),
        ("russia", "ru", "России"),
        ("saudi-arabia", "ru", "Саудовской Аравии"),
        ("egypt", "ru", "Египте"),
        ("united-states", "ru", "Соединенных Штатов"),
        ("china", "ar", "للصين"),
        ("myanmar", "en", "Burma"),
        ("myanmar", "ru", "Бирма"),
        ("hong-kong", "en", "Hong Kong"),
        ("palestine", "ar", "فلسطين"),
        ("bosnia-and-herzegovina", "en", "Bosnia and Herzegovina"),
        ("saint-lucia", "en", "Saint Lucia"),
        ("turkey", "en", "Turkey"),
        ("cook-islands", "ru", "Островов Кука"),
        ("germany", "de", "Deutschlands"),
    ],
)
def test_a_country_is_spelt_as_texts_have_it(
    name_id: str, language: str, spelling: str
) -> None:
    assert spelling in countries()[name_id].spellings[language]


def test_what_nobody_writes_is_left_out() -> None:
    written = [
        text
        for name in countries().values()
        for texts in name.spellings.values()
        for text in texts
    ]
    assert not [text for text in written if "(" in text or ")" in text]
    assert "Hong Kong SAR China" not in written


@pytest.mark.parametrize(
    ("name_id", "language", "word"),
    [
        ("togo", "ru", "Того"),
        ("france", "vi", "Pháp"),
        ("mali", "ar", "مالي"),
        ("oman", "ar", "عُمان"),
        ("iran", "pt", "Irã"),
        ("reunion", "en", "Réunion"),
    ],
)
def test_an_ordinary_word_is_a_spelling_only_in_combination(
    name_id: str, language: str, word: str
) -> None:
    spellings = countries()[name_id].spellings[language]
    assert word not in spellings
    assert [text for text in spellings if word in text]


def test_spellings_go_through_the_form_of_the_browser_and_back() -> None:
    from babelwire.naming import made_name, parse_spellings

    for name in countries().values():
        lines = "\n".join(f"{t}: {', '.join(w)}" for t, w in name.spellings.items())
        made = made_name(name.id, name.type, parse_spellings(lines))
        assert dict(made.spellings) == dict(name.spellings)


def test_papua_new_guinea_is_not_guinea() -> None:
    apart = countries()["guinea"].apart
    assert "Papua New Guinea" in apart["en"]
    assert "巴布亚新几内亚" in apart["zh"]


def test_words_of_a_name_are_inflected_together() -> None:
    rules = {"words": [["ая", "ой ую"], ["ы", "- ам"]]}
    assert list(inflected("Новая и Горы", rules)) == ["Новой и Гор", "Новую и Горам"]


def test_a_slug_has_no_accents_and_no_marks() -> None:
    assert slug("São Tomé & Príncipe") == "sao-tome-and-principe"
    assert slug("Cocos (Keeling) Islands") == "cocos-islands"


def test_nothing_is_read_before_a_country_is_asked_for() -> None:
    """Only the command line's help must answer at once; see the layout tests."""
    import subprocess

    program = (
        "import sys; from pipeline.countries import countries; countries();"
        "sys.exit('babel' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == 0
    assert Countries() is not countries()


def test_every_rule_of_a_language_has_as_many_cases() -> None:
    import tomllib

    path = Path(__file__).parents[2] / "pipeline" / "countries.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    for language, rules in data["forms"].items():
        sizes = {len(cases.split()) for _, cases in rules.get("words", ())}
        assert len(sizes) <= 1, language
        assert language in data["languages"]
    assert set(data["ordinary"]) == set(data["combinations"])
    tables = [data["ordinary"], data["more"], data["apart"]]
    known = set(data["languages"]) | {"countries"}
    for table in (tables[0], *tables[1].values(), *tables[2].values()):
        assert set(table) <= known
