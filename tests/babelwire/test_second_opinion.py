"""Other engines are asked about one sentence: in time, one question at a time."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from babelwire.second_opinion import (
    BusyError,
    Opinion,
    Question,
    ask_others,
    model_to_pull,
)
from babelwire.workspace import Workspace, find_workspace
from pipeline.documents import TranslatedSegment
from pipeline.errors import UnavailableError
from pipeline.store import Database
from pipeline.translation.engine import Failure, Model

QUESTION = Question(text="Dòng sông dài 1149 km.", source="vi", target="en")


class Fake:
    """An engine that says what it is told to, or nothing before it is closed."""

    def __init__(self, name: str, says: str | Failure | None, model: str) -> None:
        self.name = name
        self.kind = "firefox"
        self._says = says
        self._model = model
        self._closed = threading.Event()

    def model(self, source: str, target: str) -> Model | None:
        if not self._model:
            return None
        return Model(engine="firefox", name=self._model, version="7")

    def fits(self, text: str, source: str, target: str) -> bool:
        return True

    def translate(self, texts, source, target):
        if self._says is None:
            self._closed.wait()
            return [Failure(reason="crash")] * len(texts)
        return [self._says] * len(texts)

    def close(self) -> None:
        self._closed.set()


class Engines:
    """Opens fakes by name; counts those that are open."""

    def __init__(self, says: Mapping[str, str | Failure | None]) -> None:
        self.made = {
            name: Fake(name, text, f"{name}-vi-en") for name, text in says.items()
        }
        self.open = threading.Semaphore(0)
        self.ended: list[str] = []
        self.all_ended = threading.Event()

    @contextmanager
    def __call__(self, workspace, database, configs, *, hurry) -> Iterator[Mapping]:
        (name,) = configs
        try:
            yield {name: self.made[name]}
        finally:
            self.made[name].close()
            self.ended.append(name)
            if len(self.ended) == len(self.made):
                self.all_ended.set()


@pytest.fixture
def found(workspace: Path) -> Workspace:
    """Its chain is memory, firefox, ctranslate2."""
    return find_workspace(workspace)


@pytest.fixture
def database(found: Workspace) -> Iterator[Database]:
    opened = found.open()
    yield opened
    opened.close()


def test_each_engine_answers_with_its_model_and_what_checks_find(
    found, database
) -> None:
    engines = Engines({"firefox": "The river is 1149 km long.", "ctranslate2": "The"})
    one, other = ask_others(found, database, QUESTION, opener=engines)
    assert sorted(engines.ended) == ["ctranslate2", "firefox"]
    assert (other.engine, other.text, other.flags) == (
        "firefox",
        "The river is 1149 km long.",
        (),
    )
    assert (other.model, other.version) == ("firefox-vi-en", "7")
    assert (one.engine, one.text, "numbers" in one.flags) == (
        "ctranslate2",
        "The",
        True,
    )


def test_the_engine_whose_translation_is_shown_is_not_asked(found, database) -> None:
    engines = Engines({"firefox": "It is long.", "ctranslate2": "It has length."})
    shown = TranslatedSegment(
        position=1, text="x", engine="firefox", model="firefox-vi-en", version="7"
    )
    asked = Question(text="Dài.", source="vi", target="en", shown=shown)
    assert [o.engine for o in ask_others(found, database, asked, opener=engines)] == [
        "ctranslate2"
    ]


def test_an_engine_without_a_model_has_no_opinion(found, database) -> None:
    engines = Engines({"firefox": "It is long.", "ctranslate2": "x"})
    engines.made["ctranslate2"]._model = ""
    answers = ask_others(found, database, QUESTION, opener=engines)
    assert [opinion.engine for opinion in answers] == ["firefox"]


@pytest.mark.parametrize("language", ["en", "und"])
def test_there_is_nothing_to_ask_about(found, database, language) -> None:
    engines = Engines({"firefox": "x", "ctranslate2": "x"})
    asked = Question(text="The river.", source=language, target="en")
    assert ask_others(found, database, asked, opener=engines) == []
    assert engines.ended == []


def test_who_is_late_is_ended_and_the_others_answers_are_given(found, database) -> None:
    engines = Engines({"firefox": None, "ctranslate2": "It is 1149 km long."})
    answers = ask_others(found, database, QUESTION, seconds=0.3, opener=engines)
    assert answers[1] == Opinion(engine="firefox", reason="timeout")
    assert answers[0].text == "It is 1149 km long."
    assert engines.all_ended.wait(60)


def test_what_an_engine_suffers_is_told(found, database) -> None:
    failure = Failure(reason="out_of_memory", detail="too small")
    engines = Engines({"firefox": failure, "ctranslate2": "It is 1149 km long."})
    _, answer = ask_others(found, database, QUESTION, opener=engines)
    assert (answer.text, answer.reason) == (None, "out_of_memory")


def test_an_engine_that_cannot_be_opened_is_told(found, database) -> None:
    @contextmanager
    def opener(*_arguments, hurry) -> Iterator[Mapping]:
        raise UnavailableError("the environment variable KEY is not set")
        yield {}

    answers = ask_others(found, database, QUESTION, opener=opener)
    assert {opinion.reason for opinion in answers} == {"unavailable"}
    assert "KEY" in answers[0].detail


def test_one_question_at_a_time(found, database) -> None:
    inside, refused = threading.Event(), []

    @contextmanager
    def opener(workspace, database, configs, *, hurry) -> Iterator[Mapping]:
        inside.set()
        release.wait()
        raise UnavailableError("done")
        yield {}

    release = threading.Event()
    asking = threading.Thread(
        target=ask_others, args=(found, database, QUESTION), kwargs={"opener": opener}
    )
    asking.start()
    assert inside.wait(60)
    with pytest.raises(BusyError):
        refused.append(ask_others(found, database, QUESTION, opener=opener))
    release.set()
    asking.join()
    assert refused == []
    engines = Engines({"firefox": "1149 km", "ctranslate2": "1149 km"})
    assert len(ask_others(found, database, QUESTION, opener=engines)) == 2


def test_a_model_is_named_that_would_bring_another_opinion(found) -> None:
    assert model_to_pull(found, "vi", "en").startswith(("firefox-vi-en", "opus"))
    assert model_to_pull(found, "vi", "xx") == ""
