"""The forms that a day is written in: in numbers, with a month's name, in East Asia."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pipeline.dates.calendars import HIJRI_YEARS, Calendar, day_of
from pipeline.dates.moments import EARLIEST_YEAR
from pipeline.dates.vocabulary import WORD, Vocabulary, common_words

Order = Literal["", "dmy", "mdy", "ymd"]
"""Of day and month in numbers; a year of four digits shows where it stands itself."""

_NUMBERS = re.compile(
    r"(?<!\d)(?<!\d[.,/:-])(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d]|[,:]\d)"
)
_YEAR_APART = re.compile(r"(?<!\d)((?:19|20)\d\d) (\d{1,2})\s?/\s?(\d{1,2})(?![\d/])")
"""2024 06/21, as Chinese agencies stack it."""
_EAST_ASIAN = re.compile(
    r"(?:(民國|民国|令和|平成|昭和)\s?)?(\d{1,4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일號号]?"
)
_EAST_ASIAN_YEARLESS = re.compile(
    r"(?<![\d年년]\s)(?<![\d年년])(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]"
)
_VIETNAMESE = re.compile(
    r"(?<!\d)(\d{1,2})\s*[,/-]?\s*(?:thang|thg)\s*(\d{1,2})[\s,./-]*(?:nam\s*)?(\d{4})(?!\d)"
)
_MONGOLIAN = re.compile(
    r"(\d{4})\s+он\w*\s+(\d{1,2})[^\d,]{0,12}?сар\w*\s+(\d{1,2})(?!\d)"
)
_YEARS_WORDS = 2
"""Words that may stand between the parts of a date: "of", "de", "-го", "жылғы"."""

_WORDS_OF_ORDER = frozenset("st nd rd th er o a ος η го ый th. e ta ти ше".split())


_YEAR_FIRST = frozenset("zh ja ko hu lt mn eu sv fa".split())
_MONTH_FIRST = frozenset("en-us en-ph fil".split())


def order_of(tags: Iterable[str]) -> Order:
    """How a page in this language writes days in numbers, by CLDR's short dates.

    Args:
        tags: BCP 47, the likeliest first. English alone has two orders.

    >>> order_of(["en_US"]), order_of(["en"]), order_of(["", "vi"])
    ('mdy', '', 'dmy')
    """
    tag = next((t for t in tags if t), "").strip().replace("_", "-").lower()
    if tag in _MONTH_FIRST:
        return "mdy"
    if not tag or tag == "en":
        return ""
    return "ymd" if tag.split("-")[0] in _YEAR_FIRST else "dmy"


@dataclass(frozen=True, kw_only=True)
class DayFound:
    """A day in a folded text.

    Attributes:
        start: First character.
        end: After the last one, with the era.
        day: Gregorian; None where no year is written.
        month_day: Where no year is written.
        other: In the other order of day and month, where that is unclear.
        calendar: That it is written in.
        is_dropped: It stands beside a Gregorian one, which is the one to read.
    """

    start: int
    end: int
    day: date | None
    month_day: tuple[int, int] = (0, 0)
    other: date | None = None
    calendar: Calendar = "gregorian"
    is_dropped: bool = False


def days_in(
    text: str, words: Vocabulary, order: Order, latest: int, *, has_clock: bool
) -> list[DayFound]:
    """Every day that a folded text names, in order.

    Args:
        text: Folded, with single blanks.
        words: Of the text's languages.
        order: Of day and month in numbers.
        latest: Year beyond which no date is read.
        has_clock: Days without a year are looked for, too.
    """
    if not any(c.isdigit() for c in text):
        return []
    found = [*_in_numbers(text, order), *_east_asian(text), *_vietnamese(text)]
    found += _in_words(text, words, yearless=has_clock)
    if has_clock:
        found += _east_asian_yearless(text)
    likely = (day for day in found if _is_likely(day, latest))
    return _gregorian_first(_apart(likely))


def _is_likely(found: DayFound, latest: int) -> bool:
    return found.day is None or EARLIEST_YEAR <= found.day.year <= latest


def _apart(found: Iterator[DayFound]) -> list[DayFound]:
    """Of those that overlap, the one with a year, then the longest."""
    ranked = sorted(found, key=lambda d: (d.day is None, d.start - d.end, d.start))
    kept: list[DayFound] = []
    for day in ranked:
        if all(day.end <= other.start or other.end <= day.start for other in kept):
            kept.append(day)
    return sorted(kept, key=lambda d: d.start)


def _gregorian_first(found: list[DayFound]) -> list[DayFound]:
    if not any(d.calendar == "gregorian" and d.day for d in found):
        return found
    return [replace(d, is_dropped=d.calendar != "gregorian") for d in found]


# --- In numbers --------------------------------------------------------------


def _in_numbers(text: str, order: Order) -> Iterator[DayFound]:
    for match in _NUMBERS.finditer(text):
        first, last = match[1], match[4]
        a, b, c = int(first), int(match[3]), int(last)
        if len(first) == 4 and len(last) <= 2:
            found = _of(text, match, (a, b, c))
        elif len(first) <= 2 and len(last) == 4:
            found = _year_last(text, match, (a, b, c), order)
        elif len(first) <= 2 and len(last) == 2 and _is_short(match[2], order):
            found = _year_last(text, match, (a, b, 2000 + c), order)
        elif len(first) == 2 and len(last) <= 2 and order == "ymd":
            found = _of(text, match, (2000 + a, b, c))
        else:
            continue
        if found is not None:
            yield found


def _is_short(sign: str, order: Order) -> bool:
    """Whether 21.06.24 is one: with full stops wherever the year is not first."""
    return order in {"dmy", "mdy"} or (sign == "." and not order)


def _year_last(
    text: str, match: re.Match[str], parts: tuple[int, int, int], order: Order
) -> DayFound | None:
    first, second, year = parts
    # With full stops the month is first only where the day cannot be.
    usual = _of(text, match, (year, second, first))
    if match[2] == "." and (usual or len(match[4]) == 2):
        return usual  # 10.30.00 is a time of day
    swapped = _of(text, match, (year, first, second))
    if usual is None or swapped is None or first == second:
        return usual or swapped
    if order in {"mdy", "dmy", "ymd"}:
        return swapped if order == "mdy" else usual
    return replace(usual, other=swapped.day)


def _of(
    text: str, match: re.Match[str], parts: tuple[int, int, int]
) -> DayFound | None:
    year, month, day = parts
    calendar, end = _calendar_at(text, match.end(), year)
    found = day_of(calendar, year, month, day)
    if found is None:
        return None
    start = match.start()
    return DayFound(start=start, end=end, day=found, calendar=calendar)


def _calendar_at(
    text: str, end: int, year: int, named: Calendar = "gregorian"
) -> tuple[Calendar, int]:
    """By the era behind a year, else by its number; and where the era ends.

    Numbers alone are the Iranian calendar's: only there are they in daily use. A text
    in Arabic writes the era.
    """
    match = WORD.match(text, end + (text[end : end + 1] == " "))
    era = common_words().eras.get(match[0]) if match else None
    if match and era is not None and len(match[0]) <= 8:
        is_islamic = era == "islamic" and year in HIJRI_YEARS
        if is_islamic or (era == "gregorian" and year > max(HIJRI_YEARS)):
            return (named if named == "iranian" else era), match.end()
    if year in HIJRI_YEARS:
        return (named if named != "gregorian" else "iranian"), end
    return "gregorian", end


# --- With a month's name -----------------------------------------------------


def _in_words(text: str, words: Vocabulary, *, yearless: bool) -> Iterator[DayFound]:
    tokens = list(WORD.finditer(text))
    for number, token in enumerate(tokens):
        if token[0] not in words.month_words:
            continue
        for last in range(min(len(tokens), number + 3), number, -1):
            name = tuple(t[0] for t in tokens[number:last])
            calendar, month = common_words().calendars.get(name, ("gregorian", 0))
            found = None
            if month:
                found = _around(text, tokens, (number, last), month, calendar)
            month = words.months.get(name, 0)
            if found is None and month:
                found = _around(text, tokens, (number, last), month, "gregorian")
                if found is None and yearless:
                    found = _without_year(tokens, (number, last), month)
            if found is not None:
                yield found
                break


def _around(
    text: str,
    tokens: list[re.Match[str]],
    name: tuple[int, int],
    month: int,
    calendar: Calendar,
) -> DayFound | None:
    """The date around a month's name: 21 June 2024, June 21 2024, 2024 June 21."""
    left, right = _number(tokens, name[0] - 1, -1), _number(tokens, name[1], 1)
    behind = _number(tokens, right + 1, 1) if right is not None else None
    front = _number(tokens, left - 1, -1) if left is not None else None
    for day, year in ((left, right), (right, behind), (right, left), (left, front)):
        if day is None or year is None or not _is_day(tokens[day][0]):
            continue
        stated = _year(tokens[year], text, calendar)
        if stated is None:
            continue
        first, last = min(day, year, name[0]), max(day, year, name[1] - 1)
        return _named(
            text,
            tokens,
            (first, last, year),
            (stated, month, int(tokens[day][0])),
            calendar,
        )
    return None


def _named(
    text: str,
    tokens: list[re.Match[str]],
    places: tuple[int, int, int],
    parts: tuple[int, int, int],
    calendar: Calendar,
) -> DayFound | None:
    first, last, year = places
    end = tokens[last].end()
    if year == last:
        calendar, end = _calendar_at(text, end, parts[0], calendar)
    if (calendar == "gregorian") == (parts[0] in HIJRI_YEARS):
        return None
    found = day_of(calendar, *parts)
    if found is None:
        return None
    start = tokens[first].start()
    return DayFound(start=start, end=end, day=found, calendar=calendar)


def _without_year(
    tokens: list[re.Match[str]], name: tuple[int, int], month: int
) -> DayFound | None:
    for place in (_number(tokens, name[0] - 1, -1), _number(tokens, name[1], 1)):
        if place is not None and _is_day(tokens[place][0]):
            first, last = min(place, name[0]), max(place, name[1] - 1)
            return DayFound(
                start=tokens[first].start(),
                end=tokens[last].end(),
                day=None,
                month_day=(month, int(tokens[place][0])),
            )
    return None


def _number(tokens: list[re.Match[str]], start: int, step: int) -> int | None:
    """The place of the nearest number, past what may join it to the month."""
    common = common_words()
    place = start
    for _ in range(_YEARS_WORDS + 1):
        if not 0 <= place < len(tokens):
            return None
        word = tokens[place][0]
        if word[0].isdigit():
            return place
        is_joint = word in common.joints or word in common.clock_joints
        if not is_joint and word not in _WORDS_OF_ORDER and len(word) > 6:
            return None
        place += step
    return None


def _is_day(text: str) -> bool:
    return len(text) <= 2 and 1 <= int(text) <= 31


def _year(token: re.Match[str], text: str, calendar: Calendar) -> int | None:
    value = token[0]
    if len(value) == 4:
        return int(value)
    if len(value) == 2 and calendar == "gregorian":
        if text[token.start() - 1 : token.start()] == "'":
            return 2000 + int(value)
        # Thai papers write 21 มิ.ย. 67.
        if any("\u0e00" <= c <= "\u0e7f" for c in text) and int(value) > 40:
            return 2500 + int(value)
    return None


# --- East Asia and others ----------------------------------------------------


def _east_asian(text: str) -> Iterator[DayFound]:
    for match in _YEAR_APART.finditer(text):
        found = day_of("gregorian", *(int(n) for n in match.groups()))
        if found is not None:
            yield DayFound(start=match.start(), end=match.end(), day=found)
    for match in _EAST_ASIAN.finditer(text):
        year = int(match[2]) + common_words().offsets.get(match[1] or "", 0)
        found = day_of("gregorian", year, int(match[3]), int(match[4]))
        if found is not None:
            yield DayFound(start=match.start(), end=match.end(), day=found)


def _east_asian_yearless(text: str) -> Iterator[DayFound]:
    for match in _EAST_ASIAN_YEARLESS.finditer(text):
        month, day = int(match[1]), int(match[2])
        if 1 <= month <= 12 and 1 <= day <= 31:
            start, end = match.span()
            yield DayFound(start=start, end=end, day=None, month_day=(month, day))


def _vietnamese(text: str) -> Iterator[DayFound]:
    for match in _VIETNAMESE.finditer(text):
        found = day_of("gregorian", int(match[3]), int(match[2]), int(match[1]))
        if found is not None:
            yield DayFound(start=match.start(), end=match.end(), day=found)
    for match in _MONGOLIAN.finditer(text):
        found = day_of("gregorian", *(int(n) for n in match.groups()))
        if found is not None:
            yield DayFound(start=match.start(), end=match.end(), day=found)
