"""Days and times as people write them in `from:`, `to:` and `seen:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import QueryError

EXPECTED = (
    "expected a day such as 2024-06-21, a month 2024-06, a year 2024, a minute "
    "2024-06-21T09:30, today, yesterday, or 7d for seven days ago"
)

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2}))?)?)?"
)
_AGO = re.compile(r"(\d{1,4})d")
_NAMED = {"today": 0, "yesterday": 1}


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time in milliseconds since 1970; `end` is not in it."""

    start: int
    end: int


def is_day(text: str) -> bool:
    """Whether `span_of` understands it.

    >>> is_day("2024-06-21"), is_day("2024-06-31"), is_day("7d"), is_day("soon")
    (True, False, True, False)
    """
    try:
        span_of(text, zone=ZoneInfo("UTC"), now=datetime(2024, 1, 1, tzinfo=UTC))
    except ValueError:
        return False
    return True


def span_of(text: str, *, zone: ZoneInfo, now: datetime) -> Span:
    """The time a written day, month, year or minute takes in a zone.

    Raises:
        ValueError: Nothing of the kind.
    """
    first, after = _bounds(text.strip(), now.astimezone(zone))
    return Span(start=_milliseconds(first, zone), end=_milliseconds(after, zone))


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        QueryError: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QueryError(
            f'timezone: found "{name}", expected an IANA name like "Asia/Bangkok"',
            0,
        ) from error


def _bounds(text: str, today: datetime) -> tuple[datetime, datetime]:
    ago = _days_ago(text)
    if ago is not None:
        day = today.date() - timedelta(days=ago)
        return _midnight(day), _midnight(day + timedelta(days=1))
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(EXPECTED)
    year, month, day_, hour, minute = (
        int(match[name]) if match[name] else None
        for name in ("year", "month", "day", "hour", "minute")
    )
    if year is None or not 1 <= year < 9999:  # the next year must exist
        raise ValueError(EXPECTED)
    if month is None:
        return _midnight(date(year, 1, 1)), _midnight(date(year + 1, 1, 1))
    if day_ is None:
        return _midnight(date(year, month, 1)), _midnight(_next_month(year, month))
    start = _midnight(date(year, month, day_))
    if hour is None or minute is None:
        return start, start + timedelta(days=1)
    start = start.replace(hour=hour, minute=minute)
    return start, start + timedelta(minutes=1)


def _days_ago(text: str) -> int | None:
    if text in _NAMED:
        return _NAMED[text]
    match = _AGO.fullmatch(text)
    return int(match[1]) if match else None


def _next_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # zone comes later


def _milliseconds(wall: datetime, zone: ZoneInfo) -> int:
    return round(wall.replace(tzinfo=zone).timestamp() * 1000)
