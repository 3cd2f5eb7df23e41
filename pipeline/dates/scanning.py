"""Finds the dates in a short text, in any language: what pages print by their stories.

A date is day, month and year; where a time of day stands beside it, the year may be
missing. Nothing else is guessed: of 06/07/2024 both readings are given where the
language does not settle it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pipeline.dates.calendars import Calendar
from pipeline.dates.clocks import Clock, clock_beside, clocks_in
from pipeline.dates.day_forms import DayFound, Order, days_in, order_of
from pipeline.dates.stated import StatedTime
from pipeline.dates.vocabulary import (
    WORD,
    Label,
    Vocabulary,
    by_script,
    common_words,
    fold,
    languages_of,
    script_of,
    vocabulary,
)
from pipeline.documents import Precision

MAX_CHARACTERS = 300
"""Of a text; beyond it is prose, whose dates are what the story is about."""

MAX_LABEL = 60
"""Characters between a label and its date."""

_YEAR = re.compile(r"(?:19|20)\d\d")
_YEARLESS_DAYS = 250
"""A date without a year is of the last months: sites leave out the running year."""


@dataclass(frozen=True, kw_only=True)
class WrittenTime:
    """A date found in a text.

    Attributes:
        time: As written.
        label: Whether the text calls it a publication or a change; "" where neither.
        other: The day in the other order of day and month, where both are possible.
        calendar: That it was written in; the day is Gregorian in any case.
        is_relative: "2 hours ago", "yesterday", or without a year: told by the clock of
            the fetch.
    """

    time: StatedTime
    label: Label | None = None
    other: date | None = None
    calendar: Calendar = "gregorian"
    is_relative: bool = False


class DateReader:
    """Reads the dates of one page."""

    def __init__(
        self,
        languages: Iterable[str] = (),
        *,
        now: datetime,
        zone: tzinfo = UTC,
        order: Order = "",
    ) -> None:
        """Loads nothing yet.

        Args:
            languages: BCP 47 tags of the page, the likeliest first.
            now: When it was fetched.
            zone: Where "today" begins.
            order: Of day and month in numbers; "" where only the languages tell it.
        """
        languages = tuple(languages)
        self._languages = languages_of(languages)
        self._now = now
        self._zone = zone
        self._order = order or order_of(languages)

    def read(self, text: str) -> list[WrittenTime]:
        """Every date of a text, in order; none of a long one."""
        if len(text) > MAX_CHARACTERS:
            return []
        folded = " ".join(fold(text).split())
        for languages in self._tried(folded):
            found = self._found(folded, languages)
            if found:
                return found
        return []

    def _tried(self, text: str) -> Iterable[tuple[str, ...]]:
        """The page's languages; then, as pages lie, those of the script."""
        script = by_script(script_of(text))
        near = (*self._languages, "en", *(script if len(script) < 12 else ()))
        yield tuple(dict.fromkeys(near))
        if len(script) >= 12 and _YEAR.search(text):
            yield tuple(dict.fromkeys((*self._languages, *script)))

    def _found(self, text: str, languages: tuple[str, ...]) -> list[WrittenTime]:
        words = vocabulary(languages)
        clocks = clocks_in(text)
        latest = self._now.year + 1
        days = days_in(text, words, self._order, latest, has_clock=bool(clocks))
        if not days:
            return self._relative(text, words, clocks)
        for day in days:
            if day.is_dropped:  # beside a Gregorian one; its clock is that one's
                width = day.end - day.start
                text = text[: day.start] + " " * width + text[day.end :]
        kept = [day for day in days if not day.is_dropped]
        # Numbers of a date are no time of day: 21.06.2024.
        free = [
            c
            for c in clocks
            if not any(d.start < c.end and c.start < d.end for d in kept)
        ]
        found = [self._written(text, n, kept, free, words) for n in range(len(kept))]
        return [written for written in found if written is not None]

    def _written(
        self,
        text: str,
        number: int,
        days: list[DayFound],
        clocks: list[Clock],
        words: Vocabulary,
    ) -> WrittenTime | None:
        day = days[number]
        before = days[number - 1].end if number else 0
        after = days[number + 1].start if number + 1 < len(days) else len(text)
        span = (day.start, day.end)
        clock = clock_beside(text, span, (before, after), clocks, words)
        when = day.day or self._in_running_year(day)
        if when is None or (clock is None and day.day is None):
            return None
        start = min(day.start, clock.start if clock else day.start)
        end = max(day.end, clock.end if clock else day.end)
        return WrittenTime(
            time=_stated(when, clock),
            label=_label(text, before, start, end, after),
            other=day.other,
            calendar=day.calendar,
            is_relative=day.day is None,
        )

    def _in_running_year(self, day: DayFound) -> date | None:
        today = self._now.date()
        for year in (today.year, today.year - 1):
            try:
                found = date(year, *day.month_day)
            except ValueError:
                continue
            if timedelta(days=-1) <= today - found <= timedelta(days=_YEARLESS_DAYS):
                return found
        return None

    def _relative(
        self, text: str, words: Vocabulary, clocks: list[Clock]
    ) -> list[WrittenTime]:
        """Such as "2 hours ago" or "yesterday, 10:30"."""
        matches = list(WORD.finditer(text))
        tokens = [match[0] for match in matches]
        for start in range(len(tokens) if words.relative_words & set(tokens) else 0):
            ago = _ago(tokens, start, words)
            if ago is not None:
                label = _label(text, 0, matches[start].start(), len(text), len(text))
                return [
                    WrittenTime(time=self._before(*ago), label=label, is_relative=True)
                ]
        return self._named_day(text, matches, words, clocks)

    def _before(self, unit: str, count: int) -> StatedTime:
        at = self._now - timedelta(**{f"{unit}s": count})
        if unit == "minute":
            at, precision = at.replace(second=0), "minute"
        elif unit == "hour":
            at, precision = at.replace(minute=0, second=0), "hour"
        else:
            day = at.astimezone(self._zone).replace(hour=0, minute=0, second=0)
            local = day.replace(tzinfo=None, microsecond=0)
            return StatedTime(local=local, precision="day")
        local = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        exact: Precision = "minute" if precision == "minute" else "hour"
        return StatedTime(local=local, precision=exact, zone=UTC)

    def _named_day(
        self,
        text: str,
        matches: list[re.Match[str]],
        words: Vocabulary,
        clocks: list[Clock],
    ) -> list[WrittenTime]:
        days = common_words().days
        for first in range(len(matches) if clocks else 0):
            for last in (first + 2, first + 1):
                back = days.get(tuple(m[0] for m in matches[first:last]))
                if back is None or last > len(matches):
                    continue
                span = (matches[first].start(), matches[last - 1].end())
                clock = clock_beside(text, span, (0, len(text)), clocks, words)
                if clock is not None:
                    today = self._now.astimezone(clock.zone or self._zone).date()
                    when = _stated(today - timedelta(days=back), clock)
                    return [WrittenTime(time=when, is_relative=True)]
        return []


def _ago(tokens: list[str], start: int, words: Vocabulary) -> tuple[str, int] | None:
    """Unit and count of a phrase that begins with this word."""
    longest = min(len(tokens), start + 7)
    for end in range(longest, start, -1):
        part = tokens[start:end]
        numbers = [n for n, token in enumerate(part) if token.isdigit()]
        if len(numbers) > 1:
            continue
        count = int(part[numbers[0]]) if numbers else 0
        if numbers:
            part = ["{n}" if token.isdigit() else token for token in part]
        found = words.relative.get("".join(part))
        if found is not None and count <= 400:
            return found[0], found[1] or count
    return None


def _stated(day: date, clock: Clock | None) -> StatedTime:
    if clock is None:
        return StatedTime(local=datetime.combine(day, time()), precision="day")
    local = datetime.combine(day, clock.at)
    return StatedTime(local=local, precision=clock.precision, zone=clock.zone)


def _label(text: str, before: int, start: int, end: int, after: int) -> Label | None:
    """By the nearest such word in front; else by one that ends the text."""
    front = WORD.findall(text[max(before, start - MAX_LABEL) : start])
    for last in range(len(front), 0, -1):
        for first in range(max(0, last - 4), last):
            found = common_words().labels.get(tuple(front[first:last]))
            if found:
                return found
    if after < len(text):
        return None  # it may be the next date's
    return common_words().labels.get(tuple(WORD.findall(text[end : end + MAX_LABEL])))
