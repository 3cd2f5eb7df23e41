"""Two translations in a row where no engine has the pair itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.documents import PEOPLE, Translated, TranslationRequest
from pipeline.languages import primary
from pipeline.translation.cache import CachedTranslation, NoCache, TranslationCache
from pipeline.translation.chain import Chain, by_pair, checksum16
from pipeline.translation.memory import segment_checksum

FLAG = "pivot"
"""At each segment that went through another language."""


class PivotTranslator:
    """A `ChainLink` through one other language, by a chain of its own."""

    name = "pivot"

    def __init__(
        self, chain: Chain, through: str, cache: TranslationCache | None = None
    ) -> None:
        """Args: the chain of both steps, the language between, what is known."""
        self._chain = chain
        self._through = through
        self._cache = cache or NoCache()

    def recipe(self, source: str, target: str) -> str:
        """Of both steps; "" while one of them has nothing."""
        if self._through in {primary(source), primary(target)}:
            return ""
        first = self._chain.recipe(source, self._through)
        second = self._chain.recipe(self._through, target)
        return checksum16(f"pivot\n{first}\n{second}") if first and second else ""

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """Through the other language; without text where a step has none."""
        answers: list[Translated] = [_NO_MODEL] * len(requests)
        for (source, target), numbers in by_pair(requests).items():
            recipe = self.recipe(source, target)
            if not recipe:
                continue
            keys = {n: (segment_checksum(requests[n].text), recipe) for n in numbers}
            known = self._cache.look_up(source, target, set(keys.values()))
            new = [n for n in numbers if keys[n] not in known]
            for number in numbers:
                if keys[number] in known:
                    answers[number] = self._cached(known[keys[number]], source, target)
            for number, answer in zip(
                new, self._steps([requests[n] for n in new]), strict=True
            ):
                answers[number] = replace(answer, recipe=recipe)
        return answers

    def _cached(self, found: CachedTranslation, source: str, target: str) -> Translated:
        return Translated(
            text=found.text,
            engine=found.engine,
            model=found.model,
            version=found.version,
            licence=found.licence,
            parameters=found.parameters,
            recipe=self.recipe(source, target),
            flags=found.flags,
        )

    def _steps(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        between = self._chain.translate(
            [replace(r, target_language=self._through, document="") for r in requests]
        )
        there = [n for n, answer in enumerate(between) if answer.text is not None]
        second = self._chain.translate(
            [
                replace(
                    requests[n],
                    text=between[n].text or "",
                    source_language=self._through,
                    document="",
                )
                for n in there
            ]
        )
        found = dict(zip(there, second, strict=True))
        return [
            _both(answer, found[n]) if n in found else answer
            for n, answer in enumerate(between)
        ]


def _both(first: Translated, second: Translated) -> Translated:
    """One answer with the provenance of both steps."""
    if second.text is None:
        return second
    flags = dict.fromkeys((*first.flags, *second.flags, FLAG))
    by_machine = next((a for a in (second, first) if a.engine not in PEOPLE), second)
    return replace(
        second,
        engine=by_machine.engine,
        licence=" AND ".join(
            dict.fromkeys(filter(None, (first.licence, second.licence)))
        ),
        model=f"{first.model} + {second.model}",
        version=" + ".join(filter(None, (first.version, second.version))),
        flags=tuple(flags),
    )


_NO_MODEL = Translated(text=None, engine="pivot", reason="no_model")
