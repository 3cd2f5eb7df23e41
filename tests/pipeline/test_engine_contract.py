"""What every engine keeps to: models on this machine, and both kinds of servers."""

import random
from collections.abc import Callable, Iterator

import pytest

from pipeline.translation.engine import Engine, Failure, InstalledModel, LocalKind
from pipeline.translation.local import LocalEngine, LocalSettings
from pipeline.translation.server import Server, ServerSettings
from tests.pipeline.test_servers import APIS, Stub
from tests.site import Site
from tests.trained import needs
from tests.trained.firefox import trained_firefox
from tests.trained.marian import converted_marian, trained_marian
from tests.trained.pairs import pairs

pytestmark = needs("torch", "transformers")

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


@pytest.fixture(scope="module", params=[*LOCAL, *APIS])
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
