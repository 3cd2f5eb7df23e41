"""Dates as people write them, in the languages of a feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pipeline.dates.moments import EARLIEST_YEAR, in_utc, parse_moment
from pipeline.dates.scanning import DateReader
from pipeline.dates.vocabulary import fold

MAX_CHARACTERS = 100
"""A longer text is no date."""

_ENGLISH = re.compile(r"\d{1,2}[ -][a-z]{3}")
"""Day and month of RFC 5322; without them the standard reader guesses."""
_DISTANT = datetime(9000, 1, 1, tzinfo=UTC)
"""Nothing in a feed is told by the clock of the reader, so any will do."""


class WrittenDates:
    """Reads the dates of one feed."""

    def __init__(self, languages: Iterable[str] = ()) -> None:
        """Loads nothing yet.

        Args:
            languages: BCP 47 tags, the likeliest first.
        """
        self._reader = DateReader(languages, now=_DISTANT)

    def read(self, text: str) -> datetime | None:
        """The moment in UTC; None where it cannot be told.

        A date without a zone counts as UTC. A date needs day, month and year:
        nothing is guessed from what is missing, or relative to now.
        """
        if len(text) >= MAX_CHARACTERS or not any(c.isdigit() for c in text):
            return None
        plain = " ".join(text.split())
        found = parse_moment(plain) or _english(plain) or self._written(plain)
        return found if found and found.year >= EARLIEST_YEAR else None

    def _written(self, text: str) -> datetime | None:
        for written in self._reader.read(text):
            if not written.is_relative and written.other is None:
                return written.time.at()
        return None


def _english(text: str) -> datetime | None:
    """RFC 5322, as RSS wants it; not with a zone that the standard does not know."""
    if not text.isascii() or not _ENGLISH.search(fold(text)):
        return None
    try:
        found = parsedate_to_datetime(text)
        is_zone_lost = found.tzinfo is None and text[-1].isalpha()
        return None if is_zone_lost else in_utc(found)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
