"""New documents per day as small bars, beside what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

HEIGHT, STEP, GAP = 24, 7, 1
"""Of the drawing, of a day, and between two days; in units of its view box."""

LEAST = 2
"""Height of a day that brought anything: it can be seen."""


@dataclass(frozen=True, kw_only=True)
class DayBar:
    """A day; `y` grows downwards, as in SVG."""

    day: date
    count: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The days of a source, oldest first.

    Attributes:
        total: New documents of all of them.
        usual: A day, before them; None where it is not known.
        usual_y: Where a line shows it; None where there is none.
    """

    bars: tuple[DayBar, ...]
    total: int
    usual: int | None
    usual_y: int | None

    @property
    def width(self) -> int:
        """Of the view box."""
        return len(self.bars) * STEP

    @property
    def height(self) -> int:
        """Of the view box."""
        return HEIGHT


def volume(counts: Sequence[int], usual: float | None, today: date) -> Volume:
    """Bars up to the highest count, or to what is usual where that is more.

    >>> [bar.height for bar in volume([0, 1, 24], 12.0, date(2024, 6, 21)).bars]
    [0, 2, 24]
    """
    most = max(*counts, usual or 0, 1)
    first = today - timedelta(days=len(counts) - 1)
    bars = []
    for place, count in enumerate(counts):
        height = max(LEAST, round(HEIGHT * count / most)) if count else 0
        bars.append(
            DayBar(
                day=first + timedelta(days=place),
                count=count,
                x=place * STEP,
                y=HEIGHT - height,
                height=height,
            )
        )
    return Volume(
        bars=tuple(bars),
        total=sum(counts),
        usual=None if usual is None else round(usual),
        usual_y=HEIGHT - 1 - round((HEIGHT - 1) * usual / most) if usual else None,
    )
