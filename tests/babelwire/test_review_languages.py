"""A rendered review speaks its reader's language; what proves it does not change."""

import json
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from docx.oxml.ns import qn

from babelwire.reviews.contract import ShownReview
from babelwire.reviews.html import render_html
from babelwire.reviews.mail import (
    RIGHT_TO_LEFT_MARK,
    SIGNATURE,
    mail_bytes,
    render_text,
)
from babelwire.reviews.manifest import content_checksum, make_manifest, read_manifest
from babelwire.reviews.sending import export, send
from babelwire.reviews.verifying import differences
from babelwire.wording import LANGUAGES, Wording
from pipeline.reviews import AlsoIn
from pipeline.store import Database, reviews
from tests.babelwire.conftest import copied
from tests.babelwire.test_reviews import (
    DAY,
    HEALTH,
    VIEW,
    Newsroom,
    all_text,
    docx_of,
    html_of,
    one,
    run,
)
from tests.conftest import Clock

OTHERS = sorted(set(LANGUAGES) - {"en"})


def spoken(language: str, **fields: Any) -> ShownReview:
    item = {"also_in": (AlsoIn(publisher="The Bell", owner=""),), "passage": (2,)}
    return one(replace(VIEW, language=language), item=item, **fields)


@pytest.fixture
def room(database: Database, clock: Clock, tmp_path: Path) -> Newsroom:
    return Newsroom(database, clock, tmp_path / "out")


@pytest.mark.parametrize("language", OTHERS)
def test_every_file_speaks_the_readers_language(language: str) -> None:
    w = Wording(language, VIEW.timezone)
    for name, text in all_text(spoken(language)).items():
        for wanted in (
            *("machine translation", "Also in:", "Nothing significant."),
            "This source lets only its headline be passed on.",
        ):
            is_shown = "headline" not in wanted
            assert (w.text(wanted) in text) == is_shown, (name, wanted)
        for wanted in (
            *(w.weekday(DAY), w.country_name("VN"), w.language_name("vi")),
            *("HEADLINE", "Tiêu đề", "The Bell", "UTC+03:00"),
        ):
            assert wanted in text, (name, wanted)
        for english in ("Friday", "machine translation", "Also in", "Vietnamese"):
            assert english not in text, (name, english)


def test_the_day_is_written_as_the_language_writes_it() -> None:
    days = [Wording(language, "UTC").weekday(DAY) for language in LANGUAGES]
    assert [" ".join(day.split()) for day in days] == [
        "Friday, 21 June 2024",
        "Thứ Sáu, 21 tháng 6, 2024",
        "пятница, 21 июня 2024 г.",
        "الجمعة، 21 يونيو 2024",
    ]


def test_what_is_missing_is_said_in_the_readers_language() -> None:
    w = Wording("ru", "UTC")
    view = replace(VIEW, language="ru", may_show=lambda item: "headline")
    for name, text in all_text(one(view, title="", headline=None)).items():
        assert w.text("(no headline)") in text, name
        assert w.text("This source lets only its headline be passed on.") in text, name
    for name, text in all_text(spoken("ru", published_at=None)).items():
        assert "без даты, впервые замечено" in text, name


# --- From right to left ----------------------------------------------------------


def test_a_page_in_arabic_runs_from_right_to_left() -> None:
    page = html_of(spoken("ar"))
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    (original,) = page.find_class("original")
    assert (original.get("lang"), original.get("dir")) == ("vi", "auto")
    (heading,) = page.xpath("//h3")
    assert heading.get("dir") == "ltr"  # the headline's, whatever its label
    css = page.find(".//style").text
    for physical in ("-left", "-right", "left:", "right:"):
        assert physical not in css
    english = html_of(spoken("en"))
    assert (english.get("lang"), english.get("dir")) == ("en", "ltr")


def test_words_in_arabic_run_from_right_to_left_in_word() -> None:
    document = docx_of(spoken("ar"))
    w = Wording("ar", VIEW.timezone)
    (day,) = [p for p in document.paragraphs if p.text == w.weekday(DAY)]
    (run_of_day,) = day.runs
    assert day._p.pPr.find(qn("w:bidi")) is not None
    assert run_of_day.font.rtl
    assert run_of_day._r.rPr.find(qn("w:lang")).get(qn("w:bidi")) == "ar"
    (about,) = [p for p in document.paragraphs if p.text.startswith("The Lantern")]
    assert about._p.pPr.find(qn("w:bidi")) is not None
    directions = {run.text.strip(): bool(run.font.rtl) for run in about.runs}
    assert directions["The Lantern"] is directions["UTC+03:00"] is False
    assert sum(directions.values()) == 2
    (heading,) = [p for p in document.paragraphs if p.text.startswith("HEADLINE")]
    assert heading._p.pPr.find(qn("w:bidi")) is None
    assert document.core_properties.language == "ar"


@pytest.mark.parametrize(("language", "expected"), [("ar", 1), ("ru", 0)])
def test_a_section_of_word_runs_as_the_language_does(
    language: str, expected: int
) -> None:
    """ECMA-376, 17.6.17: its elements have an order, too."""
    document = docx_of(spoken(language))
    names = [child.tag.split("}")[1] for child in document.sections[0]._sectPr]
    assert names.count("bidi") == expected
    known = [n for n in names if n in {"pgSz", "pgMar", "cols", "bidi", "docGrid"}]
    assert known == [
        n for n in ("pgSz", "pgMar", "cols", "bidi", "docGrid") if n in names
    ]
    header = document.sections[0].header.paragraphs[0]._p
    assert len(header.findall(f"{qn('w:pPr')}/{qn('w:bidi')}")) == expected


def test_a_mail_in_arabic_runs_from_right_to_left_line_by_line() -> None:
    review = spoken("ar")
    lines = render_text(review).splitlines()
    for line in lines:
        assert not line or line == SIGNATURE or line.startswith(RIGHT_TO_LEFT_MARK)
    assert SIGNATURE in lines
    assert any("\u2068HEADLINE\u2069" in line for line in lines)
    assert RIGHT_TO_LEFT_MARK not in render_text(spoken("ru"))
    message = message_from_bytes(mail_bytes(review), policy=default)
    text, page = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == render_text(review)
    assert page.get_content().replace("\r\n", "\n") == render_html(review)


# --- Sent and proven -------------------------------------------------------------


def test_a_manifest_differs_in_the_language_alone() -> None:
    english, *others = [
        json.loads(make_manifest(spoken(language), HEALTH, {}))
        for language in LANGUAGES
    ]
    for language, manifest in zip(list(LANGUAGES)[1:], others, strict=True):
        assert manifest["review"].pop("language") == language
        assert manifest.pop("checksum") != english["checksum"]
    del english["checksum"], english["review"]["language"]
    assert [english] * len(others) == others
    item = english["sections"][0]["items"][0]
    assert (item["country"], item["published"]) == (
        "Vietnam",
        "21 Jun 2024 13:30 UTC+03:00",
    )
    assert english["sections"][1]["intro"] == "Nothing significant."


@pytest.mark.parametrize("language", OTHERS)
def test_a_sent_review_keeps_the_language_it_was_sent_in(
    room: Newsroom, language: str
) -> None:
    room.do(reviews.approve)
    view = replace(VIEW, language=language)
    send(room.database, room.change(), view, HEALTH, room.folder)
    assert room.manifest()["review"]["language"] == language
    page = (room.folder / "review.html").read_bytes()
    assert f'lang="{language}"'.encode() in page
    assert export(room.database, room.id, "html", VIEW, HEALTH) == page
    assert room.differences() == []


def test_a_manifest_from_before_there_were_languages_is_equal(room: Newsroom) -> None:
    data = export(room.database, room.id, "manifest", VIEW, HEALTH)
    old = json.loads(data)
    del old["review"]["language"]
    old["checksum"] = content_checksum(old)
    read = read_manifest(json.dumps(old).encode(), "m.json")
    assert read.manifest.review.language == "en"
    assert differences(read, room.database) == []


@pytest.mark.slow
def test_a_review_is_exported_in_a_language(demo: Any, tmp_path: Path) -> None:
    world = copied(demo.workspace, tmp_path / "world")
    assert run(world, "review", "new", "Обзор").status == 0
    assert run(world, "review", "section", 1, "Города").status == 0
    out = tmp_path / "review.html"
    options = ["--format", "html", "-o", out, "--language"]
    assert run(world, "review", "export", 1, *options, "ru").status == 0
    page = out.read_text("utf-8")
    assert Wording("ru", "UTC").text("Nothing significant.") in page
    assert run(world, "review", "export", 1, *options, "de").status == 2
    assert run(world, "review", "approve", 1).status == 0
    sent = tmp_path / "sent"
    assert run(world, "review", "send", 1, "-o", sent, "--language", "ar").status == 0
    assert 'dir="rtl"' in (sent / "review.html").read_text("utf-8")
    assert run(world, "verify", sent / "manifest.json").status == 0
