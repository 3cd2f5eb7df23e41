"""The time of day beside a date, with its zone, in a folded text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, time, timedelta, timezone, tzinfo

from pipeline.dates.vocabulary import WORD, Vocabulary, common_words
from pipeline.documents import Precision

MAX_GAP = 40
"""Characters between a date and its time of day: blanks, a weekday, "at"."""

_CLOCK = re.compile(
    r"(?<!\d)(?<!\d[:.,/])(?P<hour>\d{1,2})"
    r"(?:\s?:\s?(?P<m1>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"|\s?(?:h|u|gio)\s?(?P<m2>\d{2})(?!\d)"
    r"|\s?[時时点點시]\s?(?:(?P<m3>\d{1,2})\s?[分분])?"
    r"|\.(?P<m4>\d{2})(?:\.(?P<s4>\d{2}))?(?![\d.]|\s?[%€$])"
    r"|(?=\s?(?:[ap]\.?m\b|h\b|gio\b)))(?![\d:])"
)
_OFFSET = re.compile(
    r"(?:[\s,(\[]*(?:gmt|utc)\s?(?P<sign1>[+-])\s?(?P<hours1>\d{1,2})"
    r"(?::?(?P<minutes1>\d{2}))?"
    r"|\s?(?P<sign2>[+-])(?P<hours2>\d{2}):?(?P<minutes2>\d{2}))(?!\d)"
)
_ANY_OFFSET = re.compile(r"\s?([+-])\s?(\d{1,2})(?::?(\d{2}))?(?!\d)")
"""Behind the word GMT or UTC; elsewhere it may be the next number of a line."""
_HOURS = frozenset({"uhr", "น", "hrs"})
"""Words behind a time of day that may stand in front of its zone."""
_HALF = re.compile(r"\s?((?:[ap]\.\s?m\b)|[^\s\d,;:|/()\[\]{}<>–—·•،؛-]+)")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time of day in a text.

    Attributes:
        at: As written.
        precision: `second`, `minute` or `hour`.
        zone: As written; None: none is.
        start: First character.
        end: After the last one, its zone included.
    """

    at: time
    precision: Precision
    zone: tzinfo | None
    start: int
    end: int


def clocks_in(text: str) -> list[Clock]:
    """Every time of day in a folded text, in order.

    >>> [c.at.isoformat() for c in clocks_in("21 june 2024, 1:30 pm")]
    ['13:30:00']
    """
    found = (_clock(match, text) for match in _CLOCK.finditer(text))
    return [clock for clock in found if clock is not None]


def clock_beside(
    text: str,
    span: tuple[int, int],
    limits: tuple[int, int],
    clocks: list[Clock],
    words: Vocabulary,
) -> Clock | None:
    """The time of day that belongs to a date: after it, else in front of it.

    Args:
        text: Folded.
        span: Of the date.
        limits: End of the date before it, and beginning of the next one.
        clocks: All of the text.
        words: Whose weekdays may stand between the two.
    """
    after = (c for c in clocks if span[1] <= c.start < min(limits[1], span[1] + 90))
    for clock in after:
        gap = text[span[1] : clock.start]
        zone = common_words().zones.get(tuple(WORD.findall(gap)))
        if zone is not None and clock.zone is None:  # "Beijing time 10:30"
            return replace(clock, zone=zone)
        if _is_between(gap, words):
            return clock
        break
    before = [c for c in clocks if limits[0] <= c.start and c.end <= span[0]]
    if before and _is_between(text[before[-1].end : span[0]], words):
        return before[-1]
    return None


def _is_between(gap: str, words: Vocabulary) -> bool:
    common = common_words()
    if len(gap) > MAX_GAP + gap.count(" "):
        return False
    return all(
        word in common.clock_joints
        or word in words.weekdays
        or word in common.halves
        or word in common.eras
        or word == "t"
        for word in WORD.findall(gap)
    )


def _clock(match: re.Match[str], text: str) -> Clock | None:
    minute = next((int(match[m]) for m in ("m1", "m2", "m3", "m4") if match[m]), None)
    hour, end = _in_half(int(match["hour"]), match, text)
    zone, end = _zone_at(text, end)
    second = match["second"] or match["s4"] or 0
    try:
        at = time(hour, minute or 0, int(second))
    except ValueError:
        return None
    precision: Precision = "second" if second else "minute"
    return Clock(
        at=at,
        precision="hour" if minute is None else precision,
        zone=zone,
        start=match.start(),
        end=end,
    )


def _in_half(hour: int, match: re.Match[str], text: str) -> tuple[int, int]:
    """The hour of 24, and where the word for the half of the day ends."""
    halves, end = common_words().halves, match.end()
    behind = _HALF.match(text, end)
    is_second = halves.get(behind[1].strip("'")) if behind else None
    if behind and is_second is not None:
        end = behind.end() + (text[behind.end() : behind.end() + 1] == ".")
    else:
        front = text[max(0, match.start() - 6) : match.start()].rstrip()
        is_second = next((v for w, v in halves.items() if _ends(front, w)), None)
    if is_second and hour < 12:
        return hour + 12, end
    return (0 if is_second is False and hour == 12 else hour), end


def _ends(front: str, word: str) -> bool:
    """Only words that are put in front: East Asian ones, and "AM" as they use it."""
    if "\u3400" <= word[0] <= "\ud7a3":
        return front.endswith(word)
    return word in {"am", "pm"} and front.split(" ")[-1] == word


def _zone_at(text: str, end: int) -> tuple[tzinfo | None, int]:
    match = _OFFSET.match(text, end)
    if match is not None:
        parts = [part for part in match.groups() if part is not None]
        return _offset(*parts), match.end()
    zones = common_words().zones
    matches = list(WORD.finditer(text, end, min(len(text), end + 45)))[:5]
    for start in (0, 1):
        for stop in range(len(matches), start, -1):
            found = zones.get(tuple(m[0] for m in matches[start:stop]))
            if found is not None and _is_near(matches[:start]):
                return _offset_behind(text, matches[stop - 1].end(), found)
    return None, end


def _is_near(skipped: list[re.Match[str]]) -> bool:
    return all(m[0] in common_words().clock_joints | _HOURS for m in skipped)


def _offset_behind(text: str, end: int, zone: tzinfo) -> tuple[tzinfo | None, int]:
    """Of "GMT+7" the number counts; of "MSK (+3)" the name, which says the same."""
    match = _ANY_OFFSET.match(text, end) if zone is UTC else None
    if match is None:
        return zone, end
    return _offset(*(part for part in match.groups() if part)), match.end()


def _offset(sign: str, hours: str, minutes: str = "0") -> tzinfo | None:
    size = timedelta(hours=int(hours), minutes=int(minutes))
    if size > timedelta(hours=14):
        return None
    return timezone(-size if sign == "-" else size) if size else UTC
