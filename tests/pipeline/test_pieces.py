"""Cutting a segment into what an engine takes, and joining it again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.translation.pieces import clean, cut, join, links_in, split

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cn", "Co"])
    | st.sampled_from("🎉👋🏽🇻🇳,;:.。، \n\t漢字 #@"),
    max_size=300,
)

TOKENS = st.sampled_from(
    [
        *("https://a.example/x?b=1&c=2", "www.b.example/đường", "p@c.example"),
        *("#Kazan2024", "#Форум", "@desk", "🎉🎉", "👋🏽", "🇻🇳", "👨‍👩‍👧", "1️⃣", "❤️"),
        *("x" * 300, "ạ" * 120, "漢字" * 30, "ไทย" * 20, "\u200b", "\x00", "\u202e"),
        *("xin chào", "Привет,", "«Дом»", "12,5 %", "а;", "“", "،", "مرحبا", "1", "#"),
    ]
)
MIXED = st.lists(
    st.tuples(TOKENS, st.sampled_from(["", " ", "  ", "\n"])), max_size=14
).map(lambda parts: "".join(token + gap for token, gap in parts))
"""What news have in them; plain random text hardly ever makes a link."""


def short(text: str) -> bool:
    return len(text) <= 20


def through(text: str, target: str = "en", *, carry_links: bool = False) -> str:
    """Through an engine that changes nothing."""
    pieces = cut(text, short, carry_links=carry_links)
    return join(pieces, [p.text for p in pieces if not p.carried], target)


def letters(text: str) -> list[str]:
    return [c for c in clean(text) if unicodedata.category(c)[0] in "LN"]


@given(TEXT | MIXED, st.booleans(), st.sampled_from(["en", "ar", "zh", "th"]))
def test_no_letter_and_no_digit_is_lost_or_moved(
    text: str, carry: bool, target: str
) -> None:
    assert letters(through(text, target, carry_links=carry)) == letters(text)


@given(TEXT | MIXED, st.booleans())
def test_every_piece_fits_or_is_carried(text: str, carry: bool) -> None:
    for piece in cut(text, short, carry_links=carry):
        assert piece.text
        assert piece.text == piece.text.strip()
        assert piece.carried or short(piece.text)


@given(TEXT | MIXED)
def test_links_survive_whole_when_they_are_carried(text: str) -> None:
    for link in links_in(clean(text)):
        assert link in through(text, carry_links=True)


@given(st.text(max_size=200))
def test_what_is_cut_holds_no_controls(text: str) -> None:
    for piece in cut(text, short):
        assert not any(
            unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n\r"
            for c in piece.text
        )


def test_long_segments_are_split_at_clause_marks_first() -> None:
    text = "Một hai ba, bốn năm; sáu bảy tám, chín"
    assert split(text, lambda part: len(part) <= 20) == [
        "Một hai ba, bốn năm;",
        "sáu bảy tám, chín",
    ]
    assert split("один два три четыре", lambda p: len(p) <= 10) == [
        "один два",
        "три четыре",
    ]
    assert "".join(split("漢" * 50, short)) == "漢" * 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xin chào 🎉🎉 Kazan", ["🎉🎉"]),
        ("👋🏽", ["👋🏽"]),
        ("x" * 300 + " và hơn", ["x" * 300]),
        ("12,5 %", ["12,5 %"]),
        ("© 2024 Kazan ™", []),
        ("漢" * 300, []),
    ],
)
def test_what_no_engine_takes_goes_around_it(text, expected) -> None:
    pieces = cut(text, lambda part: len(part) <= 400)
    assert [p.text for p in pieces if p.carried] == expected


def test_joints_have_blanks_where_the_target_writes_them() -> None:
    pieces = cut("漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", short)
    outputs = [f"word{n}." for n, _ in enumerate(pieces)]
    assert join(pieces, outputs, "en") == "word0 word1."
    assert join(pieces, ["甲。", "乙。"], "zh-Hans") == "甲乙。"
    pieces = cut("А https://a.example/x, б", short, carry_links=True)
    assert join(pieces, ["A", ", b"], "en") == "A https://a.example/x, b"


def test_links_are_addresses_mail_hashtags_and_mentions() -> None:
    text = "Xem https://a.example/x?b=1, www.b.example; #Kazan2024 @desk p@c.example."
    assert links_in(text) == [
        "https://a.example/x?b=1",
        "www.b.example",
        "#Kazan2024",
        "@desk",
        "p@c.example",
    ]
    assert links_in("C# and 5 @ 3, R&B") == []


@given(MIXED)
def test_an_engine_that_loses_every_link_cannot_lose_what_is_carried(text: str) -> None:
    pieces = cut(text, short, carry_links=True)
    around = join(pieces, ["…" for piece in pieces if not piece.carried], "en")
    for link in links_in(clean(text)):
        assert link in around


@pytest.mark.parametrize(
    ("text", "target", "outputs", "expected"),
    [
        ("Xin chào 🎉 bạn", "en", ["Hello", "friend"], "Hello 🎉 friend"),
        ("你好🎉朋友", "en", ["Hello", "friend"], "Hello🎉friend"),
        ("你好 #喀山 朋友", "en", ["Hello", "friend"], "Hello #喀山 friend"),
        ("Привет 🎉, друг", "zh", ["你好", "，朋友"], "你好 🎉，朋友"),
        ("مرحبا @desk يا", "en", ["Hello", "you"], "Hello @desk you"),
    ],
)
def test_what_is_carried_stands_as_it_stood(text, target, outputs, expected) -> None:
    pieces = cut(text, short, carry_links=True)
    assert join(pieces, outputs, target) == expected


def test_a_full_stop_that_a_split_clause_got_is_taken_out_but_not_its_own() -> None:
    pieces = cut("Một hai ba, bốn năm; sáu bảy tám, chín.", short)
    assert join(pieces, ["One;.", "two."], "en") == "One; two."
    pieces = cut("Да! Нет? Может быть. Хорошо.", short)
    assert join(pieces, ["Yes! No?", "Perhaps. Good."], "en").endswith("Good.")
