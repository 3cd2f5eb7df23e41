"""Engines in order: each gets what those before it had no answer for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.documents import Translated, TranslationRequest, Translator

WAITING_REASONS = frozenset({"not_saved", "no_model", "unavailable", "no_engine"})
"""Reasons that say "not yet" rather than "failed"."""


class Chain:
    """A `Translator` made of others, per language pair."""

    name = "chain"

    def __init__(
        self,
        default: Sequence[Translator],
        pairs: Mapping[str, Sequence[Translator]] | None = None,
    ) -> None:
        """Args: the default order, and another one for pairs such as `vi-en`."""
        self._default = tuple(default)
        self._pairs = dict(pairs or {})

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """The first engine's answer that has a text; else the last reason."""
        answers: list[Translated | None] = [None] * len(requests)
        for pair, numbers in self._by_pair(requests).items():
            engines = self._pairs.get(pair, self._default)
            for number, answer in self._ask(engines, requests, numbers).items():
                answers[number] = answer
        return [answer or _NO_ENGINE for answer in answers]

    @staticmethod
    def _ask(
        engines: Sequence[Translator],
        requests: Sequence[TranslationRequest],
        numbers: list[int],
    ) -> dict[int, Translated]:
        answers: dict[int, Translated] = {}
        open_numbers = numbers
        for engine in engines:
            if not open_numbers:
                break
            found = engine.translate([requests[n] for n in open_numbers])
            answers.update(zip(open_numbers, found, strict=True))
            open_numbers = [n for n in open_numbers if answers[n].text is None]
        return answers

    @staticmethod
    def _by_pair(requests: Sequence[TranslationRequest]) -> dict[str, list[int]]:
        pairs: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            pair = f"{request.source_language}-{request.target_language}"
            pairs.setdefault(pair, []).append(number)
        return pairs


_NO_ENGINE = Translated(text=None, engine="", reason="no_engine")
