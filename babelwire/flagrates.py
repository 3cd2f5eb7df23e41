"""How often checks flag a language pair's translations, and when that is news.

A single flag says little (`pipeline.translation.checks`); a pair whose rate leaves its
own history has got a bad model, a bad source, or text in another language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Any

from pipeline.store.translation_state import DayCount

RECENT = timedelta(days=7)
HISTORY = timedelta(days=90)

ENOUGH = 200
"""Segments before a rate says anything: at 1 % that is two flags."""

ALARMING = 0.03
"""Good pairs lie at .1 to 1 %, bad ones at 3 to 29 % (23,276 recorded outputs): a pair
without history is told of from here on …"""
GROWTH = 2.0
"""… and one with history at twice its rate, if that is over `LEAST` …"""
LEAST = 0.01
DEVIATIONS = 3.0
"""… and off by so many standard deviations of a sample that large."""


@dataclass(frozen=True, kw_only=True)
class FlagRate:
    """A pair and the model that translated it.

    Attributes:
        segments: New translations of the last seven days.
        flagged: Of them.
        before: Rate of the 90 days before; None where there were too few.
    """

    source: str
    target: str
    engine: str
    model: str
    segments: int
    flagged: int
    before: float | None

    @property
    def rate(self) -> float:
        """0 to 1."""
        return self.flagged / self.segments if self.segments else 0.0

    @property
    def is_alarming(self) -> bool:
        """Whether somebody should look at it."""
        if self.segments < ENOUGH:
            return False
        if self.before is None:
            return self.rate >= ALARMING
        spread = sqrt(self.before * (1 - self.before) / self.segments)
        limit = max(LEAST, self.before * GROWTH, self.before + DEVIATIONS * spread)
        return self.rate > limit

    def to_json(self) -> dict[str, Any]:
        """For `status --json`."""
        return {**vars(self), "rate": self.rate, "alarming": self.is_alarming}


def flag_rates(counts: Iterable[DayCount], today: date) -> list[FlagRate]:
    """The rates of each pair and model that translated something lately."""
    border = (today - RECENT).isoformat()
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for c in counts:
        key = (c.source_language, c.target_language, c.engine, c.model)
        found = sums.setdefault(key, [0, 0, 0, 0])
        offset = 0 if c.day > border else 2
        found[offset] += c.segments
        found[offset + 1] += c.flagged
    return [
        FlagRate(
            source=source,
            target=target,
            engine=engine,
            model=model,
            segments=number,
            flagged=flagged,
            before=old_flagged / old if old >= ENOUGH else None,
        )
        for (source, target, engine, model), (
            number,
            flagged,
            old,
            old_flagged,
        ) in sums.items()
        if number
    ]
