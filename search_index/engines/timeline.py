"""Days of a time zone, and the weeks and months they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from search_index.engines.contract import Timeline
from search_index.query import Facet

DAY = timedelta(days=1)
_REACH = (timedelta(0), DAY - timedelta(milliseconds=1))


def days_of(
    utc_days: Iterable[datetime], zone: ZoneInfo
) -> Iterator[tuple[str, int, int]]:
    """The days of a zone that touch some UTC days, in order.

    A zone's days are not UTC's, and not all 24 hours long.

    Args:
        utc_days: Midnights.
        zone: Whose days are wanted.

    Yields:
        The day (`2024-06-21`), its first millisecond since 1970, and the first of the
        day after.
    """
    touched = {
        (start + hours).astimezone(zone) for start in utc_days for hours in _REACH
    }
    for day in sorted({moment.date() for moment in touched}):
        yield day.isoformat(), _midnight(day, zone), _midnight(day + DAY, zone)


def in_parts(days: Iterable[Facet], timeline: Timeline) -> tuple[Facet, ...]:
    """Days in order, added up by week or month, each named by its first day.

    >>> days = [Facet(value="2024-06-21", count=2), Facet(value="2024-06-24", count=1)]
    >>> [(part.value, part.count) for part in in_parts(days, "week")]
    [('2024-06-17', 2), ('2024-06-24', 1)]
    """
    by_part = groupby(days, key=lambda day: _first_day(day.value, timeline))
    return tuple(
        Facet(value=first, count=sum(day.count for day in part))
        for first, part in by_part
    )


def _first_day(text: str, timeline: Timeline) -> str:
    day = date.fromisoformat(text)
    if timeline == "week":
        day -= timedelta(days=day.weekday())
    elif timeline == "month":
        day = day.replace(day=1)
    return day.isoformat()


def _midnight(day: date, zone: ZoneInfo) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    return round(moment.timestamp() * 1000)
