"""The LibreTranslate API: `POST /translate` with `q` as a list.

https://docs.libretranslate.com (API reference). The server's answer is data of
another program: its shape is checked, one text per segment, in order.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import category

from pipeline.documents import Translated, TranslationRequest

if TYPE_CHECKING:
    import httpx

BATCH_SEGMENTS = 32
"""Segments a request; LibreTranslate's default batch limit is at least that."""

BREAK_AFTER = 3
"""After so many failed calls in a row the server is left alone …"""
BREAK_SECONDS = 60.0
"""… for so long: every document waits instead of each costing a time-out."""

_SPACE = re.compile(r"\s+")

MAX_ANSWER_BYTES = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class LibreTranslateSettings:
    """Where the server is.

    Attributes:
        name: As the chain calls it.
        url: Without `/translate`.
        timeout_seconds: For one request, in all.
        api_key: From the environment, or "".
    """

    name: str
    url: str
    timeout_seconds: float = 30.0
    api_key: str = ""


class LibreTranslate:
    """A `Translator` that asks a LibreTranslate server."""

    def __init__(
        self,
        settings: LibreTranslateSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client: httpx.Client | None = None
        self._failures = 0
        self._closed_until = 0.0

    @property
    def name(self) -> str:
        """As configured."""
        return self._settings.name

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """One answer per request; without text where the server had none."""
        answers: list[Translated] = []
        for batch in _batches(requests):
            answers += self._batch(batch)
        return answers

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()

    def _batch(self, batch: Sequence[TranslationRequest]) -> list[Translated]:
        if self._clock() < self._closed_until:
            return self._none(batch, "unavailable")
        try:
            data = self._post(batch)
        except _RefusedError as refused:
            return self._none(batch, refused.reason)
        except _FailedError:
            self._failures += 1
            if self._failures >= BREAK_AFTER:
                self._closed_until = self._clock() + BREAK_SECONDS
            return self._none(batch, "unavailable")
        self._failures = 0
        return self._answers(batch, data)

    def _answers(
        self, batch: Sequence[TranslationRequest], data: Any
    ) -> list[Translated]:
        texts = data.get("translatedText") if isinstance(data, dict) else None
        if not isinstance(texts, list) or len(texts) != len(batch):
            return self._none(batch, "bad_answer")
        return [
            Translated(text=text, engine="libretranslate", model=self.name)
            if (text := _clean(answer))
            else self._none([request], "bad_answer")[0]
            for request, answer in zip(batch, texts, strict=True)
        ]

    def _none(
        self, batch: Sequence[TranslationRequest], reason: str
    ) -> list[Translated]:
        answer = Translated(
            text=None, engine="libretranslate", model=self.name, reason=reason
        )
        return [answer] * len(batch)

    def _post(self, batch: Sequence[TranslationRequest]) -> Any:
        import httpx

        first = batch[0]
        payload: dict[str, Any] = {
            "q": [request.text for request in batch],
            "source": _code(first.source_language),
            "target": _code(first.target_language),
            "format": "text",
        }
        if self._settings.api_key:
            payload["api_key"] = self._settings.api_key
        give_up_at = time.monotonic() + self._settings.timeout_seconds
        try:
            with self._http().stream("POST", "/translate", json=payload) as response:
                return _read(response, give_up_at)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _FailedError(str(error)) from error

    def _http(self) -> httpx.Client:
        import httpx

        if self._client is None:
            self._client = httpx.Client(
                base_url=self._settings.url,
                timeout=self._settings.timeout_seconds,
                trust_env=False,  # a proxy of the environment is not ours to use
                follow_redirects=False,
            )
        return self._client


class _FailedError(Exception):
    """No use asking again just now."""


class _RefusedError(Exception):
    """The server is well and says no."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _read(response: httpx.Response, give_up_at: float) -> Any:
    """The answer's JSON; 400 means that the server lacks the language pair."""
    if response.status_code == 400:
        raise _RefusedError("no_model")
    if response.status_code in {401, 403}:
        raise _RefusedError("refused")
    if response.status_code != 200:
        raise _FailedError(f"status {response.status_code}")
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES or time.monotonic() > give_up_at:
            raise _FailedError("the answer is too long, or too slow")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _FailedError("the answer is no JSON") from error


def _clean(answer: object) -> str:
    """A text that every database takes: no controls, no lone surrogates."""
    if not isinstance(answer, str):
        return ""
    text = _SPACE.sub(" ", answer)
    return "".join(c for c in text if category(c) not in {"Cc", "Cs"}).strip()


def _batches(
    requests: Sequence[TranslationRequest],
) -> list[list[TranslationRequest]]:
    """Consecutive requests of one pair, at most `BATCH_SEGMENTS` together."""
    batches: list[list[TranslationRequest]] = []
    for request in requests:
        last = batches[-1] if batches else None
        if (
            last is None
            or len(last) >= BATCH_SEGMENTS
            or _pair(last[0]) != _pair(request)
        ):
            batches.append([request])
        else:
            last.append(request)
    return batches


def _pair(request: TranslationRequest) -> tuple[str, str]:
    return request.source_language, request.target_language


def _code(tag: str) -> str:
    """LibreTranslate's code: the primary subtag; `zh-Hant` as it is."""
    return tag if tag == "zh-Hant" else tag.split("-", maxsplit=1)[0]
