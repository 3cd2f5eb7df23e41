"""Segments → the target languages; what no engine can do yet waits.

A quotation in another language is translated from its own; one in the target language
stays as it is.

Whatever happens to an engine, nothing that was translated is lost: a segment for
which there is no answer today keeps the translation it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from pipeline.documents import (
    ORIGINAL,
    UNDETERMINED,
    Segment,
    Translated,
    TranslatedSegment,
    Translation,
    TranslationRequest,
    TranslationStatus,
)
from pipeline.errors import StageError
from pipeline.languages import primary
from pipeline.store import memory
from pipeline.store.documents import raise_for_readings
from pipeline.store.readings import documents_of, load_segments
from pipeline.store.translation_state import outdated_readings
from pipeline.store.translations import load_translations, replace_translations
from pipeline.translation.chain import ChainLink

SOON, LATER = timedelta(minutes=5), timedelta(hours=6)
"""A server that does not answer is asked again soon; a segment on which an engine
crashed or hung, only when another machine, load or version may have come."""

AGAIN_AFTER: Mapping[str, timedelta] = {
    "unavailable": SOON,
    "refused": LATER,
    "timeout": LATER,
    "crash": LATER,
    "out_of_memory": LATER,
    "bad_answer": LATER,
}

QUOTATION = "quotation"
"""Why a translation that is done waits all the same: there is no model for what it
quotes in another language."""

MISSING_REASONS = frozenset(
    {"not_saved", "no_model", "no_engine", "unavailable", "not_installed"}
)
"""Nothing has tried yet: the document waits. Other reasons are failures."""


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """A reading's segments and their language, and what is translated so far."""

    language: str
    segments: tuple[Segment, ...]
    document: str = ""
    translations: tuple[Translation, ...] = ()

    def translated(self, target: str) -> Mapping[int, TranslatedSegment]:
        """What stands beside its segments today, by position."""
        return {
            segment.position: segment
            for translation in self.translations
            if translation.target == target
            for segment in translation.segments
        }

    def language_of(self, segment: Segment) -> str:
        """The segment's: its own where it is a quotation."""
        return segment.language or self.language

    def to_translate(self, target: str) -> tuple[Segment, ...]:
        """The segments that are not in the target language."""
        return tuple(
            segment
            for segment in self.segments
            if _needs_translation(self.language_of(segment), target)
        )

    def recipe(self, target: str) -> str:
        """That its translation was made by; "" where there is none."""
        found = [t.recipe for t in self.translations if t.target == target]
        return found[0] if found else ""


@dataclass(frozen=True, kw_only=True)
class TranslateSettings:
    """How the stage works.

    Attributes:
        targets: BCP 47 tags; the first is searched.
        supply: Changes when waiting documents are worth another try: with the
            configuration, and with the models that are there.
        outdated_per_run: Documents that a run may translate anew because of a
            better model or another spelling of names.
    """

    targets: tuple[str, ...]
    supply: Callable[[], str] = field(default=str)
    outdated_per_run: int = 0


class TranslateStage:
    """Asks the chain for every segment of every target language."""

    name = "translate"
    version = "2"
    batch_size = 32

    def __init__(self, chain: ChainLink, settings: TranslateSettings) -> None:
        self._chain = chain
        self._settings = settings
        self._targets = settings.targets

    def supply(self, connection: Connection) -> str:
        """Changes with configuration, models and saved translations."""
        return f"{self._settings.supply()}-{memory.supply(connection)}"

    def outdated(self, connection: Connection) -> Sequence[int]:
        """Documents that today's models would translate otherwise."""
        limit = self._settings.outdated_per_run
        if not limit:
            return ()
        return outdated_readings(connection, self._chain.recipe, limit=limit)

    def load(
        self, connection: Connection, items: Sequence[int]
    ) -> Mapping[int, Segmented]:
        """The segments of the readings, and their translations so far."""
        documents = documents_of(connection, items)
        translations = load_translations(connection, items)
        return {
            item: Segmented(
                language=language,
                segments=segments,
                document=documents[item],
                translations=translations[item],
            )
            for item, (language, segments) in load_segments(connection, items).items()
        }

    def run(
        self, loaded: Mapping[int, Segmented]
    ) -> Mapping[int, tuple[Translation, ...]]:
        """A translation per target, complete, partial or waiting."""
        answers = self._ask(loaded)
        return {
            item: tuple(
                self._translation(reading, target, answers.get((item, target), ()))
                for target in self._targets
            )
            for item, reading in loaded.items()
        }

    def save(
        self,
        connection: Connection,
        results: Mapping[int, tuple[Translation, ...]],
        now: datetime,
    ) -> Mapping[int, StageError]:
        """Stores what there is; what is incomplete keeps waiting."""
        changed = replace_translations(connection, results, now=now)
        raise_for_readings(connection, changed)
        return {
            item: error
            for item, found in results.items()
            if (error := _unfinished(found)) is not None
        }

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Documents stay searchable without this stage's result."""

    def _ask(
        self, loaded: Mapping[int, Segmented]
    ) -> dict[tuple[int, str], Sequence[Translated]]:
        """One call for the whole batch: engines sort and batch as they like."""
        requests: list[TranslationRequest] = []
        slices: dict[tuple[int, str], slice] = {}
        for item, reading in loaded.items():
            for target in self._targets:
                if not _needs_translation(reading.language, target):
                    continue
                start = len(requests)
                requests += _requests(reading, target)
                slices[item, target] = slice(start, len(requests))
        answers = self._chain.translate(requests) if requests else []
        return {key: answers[part] for key, part in slices.items()}

    def _translation(
        self, reading: Segmented, target: str, answers: Sequence[Translated]
    ) -> Translation:
        if reading.language == UNDETERMINED:
            return Translation(
                target=target, status="waiting", reason="language_undetermined"
            )
        if not _needs_translation(reading.language, target):
            return Translation(target=target, status="none_needed")
        asked = list(zip(reading.to_translate(target), answers, strict=True))
        kept = reading.translated(target)
        translated = {
            segment.position: _original(segment) for segment in reading.segments
        }
        missing: dict[int, str] = {}
        for segment, answer in asked:
            position = segment.position
            if answer.text is not None:
                translated[position] = answer.as_segment(position)
            elif position in kept:
                translated[position] = kept[position]
            else:
                del translated[position]
                missing[position] = answer.reason
        status, reason = _status([segment for segment, _ in asked], missing)
        own = [answer for segment, answer in asked if not segment.language]
        is_new = all(answer.text is not None for answer in own)
        return Translation(
            target=target,
            status=status,
            segments=tuple(translated[position] for position in sorted(translated)),
            reason=reason,
            recipe=self._chain.recipe(reading.language, target)
            if is_new or not kept
            else reading.recipe(target),
        )


def _original(segment: Segment) -> TranslatedSegment:
    """A quotation that is in the target language."""
    return TranslatedSegment(
        position=segment.position, text=segment.text, engine=ORIGINAL
    )


def _requests(reading: Segmented, target: str) -> list[TranslationRequest]:
    return [
        TranslationRequest(
            text=segment.text,
            source_language=reading.language_of(segment),
            target_language=target,
            document=reading.document,
        )
        for segment in reading.to_translate(target)
    ]


def _needs_translation(language: str, target: str) -> bool:
    same = primary(language) == primary(target)
    return language != UNDETERMINED and not same


def _status(
    asked: Sequence[Segment], missing: Mapping[int, str]
) -> tuple[TranslationStatus, str]:
    """How far it came; a quotation that nobody can translate yet holds nothing up.

    Args:
        asked: The segments that need a translation.
        missing: Why some of them, by position, have none.
    """
    if not missing:
        return "done", ""
    own = {segment.position for segment in asked if not segment.language}
    of_own = [reason for position, reason in missing.items() if position in own]
    if own and not of_own and MISSING_REASONS.issuperset(missing.values()):
        return "done", QUOTATION
    reason = Counter(of_own or missing.values()).most_common(1)[0][0]
    if len(missing) < len(asked):
        return "partial", reason
    return ("waiting" if reason in MISSING_REASONS else "failed"), reason


def _unfinished(found: Sequence[Translation]) -> StageError | None:
    """What it waits for: nothing that an engine suffers sets a document aside (P10)."""
    for translation in found:
        if translation.reason or translation.status not in {"done", "none_needed"}:
            reason = translation.reason
            return StageError(
                reason=reason,
                detail=f"into {translation.target}",
                waiting=True,
                again_after=AGAIN_AFTER.get(reason),
            )
    return None
