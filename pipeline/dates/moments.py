"""Moments and days in feeds, sitemaps and addresses. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EARLIEST_YEAR = 1990
"""Nothing on the web is older; an earlier date is a template's or an error."""

_MONTH = re.compile(r"\d{4}-\d{2}")
_DOTTED = re.compile(r"[T ]\d{2}\.\d")
"""10.30, which Python takes for ten hours and a fraction."""
_DAY_IN_PATH = re.compile(
    r"(?:^|/)((?:19|20)\d\d)"
    r"(?:[/-](\d{1,2})/(\d{1,2})(?=/|$)"  # 2024/06/21, 2024-06/21
    r"|([-_.])(\d\d)\4(\d\d)(?=[-_./]|$)"  # 2024-06-21-title
    r"|(\d\d)(\d\d)/)"  # 20240621/title; alone it may be an article's number
)


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 moment or day (W3C date-time), UTC where no zone is given.

    >>> parse_moment("2024-06-21T10:00+03:00").isoformat()
    '2024-06-21T07:00:00+00:00'
    """
    text = text.strip()
    if _DOTTED.search(text):
        return None
    if _MONTH.fullmatch(text):
        text += "-01"
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def in_utc(moment: datetime) -> datetime | None:
    """An aware moment in UTC, where it has no zone it is taken for one of UTC.

    None where that leaves the calendar.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def day_in_path(url: str) -> datetime | None:
    """The beginning (UTC) of the day that an address's path names; None: none.

    The first one that exists, where a segment of the path begins with it. In the middle
    of a title a date may be what the article is about.

    >>> day_in_path("https://e.org/world/2024/06/21/kazan").date().isoformat()
    '2024-06-21'
    >>> day_in_path("https://e.org/a/20241340/") is None
    True
    """
    # urlsplit would refuse what a page may well show; a query's numbers are no dates.
    path = url.partition("://")[2].partition("/")[2] if "://" in url else url
    path = path.partition("?")[0]
    for match in _DAY_IN_PATH.finditer(path.partition("#")[0]):
        year, month, day = (int(n) for n in match.groups() if n and n.isdigit())
        try:
            found = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
        if found.year >= EARLIEST_YEAR:
            return found
    return None
