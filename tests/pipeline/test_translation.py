"""The chain, and saved translations."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import Translated, TranslationRequest
from pipeline.store import Database, memory
from pipeline.store.memory import StoredTranslations
from pipeline.translation import Chain, MemoryTranslator
from pipeline.translation.memory import normalise_segment, segment_checksum
from pipeline.translation.tmx import SavedTranslation
from tests.conftest import Clock
from tests.pipeline.builders import NOW


def request(text: str, source: str = "vi", target: str = "en") -> TranslationRequest:
    return TranslationRequest(text=text, source_language=source, target_language=target)


def requests(*texts: str, source: str = "vi") -> list[TranslationRequest]:
    return [request(text, source) for text in texts]


class Fake:
    """Knows some texts, and remembers what it was asked."""

    def __init__(
        self, name: str, known: Mapping[str, str], reason: str = "not_saved"
    ) -> None:
        self.name = name
        self._known = known
        self._reason = reason
        self.asked: list[str] = []

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        self.asked += [request.text for request in requests]
        return [
            Translated(
                text=self._known.get(request.text),
                engine=self.name,
                reason="" if request.text in self._known else self._reason,
            )
            for request in requests
        ]


# --- The chain -------------------------------------------------------------------


def test_each_engine_gets_what_those_before_it_could_not_answer() -> None:
    first, second = Fake("first", {"a": "A"}), Fake("second", {"b": "B", "a": "no"})
    third = Fake("third", {}, reason="no_model")
    answers = Chain([first, second, third]).translate(requests("a", "b", "c"))
    assert [(a.text, a.engine) for a in answers[:2]] == [
        ("A", "first"),
        ("B", "second"),
    ]
    assert (answers[2].text, answers[2].reason) == (None, "no_model")
    assert (second.asked, third.asked) == (["b", "c"], ["c"])


def test_of_two_reasons_the_one_that_tells_more_is_kept() -> None:
    def reason(*reasons: str) -> str:
        chain = Chain([Fake(str(n), {}, reason=r) for n, r in enumerate(reasons)])
        return chain.translate(requests("a"))[0].reason

    assert reason("not_saved", "damaged_model", "no_model") == "damaged_model"
    assert reason("not_saved", "no_model", "unavailable") == "unavailable"
    assert reason("not_saved", "no_model") == "no_model"


def flagged(name: str, text: str, *flags: str) -> Fake:
    made = Fake(name, {})
    made.translate = lambda requests: [  # type: ignore[method-assign]
        Translated(text=text, engine=name, flags=flags) for _ in requests
    ]
    return made


def test_a_flagged_answer_makes_the_next_engine_try_and_the_better_is_kept() -> None:
    """P10"""
    bad, good = flagged("bad", "x", "copy"), flagged("good", "y", "numbers")
    assert Chain([bad, good]).translate(requests("a"))[0].text == "y"
    worse = flagged("worse", "z", "copy", "length")
    kept = Chain([bad, worse]).translate(requests("a"))[0]
    assert (kept.text, kept.flags) == ("x", ("copy",))
    alone = Chain([bad, Fake("none", {})]).translate(requests("a"))[0]
    assert (alone.text, alone.flags) == ("x", ("copy",))


def test_a_hint_makes_no_other_engine_try() -> None:
    hinted, other = flagged("hinted", "x", "numbers"), Fake("other", {"a": "A"})
    assert Chain([hinted, other]).translate(requests("a"))[0].text == "x"
    assert other.asked == []


def test_a_pair_may_have_its_own_engines() -> None:
    default, own = Fake("default", {"a": "A"}), Fake("own", {"a": "a!"})
    chain = Chain([default], {"vi-en": [own], "th-en": []})
    answers = chain.translate(
        [request("a"), request("a", "ru"), request("a", "th"), request("a")]
    )
    assert [a.engine for a in answers] == ["own", "default", "", "own"]
    assert answers[2].reason == "no_engine"


def test_a_chain_of_nothing_says_so() -> None:
    assert Chain([]).translate(requests("a"))[0].reason == "no_engine"
    assert Chain([]).translate([]) == []


# --- Saved translations ----------------------------------------------------------


@given(st.text(max_size=60))
def test_normalising_a_segment_twice_is_normalising_it_once(text: str) -> None:
    once = normalise_segment(text)
    assert normalise_segment(once) == once
    assert segment_checksum(f"  {text}\t") == segment_checksum(text)


def test_quotes_spaces_and_composition_do_not_count_but_case_does() -> None:
    assert segment_checksum("«Хо\u0301р»  — дом") == segment_checksum(
        "“Хо\u0301р” — дом"
    )
    assert segment_checksum("Viê\u0323t") == segment_checksum("Việt")
    assert segment_checksum("l’été") == segment_checksum("l'été")
    assert segment_checksum("Kazan") != segment_checksum("kazan")


def saved(
    source: str, target: str, language: str = "vi", origin: str = "a.tmx"
) -> SavedTranslation:
    return SavedTranslation(
        source_language=language,
        target_language="en",
        source_text=source,
        target_text=target,
        origin=origin,
    )


def test_saved_translations_answer_and_say_where_they_are_from(
    database: Database,
) -> None:
    pairs = [saved("“Một”", "One"), saved("Hai", "Two"), saved("Два", "Two", "ru")]
    assert memory.save(database, pairs, now=NOW) == 3
    engine = MemoryTranslator(StoredTranslations(database))
    found = engine.translate([*requests("«Một» ", "Ba", "Один"), request("Два", "ru")])
    assert [answer.text for answer in found] == ["One", None, None, "Two"]
    assert (found[0].engine, found[0].model) == ("memory", "a.tmx")
    assert found[1].reason == "not_saved"


def test_a_later_translation_of_the_same_segment_wins(database: Database) -> None:
    pairs = [saved("Một", "One"), saved("Một ", "A single one", origin="b.tmx")]
    memory.save(database, pairs, now=NOW)
    assert [p.target_text for p in memory.load(database)] == ["A single one"]
    memory.save(database, [saved("Một", "The one")], now=NOW)
    assert [p.target_text for p in memory.load(database)] == ["The one"]


def test_every_addition_and_correction_changes_the_supply(
    database: Database, clock: Clock
) -> None:
    seen = set()
    for pairs in ([], [saved("a", "1")], [saved("b", "2")], [saved("a", "3")]):
        memory.save(database, pairs, now=clock.advance(seconds=1))
        with database.read() as connection:
            seen.add(memory.supply(connection))
            assert memory.supply(connection) in seen
    assert len(seen) == 4


def test_the_memory_is_read_in_pages_and_by_pair(database: Database) -> None:
    pairs = [saved(f"câu {n}", f"sentence {n}") for n in range(memory.BATCH + 10)]
    memory.save(database, [*pairs, saved("дом", "house", "ru")], now=NOW)
    vietnamese = list(memory.load(database, source_language="vi"))
    assert sorted(vietnamese, key=str) == sorted(pairs, key=str)
    assert len(list(memory.load(database))) == len(pairs) + 1
    assert list(memory.load(database, target_language="fr")) == []
    asked = [request(pair.source_text) for pair in pairs]
    found = MemoryTranslator(StoredTranslations(database)).translate(asked)
    assert [answer.text for answer in found] == [pair.target_text for pair in pairs]
