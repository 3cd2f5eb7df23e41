"""What a revision changed is stored, and stays true when a text is read again."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from pipeline.differences import Changes, compared
from pipeline.documents import Page, Revision
from pipeline.store import Database
from pipeline.store.documents import load_revisions
from pipeline.store.tables import revisions
from pipeline.urls import document_id
from tests.pipeline.builders import (
    NOW,
    SITE,
    TEXT,
    add_source,
    make_extraction,
    make_page,
    record_page,
    shown,
)

ID = document_id(f"{SITE}/a")
STATEMENTS = {
    "en": ("They signed 14 agreements on Friday.", "14", "17"),
    "ar": ("وقعوا 14 اتفاقية يوم الجمعة.", "14", "17"),
    "fa": ("روز جمعه ۱۴ توافق‌نامه امضا شد.", "۱۴", "۱۷"),
    "zh": ("他们星期五签署了十四项协议。", "四", "七"),
    "th": ("ลงนามในข้อตกลง 14 ฉบับเมื่อวันศุกร์", "14", "17"),
    "hi": ("शुक्रवार को चौदह समझौते हुए।", "चौदह", "सत्रह"),
}


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)


def visited(
    connection: Connection, hours: int, text: str, title: str = "T", **fields: object
) -> Page:
    page = make_page(connection, at=NOW + timedelta(hours=hours))
    record_page(connection, page, text, title=title, **fields)
    return page


def history(database: Database) -> list[Revision]:
    with database.read() as connection:
        return load_revisions(connection, ID)


def told(database: Database) -> list[tuple[str, str]]:
    """What the newest revision's text made of the one before."""
    *_, before, now = history(database)
    assert now.changes is not None
    return [
        (before.text[b0:b1], now.text[a0:a1]) for b0, b1, a0, a1 in now.changes.text
    ]


@pytest.mark.parametrize("language", STATEMENTS)
def test_a_statement_edited_in_silence_is_a_revision_that_tells_the_words(
    database, language
) -> None:
    """C14: the old one is kept."""
    text, old, new = STATEMENTS[language]
    with database.write() as connection:
        visited(connection, 0, text)
        visited(connection, 1, text.replace(old, new))
    assert [revision.text for revision in history(database)] == [
        text,
        text.replace(old, new),
    ]
    assert told(database) == [(old, new)]


def test_a_first_revision_changed_nothing_and_a_headline_counts(database) -> None:
    with database.write() as connection:
        visited(connection, 0, TEXT, title="Mayors meet")
        visited(connection, 1, TEXT, title="Mayors met")
    first, second = history(database)
    assert first.changes is None
    assert second.changes == Changes(title=((7, 11, 7, 10),))


@pytest.mark.parametrize(
    "same",
    [
        TEXT.replace(" ", "  ").replace("\n", "\n\n"),
        TEXT.replace("cities", "ci\u00adties\u200b"),
        f"Updated 5 minutes ago\n{TEXT}\n1,234 views",
    ],
)
def test_what_a_site_changes_by_itself_is_no_revision(database, same) -> None:
    with database.write() as connection:
        visited(connection, 0, TEXT)
        visited(connection, 1, same)
    (document,) = shown(database)
    assert (document.revision, document.text) == (1, TEXT)


def test_a_menu_that_the_new_extractor_leaves_out_is_no_revision(database) -> None:
    """The earlier page is read by the same extractor before they are compared."""
    with database.write() as connection:
        first = visited(connection, 0, f"Menu\n{TEXT}")
        visited(
            connection,
            1,
            TEXT,
            extractor="test-2",
            earlier=(first, make_extraction(TEXT, "T")),
        )
    (document,) = shown(database)
    assert (document.revision, document.text) == (1, TEXT)


@pytest.mark.parametrize("side", [0, 1])
def test_changes_are_worked_out_again_when_either_text_is_read_better(
    database, side
) -> None:
    with database.write() as connection:
        pages = [
            visited(connection, n, f"{TEXT} {word}.")
            for n, word in enumerate(("one", "two"))
        ]
        better = f"A line before.\n{TEXT} {('one', 'two')[side]}."
        record_page(connection, pages[side], better, title="T", extractor="test-2")
    before, now = history(database)
    assert now.changes == compared((before.title, before.text), (now.title, now.text))
    added = ("A line before.", "") if side == 0 else ("", "A line before.")
    assert told(database) == [added, ("one", "two")]


def test_a_revision_between_two_that_is_read_again_changes_both(database) -> None:
    with database.write() as connection:
        pages = [
            visited(connection, n, f"{TEXT} {word}.")
            for n, word in enumerate(("one", "two", "three"))
        ]
        record_page(connection, pages[1], f"{TEXT} 2.", title="T", extractor="test-2")
    first, second, third = history(database)
    assert second.changes == compared((first.title, first.text), ("T", second.text))
    assert third.changes == compared(("T", second.text), ("T", third.text))


def test_changes_of_other_readings_are_not_believed(database) -> None:
    with database.write() as connection:
        visited(connection, 0, TEXT)
        visited(connection, 1, TEXT + " More.")
        stored = connection.scalars(select(revisions.c.changes)).all()[1]
        other = {**stored, "readings": [7, 8]}
        connection.execute(
            revisions.update().where(revisions.c.number == 2).values(changes=other)
        )
    assert history(database)[1].changes is None


def test_changes_are_stored_in_a_few_bytes(database) -> None:
    long = "\n".join(f"{n} {TEXT}" for n in range(200))
    with database.write() as connection:
        visited(connection, 0, long)
        visited(connection, 1, long.replace("150 Mayors", "150 Towns"))
        (stored,) = connection.scalars(
            select(revisions.c.changes).where(revisions.c.number == 2)
        )
    assert (stored["title"], len(stored["text"])) == ([], 1)
