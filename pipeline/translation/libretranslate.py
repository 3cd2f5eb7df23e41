"""The LibreTranslate API: `POST /translate` with `q` as a list.

https://docs.libretranslate.com (API reference). Its status 400 says that it lacks the
language pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.languages import primary
from pipeline.translation.answers import (
    BAD_ANSWER,
    Asked,
    ask_twice,
    clean_answer,
    in_batches,
)
from pipeline.translation.engine import EngineKind, Failure, Model
from pipeline.translation.server import Server, Usage

BATCH_SEGMENTS = 32
"""Segments a request; LibreTranslate's default batch limit is at least that."""
MAX_CHARACTERS = 2000
"""Of one segment, and of a request's: what public servers take."""


@dataclass(frozen=True, kw_only=True)
class LibreTranslateSettings:
    """Which server.

    Attributes:
        name: As the chain calls it.
        api_key: From the environment, or "".
    """

    name: str
    api_key: str = ""


class LibreTranslate:
    """An `Engine` that asks a LibreTranslate server."""

    kind: EngineKind = "libretranslate"

    def __init__(self, settings: LibreTranslateSettings, server: Server) -> None:
        self._settings = settings
        self._server = server

    @property
    def name(self) -> str:
        """As configured."""
        return self._settings.name

    def model(self, source: str, target: str) -> Model | None:
        """The server: it does not tell its models."""
        return Model(engine=self.kind, name=self.name)

    def fits(self, text: str, source: str, target: str) -> bool:
        """Up to `MAX_CHARACTERS`."""
        return len(text) <= MAX_CHARACTERS

    def translate(
        self, texts: Sequence[str], source: str, target: str
    ) -> list[str | Failure]:
        """One answer per text, in order."""
        codes = {"source": _code(source), "target": _code(target)}

        def ask(batches: Sequence[Sequence[int]]) -> list[Asked]:
            payloads = [
                self._payload([texts[n] for n in batch], codes) for batch in batches
            ]
            return [
                _read(answer, len(batch))
                for batch, answer in zip(
                    batches, self._server.post("translate", payloads), strict=True
                )
            ]

        batches = in_batches(texts, segments=BATCH_SEGMENTS, characters=MAX_CHARACTERS)
        return ask_twice(texts, batches, ask)

    def take_usage(self) -> Usage:
        """What was asked since the last call of this."""
        return self._server.take_usage()

    def close(self) -> None:
        """Closes the connections."""
        self._server.close()

    def _payload(self, texts: list[str], codes: dict[str, str]) -> dict[str, Any]:
        self._server.usage.characters += sum(map(len, texts))
        payload: dict[str, Any] = {"q": texts, **codes, "format": "text"}
        if self._settings.api_key:
            payload["api_key"] = self._settings.api_key
        return payload


def _read(answer: Any, number: int) -> Asked:
    if isinstance(answer, Failure):
        return [answer] * number
    texts = answer.get("translatedText") if isinstance(answer, dict) else None
    if not isinstance(texts, list) or len(texts) != number:
        return [BAD_ANSWER] * number
    return [clean_answer(text) or BAD_ANSWER for text in texts]


def _code(tag: str) -> str:
    """LibreTranslate's code: the primary subtag; `zh-Hant` as it is."""
    return tag if tag == "zh-Hant" else primary(tag)
