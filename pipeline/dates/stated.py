"""Times as machines write them: ISO 8601 and its relatives, RFC 5322, Unix time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

from pipeline.documents import Precision

MAX_CHARACTERS = 60
"""No machine's time is longer."""

_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2})"
    r"(?:(?:\s*T\s*|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?"
    r"\s*(Z|UTC|GMT|(?:GMT|UTC)?\s?[+-]\d{2}(?::?\d{2})?(?::\d{2})?)?"
    r"(?:\[[\w/+-]+\])?)?)?Z?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?"
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?")
_UNIX = re.compile(r"(\d{10})(\d{3})?(?:\.\d+)?")
_RFC = re.compile(r"\d{1,2}[ -][A-Za-z]{3}[a-z]*[ -]\d{2,4} ")
"""The standard reader guesses where there is no such date."""


@dataclass(frozen=True, kw_only=True)
class StatedTime:
    """A time as it is written, before anything is assumed.

    Attributes:
        local: By the clock of the place that it was written for; naive.
        precision: How exact it is.
        zone: The one that is written beside it; None: none is.
    """

    local: datetime
    precision: Precision
    zone: tzinfo | None = None

    @property
    def has_clock(self) -> bool:
        """Whether it says more than a day."""
        return self.precision in {"second", "minute", "hour"}

    def at(self, assumed: tzinfo = UTC) -> datetime | None:
        """The moment in UTC; None where that leaves the calendar.

        A time that clocks skip in spring is the one an hour later; of one that they
        show twice in autumn it is the first.

        Args:
            assumed: The zone of a time that names none. A day has no zone: it is the
                publisher's, and kept as midnight UTC.
        """
        zone = (self.zone or assumed) if self.has_clock else UTC
        try:
            return self.local.replace(tzinfo=zone).astimezone(UTC)
        except OverflowError:
            return None

    def zone_text(self, assumed: str = "") -> str:
        """The zone it was stated in, `+03:00`; else the assumed one's name.

        >>> day = datetime(2024, 6, 21)
        >>> StatedTime(local=day, precision="minute", zone=UTC).zone_text()
        '+00:00'
        """
        if not self.has_clock:
            return ""
        offset = self.zone.utcoffset(self.local) if self.zone else None
        return assumed if offset is None else offset_text(offset)


def offset_text(offset: timedelta) -> str:
    """As ISO 8601 writes it.

    >>> offset_text(timedelta(hours=-3, minutes=-30))
    '-03:30'
    """
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def stated(value: str) -> StatedTime | None:
    """Reads a machine's time; None where it is none.

    >>> stated("2024-06-21T10:30+03:00").at().isoformat()
    '2024-06-21T07:30:00+00:00'
    >>> stated("2024-06-21").precision, stated("soon")
    ('day', None)
    """
    value = value.strip()
    if len(value) > MAX_CHARACTERS or not any(c.isdigit() for c in value):
        return None
    match = _ISO.fullmatch(value) or _COMPACT.fullmatch(value)
    try:
        if match is not None:
            return _iso(*match.groups())
        unix = _UNIX.fullmatch(value)
        return _unix(int(unix[1])) if unix else _rfc(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _iso(
    year: str,
    month: str,
    day: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
    zone: str | None,
) -> StatedTime:
    local = datetime(int(year), int(month), int(day or 1))  # noqa: DTZ001 - as written
    if hour is None:
        return StatedTime(local=local, precision="day" if day else "month")
    turn = int(hour) == 24 and int(minute or 0) == 0
    local = local.replace(hour=0 if turn else int(hour), minute=int(minute or 0))
    local = local.replace(second=min(int(second or 0), 59)) + timedelta(days=turn)
    precision: Precision = "second" if second else "minute"
    return StatedTime(local=local, precision=precision, zone=_zone(zone or ""))


def _zone(text: str) -> tzinfo | None:
    match = _OFFSET.search(text)
    if match is None:
        return UTC if text.strip() else None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-offset if match[1] == "-" else offset)


def _unix(seconds: int) -> StatedTime:
    local = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return StatedTime(local=local, precision="second", zone=UTC)


def _rfc(value: str) -> StatedTime | None:
    if not _RFC.search(value):
        return None
    found = parsedate_to_datetime(value)
    clock: Precision = "second" if value.count(":") >= 2 else "minute"
    local = found.replace(tzinfo=None)
    if clock == "minute" and ":" not in value:
        return StatedTime(local=local, precision="day")
    return StatedTime(local=local, precision=clock, zone=found.tzinfo)


def parse_date(value: str, zone: tzinfo = UTC) -> tuple[datetime | None, Precision]:
    """A machine's time in UTC, with how exact it is.

    Args:
        value: As `stated` reads it.
        zone: Of a time that names none.

    >>> parse_date("2024-06-21T10:30+03:00")[0].isoformat()
    '2024-06-21T07:30:00+00:00'
    >>> parse_date("soon")
    (None, 'none')
    """
    found = stated(value)
    at = found.at(zone) if found else None
    return (at, found.precision) if found and at else (None, "none")
