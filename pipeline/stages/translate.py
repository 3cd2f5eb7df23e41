"""Segments → the target languages; what no engine can do yet waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pipeline.documents import (
    UNDETERMINED,
    Segment,
    Translated,
    TranslatedSegment,
    Translation,
    TranslationRequest,
    TranslationStatus,
    Translator,
)
from pipeline.errors import StageError
from pipeline.store import memory
from pipeline.store.documents import raise_for_readings
from pipeline.store.readings import load_segments
from pipeline.store.translations import replace_translations
from pipeline.translation.chain import WAITING_REASONS


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """A reading's segments and their language."""

    language: str
    segments: tuple[Segment, ...]


class TranslateStage:
    """Asks the chain for every segment of every target language."""

    name = "translate"
    version = "1"
    batch_size = 32

    def __init__(
        self, translator: Translator, targets: Sequence[str], chain_version: str
    ) -> None:
        """Args: the chain, the target languages, and what changes with its config."""
        self._translator = translator
        self._targets = tuple(targets)
        self._chain_version = chain_version

    def supply(self, connection: Connection) -> str:
        """Changes with the chain's configuration and with saved translations."""
        return f"{self._chain_version}-{memory.supply(connection)}"

    def load(
        self, connection: Connection, items: Sequence[int]
    ) -> Mapping[int, Segmented]:
        """The segments of the readings."""
        return {
            item: Segmented(language=language, segments=segments)
            for item, (language, segments) in load_segments(connection, items).items()
        }

    def run(
        self, loaded: Mapping[int, Segmented]
    ) -> Mapping[int, tuple[Translation, ...]]:
        """A translation per target, complete, partial or waiting."""
        answers = self._ask(loaded)
        return {
            item: tuple(
                _translation(reading, target, answers.get((item, target), ()))
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
                requests += [
                    TranslationRequest(
                        text=segment.text,
                        source_language=reading.language,
                        target_language=target,
                    )
                    for segment in reading.segments
                ]
                slices[item, target] = slice(start, len(requests))
        answers = self._translator.translate(requests) if requests else []
        return {key: answers[part] for key, part in slices.items()}


def _needs_translation(language: str, target: str) -> bool:
    same = language.split("-")[0] == target.split("-")[0]
    return language != UNDETERMINED and not same


def _translation(
    reading: Segmented, target: str, answers: Sequence[Translated]
) -> Translation:
    if reading.language == UNDETERMINED:
        return Translation(
            target=target, status="waiting", reason="language_undetermined"
        )
    if not _needs_translation(reading.language, target):
        return Translation(target=target, status="none_needed")
    translated = tuple(
        TranslatedSegment(
            position=segment.position,
            text=answer.text,
            engine=answer.engine,
            model=answer.model,
            version=answer.version,
            flags=answer.flags,
        )
        for segment, answer in zip(reading.segments, answers, strict=True)
        if answer.text is not None
    )
    status, reason = _status(len(reading.segments), answers)
    return Translation(target=target, status=status, segments=translated, reason=reason)


def _status(
    wanted: int, answers: Sequence[Translated]
) -> tuple[TranslationStatus, str]:
    reasons = Counter(answer.reason for answer in answers if answer.text is None)
    missing = reasons.total()
    if missing == 0:
        return "done", ""
    reason = reasons.most_common(1)[0][0]
    if missing < wanted:
        return "partial", reason
    return ("waiting" if reason in WAITING_REASONS else "failed"), reason


def _unfinished(found: Sequence[Translation]) -> StageError | None:
    for translation in found:
        if translation.status not in {"done", "none_needed"}:
            reason = translation.reason
            # Nothing to wait for: asked again, and after three times set aside.
            waiting = reason in WAITING_REASONS or reason == "language_undetermined"
            return StageError(
                reason=reason,
                detail=f"into {translation.target}",
                waiting=waiting,
            )
    return None
