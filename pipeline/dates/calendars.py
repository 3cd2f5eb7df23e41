"""Days of other calendars as Gregorian ones: Iranian, Islamic, Buddhist, eras."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

Calendar = Literal["gregorian", "iranian", "islamic"]

THAI_OFFSET = -543
"""Of a year of the Buddhist era, as Thailand counts them since 1941."""

BUDDHIST_YEARS = range(2533, 2700)
"""From 1990; no Gregorian year of the web comes near."""

HIJRI_YEARS = range(1300, 1500)
"""Years in both the Iranian and the Islamic calendar that the web may name: those of
1990 are 1369 and 1410."""


def gregorian(year: int, month: int, day: int) -> date:
    """The Gregorian day of one in the Iranian calendar (Solar Hijri).

    By the arithmetic 33-year rule, which agrees with the observed calendar from 1178
    to 1633 (Borkowski, "The Persian calendar for 3000 years", 1996).

    Raises:
        ValueError: There is no such day, or the rule does not hold for that year.

    >>> gregorian(1403, 4, 1).isoformat(), gregorian(1399, 12, 30).isoformat()
    ('2024-06-21', '2021-03-20')
    """
    longest = 31 if month <= 6 else 30 if month <= 11 or _is_leap(year) else 29
    if not (1178 <= year <= 1633 and 1 <= month <= 12 and 1 <= day <= longest):
        raise ValueError(f"{year}/{month}/{day}: no day of the Iranian calendar")
    leaps = sum(_is_leap(earlier) for earlier in range(1178, year))
    before = 31 * min(month - 1, 6) + 30 * max(month - 7, 0)
    days = 365 * (year - 1178) + leaps + before + day - 1
    return date(1799, 3, 21) + timedelta(days=days)  # the first day of 1178


def _is_leap(year: int) -> bool:
    return (25 * year + 11) % 33 < 8


def from_islamic(year: int, month: int, day: int) -> date:
    """The Gregorian day of one in the Islamic calendar, as Umm al-Qura has it.

    Where the moon is watched for instead, it may be a day off.

    Raises:
        ValueError: There is no such day, or the table (1343 to 1500) has no such year.

    >>> from_islamic(1445, 12, 15).isoformat()
    '2024-06-21'
    """
    from hijridate import Hijri

    try:
        year, month, day = Hijri(year, month, day).to_gregorian().datetuple()
    except OverflowError as error:
        raise ValueError(str(error)) from error
    return date(year, month, day)


def day_of(calendar: Calendar, year: int, month: int, day: int) -> date | None:
    """The Gregorian day; None where there is no such day.

    A year that only the Buddhist era can have is one of it.

    >>> day_of("gregorian", 2567, 6, 21).isoformat()
    '2024-06-21'
    >>> day_of("gregorian", 2023, 2, 29) is None
    True
    """
    try:
        if calendar == "iranian":
            return gregorian(year, month, day)
        if calendar == "islamic":
            return from_islamic(year, month, day)
        return date(year + THAI_OFFSET if year in BUDDHIST_YEARS else year, month, day)
    except ValueError:
        return None
