"""What the other engines make of a sentence whose translation is in doubt.

A person waits: every engine is asked at the same time, each in a thread of its own,
and the answer is given after `ASK_SECONDS` whatever they do. One question at a time:
each may start processes and load models.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from babelwire.translating import Hurry, finish, open_engines
from pipeline.documents import UNDETERMINED
from pipeline.errors import BabelwireError, UnavailableError

if TYPE_CHECKING:
    from babelwire.config import EngineConfig, TranslationConfig
    from babelwire.workspace import Workspace
    from pipeline.documents import Translated, TranslatedSegment
    from pipeline.store import Database
    from pipeline.translation.engine import Engine

ASK_SECONDS = 30.0
"""For one sentence by all engines. A model of OPUS-MT is loaded and done within 5, one
of a gigabyte within 20 on a slow disk; a person who waits longer has gone on."""

_ASKING = threading.Lock()
"""Held by the one question."""


class BusyError(UnavailableError):
    """Another question is under way."""


class Opener(Protocol):
    """Opens engines; `babelwire.translating.open_engines`."""

    def __call__(
        self,
        workspace: Workspace,
        database: Database,
        configs: Mapping[str, EngineConfig],
        *,
        hurry: Hurry | None = None,
    ) -> AbstractContextManager[Mapping[str, Engine]]:
        """Engines by name; what they start ends with the block."""
        ...


@dataclass(frozen=True, kw_only=True)
class Question:
    """A sentence and what it is said to mean.

    Attributes:
        text: The original.
        source: BCP 47 tag of its language.
        target: BCP 47 tag of the language it is translated to.
        shown: The translation that is shown; None where there is none.
    """

    text: str
    source: str
    target: str
    shown: TranslatedSegment | None = None


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What an engine says.

    Attributes:
        engine: As the configuration calls it.
        model: "" where it is not known.
        version: Of the model; "" where the engine tells none.
        text: The translation; None where there is none.
        flags: Of the checks; empty is good.
        reason: Why there is none, as `pipeline.translation.engine.Failure` has it.
        detail: The same for people, in English.
    """

    engine: str
    model: str = ""
    version: str = ""
    text: str | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""


def ask_others(
    workspace: Workspace,
    database: Database,
    question: Question,
    *,
    seconds: float = ASK_SECONDS,
    opener: Opener = open_engines,
) -> list[Opinion]:
    """What every configured engine but the one that is shown makes of a sentence.

    An engine that has no model for the languages, and no server, has no opinion.

    Args:
        workspace: Its configuration names the engines.
        database: For what was translated before, and the count of what was asked.
        question: The sentence.
        seconds: For all of them together.
        opener: Opens engines.

    Raises:
        BusyError: Another question is under way.
    """
    if not _ASKING.acquire(blocking=False):
        raise BusyError("other engines are being asked about another sentence")
    try:
        return _Asking(workspace, database, question, seconds, opener).opinions()
    finally:
        _ASKING.release()


def model_to_pull(workspace: Workspace, source: str, target: str) -> str:
    """The name of a model that would bring another opinion; "" where none is known."""
    from babelwire.modelling import catalogue_of, shelf_of

    kinds = {c.kind for c in _configured(workspace.config.translation).values()}
    there = {model.name for model in shelf_of(workspace).installed()}
    for model in catalogue_of(workspace).serving(source, target):
        if model.commercial and model.engine in kinds and model.name not in there:
            return model.name
    return ""


class _Asking:
    def __init__(
        self,
        workspace: Workspace,
        database: Database,
        question: Question,
        seconds: float,
        opener: Opener,
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._question = question
        self._seconds = seconds
        self._opener = opener
        self._local: dict[str, Engine] = {}

    def opinions(self) -> list[Opinion]:
        asked = self._question
        configs = _configured(self._workspace.config.translation)
        if not configs or asked.source in {UNDETERMINED, asked.target}:
            return []
        pool = ThreadPoolExecutor(len(configs), thread_name_prefix="opinion")
        futures = {
            name: pool.submit(self._ask, name, config)
            for name, config in configs.items()
        }
        pool.shutdown(wait=False)
        wait(futures.values(), timeout=self._seconds)
        self._end_late(futures)
        found = [_answer(name, future) for name, future in futures.items()]
        return [opinion for opinion in found if opinion is not None]

    def _ask(self, name: str, config: EngineConfig) -> Opinion | None:
        from pipeline.documents import TranslationRequest
        from pipeline.translation import MachineTranslator

        hurry = Hurry(timeout_seconds=self._seconds, purpose="translate")
        asked = self._question
        request = TranslationRequest(
            text=asked.text,
            source_language=asked.source,
            target_language=asked.target,
        )
        try:
            with self._opener(
                self._workspace, self._database, {name: config}, hurry=hurry
            ) as engines:
                engine = engines[name]
                if not self._has_another(engine):
                    return None
                if config.is_on_this_machine:
                    self._local[name] = engine
                around = finish(self._workspace, self._database)
                (answer,) = MachineTranslator(engine, around).translate([request])
        except BabelwireError as error:
            return Opinion(engine=name, reason="unavailable", detail=str(error))
        return _opinion(name, answer)

    def _has_another(self, engine: Engine) -> bool:
        """Whether it has a model, and another one than made what is shown."""
        model = engine.model(self._question.source, self._question.target)
        if model is None:
            return False
        shown = self._question.shown
        made_by = (model.engine, model.name, model.version)
        return shown is None or made_by != (shown.engine, shown.model, shown.version)

    def _end_late(self, futures: Mapping[str, Future[Opinion | None]]) -> None:
        """Ends the processes of who is late; a server's call ends by its own limit."""
        for name, engine in self._local.items():
            if not futures[name].done():
                engine.close()


def _configured(settings: TranslationConfig) -> dict[str, EngineConfig]:
    """Engines of a chain, and those that only have a section."""
    return {**settings.used_engines, **settings.engines}


def _answer(name: str, future: Future[Opinion | None]) -> Opinion | None:
    if not future.done():
        return Opinion(engine=name, reason="timeout")
    return future.result()


def _opinion(name: str, answer: Translated) -> Opinion:
    return Opinion(
        engine=name,
        model=answer.model,
        version=answer.version,
        text=answer.text,
        flags=answer.flags,
        reason=answer.reason,
        detail=answer.detail,
    )
