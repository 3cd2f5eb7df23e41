"""The contract of what was translated before. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class CachedTranslation:
    """What a recipe made of a segment; the rest is as in `TranslatedSegment`."""

    text: str
    flags: tuple[str, ...] = ()
    engine: str = ""
    model: str = ""
    version: str = ""
    licence: str = ""
    parameters: str = ""


class TranslationCache(Protocol):
    """Where earlier translations are looked up."""

    def look_up(
        self, source: str, target: str, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], CachedTranslation]:
        """Translations by segment checksum and recipe, for one language pair."""
        ...


class NoCache:
    """Remembers nothing."""

    def look_up(
        self, source: str, target: str, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], CachedTranslation]:
        """Never anything."""
        return {}
