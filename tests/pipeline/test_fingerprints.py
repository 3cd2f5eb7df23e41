"""Fingerprints find edited and cut copies, and tell bulletins apart."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fingerprints import (
    INDEX_ALL,
    MAX_HASHES,
    containment,
    fingerprint,
    is_duplicate,
    likeness,
)
from pipeline.tokens import tokens
from tests.pipeline.builders import WORDS

TEXT = " ".join(WORDS[:400])
OTHER = " ".join(WORDS[800:1200])
BULLETIN = (
    "Water level of the river at the town gauge on day {0}: {1} centimetres, {2} more "
    "than on the day before. The flow is {3} cubic metres a second. The station "
    "expects {4} centimetres for tomorrow and asks boats to keep their distance. "
    "Data are checked every {5} minutes and published without warranty by the office."
)
CHINESE = "今天在首都召开，各国代表出席并讨论共同关心的问题，大部分地区有雨。"
THAI = "ภาคเหนือมีฝนฟ้าคะนองร้อยละสิบของพื้นที่ ส่วนมากทางตอนบนของภาค"


def words(start: int, end: int) -> str:
    return " ".join(WORDS[start:end])


def same(a: str, b: str, common: frozenset[int] = frozenset()) -> bool:
    return is_duplicate(fingerprint(a), fingerprint(b), common)


@given(st.text(max_size=500))
def test_fingerprints_are_sorted_and_the_same_every_time(text: str) -> None:
    found = fingerprint(text)
    assert found == fingerprint(text)
    assert list(found.hashes) == sorted(set(found.hashes))
    assert list(found.numbers) == sorted(set(found.numbers))
    assert all(0 <= value < 1 << 48 for value in (*found.hashes, *found.numbers))


@pytest.mark.parametrize("length", [0, 2, 3, 20, 27, 66, 67, 200, 1200])
def test_a_sample_is_bounded_and_as_coarse_as_it_says(length: int) -> None:
    found = fingerprint(words(0, length))
    every = fingerprint(words(0, min(length, 66)))
    assert len(found.hashes) <= MAX_HASHES
    assert all(value % (1 << found.level) == 0 for value in found.hashes)
    assert set(found.indexed) <= set(found.hashes)
    if len(found.hashes) <= INDEX_ALL:
        assert found.indexed == found.hashes
    if length <= 66:
        assert (found.level, len(every.hashes)) == (0, max(0, length - 2))


@given(st.text(max_size=300), st.text(max_size=300))
def test_likeness_has_no_direction(a: str, b: str) -> None:
    assert same(a, b) == same(b, a)
    assert containment(a, b) == containment(b, a)
    assert 0 <= containment(a, b) <= 1


@given(st.text(max_size=300))
def test_a_text_contains_itself(text: str) -> None:
    assert containment(text, text) == 1


def test_an_equal_text_is_a_duplicate_and_another_is_none() -> None:
    assert same(TEXT, TEXT)
    assert not same(TEXT, OTHER)


def test_spaces_case_and_punctuation_do_not_count() -> None:
    assert fingerprint(TEXT) == fingerprint(TEXT.upper())
    assert fingerprint(TEXT) == fingerprint(TEXT.replace(" ", ",\n  "))


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("Zero\u200bwidth so\u00adft \ufefftext", "Zerowidth soft text"),
        ("\u202bنص عربي\u202c", "نص عربي"),
        ("ﻻ ﺷﻲء هنا", "لا شيء هنا"),
        ("الكِتَابُ مُفِيدٌ جِدًّا", "الكتاب مفيد جدا"),
        ("كتـــاب مفيد", "كتاب مفيد"),
        ("كتابی که می\u200cخواهم", "كتابي كه میخواهم"),
        ("שָׁלוֹם עולם", "שלום עולם"),
        ("ещё её ёлка", "еще ее елка"),
        ("п’ять об’єктів", "п\u02bcять об\u02bcєктів"),
        ("ﬁnal eﬀort", "final effort"),
        ("ＦＵＬＬ　ｗｉｄｔｈ １２３", "full width 123"),
        ("«Так» — и „так“…", '"Так" - и "так"...'),
        ("ẹ\u0302 Việt", unicodedata.normalize("NFD", "ệ Việt")),
        ("e\u0323\u0302", "e\u0302\u0323"),
        ("ज़\u093cा", "ज\u093e\u093c\u093c"),
        ("١٩٩٨ و ۱۲۳", "1998 و 123"),
        ("1,998 and 12.345.678", "1998 and 12 345 678"),
        ("ΟΔΟΣ", "οδος"),
        ("Straße", "STRASSE"),
    ],
)
def test_texts_that_are_only_written_otherwise_have_equal_fingerprints(
    written: str, otherwise: str
) -> None:
    assert tokens(written) == tokens(otherwise)
    assert fingerprint(f"{TEXT} {written}") == fingerprint(f"{TEXT} {otherwise}")


def test_other_letters_are_not_taken_for_equal() -> None:
    assert tokens("số") != tokens("so")
    assert tokens("й") != tokens("и")
    assert tokens("का") != tokens("क")


def test_one_word_in_ten_changed_is_still_a_duplicate() -> None:
    edited = [
        f"other{n}" if n % 10 == 0 else word for n, word in enumerate(WORDS[:400])
    ]
    assert same(TEXT, " ".join(edited))


@pytest.mark.parametrize("kept", [0.8, 0.6, 0.4])
def test_a_text_that_was_cut_is_still_a_duplicate(kept: float) -> None:
    number = int(400 * kept)
    assert same(TEXT, words(0, number))
    assert same(TEXT, words(400 - number, 400))


def test_samples_of_other_levels_meet() -> None:
    short, long = words(0, 60), words(0, 300)
    assert fingerprint(short).level < fingerprint(long).level
    assert same(short, long)


def test_a_quotation_in_another_text_is_no_duplicate() -> None:
    assert not same(TEXT, f"{OTHER} {words(0, 40)}")
    assert not same(
        f"{words(0, 60)} {words(100, 130)}", f"{words(200, 260)} {words(100, 130)}"
    )


def test_a_common_phrase_makes_no_copy_of_a_sentence() -> None:
    said = "the president of the republic said on the phone that"
    assert not same(f"{said} {words(0, 9)}", f"{said} {words(20, 29)}")
    assert same(f"{said} {words(0, 9)}", f"AGENCY {said} {words(0, 9)}")


def test_bulletins_with_other_numbers_are_a_series() -> None:
    first = BULLETIN.format(1, 212, 4, 1730, 215, 15)
    second = BULLETIN.format(2, 198, 14, 1610, 190, 15)
    assert not same(first, second)
    assert same(first, first + " Corrected.")


@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        ("Weather for {}: " + words(0, 40), "Monday", "Tuesday"),
        ("Погода на {}: " + words(0, 40), "среду", "пятницу"),
        ("天气预报{}" + CHINESE, "星期一", "周二"),
        ("Thời tiết {} " + words(0, 40), "thứ hai", "thứ ba"),
        ("อากาศ{}" + THAI, "วันจันทร์", "วันศุกร์"),
        ("آب و هوای {} " + words(0, 40), "۲۱ خرداد", "۲۲ خرداد"),
        ("रिपोर्ट {} " + words(0, 40), "२१ जून", "२५ जून"),
        ("Level {} at " + words(0, 40), "1,998", "2,045"),
        ("Level {} at " + words(0, 40), "२१२", "१९८"),
        ("Wind of {} at " + words(0, 40), "480km", "510km"),
        ("회의 {} " + words(0, 40), "2024년", "2025년"),
        ("Room {} at " + words(0, 40), "0", "1"),
        ("第{}次会议" + CHINESE, "二十一", "二十二"),
    ],
)  # fmt: skip
def test_one_number_or_day_in_its_place_tells_issues_of_a_series_apart(
    template: str, first: str, second: str
) -> None:
    assert not same(template.format(first), template.format(second))
    assert same(template.format(first), template.format(first) + " x")


def test_a_copy_with_another_dateline_is_no_series() -> None:
    text = f"{words(0, 60)} on 12 March 2023 {words(60, 90)} 45 people {words(90, 120)}"
    assert same(text, f"HANOI, Friday 21 June 2024 (Wire) — {text}")


def test_a_copy_that_lacks_the_numbers_of_what_was_cut_is_no_series() -> None:
    parts = [f"{words(30 * n, 30 * n + 29)} {n + 7} in" for n in range(10)]
    assert same(" ".join(parts), " ".join(parts[:4]))


def test_a_table_of_a_thousand_numbers_is_compared_by_the_same_ones() -> None:
    table = " ".join(f"{word} {n}" for n, word in enumerate(WORDS[:400]))
    assert len(fingerprint(table).numbers) <= 48
    assert same(table, f"{table} and 5000 others")
    other = " ".join(f"{word} {n + 900}" for n, word in enumerate(WORDS[:400]))
    assert not same(table, other)


def test_lists_of_names_in_two_languages_are_no_duplicate() -> None:
    names, one, other = words(0, 60), words(100, 130), words(200, 230)
    a, b = fingerprint(f"{names} {one}"), fingerprint(f"{names} {other}")
    assert is_duplicate(a, b)
    assert not is_duplicate(a, b, one_language=False)
    assert is_duplicate(a, a, one_language=False)


def test_boilerplate_alone_makes_no_duplicate() -> None:
    legal, own, other = words(0, 80), words(100, 130), words(200, 230)
    common = frozenset(fingerprint(legal).hashes)
    a, b = f"{own} {legal}", f"{other} {legal}"
    assert same(a, b)
    assert not same(a, b, common)
    assert same(a, a.replace(WORDS[105], "other"), common)


def test_boilerplate_is_seen_in_a_coarser_sample_than_few_documents_have() -> None:
    legal, own, other = words(0, 80), words(100, 130), words(200, 230)
    common = frozenset(v for v in fingerprint(legal).hashes if v % 4 == 0)
    assert not same(f"{own} {legal}", f"{other} {legal}", common)


def test_a_report_that_everybody_prints_is_no_boilerplate() -> None:
    assert same(TEXT, TEXT, frozenset(fingerprint(TEXT).hashes))


def test_likeness_counts_what_two_samples_share() -> None:
    a, b = fingerprint(words(0, 42)), fingerprint(words(20, 62))
    found = likeness(a, b, 0)
    assert (found.shared, found.smaller, found.larger) == (20, 40, 40)
    assert (found.containment, found.jaccard) == (0.5, 20 / 60)


def test_very_short_texts_are_never_duplicates() -> None:
    assert not same("Mayors meet in Kazan", "Mayors meet in Kazan")
    assert not same("", "")


def test_words_keep_their_marks_and_unspaced_scripts_count_by_the_character() -> None:
    assert tokens("हुआ कि") == ["हुआ", "कि"]
    assert tokens("দিল্লিতে বৈঠক") == ["দিল্লিতে", "বৈঠক"]
    assert tokens("喀山G20峰会") == ["喀", "山", "g20", "峰", "会"]
    assert tokens("ที่กรุง") == ["ที่", "ก", "รุ", "ง"]
    assert tokens("Hội đồng, Café!") == ["hội", "đồng", "café"]
