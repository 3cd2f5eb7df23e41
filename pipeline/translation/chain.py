"""Engines in order: each gets what those before it had no good answer for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.documents import Translated, TranslationRequest, Translator
from pipeline.languages import primary
from pipeline.translation.checks import bad

ABSENCE = frozenset({"not_saved", "no_model", "no_engine"})
"""Reasons of who has nothing to do with a pair: what an engine *suffers* tells more."""


class ChainLink(Translator, Protocol):
    """A translator that can say beforehand what it would use."""

    def recipe(self, source: str, target: str) -> str:
        """Names what decides its output for a pair; "" while it has nothing."""
        ...


class Chain:
    """A `Translator` made of others, per language pair."""

    name = "chain"

    def __init__(
        self,
        default: Sequence[Translator],
        pairs: Mapping[str, Sequence[Translator]] | None = None,
        first: Sequence[Translator] = (),
    ) -> None:
        """Nobody is asked before there is something to translate.

        Args:
            default: The order of engines …
            pairs: … and another one for pairs such as `vi-en`.
            first: Who is asked before any of them: corrections.
        """
        self._default = (*first, *default)
        self._pairs = {pair: (*first, *chain) for pair, chain in (pairs or {}).items()}

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """The best answer of the first engines that have one; else the last reason.

        An answer with a flag that says "wrong" makes the next engine try; the one
        with fewer such flags is kept, of equals the earlier.
        """
        answers: list[Translated | None] = [None] * len(requests)
        for pair, numbers in by_pair(requests).items():
            engines = self._engines(*pair)
            for number, answer in _ask(engines, requests, numbers).items():
                answers[number] = answer
        return [answer or _NO_ENGINE for answer in answers]

    def recipe(self, source: str, target: str) -> str:
        """Names what the chain would use for a pair today; "" while it has nothing.

        Saved translations are not part of it: they change it for single segments.
        """
        recipes = [
            engine.recipe(source, target)
            for engine in self._engines(source, target)
            if hasattr(engine, "recipe")
        ]
        known = "\n".join(recipe for recipe in recipes if recipe)
        return checksum16(f"{source}-{target}\n{known}") if known else ""

    def _engines(self, source: str, target: str) -> tuple[Translator, ...]:
        """Those configured for `zh-Hans-en`, or else `zh-en`, or else for all."""
        for language in (source, primary(source)):
            own = self._pairs.get(f"{language}-{target}")
            if own is not None:
                return own
        return self._default


def by_pair(
    requests: Sequence[TranslationRequest],
) -> dict[tuple[str, str], list[int]]:
    """The numbers of the requests of each language pair."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for number, request in enumerate(requests):
        pair = (request.source_language, request.target_language)
        pairs.setdefault(pair, []).append(number)
    return pairs


def checksum16(text: str) -> str:
    """Sixteen hex characters that change with `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
        for number, answer in zip(open_numbers, found, strict=True):
            answers[number] = _better(answers.get(number), answer)
        open_numbers = [n for n in open_numbers if _is_open(answers[n])]
    return answers


def _is_open(answer: Translated) -> bool:
    return answer.text is None or bad(answer.flags) > 0


def _better(kept: Translated | None, new: Translated) -> Translated:
    """The one with fewer flags; of two without text the one that tells more."""
    if kept is None:
        return new
    if kept.text is None:
        says_little = new.text is None and new.reason in ABSENCE
        return kept if says_little and kept.reason not in ABSENCE else new
    if new.text is None or bad(new.flags) >= bad(kept.flags):
        return kept
    return new


_NO_ENGINE = Translated(text=None, engine="", reason="no_engine")
