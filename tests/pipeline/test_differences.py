"""What changed from one text to another, and what is no change at all."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.differences import (
    MAX_CHANGES,
    MAX_WORDS_OF,
    changes_between,
    pieces,
    says_the_same,
    word_changes,
)
from tests.pipeline.builders import OTHER_TEXT, TEXT, WORDS

LETTERS = "ab 你好م\u0301é.\n"


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """What gave way to what."""
    return [
        (before[b0:b1], after[a0:a1])
        for b0, b1, a0, a1 in changes_between(before, after)
    ]


def visible(text: str) -> str:
    return "".join(text.split())


texts = st.text(LETTERS, max_size=80)


@given(texts, texts)
def test_both_texts_can_be_read_from_the_changes(before: str, after: str) -> None:
    changes = changes_between(before, after)
    found = list(pieces(before, after, changes))
    kept = "".join(words for kind, words in found if kind != "gone")
    gone = "".join(words for kind, words in found if kind != "new")
    assert kept == after
    assert visible(gone) == visible(before)


@given(texts, texts)
def test_changes_stand_in_order_and_do_not_touch(before: str, after: str) -> None:
    done = (-1, -1)
    for b0, b1, a0, a1 in changes_between(before, after):
        assert done[0] <= b0 <= b1 <= len(before)
        assert done[1] <= a0 <= a1 <= len(after)
        assert (b0, a0) != done
        assert (b1 - b0, a1 - a0) != (0, 0)
        done = (b1, a1)


@given(texts)
def test_a_text_differs_in_nothing_from_itself(text: str) -> None:
    assert changes_between(text, text) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("They signed 14 agreements.", "They signed 17 agreements.", [("14", "17")]),
        ("one two three", "one three", [("two", "")]),
        ("one three", "one two three", [("", "two")]),
        ("Café", "Cafés", [("Café", "Cafés")]),
        ("cafe", "café", [("cafe", "café")]),
        ("وقعوا 14 اتفاقية", "وقعوا 17 اتفاقية", [("14", "17")]),
        ("قال الرئيس أمس", "قال الوزير أمس", [("الرئيس", "الوزير")]),
        ("السلامُ عليكم", "السلامَ عليكم", [("السلامُ", "السلامَ")]),
        ("签署了十四项协议。", "签署了十七项协议。", [("四", "七")]),
        ("市长们会见了记者", "市长们会见了外国记者", [("", "外国")]),
        ("ลงนาม 14 ฉบับ", "ลงนาม 17 ฉบับ", [("14", "17")]),
        ("ที่กรุงเทพ", "ที่กรุ่งเทพ", [("รุ", "รุ่")]),
        ("मुख्यमंत्री ने कहा", "प्रधानमंत्री ने कहा", [("मुख्यमंत्री", "प्रधानमंत्री")]),
        ("a  b\nc", "a b c", []),
        ("a, b", "a; b", [(",", ";")]),
        ("", "new", [("", "new")]),
        ("old", "", [("old", "")]),
    ],
)
def test_words_are_whole_in_any_script(before, after, expected) -> None:
    assert changed(before, after) == expected


def test_a_moved_paragraph_is_seen_as_gone_and_new() -> None:
    before = "First line here.\nSecond line here.\nThird line here."
    after = "Second line here.\nThird line here.\nFirst line here."
    assert changed(before, after) == [
        ("First line here.", ""),
        ("", "First line here."),
    ]


def test_a_word_in_a_paragraph_is_found_where_others_were_added() -> None:
    before = f"{TEXT}\nThe end."
    after = f"A new line.\n{TEXT.replace('fourteen', 'seventeen')}\nThe end."
    assert changed(before, after) == [("", "A new line."), ("fourteen", "seventeen")]


def test_hardly_anything_between_two_changes_makes_them_one() -> None:
    assert changed("one, two stay", "three, four stay") == [("one, two", "three, four")]


def test_two_wholly_different_texts_are_one_change() -> None:
    assert changed(TEXT, OTHER_TEXT.upper())[0][0].startswith("Mayors")
    assert len(changes_between("x" * 50_000, "y" * 60_000)) == 1


def test_a_line_of_ten_megabytes_is_compared_by_its_ends() -> None:
    """Word by word where little changed, as a whole where all did."""
    line = "word " * 2_000_000
    middle = len(line) // 2
    after = f"{line[:middle]}other {line[middle:]}"
    assert changed(line, after) == [("", "other")]
    (change,) = changes_between(line, line.replace("word", "term"))
    assert change == (0, len(line) - 1, 0, len(line) - 1)


def test_beyond_the_bound_a_passage_counts_as_replaced_and_lines_still_count() -> None:
    long = " ".join(WORDS) * (MAX_WORDS_OF // 5_000)
    before = f"first\n{long}\nbetween\nlast one"
    after = f"first\n{long.swapcase()}\nbetween\nlast two"
    assert [(len(a), len(b)) for a, b in changed(before, after)] == [
        (len(long), len(long)),
        (3, 3),
    ]


@pytest.mark.parametrize("space", [" ", ""])
def test_long_texts_that_use_the_same_words_again_are_compared_word_by_word(
    space,
) -> None:
    chance = random.Random(3)
    words = WORDS[:60] if space else list("的一是不了人我在有他这为之大来以个中上们")
    before = chance.choices(words, k=6_000)
    after = list(before)
    for place in range(50, 6_000, 100):
        after[place] = "other" if space else "新"
    found = changed(space.join(before), space.join(after))
    assert len(found) == 60
    assert all(len(old) <= 12 for old, _ in found)


def test_a_text_of_too_many_changes_is_another_text() -> None:
    before = "\n".join(f"keep{n} this\nold{n}" for n in range(MAX_CHANGES + 1))
    after = before.replace("old", "new")
    assert len(changes_between(before, after)) == 1
    few = "\n".join(f"keep{n} this\nold{n}" for n in range(MAX_CHANGES))
    assert len(changes_between(few, few.replace("old", "new"))) == MAX_CHANGES


def test_the_words_are_given_in_the_order_of_reading() -> None:
    assert list(word_changes("two cities met", "three cities met")) == [
        ("gone", "two"),
        ("new", "three"),
        ("same", " cities met"),
    ]


# --- What is no revision -------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one two\nthree", "one  two three\n"),
        ("so\u00adft \u200bzero", "soft zero"),
        ("\u202bنص\u202c", "نص"),
        ("می\u200cخواهم", "میخواهم"),
        ("“So” – he said…", '"So" - he said...'),
        ("it’s", "it's"),
        ("Cafe\u0301", "Café"),
        ("Text.\n21.06.2024 10:30", "Text.\n21.06.2024 11:45"),
        ("Updated: 10:30\nText.", "Updated: 11:02\nText."),
        ("Text.\n1,234 views", "Text.\n5,678 views"),
        ("Text.\nUpdated 5 minutes ago", "Text.\nUpdated 2 hours ago"),
        ("Текст.\nОбновлено 21 июня 2024", "Текст.\nОбновлено 22 июня 2024"),
        ("Текст.\n1 234 просмотра", "Текст.\n1 235 просмотров"),
        ("Bài.\nCập nhật lúc 10:30", "Bài.\nCập nhật lúc 11:30"),
        ("نص.\nآخر تحديث: ١٠:٣٠", "نص.\nآخر تحديث: ١١:٣٠"),
        ("正文。\n阅读 1234", "正文。\n阅读 5678"),
        ("正文。\n2024年6月21日 10:30", "正文。\n2024年6月21日 11:30"),
        ("ข่าว\nอัปเดต 10:30 น.", "ข่าว\nอัปเดต 11:30 น."),
        ("Text.\nFriday, June 21, 2024 at 10:30 AM", "Text."),
    ],
)
def test_what_a_site_changes_by_itself_is_no_revision(before, after) -> None:
    assert says_the_same(("T", before), ("T", after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("They signed 14 agreements.", "They signed 17 agreements."),
        ("the president", "the President"),
        ("Yes, we do.", "Yes we do."),
        ("ещё", "еще"),
        ("كتابُ", "كتابَ"),
        ("one\ntwo", "two\none"),
        ("Figures\n12.5\n14", "Figures\n12.5\n15"),
        ("Killed\n12", "Killed\n15"),
        ("12 killed", "15 killed"),
        ("The talks begin at 10:30 on Friday.", "The talks begin at 11:30 on Friday."),
        ("会议10时30分开始", "会议11时30分开始"),
        ("ผู้เสียชีวิต 12 คน", "ผู้เสียชีวิต 15 คน"),
        ("Text.", "Text.\nCorrection: it was Friday."),
    ],
)
def test_whatever_a_reader_would_see_is_a_revision(before, after) -> None:
    """C14"""
    assert not says_the_same(("T", before), ("T", after))
    assert not says_the_same((before, "T"), (after, "T"))


def test_a_headline_that_is_a_time_counts() -> None:
    assert not says_the_same(("Updated 10:30", ""), ("Updated 11:30", ""))
    assert says_the_same(("“A”", ""), ('"A" ', ""))
