"""Dates as people write them, in the languages of a feed."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from pipeline.dates.calendars import gregorian
from pipeline.dates.moments import EARLIEST_YEAR, in_utc, parse_moment

MAX_CHARACTERS = 100
"""A longer text is no date; and reading one takes a time that grows with its length."""

MAX_MISSES = 8
"""Unreadable dates in a row until a feed's others are not tried: each takes some
milliseconds, and a feed writes all of its dates alike."""

MAX_LANGUAGES = 4
"""Of a feed and its source; each language loaded costs 30 to 190 ms, once."""

_ENGLISH = re.compile(r"\d{1,2}[ -][A-Za-z]{3}")
"""Day and month of RFC 5322; without them the standard reader guesses."""

_IRANIAN_DAY = re.compile(r"(?<!\d)(1[34]\d\d)[/-](\d{1,2})[/-](\d{1,2})(?!\d)")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?")
_HOURS = re.compile(r"(?<!\d)(\d{1,2})\s?h\s?(\d{2})(?!\d)")
"""13h30, as French and Portuguese write the time of day."""
_TWICE = re.compile(r"(\w+)\s*/\s*\1(?!\w)")
_ORDER_UNCLEAR = re.compile(r"\D*(\d{1,2})[./-](\d{1,2})[./-]\d{4}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class WrittenDates:
    """Reads the dates of one feed."""

    def __init__(self, languages: Iterable[str] = ()) -> None:
        """Loads nothing yet.

        Args:
            languages: BCP 47 tags, the likeliest first.
        """
        bases = (tag.replace("_", "-").split("-")[0].lower() for tag in languages)
        self._languages = tuple(dict.fromkeys(b for b in bases if b))[:MAX_LANGUAGES]
        self._misses = 0

    def read(self, text: str) -> datetime | None:
        """The moment in UTC; None where it cannot be told.

        A date without a zone counts as UTC. A date needs day, month and year:
        nothing is guessed from what is missing, or relative to now.
        """
        if len(text) >= MAX_CHARACTERS or not any(c.isdigit() for c in text):
            return None
        plain = _plain(text)
        found = parse_moment(plain) or _english(plain) or self._written(plain)
        return found if found and found.year >= EARLIEST_YEAR else None

    def _written(self, text: str) -> datetime | None:
        if self._misses >= MAX_MISSES:
            return None
        found = _iranian(text) or _read_in(text, self._tried(text))
        self._misses = 0 if found else self._misses + 1
        return found

    def _tried(self, text: str) -> tuple[str, ...]:
        by_script = _data().scripts.get(_script(text), ())
        return tuple(dict.fromkeys((*self._languages, *by_script)))


def _plain(text: str) -> str:
    """Plain digits, known words in place of others, single blanks."""
    digits = "".join(
        str(unicodedata.digit(c)) if c.isdecimal() and not c.isascii() else c
        for c in unicodedata.normalize("NFKC", text)
    )
    words = _data().pattern.sub(lambda m: _data().words[m[0]], digits)
    hours = _HOURS.sub(r"\1:\2", words)
    return " ".join(_TWICE.sub(r"\1", hours).split())


def _english(text: str) -> datetime | None:
    """RFC 5322, as RSS wants it."""
    if not _ENGLISH.search(text):
        return None
    try:
        return in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iranian(text: str) -> datetime | None:
    match = _IRANIAN_DAY.search(text)
    parts = (match[1], match[2], match[3]) if match else _iranian_words(text)
    if parts is None:
        return None
    clock = _CLOCK.search(text)
    hour, minute, second = (int(n or 0) for n in clock.groups()) if clock else (0, 0, 0)
    try:
        day = gregorian(*map(int, parts))
        hours = time(hour, minute, second)
    except ValueError:
        return None
    return datetime.combine(day, hours, UTC)


def _iranian_words(text: str) -> tuple[str, str, str] | None:
    match = _data().iranian.search(text)
    if match is None:
        return None
    month = _data().months.index(match[2]) + 1
    return match[3], str(month), match[1]


def _read_in(text: str, languages: tuple[str, ...]) -> datetime | None:
    if not languages or not _YEAR.search(text) or _is_unclear(text, languages[0]):
        return None
    parser = _parser(languages)
    found: datetime | None = parser.get_date_data(text).date_obj if parser else None
    return in_utc(found) if found else None


def _is_unclear(text: str, language: str) -> bool:
    """English writes 06/07 in two orders; other languages in one."""
    match = _ORDER_UNCLEAR.match(text)
    if match is None or language != "en":
        return False
    first, second = int(match[1]), int(match[2])
    return first <= 12 and second <= 12 and first != second


@lru_cache(maxsize=16)
def _parser(languages: tuple[str, ...]) -> Any:
    """A reader of these languages; None where it knows none of them."""
    from dateparser.data.languages_info import language_order
    from dateparser.date import DateDataParser

    known = [language for language in languages if language in language_order]
    if not known:
        return None
    return DateDataParser(
        languages=known,
        use_given_order=True,
        settings={
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["day", "month", "year"],
            "RETURN_AS_TIMEZONE_AWARE": True,
            "TIMEZONE": "UTC",
        },
    )


def _script(text: str) -> str:
    letters = (unicodedata.name(c, "").split(" ")[0] for c in text if c.isalpha())
    return next((name for name in letters if name in _data().scripts), "LATIN")


@dataclass(frozen=True, kw_only=True)
class _Data:
    words: Mapping[str, str]
    pattern: re.Pattern[str]
    scripts: Mapping[str, tuple[str, ...]]
    months: tuple[str, ...]
    iranian: re.Pattern[str]


@cache
def _data() -> _Data:
    text = files("pipeline.dates").joinpath("written.toml").read_text("utf-8")
    found = tomllib.loads(text)
    words = {**found["words"], **found["zones"]}
    longest_first = sorted(words, key=len, reverse=True)
    months = tuple(found["iranian"]["months"])
    return _Data(
        words=words,
        pattern=_whole_words(longest_first),
        scripts={name: tuple(tags) for name, tags in found["scripts"].items()},
        months=months,
        iranian=re.compile(rf"(?<!\d)(\d{{1,2}})\s+({'|'.join(months)})\s+(1[34]\d\d)"),
    )


def _whole_words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
