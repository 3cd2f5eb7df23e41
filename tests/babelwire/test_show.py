"""`show`: what a revision changed, and where the id of a merged document leads."""

from datetime import timedelta
from pathlib import Path

import pytest

from babelwire.pages import CONTEXT, MAX_TAGS, changed_lines, is_right_to_left
from babelwire.reading import load_shown, shown_json
from babelwire.workspace import find_workspace
from pipeline.documents import TextChoice
from pipeline.store import Database
from pipeline.store.documents import find_document
from pipeline.store.merges import merge
from tests.babelwire.conftest import babelwire
from tests.pipeline.builders import (
    NOW,
    SITE,
    TEXT,
    add_document,
    add_source,
    make_page,
    record_page,
)

EDITS = {
    "en": ("They signed 14 agreements.", "They signed 17 agreements."),
    "ar": ("وقعوا 14 اتفاقية يوم الجمعة.", "وقعوا 17 اتفاقية يوم الجمعة."),
    "zh": ("签署了十四项协议。", "签署了十七项协议。"),
}
MARKED = {
    "en": "They signed [-14-]{+17+} agreements.",
    "ar": "\u2067\u2068وقعوا\u2069 [-14-]{+17+} \u2068اتفاقية يوم الجمعة.\u2069\u2069",
    "zh": "签署了十[-四-]{+七+}项协议。",
}


@pytest.fixture
def store(workspace: Path):
    database = find_workspace(workspace).open()
    with database.write() as connection:
        add_source(connection)
    yield database
    database.close()


def edited(database: Database, before: str, after: str) -> str:
    with database.write() as connection:
        document, _ = add_document(connection, text=before)
        page = make_page(connection, at=NOW + timedelta(hours=1))
        record_page(connection, page, after)
    return document


@pytest.mark.parametrize("language", EDITS)
def test_what_changed_can_be_read_without_colour(store, workspace, language) -> None:
    """Words that run from right to left are isolated, and their line with them."""
    document = edited(store, *EDITS[language])
    ran = babelwire("show", "--diff", document, workspace=workspace)
    assert ran.status == 0
    assert ran.out.splitlines() == [f"{document}@1 → @2", "", MARKED[language]]


def test_only_lines_that_changed_are_shown(store) -> None:
    document = edited(store, f"{TEXT}\nOne two.", f"New.\n{TEXT}\nOne three.")
    lines = changed_lines(load_shown(store, document))
    assert lines == [
        [("new", "New.")],
        [("same", "One "), ("gone", "two"), ("new", "three"), ("same", ".")],
    ]


def test_of_a_line_of_megabytes_the_neighbourhood_of_a_change_is_shown(store) -> None:
    half = "word " * 100_000
    document = edited(store, f"{half}one {half}", f"{half}two {half}")
    (line,) = changed_lines(load_shown(store, document))
    assert [kind for kind, _ in line] == ["same", "gone", "new", "same"]
    assert all(len(words) < 2 * CONTEXT + 10 for _, words in line)


@pytest.mark.parametrize("language", EDITS)
def test_json_tells_offsets_and_words_of_each_change(store, language) -> None:
    before, after = EDITS[language]
    document = edited(store, before, after)
    (change,) = shown_json(load_shown(store, document), "en")["changes"]
    (b0, b1), (a0, a1) = change["before"], change["after"]
    assert change["field"] == "text"
    assert (before[b0:b1], after[a0:a1]) == (change["removed"], change["added"])
    assert before[:b0] + change["added"] + before[b1:] == after


def test_a_first_revision_has_nothing_to_be_compared_with(store, workspace) -> None:
    document = edited(store, *EDITS["en"])
    first = load_shown(store, f"{document}@1")
    assert shown_json(first, "en")["changes"] is None
    assert changed_lines(first) == []
    ran = babelwire("show", "--diff", f"{document}@1", workspace=workspace)
    assert (ran.status, ran.out) == (0, "")


def test_the_direction_of_a_line_is_its_first_letters() -> None:
    assert is_right_to_left("«14 وقعوا» they")
    assert not is_right_to_left("they وقعوا")
    assert not is_right_to_left("14 · 17")


def test_what_is_left_out_of_a_text_is_shown_with_the_reason(store, workspace) -> None:
    removed = [("boilerplate", "All rights reserved"), ("share", "Follow us")]
    removed += [("boilerplate", f"Line {n}") for n in range(3)]
    choice = TextChoice(extractor="blocks", removed=tuple(removed), stopped="timeout")
    with store.write() as connection:
        document, _ = add_document(connection, choice=choice)
    shown = babelwire("show", document, workspace=workspace).out
    assert "text: its lines alone" in shown
    assert "for it took the extractors too long" in shown
    assert (
        "left out, 4 lines (on many pages of the source): "
        "“All rights reserved”; “Line 0”; “Line 1” …" in shown
    )
    assert "left out, 1 line (a button, or an invitation to follow): “Follow" in shown


def test_what_the_site_says_of_an_article_is_shown(store, workspace) -> None:
    """P7: also what is odd about its dates."""
    with store.write() as connection:
        document, _ = add_document(
            connection,
            section="World",
            tags=tuple(f"tag{n}" for n in range(MAX_TAGS + 2)),
            modified_at=NOW,
            modified_precision="minute",
            date_flags=("future",),
        )
    ran = babelwire("show", document, "--timezone", "UTC", workspace=workspace)
    assert "section: World" in ran.out
    assert "tag7, …" in ran.out
    assert "changed by its publisher: 21 Jun 2024 10:30" in ran.out
    assert "publication time in the future" in ran.out


def test_the_id_of_a_merged_document_leads_to_the_one_that_goes_on(
    store, workspace
) -> None:
    """C13: what was cited by id and revision keeps its words."""
    later = NOW + timedelta(hours=2)
    with store.write() as connection:
        page = make_page(connection, f"{SITE}/b", at=later)
        record_page(connection, page, TEXT + " Its words.")
        younger = find_document(connection, f"{SITE}/b")
        left, _ = add_document(connection, f"{SITE}/a")
        assert younger is not None
        merge(connection, [left, younger], address=f"{SITE}/b", now=later)
    assert load_shown(store, younger).document.id == left
    left_json = babelwire("show", left, "--json", workspace=workspace).json
    assert left_json["merged"] == [f"{younger}@1"]
    shown = babelwire("show", left, workspace=workspace)
    assert f"found to be this document: {younger}@1" in shown.out
    cited = load_shown(store, f"{younger}@1")
    assert (cited.document.id, cited.document.merged_into) == (younger, left)
    assert cited.document.text.endswith("Its words.")
    shown = babelwire("show", f"{younger}@1", workspace=workspace)
    assert f"It goes on in an older document: {left}" in shown.out
    assert babelwire("show", younger, "--json", workspace=workspace).json["id"] == left
