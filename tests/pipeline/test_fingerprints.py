"""Fingerprints find edited and cut copies, and tell bulletins apart."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fingerprints import (
    KEEP_ALL_BELOW,
    containment,
    fingerprint,
    is_duplicate,
    tokens,
)
from tests.pipeline.builders import WORDS

TEXT = " ".join(WORDS[:400])
OTHER = " ".join(WORDS[800:1200])
BULLETIN = (
    "Water level of the river at the town gauge on day {0}: {1} centimetres, {2} more "
    "than on the day before. The flow is {3} cubic metres a second. The station "
    "expects {4} centimetres for tomorrow and asks boats to keep their distance. "
    "Data are checked every {5} minutes and published without warranty by the office."
)


def same(a: str, b: str, common: frozenset[int] = frozenset()) -> bool:
    return is_duplicate(fingerprint(a), fingerprint(b), common)


@given(st.text(max_size=500))
def test_fingerprints_are_sorted_and_the_same_every_time(text: str) -> None:
    found = fingerprint(text)
    assert found == fingerprint(text)
    assert list(found.hashes) == sorted(set(found.hashes))
    assert list(found.numbers) == sorted(set(found.numbers))
    assert all(-(1 << 63) <= value < 1 << 63 for value in found.hashes)


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
    assert fingerprint(TEXT).hashes == fingerprint(TEXT.upper()).hashes
    changed = TEXT.replace(" ", ",\n  ")
    assert fingerprint(TEXT).hashes == fingerprint(changed).hashes


def test_one_word_in_ten_changed_is_still_a_duplicate() -> None:
    edited = [
        f"other{n}" if n % 10 == 0 else word for n, word in enumerate(WORDS[:400])
    ]
    assert same(TEXT, " ".join(edited))


def test_a_text_cut_by_two_fifths_is_still_a_duplicate() -> None:
    assert same(TEXT, " ".join(WORDS[:240]))
    assert same(TEXT, " ".join(WORDS[160:400]))


def test_a_cut_text_that_is_kept_whole_meets_one_that_is_sampled() -> None:
    short = " ".join(WORDS[:120])
    assert len(fingerprint(short).hashes) < KEEP_ALL_BELOW
    assert same(short, " ".join(WORDS[:300]))


def test_a_quotation_in_another_text_is_no_duplicate() -> None:
    assert not same(TEXT, f"{OTHER} {' '.join(WORDS[:40])}")


def test_bulletins_with_other_numbers_are_a_series() -> None:
    first = BULLETIN.format(1, 212, 4, 1730, 215, 15)
    second = BULLETIN.format(2, 198, 14, 1610, 190, 15)
    assert not same(first, second)
    assert same(first, first + " Corrected.")


def test_boilerplate_alone_makes_no_duplicate() -> None:
    common = frozenset(fingerprint(TEXT).hashes)
    assert not same(TEXT, TEXT, common)


def test_very_short_texts_are_never_duplicates() -> None:
    assert not same("Mayors meet in Kazan", "Mayors meet in Kazan")
    assert not same("", "")


def test_words_keep_their_marks_and_unspaced_scripts_count_by_the_character() -> None:
    assert tokens("फ़ैसला हुआ") == ["फ़ैसला", "हुआ"]
    assert tokens("দিল্লিতে বৈঠক") == ["দিল্লিতে", "বৈঠক"]
    assert tokens("喀山G20峰会") == ["喀", "山", "g20", "峰", "会"]
    assert tokens("ที่กรุง") == ["ที่", "ก", "รุ", "ง"]
    assert tokens("Hội đồng, Café!") == ["hội", "đồng", "café"]


def test_numbers_of_all_scripts_are_the_same_numbers() -> None:
    assert fingerprint("٢١٢ و ۱۹۹۸").numbers == ("1998", "212")
    assert fingerprint("212 and 1,998.5").numbers == ("1,998.5", "212")
