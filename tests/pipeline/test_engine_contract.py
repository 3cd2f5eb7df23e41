"""What every engine keeps to: models on this machine, and both kinds of servers."""

import json
import random
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import brotli
import pytest
import zstandard

from babelwire.demo.world import Request, Response
from pipeline.translation import libretranslate, openai
from pipeline.translation.engine import Engine, Failure, InstalledModel, LocalKind
from pipeline.translation.local import LocalEngine, LocalSettings
from pipeline.translation.server import Server, ServerSettings
from tests.pipeline.test_servers import APIS, JSON, KEY, Seconds, Stub, reasons
from tests.site import Answer, Site
from tests.trained import needs
from tests.trained.firefox import trained_firefox
from tests.trained.marian import converted_marian, trained_marian
from tests.trained.pairs import pairs

LOCAL: dict[LocalKind, Callable[[], InstalledModel]] = {
    "firefox": lambda: trained_firefox("vi"),
    "ctranslate2": lambda: converted_marian("int8"),
    "transformers": trained_marian,
}


class Only:
    """A finder of one model."""

    def __init__(self, model: InstalledModel) -> None:
        self._model = model

    def find(
        self, engine: LocalKind, source: str, target: str
    ) -> InstalledModel | None:
        known = (engine, source, target) == (self._model.engine, "vi", "en")
        return self._model if known else None


def _server(name: str, site: Site) -> Engine:
    api = APIS[name]
    Stub(site, api).says(lambda texts: api.wrap([text.upper() for text in texts]))
    made: Engine = api.make(Server(ServerSettings(url=site.base_url)))
    return made


TRAINED = [
    pytest.param(kind, marks=needs("torch", "transformers"), id=kind) for kind in LOCAL
]


@pytest.fixture(scope="module", params=[*TRAINED, *APIS])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with Site() as site:
        if request.param in LOCAL:
            finder = Only(LOCAL[request.param]())
            settings = LocalSettings(workers=2, memory_mib=4096)
            made: Engine = LocalEngine("mine", request.param, finder, settings)
        else:
            made = _server(request.param, site)
        yield made
        made.close()


def texts() -> list[str]:
    return [source for source, _ in pairs("vi")][:24]


def test_every_text_has_an_answer_of_its_own_in_order(engine) -> None:
    answers = engine.translate(texts(), "vi", "en")
    assert len(answers) == len(texts())
    assert all(isinstance(answer, str) and answer for answer in answers)
    assert engine.translate([], "vi", "en") == []


def test_the_answer_does_not_depend_on_what_stands_beside_it(engine) -> None:
    together = dict(zip(texts(), engine.translate(texts(), "vi", "en"), strict=True))
    shuffled = list(together)
    random.Random(1).shuffle(shuffled)
    for size in (1, 5, 24):
        for start in range(0, len(shuffled), size):
            part = shuffled[start : start + size]
            found = engine.translate(part, "vi", "en")
            assert found == [together[text] for text in part]


def test_a_model_says_what_it_is(engine) -> None:
    model = engine.model("vi", "en")
    assert model is not None
    assert model.engine == engine.kind
    assert model.name
    assert engine.model("vi", "en") == model
    assert engine.name


def test_a_sentence_fits_and_a_page_does_not(engine) -> None:
    assert engine.fits(texts()[0], "vi", "en")
    assert not engine.fits("từ dài ạ " * 1000, "vi", "en")


@pytest.mark.parametrize(
    "text", ["?", "漢字", "a" * 90, "1 2 3", "<b>&amp;", "ạ\u0301\u0323"]
)
def test_an_odd_text_costs_nobody_else(engine, text) -> None:
    """P10"""
    good = texts()[0]
    alone = engine.translate([good], "vi", "en")[0]
    answers = engine.translate([good, text, good], "vi", "en")
    assert [answers[0], answers[2]] == [alone, alone]
    assert isinstance(answers[1], str | Failure)


def test_a_language_that_a_local_engine_lacks_is_no_model(engine) -> None:
    if engine.kind in LOCAL:
        assert engine.model("th", "en") is None
        (answer,) = engine.translate(["ไทย"], "th", "en")
        assert isinstance(answer, Failure)
        assert answer.reason == "no_model"


# --- Over HTTP: limits, pauses and what must not get out --------------------------
# What servers in trouble do besides is in `test_servers.py`.

LIMITS = {
    "libretranslate": (libretranslate.BATCH_SEGMENTS, libretranslate.MAX_CHARACTERS),
    "openai": (openai.BATCH_SEGMENTS, openai.MAX_CHARACTERS),
}
MIB = 1 << 20


@pytest.fixture(params=APIS)
def stub(request: pytest.FixtureRequest) -> Iterator[Stub]:
    with Site() as site:
        yield Stub(site, APIS[request.param])


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def connect(stub: Stub, seconds: Seconds) -> Iterator[Callable[..., Engine]]:
    """Opens an engine; `headers` may be given. No test here waits for its limit."""
    opened: list[Engine] = []

    def connect(**settings: Any) -> Engine:
        known = ServerSettings(url=stub.site.base_url, **settings)
        opened.append(stub.api.make(Server(known, seconds, seconds.pause)))
        return opened[-1]

    yield connect
    for engine in opened:
        engine.close()


def ask(engine: Engine, *texts: str) -> list[str | Failure]:
    return engine.translate(texts, "vi", "en")


def upper(stub: Stub) -> None:
    stub.says(lambda texts: stub.api.wrap([text.upper() for text in texts]))


def test_no_request_is_larger_than_the_api_takes(connect, stub) -> None:
    upper(stub)
    engine = connect()
    segments, characters = LIMITS[engine.kind]
    asked = ["a" * 9, *["b" * 700] * 9, *["c"] * 3 * segments, "d" * characters]
    assert ask(engine, *asked) == [text.upper() for text in asked]
    batches = [stub.api.texts(body) for body in stub.bodies]
    assert [text for batch in batches for text in batch] == asked
    assert max(map(len, batches)) == segments
    assert max(sum(map(len, batch)) for batch in batches) == characters


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_text_goes_to_no_other_server(connect, stub, status) -> None:
    """C15"""
    with Site() as other:
        to = {"Location": other.url(stub.api.path)}
        stub.answers(Response(status=status, headers=to))
        assert reasons(ask(connect(), "Một")) == ["unavailable"]
        assert other.requests == []
    assert stub.calls == 1


def test_a_server_that_stays_busy_is_waited_for_once(connect, stub, seconds) -> None:
    stub.answers(Response(status=429, headers={"Retry-After": "1"}))
    engine = connect()
    assert reasons(ask(engine, "Một")) == ["unavailable"]
    assert (stub.calls, seconds.paused) == (2, [1.0])
    upper(stub)
    assert reasons(ask(engine, "Một")) == ["unavailable"]
    seconds.now = 1.0
    assert ask(engine, "Một") == ["MỘT"]


def test_a_retry_after_with_a_date_near_is_waited_for(connect, stub, seconds) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=25)
    date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT")
    given: list[Answer] = [Response(status=503, headers={"Retry-After": date})]

    def script(request: Request) -> Answer:
        if given:
            return given.pop()
        return Response(headers=JSON, body=json.dumps(stub.api.wrap(["One"])).encode())

    stub.site.add(stub.api.path, script)
    assert ask(connect(), "Một") == ["One"]
    assert len(seconds.paused) == 1
    assert 0 <= seconds.paused[0] <= 25


def test_what_is_asked_again_is_counted_again(connect, stub) -> None:
    stub.says(lambda texts: stub.api.wrap(["" if t == "a" else t for t in texts]))
    engine = connect()
    assert reasons(ask(engine, "a", "bcd")) == ["bad_answer", ""]
    used = engine.take_usage()  # type: ignore[attr-defined]
    assert (used.requests, used.characters) == (2, 5)


def test_the_key_stands_in_its_place_alone(connect, stub) -> None:
    upper(stub)
    engine = connect(headers={"Authorization": f"Bearer {KEY}"})
    assert ask(engine, "Một") == ["MỘT"]
    (seen,), (body,) = stub.site.requests, stub.bodies
    assert KEY not in seen.target
    assert [name for name in seen.headers if KEY in seen.headers[name]] == [
        "authorization"
    ]
    holding = [name for name, value in body.items() if KEY in str(value)]
    assert holding == (["api_key"] if engine.kind == "libretranslate" else [])


@pytest.mark.parametrize("end", ["\n", "\x00", "ключ", "“"])
def test_a_key_that_cannot_be_sent_is_not_told_either(connect, stub, end) -> None:
    upper(stub)
    engine = connect(headers={"Authorization": f"Bearer {KEY}{end}"})
    (answer,) = ask(engine, "Một")
    assert isinstance(answer, Failure)
    assert answer.reason == "unavailable"
    assert KEY not in repr(answer)
    assert stub.calls == 0


# --- Over HTTP: compressed answers -------------------------------------------------


def gzipped(data: bytes) -> bytes:
    return zlib.compress(data, wbits=31)


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda data: bytes(brotli.compress(data, quality=5)),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "gzip, gzip": lambda data: gzipped(gzipped(data)),
}


def test_a_gzipped_answer_is_read(connect, stub) -> None:
    body = gzipped(json.dumps(stub.api.wrap(["One"])).encode())
    stub.answers(Response(headers={**JSON, "Content-Encoding": "gzip"}, body=body))
    assert ask(connect(), "Một") == ["One"]


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_small_answer_cannot_fill_the_memory(connect, stub, encoding) -> None:
    """C6"""
    body = BOMBS[encoding](bytes(256 * MIB))
    stub.answers(Response(headers={**JSON, "Content-Encoding": encoding}, body=body))
    tracemalloc.start()
    try:
        assert reasons(ask(connect(), "Một")) == ["unavailable"]
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


# --- Over HTTP: the chat API alone -------------------------------------------------


@pytest.mark.parametrize("stub", ["openai"], indirect=True)
def test_a_number_given_twice_makes_all_be_asked_again_alone(connect, stub) -> None:
    """P10: the second "1" is the translation of another segment."""

    def says(texts: list[str]) -> Any:
        if len(texts) > 1:
            return stub.api.message('{"translations": {"1": "A", "1": "B"}}')
        return stub.api.wrap([text.upper() for text in texts])

    stub.says(says)
    assert ask(connect(), "a", "b") == ["A", "B"]


@pytest.mark.parametrize("stub", ["openai"], indirect=True)
@pytest.mark.parametrize("count", [-1, 1.5, "7", None, [7], 10**30])
def test_a_count_that_is_none_is_not_billed(connect, stub, count) -> None:
    def says(texts: list[str]) -> Any:
        usage = {"prompt_tokens": count, "completion_tokens": 3}
        return {**stub.api.wrap(texts), "usage": usage}

    stub.says(says)
    engine = connect()
    assert ask(engine, "Một") == ["Một"]
    used = engine.take_usage()  # type: ignore[attr-defined]
    assert (used.input_tokens, used.output_tokens) == (0, 3)
