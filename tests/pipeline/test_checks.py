"""Flags of translated segments, in several scripts."""

import pytest

from pipeline.documents import Identification
from pipeline.translation.checks import bad, check, pair_quotes

LONG = "Мэры ста десяти городов встретились в пятницу в Казани и подписали соглашения."
GOOD = (
    "Mayors of a hundred and ten cities met in Kazan on Friday and signed agreements."
)


def english(_text: str) -> Identification:
    return Identification(language="en", confidence=1.0)


def flags(original: str, output: str, source: str = "ru", target: str = "en"):
    return check(original, output, source, target, english)


@pytest.mark.parametrize(
    ("source", "original", "output"),
    [
        ("ru", LONG, GOOD),
        (
            "vi",
            "Việt Nam và Nga ký 14 thỏa thuận.",
            "Vietnam and Russia sign 14 deals.",
        ),
        ("ar", "التقى ٢٠٠ رئيس بلدية في قازان", "200 mayors met in Kazan"),
        ("fa", "۱۲ شهر در اجلاس بودند", "12 cities were at the summit"),
        ("hi", "कज़ान में १०० शहर", "100 cities in Kazan"),
        ("zh", "2024年6月21日,論壇開幕", "The forum opened on June 21, 2024"),
        ("ru", "БРИКС", "BRICS"),
        ("ru", "Ха-ха-ха-ха-ха!", "Ha ha ha ha ha!"),
        ("vi", "1.000.000 đồng", "1,000,000 dong"),
        ("ru", "«Дом стоит», — сказал он.", "“The house stands,” he said."),
        ("de", "„Das Haus steht“, sagte er.", "“The house stands,” he said."),
        ("ru", "Да.", "Yes, that is so."),
        ("fr", "10–12", "10–12"),
    ],
)
def test_a_good_translation_has_no_flag(source, original, output) -> None:
    assert flags(original, output, source) == ()


@pytest.mark.parametrize(
    ("flag", "original", "output"),
    [
        ("repetition", LONG, "the the the the the the"),
        ("repetition", LONG, "in Kazan on Friday " * 5),
        ("length", LONG, "Mayors."),
        ("length", LONG, GOOD + " And " + GOOD + " And then some more of it all."),
        ("script", LONG, "Мэры городов в Казани"),
        ("script", "Встреча в Казани", "喀山会议今天开幕"),
        ("copy", "Kazan hosts the forum mayors agreements", "Kazan hosts forum mayors"),
        ("numbers", "В 2024 году 110 городов", "In 2024 many cities"),
        ("links", "Смотри https://a.example/x", "See the page"),
        ("links", "Казань #Форум2024", "Kazan #Forum2024"),
        ("quotes", "Он сказал: «Да».", "He said: “Yes."),
        ("quotes", "Он сказал да.", 'He said "yes.'),
    ],
)
def test_each_flag_is_raised_by_its_fault(flag, original, output) -> None:
    """P10"""
    assert flag in flags(original, output)


def test_repetition_is_seen_where_no_blanks_are_written() -> None:
    assert "repetition" in check(
        "A long text", "会议会议会议会议会议", "en", "zh", None
    )
    assert check("Forum", "城市论坛今天在喀山开幕", "en", "zh", None) == ()


def test_another_language_is_flagged_when_it_is_sure() -> None:
    def french(confidence: float):
        return lambda _: Identification(language="fr", confidence=confidence)

    output = "Les maires de cent dix villes se sont réunis à Kazan vendredi matin."
    assert check(LONG, output, "ru", "en", french(0.95)) == ("language",)
    assert check(LONG, output, "ru", "en", french(0.5)) == ()
    assert check(LONG, output, "ru", "en", None) == ()
    assert check("Да", "Oui", "ru", "en", french(0.95)) == ()


def test_close_languages_are_not_told_apart() -> None:
    def danish(_: str) -> Identification:
        return Identification(language="da", confidence=1.0)

    output = "Borgmestre fra hundrede og ti byer mødtes i Kazan i fredags."
    assert "language" not in check(LONG, output, "ru", "nb", danish)


def test_only_some_flags_say_that_something_went_wrong() -> None:
    assert bad(("numbers", "quotes", "links", "names")) == 0
    assert bad(("repetition", "numbers", "copy")) == 2


def test_what_has_no_letters_is_not_judged() -> None:
    assert flags("— 12 —", "") == ()


@pytest.mark.parametrize(
    ("original", "output", "expected"),
    [
        ("«Дом стоит».", "“The house stands.", "“The house stands.”"),
        ('"Дом".', '"House', '"House"'),
        ("«Дом».", "“House.”", "“House.”"),
        ("«Дом», — сказал он.", "“House, he said.", "“House, he said."),
        ("Дом.", "“House.", "“House."),
        ("«Дом»", "", ""),
    ],
)
def test_a_quotation_mark_lost_at_an_end_is_set(original, output, expected) -> None:
    assert pair_quotes(original, output) == expected


@pytest.mark.parametrize(
    ("flag", "source", "target", "original", "output"),
    [
        ("repetition", "en", "ru", GOOD, "в Казани в Казани в Казани в Казани"),
        ("repetition", "en", "ar", GOOD, "قازان قازان قازان قازان قازان"),
        ("repetition", "en", "th", GOOD, "เมืองเมืองเมืองเมืองเมือง"),
        ("repetition", "en", "hi", GOOD, "शहर शहर शहर शहर शहर"),
        ("length", "zh", "en", "论坛" * 30, "Forum."),
        ("length", "en", "zh", GOOD, "喀山"),
        ("script", "en", "ar", "Forum opens in Kazan", "Forum opens in Kazan"),
        ("script", "ar", "ru", "افتتاح المنتدى في قازان", "Forum opens in Kazan"),
        ("script", "en", "zh", "Forum opens in Kazan", "Форум открылся в Казани"),
        ("script", "en", "hi", "Forum opens in Kazan", "فورم قازان میں"),
        (
            "copy",
            "ar",
            "fa",
            "افتتاح المنتدى للمدن قازان",
            "افتتاح المنتدى للمدن قازان",
        ),
        ("copy", "vi", "en", "Kazan forum mayors signed", "Kazan forum mayors signed"),
        ("numbers", "bn", "en", "কাজানে ১১০ শহর", "11 cities in Kazan"),
        ("numbers", "th", "en", "๒๐๐ เมือง", "100 cities"),
        ("numbers", "en", "fa", "110 cities", "۱۱ شهر"),
        ("links", "ar", "en", "انظر #قازان هنا", "See #Kazan here"),
        ("links", "zh", "en", "写信 p@c.example", "Write to us"),
        ("quotes", "zh", "en", "他说:“是”。", "He said: “Yes."),
    ],
)
def test_each_flag_is_raised_in_every_script(
    flag, source, target, original, output
) -> None:
    """P10"""
    assert flag in check(original, output, source, target, None)


@pytest.mark.parametrize(
    ("source", "target", "original", "output"),
    [
        ("en", "ru", GOOD, LONG),
        ("en", "ar", "110 mayors met", "التقى ١١٠ من رؤساء البلديات"),
        ("en", "hi", "200 cities met in Kazan", "कज़ान में २०० शहर मिले"),
        ("en", "bn", "110 cities", "১১০ শহর"),
        ("en", "th", "200 cities met", "๒๐๐ เมืองพบกัน"),
        ("en", "zh-Hant", "The forum opened in 2024", "論壇於2024年開幕"),
        ("en", "ja", "The forum opened in Kazan", "カザンでフォーラムが開幕した"),
        ("en", "ko", "The forum opened in Kazan", "카잔에서 포럼이 열렸다"),
        ("en", "sr-Latn", "The forum opened in Kazan", "Forum je otvoren u Kazanju"),
        ("en", "sr-Cyrl", "The forum opened in Kazan", "Форум је отворен у Казању"),
        ("ru", "en", "Ассоциация ЮНЕСКО", "UNESCO Association"),
        ("ru", "ar", "UNESCO", "UNESCO"),
        ("fr", "en", "Paul Dupont, Martin", "Paul Dupont, Martin"),
        ("ru", "de", "Он сказал: «Да».", "Er sagte: „Ja“."),
        ("ru", "en", "Смотри https://a.example/x", "See https://a.example/x"),
    ],
)
def test_a_good_translation_into_any_script_has_no_flag(
    source, target, original, output
) -> None:
    assert check(original, output, source, target, None) == ()
