"""Translators: the chain, saved translations, and a LibreTranslate server."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelwire.demo.world import Response
from pipeline.documents import Translated, TranslationRequest
from pipeline.store import Database, memory
from pipeline.store.memory import StoredTranslations
from pipeline.translation import Chain, MemoryTranslator
from pipeline.translation.libretranslate import (
    BATCH_SEGMENTS,
    BREAK_AFTER,
    BREAK_SECONDS,
    MAX_ANSWER_BYTES,
    LibreTranslate,
    LibreTranslateSettings,
)
from pipeline.translation.memory import normalise_segment, segment_checksum
from pipeline.translation.tmx import SavedTranslation
from tests.conftest import Clock
from tests.pipeline.builders import NOW
from tests.site import Answer, Site, big, chunked_cut, cut, drip, hang, raw, reset

JSON = {"Content-Type": "application/json"}


def request(text: str, source: str = "vi", target: str = "en") -> TranslationRequest:
    return TranslationRequest(text=text, source_language=source, target_language=target)


def requests(*texts: str, source: str = "vi") -> list[TranslationRequest]:
    return [request(text, source) for text in texts]


class Fake:
    """Knows some texts, and remembers what it was asked."""

    def __init__(self, name: str, known: Mapping[str, str], reason: str = "no") -> None:
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


# --- LibreTranslate --------------------------------------------------------------


class Server:
    """A stub of the API: `answer` says what it does with what it is asked."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def says(self, answer: Answer) -> None:
        self._site.add("/translate", lambda _: answer)

    def says_json(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.says(Response(status=status, headers=JSON, body=body))

    @property
    def calls(self) -> int:
        return self._site.count("/translate")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def server(site: Site) -> Server:
    return Server(site)


class Seconds:
    """A monotonic clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def engine(site: Site, seconds: Seconds) -> Iterator[LibreTranslate]:
    settings = LibreTranslateSettings(
        name="lt", url=site.base_url, timeout_seconds=0.3, api_key="secret"
    )
    translator = LibreTranslate(settings, seconds)
    yield translator
    translator.close()


def test_answers_come_in_order_and_name_their_engine(engine, server) -> None:
    server.says_json({"translatedText": ["One", " Two\n"]})
    found = engine.translate(requests("Một", "Hai"))
    assert [answer.text for answer in found] == ["One", "Two"]
    assert {(answer.engine, answer.model) for answer in found} == {
        ("libretranslate", "lt")
    }


def test_long_lists_are_sent_in_batches_of_one_pair(engine, server) -> None:
    server.says_json({"translatedText": ["x"] * BATCH_SEGMENTS})
    found = engine.translate(requests(*"a" * BATCH_SEGMENTS * 2))
    assert [answer.text for answer in found] == ["x"] * BATCH_SEGMENTS * 2
    assert server.calls == 2
    server.says_json({"translatedText": ["y"]})
    assert [
        answer.text for answer in engine.translate([request("a"), request("a", "ru")])
    ] == ["y", "y"]
    assert server.calls == 4


def test_a_pair_the_server_lacks_waits_for_a_model(engine, server) -> None:
    server.says_json({"error": "vi is not supported"}, status=400)
    for _ in range(BREAK_AFTER + 1):
        assert engine.translate(requests("Một"))[0].reason == "no_model"
    assert server.calls == BREAK_AFTER + 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_refused(engine, server, status) -> None:
    server.says_json({"error": "key"}, status=status)
    assert engine.translate(requests("Một"))[0].reason == "refused"


FAULTS: Mapping[str, Callable[[], Answer]] = {
    "500": lambda: Response(status=500),
    "429": lambda: Response(status=429),
    "redirect": lambda: Response(status=302, headers={"Location": "/translate"}),
    "no JSON": lambda: Response(headers=JSON, body=b"<h1>proxy</h1>"),
    "no text": lambda: Response(headers=JSON, body=b"\xff\xfe{"),
    "nested": lambda: Response(headers=JSON, body=b"[" * 100_000),
    "hang": hang,
    "drip": lambda: drip(b"x" * 100, 0.05),
    "reset": reset,
    "cut": lambda: cut(b'{"translatedText": ["One"]}'),
    "chunked cut": lambda: chunked_cut(b'{"translatedText": ["One"]}'),
    "no HTTP": lambda: raw(b"\x00\x01\x02"),
    "huge": lambda: big(MAX_ANSWER_BYTES + 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_in_trouble_is_unavailable(engine, server, fault) -> None:
    server.says(FAULTS[fault]())
    (answer,) = engine.translate(requests("Một"))
    assert (answer.text, answer.reason) == (None, "unavailable")


def test_after_three_failures_the_server_is_left_alone_for_a_minute(
    engine, server, seconds
) -> None:
    server.says(Response(status=500))
    for _ in range(BREAK_AFTER + 2):
        assert engine.translate(requests("Một"))[0].reason == "unavailable"
    assert server.calls == BREAK_AFTER
    server.says_json({"translatedText": ["One"]})
    seconds.now = BREAK_SECONDS - 1
    assert engine.translate(requests("Một"))[0].text is None
    seconds.now = BREAK_SECONDS
    assert engine.translate(requests("Một"))[0].text == "One"


def test_a_success_forgets_earlier_failures(engine, server) -> None:
    for _ in range(BREAK_AFTER):
        for _ in range(BREAK_AFTER - 1):
            server.says(Response(status=500))
            engine.translate(requests("Một"))
        server.says_json({"translatedText": ["One"]})
        assert engine.translate(requests("Một"))[0].text == "One"


@pytest.mark.parametrize(
    "value",
    [
        {"translatedText": ["One"]},
        {"translatedText": ["One", "Two", "Three"]},
        {"translatedText": "One Two"},
        {"translatedText": None},
        {"translations": ["One", "Two"]},
        ["One", "Two"],
        "One",
        None,
    ],
)
def test_an_answer_of_another_shape_is_no_translation(engine, server, value) -> None:
    server.says_json(value)
    found = engine.translate(requests("Một", "Hai"))
    assert [answer.reason for answer in found] == ["bad_answer", "bad_answer"]


@pytest.mark.parametrize("text", ["", "  \n", None, 1, ["One"], "\x00", "\ud800"])
def test_one_bad_text_costs_its_segment_alone(engine, server, text) -> None:
    server.says_json({"translatedText": [text, "Two"]})
    found = engine.translate(requests("Một", "Hai"))
    assert (found[0].text, found[0].reason) == (None, "bad_answer")
    assert found[1].text == "Two"


def test_a_text_that_no_database_takes_is_cleaned(engine, server) -> None:
    server.says_json({"translatedText": ["O\x00n\ud800e\x07"]})
    assert engine.translate(requests("Một"))[0].text == "One"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with Site() as gone:
        url = gone.base_url
    engine = LibreTranslate(LibreTranslateSettings(name="lt", url=url))
    assert engine.translate(requests("Một"))[0].reason == "unavailable"
    engine.close()


def test_an_address_that_is_none_is_unavailable() -> None:
    engine = LibreTranslate(LibreTranslateSettings(name="lt", url="http://[broken"))
    assert engine.translate(requests("Một"))[0].reason == "unavailable"
    engine.close()


def test_a_proxy_of_the_environment_is_not_used(
    engine, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C17"""
    with Site() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.says_json({"translatedText": ["One"]})
        assert engine.translate(requests("Một"))[0].text == "One"
        assert proxy.requests == []


def test_a_closed_engine_opens_no_connection_by_itself(site, seconds) -> None:
    settings = LibreTranslateSettings(name="lt", url=site.base_url)
    LibreTranslate(settings, seconds).close()
    assert site.requests == []
