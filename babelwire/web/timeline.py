"""The timeline of an answer: its bars, and what an empty one means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from search_index.coverage import Coverage
from search_index.query import Facet

MAX_DAYS, MAX_WEEKS = 62, 26 * 7
"""Days that are shown as days, and as weeks; beyond them there are months."""

MAX_BARS = 120
"""Newest first: more are thinner than a finger."""

EARLIEST, LATEST = 1900, 2200
"""Years of days that were asked for; no bar is drawn for others."""

Zero = Literal["", "silent", "unseen", "unreadable"]
"""Why there is nothing: documents were seen and none matches, none was seen, or some
wait to be translated. "" where there is something."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A part of the timeline.

    Attributes:
        first: Its first day.
        last: Its last day.
        count: Documents that match.
        seen: Documents there are.
        waiting: Of those, how many are not (wholly) translated.
        height: 0 to 100, of the highest bar.
    """

    first: date
    last: date
    count: int
    seen: int
    waiting: int
    height: int

    @property
    def zero(self) -> Zero:
        """What an empty bar means."""
        return "" if self.count else why_nothing(self.seen, self.waiting)


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The bars of an answer, oldest first.

    Attributes:
        unit: `day`, `week` or `month`.
        bars: At least one where there is any document.
        is_cut: Whether older bars were left out.
    """

    unit: Literal["day", "week", "month"]
    bars: tuple[Bar, ...]
    is_cut: bool


def why_nothing(seen: int, waiting: int) -> Zero:
    """What it means that none of the documents there are matches.

    >>> why_nothing(142, 0), why_nothing(142, 118), why_nothing(0, 0)
    ('silent', 'unreadable', 'unseen')
    """
    if not seen:
        return "unseen"
    return "unreadable" if waiting else "silent"


def timeline(
    found: Sequence[Facet], there: Coverage, since: str = "", until: str = ""
) -> Timeline | None:
    """The bars of an answer; None where nothing was seen at all.

    Args:
        found: Matching documents by day.
        there: All documents by day.
        since: The first day that was asked for, or "".
        until: The last one, or "".
    """
    counts = {date.fromisoformat(part.value): part.count for part in found}
    seen = {date.fromisoformat(day): n for day, n in there.seen.items()}
    waiting = {date.fromisoformat(day): n for day, n in there.waiting.items()}
    days = {*counts, *(seen if not counts else ()), *_asked(since, until)}
    if not days:
        return None
    first, last = min(days), max(days)
    unit, step = _unit(first, last)
    starts = list(_starts(first, last, step))
    totals = [_summed(each, step) for each in (counts, seen, waiting)]
    most = max(totals[0].values(), default=0)
    bars = [
        Bar(
            first=start,
            last=following - timedelta(days=1),
            count=totals[0][start],
            seen=totals[1][start],
            waiting=totals[2][start],
            height=_height(totals[0][start], most),
        )
        for start, following in starts
    ]
    return Timeline(
        unit=unit, bars=tuple(bars[-MAX_BARS:]), is_cut=len(bars) > MAX_BARS
    )


def cell(bar: Bar, found: Mapping[str, int], there: Coverage) -> Bar:
    """A bar's days in one language's part of the answer; its height is not used."""

    def within(days: Mapping[str, int]) -> int:
        first, last = bar.first.isoformat(), bar.last.isoformat()
        return sum(number for day, number in days.items() if first <= day <= last)

    return replace(
        bar,
        count=within(found),
        seen=within(there.seen),
        waiting=within(there.waiting),
    )


def _asked(since: str, until: str) -> Iterator[date]:
    for text in (since, until):
        try:
            day = date.fromisoformat(text)
        except ValueError:  # none, or a word such as "today"
            continue
        if EARLIEST <= day.year <= LATEST:
            yield day


Step = tuple[Callable[[date], date], Callable[[date], date]]
"""From a day to the first one of its part; from that to the first one of the next."""

_DAY: Step = (lambda day: day, lambda start: start + timedelta(days=1))
_WEEK: Step = (
    lambda day: day - timedelta(days=day.weekday()),
    lambda start: start + timedelta(days=7),
)
_MONTH: Step = (
    lambda day: day.replace(day=1),
    lambda start: (start + timedelta(days=31)).replace(day=1),
)


def _unit(first: date, last: date) -> tuple[Literal["day", "week", "month"], Step]:
    days = (last - first).days + 1
    if days <= MAX_DAYS:
        return "day", _DAY
    return ("week", _WEEK) if days <= MAX_WEEKS else ("month", _MONTH)


def _starts(first: date, last: date, step: Step) -> Iterator[tuple[date, date]]:
    """The first day of each part, and of the one after it."""
    start_of, next_of = step
    start = start_of(first)
    while start <= last:
        yield start, next_of(start)
        start = next_of(start)


def _summed(days: Mapping[date, int], step: Step) -> Counter[date]:
    total: Counter[date] = Counter()
    for day, number in days.items():
        total[step[0](day)] += number
    return total


def _height(count: int, most: int) -> int:
    """Something that is there can be seen."""
    return max(4, round(100 * count / most)) if count else 0
