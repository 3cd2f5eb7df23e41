"""One engine as a link of the chain: prepared, asked once per text, checked.

Whatever the engine, a segment goes the same way: names are looked up, the text is
cut into pieces that fit, equal texts are asked once, links that got lost are carried
around the engine, quotation marks are paired, names are spelt as wanted, and the
result is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pipeline.documents import Identification, Translated, TranslationRequest
from pipeline.translation.cache import NoCache, TranslationCache
from pipeline.translation.chain import by_pair, checksum16
from pipeline.translation.checks import CHECKS_VERSION, bad, check, pair_quotes
from pipeline.translation.engine import Engine, Failure, Model
from pipeline.translation.glossary import Glossary, Term, enforce, terms_checksum
from pipeline.translation.memory import segment_checksum
from pipeline.translation.pieces import Piece, cut, join, links_in

FINISH_VERSION = f"1.{CHECKS_VERSION}"
"""Changes whenever the way around the engine may change a result."""


SERVERS = frozenset({"libretranslate", "openai"})
"""Kinds of engines that may answer the same question better the second time."""


@runtime_checkable
class GlossaryEngine(Protocol):
    """An engine that can be told how names are spelt."""

    def translate_with_names(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        names: Sequence[Mapping[str, str]],
    ) -> list[str | Failure]:
        """As `Engine.translate`; with the wanted spelling by the original's."""
        ...


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What goes around every engine.

    Attributes:
        glossary: Names that must be spelt one way.
        identify: Tells a language; None leaves that check out.
        cache: What was translated before.
    """

    glossary: Glossary = field(default_factory=Glossary)
    identify: Callable[[str], Identification] | None = None
    cache: TranslationCache = field(default_factory=NoCache)


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A distinct text to translate."""

    text: str
    terms: tuple[Term, ...]
    recipe: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What became of it."""

    text: str | None
    flags: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""


class MachineTranslator:
    """A `ChainLink` around an engine."""

    def __init__(self, engine: Engine, finish: Finish) -> None:
        self._engine = engine
        self._finish = finish

    @property
    def name(self) -> str:
        """As the chain calls it."""
        return self._engine.name

    def recipe(self, source: str, target: str) -> str:
        """Names the model and the way around it; "" while there is no model.

        With all names of the pair: a segment's own recipe has only those in it, so
        that a changed name costs what has it, and nothing else.
        """
        model = self._engine.model(source, target)
        names = self._finish.glossary.checksum(source, target)
        return _recipe(model, names) if model else ""

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """One answer per request, in order."""
        answers: list[Translated | None] = [None] * len(requests)
        for (source, target), numbers in by_pair(requests).items():
            texts = [requests[number].text for number in numbers]
            for number, answer in zip(
                numbers, self._pair(texts, source, target), strict=True
            ):
                answers[number] = answer
        return [answer for answer in answers if answer is not None]

    def _pair(self, texts: Sequence[str], source: str, target: str) -> list[Translated]:
        model = self._engine.model(source, target)
        if model is None:
            none = Translated(
                text=None,
                engine=self._engine.kind,
                reason="no_model",
                detail=f"{source}-{target}",
            )
            return [none] * len(texts)
        wishes = [self._wish(text, source, target, model) for text in texts]
        distinct = {(wish.checksum, wish.recipe): wish for wish in reversed(wishes)}
        cached = self._finish.cache.look_up(source, target, distinct.keys())
        made = {
            key: _Made(text=found.text, flags=found.flags)
            for key, found in cached.items()
        }
        missing = [key for key in distinct if key not in made]
        new = self._make([distinct[key] for key in missing], source, target)
        made.update(zip(missing, new, strict=True))
        return [
            _answer(made[wish.checksum, wish.recipe], wish, model) for wish in wishes
        ]

    def _wish(self, text: str, source: str, target: str, model: Model) -> _Wish:
        terms = self._finish.glossary.terms(text, source, target)
        return _Wish(
            text=text,
            terms=terms,
            recipe=_recipe(model, terms_checksum(terms)),
            checksum=segment_checksum(text),
        )

    def _make(self, wishes: Sequence[_Wish], source: str, target: str) -> list[_Made]:
        """New translations; of a server, a second try for what is flagged."""
        made = self._once(wishes, source, target)
        if self._engine.kind in SERVERS:
            self._ask_again(wishes, made, source, target)
        return made

    def _once(self, wishes: Sequence[_Wish], source: str, target: str) -> list[_Made]:
        """Once whole, once more around links that got lost; finished."""
        made = self._through_engine(wishes, source, target, carry_links=False)
        lost = [n for n, wish in enumerate(wishes) if _loses_links(wish, made[n])]
        if lost:
            again = self._through_engine(
                [wishes[n] for n in lost], source, target, carry_links=True
            )
            for number, better in zip(lost, again, strict=True):
                if better.text is not None:
                    made[number] = better
        return [
            self._finished(wish, one, source, target)
            for wish, one in zip(wishes, made, strict=True)
        ]

    def _ask_again(
        self, wishes: Sequence[_Wish], made: list[_Made], source: str, target: str
    ) -> None:
        """Another try for what is flagged as wrong: a server may do better at once."""
        doubtful = [n for n, one in enumerate(made) if bad(one.flags)]
        if not doubtful:
            return
        again = self._once([wishes[n] for n in doubtful], source, target)
        for number, new in zip(doubtful, again, strict=True):
            if new.text is not None and bad(new.flags) < bad(made[number].flags):
                made[number] = new

    def _through_engine(
        self, wishes: Sequence[_Wish], source: str, target: str, *, carry_links: bool
    ) -> list[_Made]:
        def fits(text: str) -> bool:
            return self._engine.fits(text, source, target)

        pieces = [cut(wish.text, fits, carry_links=carry_links) for wish in wishes]
        wanted = [
            (piece.text, wish)
            for wish, parts in zip(wishes, pieces, strict=True)
            for piece in parts
            if not piece.carried
        ]
        outputs = iter(self._ask(wanted, source, target))
        return [_joined(parts, outputs, target) for parts in pieces]

    def _ask(
        self, wanted: Sequence[tuple[str, _Wish]], source: str, target: str
    ) -> list[str | Failure]:
        if not wanted:
            return []
        texts = [text for text, _ in wanted]
        if isinstance(self._engine, GlossaryEngine):
            names = [{t.found: t.wanted[0] for t in wish.terms} for _, wish in wanted]
            return self._engine.translate_with_names(texts, source, target, names)
        return self._engine.translate(texts, source, target)

    def _finished(self, wish: _Wish, made: _Made, source: str, target: str) -> _Made:
        if made.text is None:
            return made
        text, missing = enforce(pair_quotes(wish.text, made.text), wish.terms)
        flags = check(wish.text, text, source, target, self._finish.identify)
        return _Made(text=text, flags=(*flags, *(["names"] if missing else [])))


def _joined(
    parts: Sequence[Piece], outputs: Iterator[str | Failure], target: str
) -> _Made:
    own = [next(outputs) for piece in parts if not piece.carried]
    for output in own:
        if isinstance(output, Failure):
            return _Made(text=None, reason=output.reason, detail=output.detail)
    text = join(parts, [text for text in own if isinstance(text, str)], target)
    if not text:
        return _Made(text=None, reason="bad_answer", detail="an empty translation")
    return _Made(text=text)


def _loses_links(wish: _Wish, made: _Made) -> bool:
    if made.text is None:
        return False
    return any(link not in made.text for link in links_in(wish.text))


def _recipe(model: Model, terms: str = "") -> str:
    known = (
        model.engine,
        model.name,
        model.version,
        model.parameters,
        FINISH_VERSION,
        terms,
    )
    return checksum16("\n".join(known))


def _answer(made: _Made, wish: _Wish, model: Model) -> Translated:
    return Translated(
        text=made.text,
        engine=model.engine,
        model=model.name,
        version=model.version,
        licence=model.licence,
        parameters=model.parameters,
        recipe=wish.recipe,
        flags=made.flags,
        reason=made.reason,
        detail=made.detail,
    )
