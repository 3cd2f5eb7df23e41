"""Tokens by language: the spellings that must meet, and those that must not."""

import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_index.analysis import analyze, recipe_for
from search_index.analysis.normalise import TOKEN_LIMIT
from search_index.analysis.recipes import recipes


def f1(language: str, text: str) -> tuple[str, ...]:
    return analyze(language, text).f1


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "cities", "city"),
        ("en", "Russia’s", "russia"),
        ("ru", "ёлки", "Елки"),
        ("ru", "городов", "города"),
        ("fr", "l’association", "associations"),
        ("de", "Straße", "strasse"),
        ("es", "mercados", "mercado"),
        ("pt", "cidades", "cidade"),
        ("tr", "İstanbul'da", "istanbul"),
        ("tr", "IRAK", "ırak"),
        ("tr", "şehirler", "sehirler"),
        ("ar", "إيران", "ايران"),
        ("ar", "مُدُن", "مدن"),
        ("ar", "الدولية", "الدوليه"),
        ("ar", "موسى", "موسي"),
        ("ar", "بوتـــين", "بوتين"),
        ("fa", "کازان", "كازان"),
        ("fa", "روسی", "روسي"),
        ("hi", "ज़मीन", "जमीन"),
        ("hi", "चाँद", "चांद"),
        ("hi", "हिन्दी", "हिंदी"),
        ("vi", "hoà bình", "hòa bình"),
        ("el", "Ελλάδας", "ελλαδασ"),
        ("und", "ＢＲＩＣＳ", "brics"),
        ("und", "٢٠٢٤", "2024"),
        ("und", "२०२४", "2024"),
    ],
)
def test_spellings_of_one_word_give_one_token(
    language: str, first: str, second: str
) -> None:
    assert f1(language, first) == f1(language, second) != ()


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("uk", "край", "краи"),
        ("vi", "má", "mà"),
        ("hi", "कम", "काम"),
        ("th", "มา", "ม้า"),
    ],
)
def test_different_words_keep_different_tokens(
    language: str, first: str, second: str
) -> None:
    assert f1(language, first) != f1(language, second)


def test_an_unaccented_vietnamese_word_meets_the_accented_one() -> None:
    assert set(f1("vi", "thanh pho")) & set(f1("vi", "thành phố")) == {"~thanh", "~pho"}


def test_third_field_is_alike_in_every_language() -> None:
    text = "Tổng thống Putin: «Ёлки» – إيران, Kazan'da 喀山 straße 2024"
    expected = "tong thong putin елки ايران kazan da 喀 山 strasse 2024".split()
    for language in recipes():
        assert analyze(language, text).f3 == tuple(expected)


def test_chinese_words_come_from_icu_and_grams_are_pairs() -> None:
    fields = analyze("zh-Hans", "城市论坛")
    assert fields.f1 == ("城市", "论坛")
    assert fields.f2 == ("城市", "市论", "论坛")
    assert fields.f3 == ("城", "市", "论", "坛")


def test_thai_is_cut_into_words() -> None:
    assert len(f1("th", "การประชุมเมือง")) > 1


def test_headline_and_text_do_not_make_a_phrase_together() -> None:
    fields = analyze("en", "Kazan", title="Forum")
    assert fields.f3 == ("forum", "_", "kazan")
    assert fields.f1 == ("forum", "kazan")
    assert fields.title_f3 == ("forum",)


def test_a_forty_kilobyte_word_is_capped() -> None:
    fields = analyze("en", "x" * 40_000)
    assert len(fields.f1[0]) == TOKEN_LIMIT
    assert len(fields.f3[0]) == TOKEN_LIMIT


def test_an_unknown_language_uses_the_default_recipe() -> None:
    assert recipe_for("xx") == recipe_for("und")


def test_threads_get_the_same_tokens() -> None:
    text = "встречались представители городов и муниципалитетов " * 50
    expected = f1("ru", text)
    answers: list[tuple[str, ...]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(f1("ru", text)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


@given(st.text(max_size=60), st.sampled_from(sorted(recipes())))
def test_any_text_gives_tokens_without_spaces_twice_the_same(
    text: str, language: str
) -> None:
    fields = analyze(language, text)
    assert fields == analyze(language, text)
    for tokens in (fields.f1, fields.f2, fields.f3):
        assert all(token and not any(map(str.isspace, token)) for token in tokens)


@pytest.mark.parametrize(
    "text",
    [
        "k" + "\u0301" * 300_000,
        "x" * 300_000,
        "a'" * 100_000,
        "ا" * 300_000,
        "1" * 300_000,
    ],
    ids=["marks", "letters", "apostrophes", "arabic", "digits"],
)
def test_a_hostile_word_takes_time_in_proportion_to_its_length(text: str) -> None:
    """Quadratic time would keep this test for minutes."""
    for language in ("en", "ar", "vi", "tr", "zh", "ko"):
        assert max(map(len, analyze(language, text).f1)) <= TOKEN_LIMIT + 1


def test_tokens_do_not_depend_on_the_order_of_a_hash() -> None:
    """Two processes, two seeds of `hash`, the same entry."""
    code = (
        "from search_index.analysis import analyzer_for\n"
        "for tag in ('ar', 'de', 'th', 'tr', 'vi', 'zh'):\n"
        "    print(analyzer_for(tag).fields('Hội nghị Казань في قازان 喀山 Köln'))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_more_than_forty_languages_have_a_recipe_of_their_own() -> None:
    assert len(recipes()) >= 40
