"""Documents as they are shown, and their versions, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from pipeline.documents import (
    Identification,
    Segment,
    TranslatedSegment,
    Translation,
)
from pipeline.segmentation import segment_reading
from pipeline.stages.identify import IdentifyStage
from pipeline.stages.segment import SegmentedReading, SegmentStage
from pipeline.stages.translate import TranslateSettings, TranslateStage
from pipeline.store import Database, documents, work
from pipeline.store.readings import load_segments
from pipeline.store.sources import keep_sources
from pipeline.store.tables import documents as table
from pipeline.store.tables import translations
from pipeline.store.translations import replace_translations
from pipeline.translation import Chain
from tests.pipeline.builders import (
    NOW,
    OTHER_TEXT,
    SITE,
    TEXT,
    add_document,
    add_source,
    make_page,
    make_source,
    record_page,
    shown,
)


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)


class Nobody:
    """An identifier that is not asked."""

    version = "nobody-1"

    def identify(self, text: str) -> Identification:
        raise AssertionError(text)


def version(database: Database) -> int:
    return shown(database)[0].version


def translation(
    text: str = "Bonjour.", target: str = "fr", engine: str = "memory"
) -> Translation:
    piece = TranslatedSegment(
        position=0,
        text=text,
        engine=engine,
        flags=("copy",),
        translated_at=NOW,
        model="m",
        version="2",
        licence="MIT",
        parameters="greedy",
        recipe="" if engine == "memory" else "r" * 16,
    )
    return Translation(target=target, status="partial", segments=(piece,), recipe="now")


def plain(found: Translation | None) -> Translation | None:
    """Without what the store makes up: the recipe of what people wrote."""
    if found is None:
        return None
    pieces = tuple(
        replace(s, recipe=s.recipe if s.by_machine else "") for s in found.segments
    )
    return replace(found, segments=pieces)


def cut(*pieces: Segment) -> SegmentedReading:
    return SegmentedReading(segments=pieces)


TITLE = Segment(position=0, field="title", start=0, end=6, text="Mayors")


def add_cut_document(connection: Connection) -> tuple[str, int]:
    """A document of one segment."""
    identity, reading = add_document(connection)
    SegmentStage().save(connection, {reading: cut(TITLE)}, NOW)
    return identity, reading


# --- Versions --------------------------------------------------------------------


def test_versions_of_new_documents_increase(database) -> None:
    with database.write() as connection:
        for name in "abc":
            add_document(connection, f"{SITE}/{name}")
    versions = [document.version for document in shown(database)]
    assert versions == sorted(set(versions))


def test_every_visible_change_raises_the_version(database) -> None:
    with database.write() as connection:
        _, reading = add_document(connection)
    identify, segment = IdentifyStage(Nobody()), SegmentStage()
    translate = TranslateStage(Chain([]), TranslateSettings(targets=("en",)))
    seen = [version(database)]
    with database.write() as connection:
        found = Identification(language="vi", confidence=0.9)
        identify.save(connection, {reading: found}, NOW)
    seen.append(version(database))
    with database.write() as connection:
        pieces = segment_reading("Mayors meet in Kazan", TEXT, "vi")
        segment.save(connection, {reading: cut(*pieces)}, NOW)
    seen.append(version(database))
    with database.write() as connection:
        translate.save(connection, {reading: (translation(),)}, NOW)
    seen.append(version(database))
    with database.write() as connection:
        page = make_page(connection, at=NOW + timedelta(days=1))
        record_page(connection, page, OTHER_TEXT)
    seen.append(version(database))
    assert seen == sorted(set(seen))


def test_a_change_of_a_reading_that_is_not_shown_raises_nothing(database) -> None:
    with database.write() as connection:
        _, old = add_document(connection)
        page = make_page(connection, at=NOW + timedelta(days=1))
        record_page(connection, page, OTHER_TEXT)
    before = version(database)
    with database.write() as connection:
        documents.raise_for_readings(connection, [old])
    assert version(database) == before


def test_raising_gives_each_document_another_version_once(database) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{name}")[0] for name in "abc"]
        documents.raise_versions(connection, [*ids, ids[0]])
        documents.raise_versions(connection, [])
        after = documents.next_version(connection)
    versions = [document.version for document in shown(database)]
    assert len(set(versions)) == 3
    assert max(versions) == after - 1


def test_a_change_that_is_rolled_back_leaves_the_version(database) -> None:
    with database.write() as connection:
        identity, _ = add_document(connection)
    before = version(database)

    def fail() -> None:
        with database.write() as connection:
            documents.raise_versions(connection, [identity])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert version(database) == before


# --- What is shown ---------------------------------------------------------------


def test_documents_come_in_the_order_asked_for_without_unknown_ones(database) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{name}")[0] for name in "abc"]
        wanted = [ids[2], "dxxxxxxxxxxxxxxxx", ids[0]]
        found = documents.load_documents(connection, wanted)
    assert [document.id for document in found] == [ids[2], ids[0]]


def test_a_document_shows_what_its_source_says_now(database) -> None:
    with database.write() as connection:
        add_document(connection)
        changed = make_source(publisher="The New Lantern", audience=("VN",))
        keep_sources(connection, [changed], NOW)
    (document,) = shown(database)
    assert (document.publisher, document.audience) == ("The New Lantern", ("VN",))


def test_a_tombstone_is_loaded_as_deleted_and_counted_no_more(database) -> None:
    with database.write() as connection:
        identity, _ = add_document(connection)
        add_document(connection, f"{SITE}/b")
        assert documents.count(connection) == 2
        connection.execute(
            update(table).where(table.c.id == identity).values(deleted_at=NOW)
        )
        documents.raise_versions(connection, [identity])
        assert documents.count(connection) == 1
        assert documents.count_by_source(connection) == {"lantern": 1}
    assert [document.deleted for document in shown(database)] == [True, False]


def test_identification_is_shown_with_its_runners_up(database) -> None:
    with database.write() as connection:
        _, reading = add_document(connection)
        found = Identification(
            language="id", confidence=0.7, alternatives=(("nl", 0.2), ("ms", 0.1))
        )
        IdentifyStage(Nobody()).save(connection, {reading: found}, NOW)
        assert work.counts(connection)["segment"].due == 1
    (document,) = shown(database)
    assert document.language == "id"
    assert document.language_alternatives == (("nl", 0.2), ("ms", 0.1))


# --- Segments and translations ---------------------------------------------------


def test_segments_come_back_with_their_texts(database) -> None:
    pieces = segment_reading("Mayors meet in Kazan", TEXT, "en")
    with database.write() as connection:
        _, reading = add_document(connection)
        SegmentStage().save(connection, {reading: cut(*pieces)}, NOW)
        assert load_segments(connection, [reading]) == {reading: ("und", pieces)}
    assert shown(database)[0].segments == pieces


def test_new_segments_take_the_translations_of_the_old_ones_away(database) -> None:
    with database.write() as connection:
        _, reading = add_cut_document(connection)
        replace_translations(connection, {reading: [translation()]}, now=NOW)
        SegmentStage().save(connection, {reading: cut(TITLE)}, NOW)
    (document,) = shown(database)
    assert document.segments == (TITLE,)
    assert document.translations == ()


def test_a_reading_without_segments_is_stored_as_such(database) -> None:
    with database.write() as connection:
        _, reading = add_document(connection)
        SegmentStage().save(connection, {reading: cut()}, NOW)
    assert shown(database)[0].segments == ()


def test_translations_come_back_whole_and_by_target(database) -> None:
    english = translation("Hello.", target="en", engine="lt")
    with database.write() as connection:
        _, reading = add_cut_document(connection)
        assert replace_translations(
            connection, {reading: [translation(), english]}, now=NOW
        )
        statuses = select(translations.c.status).where(translations.c.target == "en")
        assert connection.scalars(statuses).all() == ["partial"]
    (document,) = shown(database)
    assert plain(document.translation("fr")) == translation()
    assert document.translation("en") == english
    assert document.translation("de") is None


def test_equal_translations_again_are_no_change(database) -> None:
    with database.write() as connection:
        _, reading = add_cut_document(connection)
        found = [translation(), translation(target="en")]
        assert replace_translations(connection, {reading: found}, now=NOW)
        assert not replace_translations(connection, {reading: found[::-1]}, now=NOW)
        changed = [translation("Salut."), translation(target="en")]
        assert replace_translations(connection, {reading: changed}, now=NOW)
    assert plain(shown(database)[0].translation("fr")) == translation("Salut.")


def test_without_target_languages_nothing_is_left(database) -> None:
    with database.write() as connection:
        _, reading = add_cut_document(connection)
        replace_translations(connection, {reading: [translation()]}, now=NOW)
        assert replace_translations(connection, {reading: []}, now=NOW)
        assert not replace_translations(connection, {reading: []}, now=NOW)
    assert shown(database)[0].translations == ()


def test_a_change_to_a_translation_shows_in_one_read_as_a_whole(
    database, open_store
) -> None:
    """A reader never sees a document's old version with new translations."""
    with database.write() as connection:
        identity, reading = add_cut_document(connection)
    with open_store().read() as reader:
        (before,) = documents.load_documents(reader, [identity])
        with database.write() as connection:
            replace_translations(connection, {reading: [translation()]}, now=NOW)
            documents.raise_for_readings(connection, [reading])
        statement = select(table.c.version).where(table.c.id == identity)
        assert reader.scalar(statement) == before.version
        assert documents.load_documents(reader, [identity]) == [before]
    assert version(database) > before.version
