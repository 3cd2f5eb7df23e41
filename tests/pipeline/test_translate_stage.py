"""Translating from the store: nothing twice, nothing lost, the right things first."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from babelwire.reading import load_shown, shown_json
from pipeline.documents import Identification, Identifier, Translation
from pipeline.identification import make_identifier
from pipeline.names import Name
from pipeline.stages.identify import IdentifyStage
from pipeline.stages.process import Processor
from pipeline.stages.segment import SegmentStage
from pipeline.stages.stage import BatchReport
from pipeline.stages.translate import TranslateSettings, TranslateStage
from pipeline.store import Database, corrections, work
from pipeline.store.corrections import StoredCorrections
from pipeline.store.memory import StoredTranslations
from pipeline.store.segment_translations import StoredTranslationCache
from pipeline.store.tables import documents, segment_translations
from pipeline.store.translation_state import count_by_day, pairs_waiting_for
from pipeline.translation import (
    Chain,
    CorrectionTranslator,
    Finish,
    MachineTranslator,
    MemoryTranslator,
)
from pipeline.translation.engine import Failure
from pipeline.translation.glossary import Glossary
from tests.conftest import Clock
from tests.pipeline.builders import NOW, SITE, add_document, add_source, shown
from tests.pipeline.test_machine import Engine

TEXTS = {
    "a": "Câu chung cho cả hai.\nCâu riêng của bài a.",
    "b": "Câu chung cho cả hai.\nCâu riêng của bài b.",
}


class Vietnamese:
    """An identifier of one mind."""

    version = "vi-1"

    def identify(self, text: str) -> Identification:
        return Identification(language="vi", confidence=1.0)


class Desk:
    """A store with documents, an engine, and the stages between."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.engine = Engine()
        self.targets = ("en",)
        self.budget = 0
        self.prefers: Callable[[str, str], bool] | None = None
        self.supply = "1"
        self.names: Sequence[Name] = ()
        self.quotations: Identifier | None = None

    def add(self, *names: str, text: str = "") -> None:
        with self.database.write() as connection:
            for name in names:
                _, reading = add_document(
                    connection,
                    f"{SITE}/{name}",
                    title=f"Tiêu đề {name}",
                    text=text or TEXTS.get(name, f"Câu của bài {name}."),
                )
                work.enqueue(connection, "identify", [reading], now=self.clock())

    def stages(self) -> list[IdentifyStage | SegmentStage | TranslateStage]:
        finish = Finish(
            glossary=Glossary(self.names), cache=StoredTranslationCache(self.database)
        )
        chain = Chain(
            [
                MemoryTranslator(StoredTranslations(self.database)),
                MachineTranslator(self.engine, finish),
            ],
            first=[CorrectionTranslator(StoredCorrections(self.database))],
        )
        settings = TranslateSettings(
            targets=self.targets,
            supply=lambda: self.supply,
            outdated_per_run=self.budget,
        )
        return [
            IdentifyStage(Vietnamese()),
            SegmentStage(self.prefers, self.quotations),
            TranslateStage(chain, settings),
        ]

    def process(self, on_batch: Callable[[BatchReport], None] | None = None) -> None:
        processor = Processor(self.database, self.stages(), self.clock)
        processor.renew()
        processor.run(on_batch=on_batch)

    def translations(self) -> dict[str, Translation]:
        found = {}
        for document in shown(self.database):
            translation = document.translation("en")
            assert translation is not None
            found[document.url.rsplit("/", 1)[1]] = translation
        return found

    def texts(self, name: str) -> list[str]:
        return [segment.text for segment in self.translations()[name].segments]


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    with database.write() as connection:
        add_source(connection)
    return Desk(database, clock)


def test_equal_segments_are_translated_and_kept_once(desk) -> None:
    desk.add("a", "b")
    desk.process()
    assert desk.engine.asked.count("Câu chung cho cả hai.") == 1
    assert desk.texts("a")[1] == desk.texts("b")[1] == "CÂU CHUNG CHO CẢ HAI."
    with desk.database.read() as connection:
        rows = connection.scalar(select(func.count()).select_from(segment_translations))
    assert rows == 5  # two headlines, two own sentences, one of both


def test_what_was_translated_before_costs_nothing_later(desk) -> None:
    """A wire text costs once, also in another run and another document."""
    desk.add("a")
    desk.process()
    desk.engine.asked.clear()
    desk.add("b")
    desk.process()
    assert "Câu chung cho cả hai." not in desk.engine.asked
    assert desk.texts("b")[1] == "CÂU CHUNG CHO CẢ HAI."


def test_provenance_comes_back_from_the_store(desk) -> None:
    desk.add("a")
    desk.process()
    piece = desk.translations()["a"].segments[0]
    assert (piece.engine, piece.model, piece.version) == ("firefox", "some-vi-en", "1")
    assert (piece.licence, piece.parameters) == ("MIT", "greedy")
    assert piece.translated_at == NOW
    assert piece.by_machine
    assert desk.translations()["a"].by == "machine"


def test_a_document_waits_for_a_model_and_is_filled_in_when_it_comes(desk) -> None:
    """P10"""
    desk.engine = Engine(pairs=())
    desk.add("a")
    desk.process()
    assert (desk.translations()["a"].status, desk.translations()["a"].reason) == (
        "waiting",
        "no_model",
    )
    with desk.database.read() as connection:
        assert pairs_waiting_for(connection, "no_model") == [("vi", "en")]
    desk.engine = Engine()
    desk.process()
    assert desk.engine.asked == []  # nothing said that a model came
    desk.supply = "2"
    desk.process()
    assert desk.translations()["a"].status == "done"


@pytest.mark.parametrize(
    ("reason", "minutes", "status"),
    [
        ("unavailable", 5, "waiting"),
        ("refused", 360, "failed"),
        ("timeout", 360, "failed"),
        ("crash", 360, "failed"),
        ("out_of_memory", 360, "failed"),
        ("bad_answer", 360, "failed"),
    ],
)
def test_what_an_engine_suffers_is_tried_again_by_itself(
    desk, clock, reason, minutes, status
) -> None:
    """P10"""
    desk.engine = Engine(lambda _: Failure(reason=reason))
    desk.add("a")
    desk.process()
    assert desk.translations()["a"].status == status
    desk.engine = Engine()
    clock.advance(minutes=minutes - 1)
    desk.process()
    assert desk.engine.asked == []
    clock.advance(minutes=1)
    desk.process()
    assert desk.translations()["a"].status == "done"


def test_one_bad_sentence_leaves_the_others_translated(desk) -> None:
    """P10"""

    def says(text: str) -> str | Failure:
        return Failure(reason="crash") if "riêng" in text else text.upper()

    desk.engine = Engine(says)
    desk.add("a")
    desk.process()
    found = desk.translations()["a"]
    assert (found.status, found.reason, len(found.segments)) == ("partial", "crash", 2)


# --- Quotations ------------------------------------------------------------------

VIETNAMESE = "Thị trưởng của hơn một trăm thành phố gặp nhau vào thứ Sáu vừa qua."
RUSSIAN = "«Мы не оставим наши города одних», — сказал он журналистам."
ENGLISH = "“We will not leave our cities alone”, he told the reporters."


@pytest.fixture
def quoting(desk) -> Desk:
    desk.quotations = make_identifier("fast")
    desk.engine = Engine(pairs=("vi-en", "ru-en"))
    desk.add("a", text=f"{VIETNAMESE}\n{RUSSIAN}\n{ENGLISH}")
    return desk


def test_a_quotation_is_translated_from_its_own_language(quoting) -> None:
    quoting.process()
    found = quoting.translations()["a"]
    assert (found.status, found.reason) == ("done", "")
    by_text = {piece.text: piece for piece in found.segments}
    assert by_text[RUSSIAN.upper()].model == "some-ru-en"
    assert by_text[VIETNAMESE.upper()].model == "some-vi-en"
    with quoting.database.read() as connection:
        counted = count_by_day(connection, since="2000-01-01")
    pairs = {(c.source_language, c.segments) for c in counted}
    assert pairs == {("vi", 2), ("ru", 1)}


def test_a_quotation_in_the_target_language_stays_as_it_is(quoting) -> None:
    quoting.process()
    piece = quoting.translations()["a"].segments[-1]
    assert (piece.text, piece.engine) == (ENGLISH, "original")
    assert not piece.by_machine
    assert ENGLISH not in quoting.engine.asked


def test_a_quotation_without_a_model_holds_nothing_up_and_is_filled_in_later(
    quoting,
) -> None:
    """P10"""
    quoting.engine = Engine(pairs=("vi-en",))
    quoting.process()
    found = quoting.translations()["a"]
    assert (found.status, found.reason, len(found.segments)) == ("done", "quotation", 3)
    assert RUSSIAN.upper() not in quoting.texts("a")
    with quoting.database.read() as connection:
        assert work.counts(connection)["translate"].waiting == {"quotation": 1}
    quoting.engine, quoting.supply = Engine(pairs=("vi-en", "ru-en")), "2"
    quoting.process()
    assert RUSSIAN.upper() in quoting.texts("a")
    assert quoting.translations()["a"].reason == ""


def test_without_a_model_the_quotation_in_the_target_language_is_there(quoting) -> None:
    """P10"""
    quoting.engine = Engine(pairs=())
    quoting.process()
    found = quoting.translations()["a"]
    assert (found.status, found.reason) == ("waiting", "no_model")
    assert quoting.texts("a") == [ENGLISH]


def test_a_quotation_that_an_engine_breaks_on_is_partial(quoting) -> None:
    """P10"""

    def says(text: str) -> str | Failure:
        return Failure(reason="crash") if text == RUSSIAN else text.upper()

    quoting.engine = Engine(says, pairs=("vi-en", "ru-en"))
    quoting.process()
    found = quoting.translations()["a"]
    assert (found.status, found.reason) == ("partial", "crash")


def test_a_missing_quotation_makes_nothing_outdated(quoting) -> None:
    quoting.engine, quoting.budget = Engine(pairs=("vi-en",)), 10
    quoting.process()
    quoting.engine = better()
    quoting.process()
    assert quoting.texts("a")[0].endswith("!")
    quoting.engine.asked.clear()
    quoting.process()
    assert quoting.engine.asked == []


def test_show_tells_the_language_of_each_segment(quoting) -> None:
    quoting.process()
    (document,) = shown(quoting.database)
    answer = shown_json(load_shown(quoting.database, document.id), "en")
    assert [s["language"] for s in answer["segments"]] == ["vi", "vi", "ru", "en"]


def test_what_another_identifier_marked_is_marked_anew() -> None:
    plain, marking = SegmentStage(), SegmentStage(identifier=make_identifier("fast"))
    assert marking.version == f"{plain.version}+{make_identifier('fast').version}"


def test_a_correction_of_a_quotation_holds_for_its_own_language(quoting) -> None:
    quoting.process()
    with quoting.database.write() as connection:
        (place,) = corrections.places(connection, "ru", RUSSIAN)
        assert corrections.places(connection, "vi", RUSSIAN) == []
        number = corrections.add(
            connection,
            document_id="",
            source_language="ru",
            target_language="en",
            source_text=RUSSIAN,
            target_text="We shall not leave them.",
            author="desk",
            now=NOW,
        )
        stored = corrections.find(connection, number)
        assert stored is not None
        corrections.show_now(connection, [place], stored, NOW)
    quoting.process()
    assert "We shall not leave them." in quoting.texts("a")


# --- Outdated --------------------------------------------------------------------


def better(says: Callable[[str], str | Failure] = lambda t: t.upper() + "!") -> Engine:
    engine = Engine(says)
    engine.version = "2"
    return engine


def test_a_better_model_redoes_the_newest_first_within_its_budget(desk) -> None:
    desk.add("a", "b", "c")
    desk.process()
    desk.engine, desk.budget = better(), 2
    desk.process()
    new = [name for name in "abc" if desk.texts(name)[0].endswith("!")]
    assert new == ["b", "c"]
    desk.process()
    assert desk.texts("a")[0] == "TIÊU ĐỀ A!"
    desk.engine.asked.clear()
    desk.process()
    assert desk.engine.asked == []


def test_without_a_budget_nothing_is_redone(desk) -> None:
    desk.add("a")
    desk.process()
    desk.engine = better()
    desk.process()
    assert desk.engine.asked == []


def test_a_model_that_went_away_makes_nothing_outdated_and_loses_nothing(desk) -> None:
    """P10"""
    desk.add("a")
    desk.process()
    before = desk.texts("a")
    desk.engine, desk.budget, desk.supply = Engine(pairs=()), 10, "2"
    desk.process()
    with desk.database.write() as connection:
        readings = connection.scalars(select(documents.c.reading_id)).all()
        work.enqueue(connection, "translate", readings, now=NOW)
    desk.process()
    assert desk.texts("a") == before
    assert desk.translations()["a"].status == "done"


def test_a_better_model_that_fails_keeps_the_old_and_is_tried_again(desk) -> None:
    """P10"""
    desk.add("a")
    desk.process()
    before = desk.texts("a")
    desk.engine, desk.budget = better(lambda _: Failure(reason="crash")), 10
    desk.process()
    assert desk.texts("a") == before
    desk.engine = better()
    desk.process()
    assert desk.texts("a")[0] == "TIÊU ĐỀ A!"


def in_english(spelling: str) -> Name:
    return Name(
        id="kazan", type="place", spellings={"vi": ("Ca-dan",), "en": (spelling,)}
    )


def test_another_spelling_of_a_name_redoes_its_sentences_alone(desk) -> None:
    desk.engine = Engine(lambda text: text.replace("Ca-dan", "Kazan"))
    desk.names = [in_english("Kazan")]
    desk.add("a", text="Họ gặp nhau ở Ca-dan.\nCâu khác.")
    desk.process()
    assert desk.texts("a")[1:] == ["Họ gặp nhau ở Kazan.", "Câu khác."]
    desk.engine.asked.clear()
    desk.names, desk.budget = [in_english("Qazan")], 10
    desk.process()
    assert desk.texts("a")[1:] == ["Họ gặp nhau ở Qazan.", "Câu khác."]
    assert desk.engine.asked == ["Họ gặp nhau ở Ca-dan."]
    desk.engine.asked.clear()
    desk.process()
    assert desk.engine.asked == []


def test_what_two_models_made_is_told_by_its_provenance(desk) -> None:
    """P10: sentences that the better model fails on keep the old one's name."""
    desk.add("a")
    desk.process()

    def says(text: str) -> str | Failure:
        return Failure(reason="timeout") if "riêng" in text else text.upper() + "!"

    desk.engine, desk.budget = better(says), 10
    desk.process()
    found = desk.translations()["a"]
    assert [s.version for s in found.segments] == ["2", "2", "1"]
    assert found.status == "done"


def test_what_is_redone_waits_for_everything_new(desk) -> None:
    desk.add("a")
    desk.process()
    desk.engine, desk.budget = better(), 10
    desk.add("b")
    asked = desk.engine.asked
    desk.process()
    assert asked.index("Tiêu đề b") < asked.index("Tiêu đề a")


# --- Order -----------------------------------------------------------------------


def order_of(asked: Sequence[str]) -> str:
    return "".join(text[-1] for text in asked if text.startswith("Tiêu đề"))


class OneByOne(Desk):
    """Documents go one by one, so that their order shows."""

    def stages(self):
        stages = super().stages()
        stages[2].batch_size = 1
        return stages


def test_documents_with_the_users_names_go_first_then_the_newest(
    database, clock
) -> None:
    with database.write() as connection:
        add_source(connection)
    desk = OneByOne(database, clock)
    desk.prefers = lambda text, language: "bài d" in text and language == "vi"
    desk.add("c", "d", "e", "f")
    desk.process()
    assert order_of(desk.engine.asked) == "dfec"


# --- Counts ----------------------------------------------------------------------


def test_new_machine_translations_and_flags_are_counted_once(desk, clock) -> None:
    desk.engine = Engine(lambda text: "the " * 9 if "riêng" in text else text.upper())
    desk.add("a")
    desk.process()
    clock.advance(days=1)
    desk.add("b")
    desk.process()
    desk.process()
    with desk.database.read() as connection:
        counts = count_by_day(connection, since="2024-01-01")
        later = count_by_day(connection, since="2024-06-22")
    assert [(c.day, c.segments, c.flagged) for c in counts] == [
        ("2024-06-21", 3, 1),
        ("2024-06-22", 2, 1),
    ]
    assert later == counts[1:]
    assert (counts[0].source_language, counts[0].model) == ("vi", "some-vi-en")


def test_a_batch_that_takes_long_keeps_its_claim(desk, monkeypatch) -> None:
    """P6: only who stops working loses the claim."""
    from threading import Event

    extended = Event()
    extend = work.extend

    def noting(*args: object, **kwargs: object) -> None:
        extend(*args, **kwargs)  # type: ignore[arg-type]
        extended.set()

    monkeypatch.setattr("pipeline.stages.process.HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr("pipeline.stages.process.work.extend", noting)
    late = desk.clock() + work.LEASE + timedelta(seconds=1)

    def slowly(text: str) -> str:
        extended.clear()
        desk.clock.now = late - timedelta(seconds=30)
        assert extended.wait(30)
        assert extended.wait(30)
        return text.upper()

    desk.engine = Engine(slowly)
    desk.add("c")
    desk.process()
    assert desk.translations()["c"].status == "done"
