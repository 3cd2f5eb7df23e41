"""What language typed words may be in."""

import sys

import pytest

from pipeline.documents import Identification
from search_index.query_language import languages_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("диалог городов", "ru"),
        ("міста України", "uk"),
        ("منتدى المدن", "ar"),
        ("گفتگو", "fa"),
        ("城市论坛", "zh"),
        ("カザン", "ja"),
        ("카잔", "ko"),
        ("การประชุม", "th"),
        ("शहर", "hi"),
        ("πόλεις", "el"),
        ("hội nghị", "vi"),
        ("diễn đàn", "vi"),
        ("şehir", "tr"),
        ("dien dan thanh pho", "vi"),
        ("thu tuong viet nam", "vi"),
        ("what is the forum of the cities", "en"),
        ("le forum des villes de la Russie", "fr"),
        ("foro de las ciudades de los países", "es"),
        ("das Forum der Städte in Kasan", "de"),
        ("villes jumelées Kazan", "fr"),
        ("Bienen Pollen Stadt", "de"),
        ("عمده قازان السور ميتشين", "ar"),
        ("Kazan", "en"),
        ("free buses Tukay Square", "en"),
        ("Sergio Arredondo Olvera Mexican", "en"),
        ("BRICS 2024", "en"),
        ("2024", "en"),
    ],
)
def test_the_first_reading_is_the_likely_one(text: str, language: str) -> None:
    assert languages_of(text, target="en")[0] == language


def test_unaccented_vietnamese_is_searched_beside_the_target_language() -> None:
    assert languages_of("dien dan thanh pho", target="en") == ("vi", "en")


def test_a_model_is_asked_last_and_only_about_enough_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pycld2", None)
    asked: list[str] = []

    def identify(text: str) -> Identification:
        asked.append(text)
        return Identification(
            language="sw", confidence=0.6, alternatives=(("id", 0.3), ("tl", 0.1))
        )

    assert languages_of("xqz", target="en", identify=identify) == ("en",)
    assert asked == []
    few = "zzqx vvkw xqzz"
    assert languages_of(few, target="en", identify=identify) == ("en", "sw", "id")
    many = f"{few} {few}"
    assert languages_of(many, target="en", identify=identify) == ("sw", "id", "en")
    assert asked == [few, many]


def test_without_pycld2_rules_still_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycld2", None)
    assert languages_of("le forum des villes", target="en")[0] == "fr"


def test_latin_names_do_not_hide_the_language_around_them() -> None:
    assert languages_of("Jared Allen 有多少次擒杀", target="en") == ("zh",)
    assert languages_of("кто такой Ilsur Metshin", target="en") == ("ru",)
