"""What people correct: here or everywhere, at once, and taken back."""

import pytest

from babelwire.correcting import (
    Wish,
    correct,
    find_segment,
    places_of,
    summary,
    undo,
)
from pipeline.documents import Document
from pipeline.errors import InputError
from pipeline.store import memory
from pipeline.translation.engine import Failure
from pipeline.translation.tmx import SavedTranslation
from tests.conftest import Clock
from tests.pipeline.builders import NOW, add_source, shown
from tests.pipeline.test_machine import Engine
from tests.pipeline.test_translate_stage import Desk

COMMON = "Câu chung cho cả hai."


@pytest.fixture
def desk(database, clock: Clock) -> Desk:
    with database.write() as connection:
        add_source(connection)
    made = Desk(database, clock)
    made.add("a", "b")
    made.process()
    return made


def document(desk: Desk, name: str) -> Document:
    (found,) = [d for d in shown(desk.database) if d.url.endswith(f"/{name}")]
    return found


def wish(desk: Desk, name: str, text: str, *, everywhere: bool = False) -> Wish:
    found = document(desk, name)
    return Wish(
        document=found.id,
        language=found.language,
        segment=find_segment(found, COMMON, "en"),
        target="en",
        text=text,
        author="desk",
        everywhere=everywhere,
    )


def common(desk: Desk) -> tuple[str, str]:
    return desk.texts("a")[1], desk.texts("b")[1]


MACHINE = COMMON.upper()


def test_a_correction_holds_in_its_document_at_once(desk) -> None:
    before = {name: document(desk, name).version for name in "ab"}
    desk.engine = Engine(lambda _: Failure(reason="crash"))
    _, places = correct(desk.database, wish(desk, "a", "As people say it."))
    assert common(desk) == ("As people say it.", MACHINE)
    assert len(places) == 1
    assert document(desk, "a").version > before["a"]
    assert document(desk, "b").version == before["b"]
    piece = document(desk, "a").translation("en").segments[1]
    assert (piece.engine, piece.model, piece.by_machine) == (
        "correction",
        "desk",
        False,
    )


def test_processing_again_keeps_it_though_a_better_model_came(desk) -> None:
    correct(desk.database, wish(desk, "a", "As people say it."))
    desk.engine = Engine(lambda text: text.upper() + "!")
    desk.engine.version, desk.budget = "2", 10
    desk.process()
    assert common(desk) == ("As people say it.", MACHINE + "!")


def test_everywhere_lists_what_changes_and_holds_in_later_documents(desk) -> None:
    wished = wish(desk, "a", "Everywhere so.", everywhere=True)
    listed = places_of(desk.database, wished)
    assert {place.url[-2:] for place in listed} == {"/a", "/b"}
    assert common(desk) == (MACHINE, MACHINE)
    assert correct(desk.database, wished)[1] == listed
    assert common(desk) == ("Everywhere so.", "Everywhere so.")
    desk.clock.advance(hours=1)
    desk.engine = Engine(lambda text: text.upper())
    desk.add("z", text=f"{COMMON}\nCâu riêng của bài z.")
    desk.process()
    assert desk.texts("z")[1] == "Everywhere so."
    assert COMMON not in desk.engine.asked


def test_the_documents_own_correction_wins_then_the_newest(desk) -> None:
    correct(desk.database, wish(desk, "a", "First."))
    correct(desk.database, wish(desk, "b", "Everywhere.", everywhere=True))
    desk.process()
    assert common(desk) == ("First.", "Everywhere.")
    correct(desk.database, wish(desk, "a", "Second."))
    assert common(desk) == ("Second.", "Everywhere.")


def test_undoing_brings_back_what_held_before(desk) -> None:
    first, _ = correct(desk.database, wish(desk, "a", "First."))
    second, _ = correct(desk.database, wish(desk, "a", "Second."))
    desk.engine = Engine(lambda _: Failure(reason="crash"))
    undo(desk.database, second)
    assert common(desk)[0] == "First."
    undo(desk.database, first)
    assert common(desk)[0] == MACHINE
    desk.process()
    assert common(desk)[0] == MACHINE


def test_undoing_brings_back_a_saved_translation(desk) -> None:
    number, _ = correct(desk.database, wish(desk, "a", "Corrected."))
    saved = SavedTranslation(
        source_language="vi",
        target_language="en",
        source_text=COMMON,
        target_text="As saved.",
        origin="a.tmx",
    )
    memory.save(desk.database, [saved], now=NOW)
    undo(desk.database, number)
    assert common(desk)[0] == "As saved."
    assert document(desk, "a").translation("en").segments[1].engine == "memory"


def test_where_nothing_held_before_the_sentence_waits_again(desk) -> None:
    desk.engine = Engine(pairs=())
    desk.add("c")
    desk.process()
    found = document(desk, "c")
    segment = find_segment(found, "2", "en")
    only = Wish(
        document=found.id,
        language="vi",
        segment=segment,
        target="en",
        text="By hand.",
        author="",
        everywhere=False,
    )
    number, _ = correct(desk.database, only)
    desk.process()
    assert [s.text for s in desk.translations()["c"].segments] == ["By hand."]
    undo(desk.database, number)
    desk.process()
    assert desk.translations()["c"].segments == ()
    assert desk.translations()["c"].status == "waiting"


def test_undoing_twice_or_nothing_is_refused(desk) -> None:
    number, _ = correct(desk.database, wish(desk, "a", "x"))
    undo(desk.database, number)
    with pytest.raises(InputError, match="undone already"):
        undo(desk.database, number)
    with pytest.raises(InputError, match="no correction 99"):
        undo(desk.database, 99)


def test_a_sentence_is_found_by_number_or_beginning_of_either_side(desk) -> None:
    found = document(desk, "a")
    for how in ("2", "Câu chung", MACHINE[:9]):
        assert find_segment(found, how, "en").text == COMMON
    with pytest.raises(InputError, match="2 sentences"):
        find_segment(found, "Câu", "en")
    with pytest.raises(InputError, match="no sentence"):
        find_segment(found, "99", "en")


def test_undoing_an_older_correction_leaves_the_newer(desk) -> None:
    first, _ = correct(desk.database, wish(desk, "a", "First."))
    correct(desk.database, wish(desk, "a", "Second."))
    undo(desk.database, first)
    desk.process()
    assert common(desk) == ("Second.", MACHINE)


def test_undoing_what_held_everywhere_leaves_a_documents_own(desk) -> None:
    correct(desk.database, wish(desk, "a", "Own."))
    number, _ = correct(desk.database, wish(desk, "b", "All.", everywhere=True))
    assert common(desk) == ("Own.", "All.")
    before = document(desk, "b").version
    places = undo(desk.database, number)
    assert common(desk) == ("Own.", MACHINE)
    assert {place.url[-2:] for place in places} == {"/a", "/b"}
    assert document(desk, "b").version > before
    desk.process()
    assert common(desk) == ("Own.", MACHINE)


def test_undoing_a_documents_own_brings_back_what_holds_everywhere(desk) -> None:
    correct(desk.database, wish(desk, "b", "All.", everywhere=True))
    number, _ = correct(desk.database, wish(desk, "a", "Own."))
    undo(desk.database, number)
    assert common(desk) == ("All.", "All.")


def test_what_is_undone_no_longer_holds_in_later_documents(desk) -> None:
    number, _ = correct(desk.database, wish(desk, "a", "All.", everywhere=True))
    undo(desk.database, number)
    desk.add("z", text=f"{COMMON}\nCâu riêng của bài z.")
    desk.process()
    assert desk.texts("z")[1] == MACHINE


def test_undoing_brings_back_the_last_machine_translation(desk) -> None:
    desk.engine = Engine(lambda text: text.upper() + "!")
    desk.engine.version, desk.budget = "2", 10
    desk.process()
    number, _ = correct(desk.database, wish(desk, "a", "By hand."))
    desk.engine = Engine(lambda _: Failure(reason="crash"))
    undo(desk.database, number)
    piece = document(desk, "a").translation("en").segments[1]
    assert (piece.text, piece.engine, piece.version) == (MACHINE + "!", "firefox", "2")


def test_a_correction_wins_over_a_saved_translation_that_comes_later(desk) -> None:
    correct(desk.database, wish(desk, "a", "By hand."))
    saved = SavedTranslation(
        source_language="vi",
        target_language="en",
        source_text=COMMON,
        target_text="As saved.",
        origin="a.tmx",
    )
    memory.save(desk.database, [saved], now=NOW)
    desk.engine.version, desk.budget = "2", 10
    desk.process()
    assert common(desk) == ("By hand.", "As saved.")


def test_a_sentence_that_stands_twice_is_listed_and_corrected_twice(desk) -> None:
    desk.add("z", text=f"{COMMON}\n{COMMON}")
    desk.process()
    found = document(desk, "z")
    wished = Wish(
        document=found.id,
        language="vi",
        segment=found.segments[1],
        target="en",
        text="Twice.",
        author="",
        everywhere=False,
    )
    assert summary(places_of(desk.database, wished)) == "2 sentences in 1 document"
    correct(desk.database, wished)
    assert desk.texts("z")[1:] == ["Twice.", "Twice."]
    assert common(desk) == (MACHINE, MACHINE)
