"""Pages that lie about their charset, hold odd characters, or are made to hurt.

The texts are those of the golden pages in `extraction_cases/`.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import Extraction
from pipeline.errors import StageError
from pipeline.extraction import EXTRACTOR_VERSION, PageInput, extract_page
from pipeline.extraction.blocks import words
from pipeline.extraction.cleaning import storable
from pipeline.extraction.encoding import decode, is_binary
from pipeline.extraction.tree_text import normalise
from pipeline.stages.extract import Extractions, ExtractJob, ExtractStage
from pipeline.store.readings import Extracted
from pipeline.workers import Limits, Workers
from search_index.analysis import analyze
from tests.pipeline import tasks
from tests.pipeline.builders import NOW, SITE, add_source, make_page
from tests.pipeline.test_boilerplate import Stops
from tests.pipeline.test_extraction import CASES

# --- Charsets (C11) --------------------------------------------------------------

CHARSETS = {
    "page_ru_agency_short": ["cp1251", "koi8-r", "iso8859-5", "cp866"],
    "page_uk_live_blog": ["cp1251", "koi8-u"],
    "page_sr_press_release": ["cp1251"],
    "page_ar_agency": ["cp1256"],
    "page_he_news": ["cp1255"],
    "page_el_newspaper": ["cp1253", "iso8859-7"],
    "page_tr_newspaper": ["cp1254", "iso8859-9"],
    "page_vi_government_tables": ["cp1258"],
    "page_pl_portal": ["cp1250", "iso8859-2"],
    "page_de_regional": ["cp1252"],
    "page_fr_local_quote": ["cp1252"],
    "page_pt_brazil_list": ["cp1252"],
    "page_th_portal": ["cp874"],
    "page_zh_hans_agency": ["gb18030"],
    "page_zh_hant_taiwan": ["big5hkscs"],
    "page_ja_newspaper": ["cp932", "euc_jp", "iso2022_jp_2"],
    "page_ko_newspaper": ["cp949"],
}
LABELS = ["", "utf-8", "iso-8859-1", "windows-1251", "koi8-r", "gb2312", "shift_jis"]


@cache
def text_of(name: str) -> str:
    """The article that a golden page holds."""
    text: str = json.loads((CASES / name / "page.json").read_text())["text"]
    return text


def encoded(text: str, charset: str) -> bytes:
    """As an editor saves it; what the charset has not, as a reference."""
    if charset == "cp1258":
        text = "".join(map(tone_apart, text))
    return text.encode(charset, "xmlcharrefreplace")


def tone_apart(letter: str) -> str:
    """As windows-1258 spells Vietnamese: `ế` is `ê` and an acute accent."""
    marks = unicodedata.normalize("NFD", letter)
    tones = "".join(c for c in marks if c in "\u0300\u0301\u0303\u0309\u0323")
    rest = "".join(c for c in marks if c not in tones)
    return unicodedata.normalize("NFC", rest) + tones


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("name", "charset"), [(n, c) for n, charsets in CHARSETS.items() for c in charsets]
)
def test_a_page_whose_label_lies_is_read_exactly(name, charset, label) -> None:
    """C11: whatever the header and the page say; and the bytes stay as they came."""
    paragraphs = "".join(f"<p>{line}</p>" for line in text_of(name).split("\n"))
    meta = f'<meta charset="{label or "utf-8"}">'
    html = f"<html><head>{meta}<title>x</title></head><article>{paragraphs}</article>"
    body = encoded(html, charset)
    page = PageInput(
        body=body,
        url=f"{SITE}/a",
        fetched_at=NOW,
        content_type=f"text/html; charset={label}" if label else "text/html",
    )
    assert extract_page(page).text == text_of(name)
    assert page.body == body


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        ("Портовый совет проголосовал", "cp1251", "iso-8859-1"),
        ("Портовый совет проголосовал", "cp1251", "windows-1252"),
        ("Портовый совет проголосовал", "koi8-r", "windows-1251"),
        ("ПОРТОВЫЙ СОВЕТ ПРОГОЛОСОВАЛ", "koi8-r", "windows-1251"),
        ("Портовый совет проголосовал", "cp1251", "koi8-r"),
        ("港务委员会周四投票决定开放老灯塔", "gb18030", "utf-8"),
        ("港务委员会周四投票决定开放老灯塔", "gb18030", "iso-8859-1"),
        ("港湾委員会は木曜日に投票した", "cp932", "utf-8"),
        ("港湾委員会は木曜日に投票した", "euc_jp", "shift_jis"),
        ("صوّت مجلس الميناء يوم الخميس", "cp1256", "iso-8859-1"),
        ("Το συμβούλιο ψήφισε την Πέμπτη", "iso8859-7", "iso-8859-1"),
    ],
)
def test_a_line_under_a_wrong_label_is_read_exactly(text, charset, label) -> None:
    """C11: a decoding that is valid need not be the right one."""
    body = f"<p>{text}</p>".encode(charset)
    assert decode(body, f"text/html; charset={label}") == f"<p>{text}</p>"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("A café by the harbour, and nothing else", "cp1252"),
        ("“Quoted” – he said, for 5 €", "cp1252"),
        ("The mayor, Mr. Müller, of Łódź", "cp1250"),
    ],
)
def test_few_letters_beyond_ascii_are_as_the_label_says(text, charset) -> None:
    """C11"""
    label = charset.replace("cp", "windows-")
    assert decode(text.encode(charset), f"text/html; charset={label}") == text


def test_few_letters_without_a_label_are_western() -> None:
    """C11"""
    assert decode("A café – by the sea".encode("cp1252")) == "A café – by the sea"


@given(st.integers(0, 1_000), st.sampled_from(["cp1251", "koi8-r", "iso8859-5"]))
def test_any_part_of_a_russian_text_is_told_by_its_letters(start, charset) -> None:
    """C11"""
    text = text_of("page_ru_briefing")[start % 600 :][:90]
    body = text.encode(charset, "ignore")
    assert decode(body, "text/html; charset=iso-8859-1") == body.decode(charset)


@given(st.integers(0, 400), st.sampled_from([b"\xff", b"\xfe", b"\xc0", b"\xf8"]))
def test_one_broken_byte_in_utf_8_costs_no_other_letter(place, byte) -> None:
    """C11: the page does not become one of a legacy charset."""
    text = text_of("page_ru_briefing")[:400]
    body = text[:place].encode() + byte + text[place:].encode()
    found = decode(body, "text/html; charset=windows-1251")
    assert found == text[:place] + "\ufffd" + text[place:]


@given(st.integers(1, 400))
def test_utf_8_that_was_cut_is_utf_8(length: int) -> None:
    """C11"""
    text = "é" + text_of("page_zh_hans_agency")
    found = decode(text.encode()[: length + 2], "text/html; charset=gbk")
    assert text.startswith(found.rstrip("\ufffd"))


@pytest.mark.parametrize(
    "charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_wide_text_shows_by_its_zeros(charset) -> None:
    """C11: without a byte order mark."""
    text = f"<html><p>{text_of('page_ru_briefing')}</p></html>"
    body = text.encode(charset)
    assert decode(body, "text/html; charset=windows-1251") == text
    assert not is_binary(body)


def test_ascii_is_ascii_under_any_label() -> None:
    """C11: UTF-7 could spell a tag, UTF-16 would make Chinese of it."""
    for label in ("utf-7", "utf-16", "ebcdic-us", "hz-gb-2312", "idna", "rot13"):
        body = b"<p>1 +ADw-script+AD4- ~{VPND~}</p>"
        assert decode(body, f"text/html; charset={label}") == body.decode()


# --- Odd characters --------------------------------------------------------------

HARBOUR = "The harbour council voted on Thursday to keep the lighthouse open. "


def read(body: str) -> Extraction:
    return extract_page(PageInput(body=body.encode(), url=f"{SITE}/a", fetched_at=NOW))


def test_a_zero_byte_here_and_there_makes_no_page_binary() -> None:
    found = read(f"<title>T</title><p>{HARBOUR * 3}coun\x00cil</p>")
    assert found.rejected == ""
    assert found.text.endswith("council")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200fb\u2067c\u2069", "a\u200fb\u2067c\u2069"),
        ("ﬁnancial ﷲ Ｔｅｓｔ", "ﬁnancial ﷲ Ｔｅｓｔ"),
        ("light\u00adhouse", "lighthouse"),
        ("a\ufeffb", "ab"),
        ("one\u00a0two\u3000three", "one two three"),
        ("a\u0323\u0302", "ậ"),
        ("a\u0302\u0323", "ậ"),
        ("one\r\ntwo", "one\ntwo"),
        ("a\x00b\ud800c\x1b[31m", "abc[31m"),
    ],
)
def test_a_text_is_stored_as_it_came_in_one_composition(written, stored) -> None:
    """NFC and single blanks; without what only tells where a line may break."""
    assert normalise(written) == stored


def test_both_extractors_keep_what_is_not_seen_but_tells_how_to_show() -> None:
    text = (
        "او می\u200cگوید \u2068Kazan 2024\u2069 را دید. " + "شهر بندری آرام است. " * 9
    )
    assert "می\u200cگوید \u2068Kazan" in read(f"<h1>T</h1><article><p>{text}").text


@pytest.mark.parametrize(
    ("language", "written", "sought"),
    [
        ("en", "\ufb01nancial o\ufb03ce", "financial office"),
        ("en", "light\u00adhouse co\u2060uncil", "lighthouse council"),
        ("de", "Ｈａｆｅｎ Stra\u00adße", "Hafen Straße"),
        ("vi", "Ha\u0323\u0302u Lo\u0323\u0302c", "Hậu Lộc"),
        ("vi", "Hâ\u0323u Lô\u0323c", "Hậu Lộc"),
        (
            "ar",
            "\ufe8d\ufedf\ufee4\ufee8\ufe8e\ufead\ufe93 \u200fكِتـاب",
            "المنارة كتاب",
        ),
        ("fa", "می\u200cخواهم", "می‌خواهم"),
        ("hi", "हि\u200dन्दी", "हिन्दी"),
        ("he", "\ufb2aלום", "שׁלום"),
    ],
)
def test_a_query_finds_a_text_however_it_is_written(language, written, sought) -> None:
    """Ligatures, presentation forms, joiners, marks in another order, full width."""
    stored, asked = analyze(language, normalise(written)), analyze(language, sought)
    assert (stored.f1, stored.f2, stored.f3) == (asked.f1, asked.f2, asked.f3)


@given(st.text(max_size=60))
def test_what_is_stored_is_composed_and_storable(text: str) -> None:
    found = normalise(text)
    assert unicodedata.is_normalized("NFC", found)
    assert storable(found) == found


# --- Pages that are made to hurt (P5) --------------------------------------------

ARTICLE = "<title>T</title><article><h1>T</h1>" + "".join(
    f"<p>On day {n} {HARBOUR}It was vote number {n * 7} of the year, said the mayor."
    for n in range(8)
)
LINE = "".join(f"Sentence {n} of the council on its harbour. " for n in range(230_000))
HOSTILE: dict[str, tuple[Callable[[], str], int]] = {
    "one line of 10 MB": (lambda: f"<p>{LINE}", 1_000_000),
    "a word of 10 MB": (lambda: f"{ARTICLE}<p>{'x' * 10_000_001}", 100),
    "5,000 deep": (lambda: "<div>" * 5_000 + ARTICLE, 100),
    "200,000 deep": (lambda: "<b>" * 200_000 + ARTICLE, 100),
    "nested tables": (lambda: "<table><tr><td>" * 3_000 + ARTICLE, 100),
    "a million attributes": (
        lambda: f"<p {' '.join(f'a{n}=b' for n in range(1_000_000))}>{ARTICLE}",
        100,
    ),
    "300,000 links": (
        lambda: (
            "".join(f"<a href='/{n}'>Headline {n} of many</a> " for n in range(300_000))
            + ARTICLE
        ),
        0,
    ),
    "a table of 6.9 MB": (
        lambda: "<table>" + "<tr><td>Kazan<td>110 cities<td><a href=/>14</a>" * 140_000,
        0,
    ),
    "preformatted 50 MB": (lambda: f"{ARTICLE}<pre>{LINE * 5}</pre>", 100),
    "entities": (lambda: f"{ARTICLE}<p>{'&amp;&#8211;&nbsp;&lt;' * 300_000}", 100),
    "ampersands": (lambda: f"{ARTICLE}<p>{'&' * 3_000_000}", 100),
    "marks on a letter": (lambda: f"{ARTICLE}<p>a{'́̂̃' * 200_000}", 100),
    "huge JSON-LD": (
        lambda: (
            '<script type="application/ld+json">{"@type":"NewsArticle","articleBody":"'
            + LINE
            + '"}</script>'
            + ARTICLE
        ),
        100,
    ),
    "deep JSON-LD": (
        lambda: f'<script type="application/ld+json">{"[" * 400_000}</script>{ARTICLE}',
        100,
    ),
    "entity declarations": (
        lambda: "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>" + ARTICLE,
        100,
    ),
    "unclosed comments": (lambda: ARTICLE + "<!--" * 500_000, 100),
    "a flood of breaks": (lambda: ARTICLE + "<p>" + "\r\n" * 2_000_000, 100),
}
"""By name: how the page is made, and how many words are read of it at least."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers[PageInput, Extraction]]:
    """With the memory of every day, and the time of a machine that does much else."""
    limits = Limits(seconds=120)
    with Workers(tasks.extract, size=1, limits=limits) as workers:
        yield workers


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_itself_at_most(name, pool) -> None:
    """P5: a text, or a reason; and the next page is read."""
    make, least = HOSTILE[name]
    page = PageInput(body=make().encode(), url=f"{SITE}/a", fetched_at=NOW)
    good = PageInput(body=ARTICLE.encode(), url=f"{SITE}/b", fetched_at=NOW)
    hostile, fine = pool.run([page, good])
    if isinstance(hostile, Extraction):
        assert len(words(hostile.text)) >= least
        assert hostile.text or hostile.rejected
    else:
        assert least == 0
        assert hostile.reason in {"timeout", "out_of_memory", "crash"}
    assert fine.text == extract_page(good).text


@pytest.mark.parametrize(
    "name", ["one line of 10 MB", "5,000 deep", "200,000 deep", "a million attributes"]
)
def test_a_page_that_stops_the_extractors_is_read_by_its_lines(name, pool) -> None:
    """P5"""
    make, least = HOSTILE[name]
    page = PageInput(
        body=make().encode(), url=f"{SITE}/a", fetched_at=NOW, by_lines_alone=True
    )
    (found,) = pool.run([page])
    assert found.choice.extractor == "blocks"
    assert len(words(found.text)) >= least


@pytest.mark.parametrize(
    ("reason", "is_read"),
    [
        ("out_of_memory", True),
        ("XPathEvalError", True),
        ("worker_cannot_start", False),
    ],
)
def test_an_exception_of_an_extractor_loses_no_page(
    reason, is_read, database, tmp_path
) -> None:
    """P5: out of memory, lxml raises any of its own; no child at all is no reason."""

    class Raises(Stops):
        def run(self, jobs: list[ExtractJob]) -> list[Extractions | StageError]:
            found = super().run(jobs)
            return [
                StageError(reason=reason) if isinstance(one, StageError) else one
                for one in found
            ]

    with database.write() as connection:
        add_source(connection)
        page = make_page(connection, f"{SITE}/1")
        stage = ExtractStage(tmp_path, {}, Raises())
        (result,) = stage.run(stage.load(connection, [page.id])).values()
    if is_read:
        assert isinstance(result, Extracted)
        assert result.extraction.reader == f"{EXTRACTOR_VERSION} lines"
    else:
        assert result == StageError(reason=reason)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 2_000))
def test_any_bytes_inside_a_page_are_survived(noise: bytes, place: int) -> None:
    """P5"""
    body = ARTICLE.encode()
    page = PageInput(
        body=body[:place] + noise + body[place:], url=f"{SITE}/a", fetched_at=NOW
    )
    found = extract_page(page)
    assert found.text or found.rejected
    assert storable(found.text) == found.text
