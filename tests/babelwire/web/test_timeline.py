"""Bars, and what an empty one means."""

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from babelwire.web.timeline import MAX_BARS, timeline
from search_index.coverage import Coverage
from search_index.query import Facet

days = st.dates(date(2023, 1, 1), date(2025, 12, 31)).map(date.isoformat)
counts = st.dictionaries(days, st.integers(1, 50), max_size=20)


def coverage(seen: dict[str, int], waiting: dict[str, int] | None = None) -> Coverage:
    return Coverage(seen=seen, waiting=waiting or {})


def facets(found: dict[str, int]) -> list[Facet]:
    return [Facet(value=day, count=n) for day, n in sorted(found.items())]


def test_each_empty_day_says_which_zero_it_is() -> None:
    found = facets({"2024-06-20": 3, "2024-06-24": 1})
    there = coverage(
        {"2024-06-20": 9, "2024-06-21": 142, "2024-06-22": 118, "2024-06-24": 1},
        {"2024-06-22": 118},
    )
    line = timeline(found, there)
    assert line is not None
    assert [bar.zero for bar in line.bars] == ["", "silent", "unreadable", "unseen", ""]
    assert line.bars[1].seen == 142
    assert line.bars[2].waiting == 118


def test_days_become_weeks_and_months_when_there_are_many() -> None:
    for last, unit in (
        ("2024-03-01", "day"),
        ("2024-05-01", "week"),
        ("2025-06-01", "month"),
    ):
        found = facets({"2024-01-31": 1, last: 2})
        line = timeline(found, coverage({}))
        assert line is not None
        assert line.unit == unit
        assert [bar.count for bar in (line.bars[0], line.bars[-1])] == [1, 2]
    assert line.bars[0].first == date(2024, 1, 1)
    assert line.bars[0].last == date(2024, 1, 31)


def test_the_days_that_were_asked_for_are_drawn_though_empty() -> None:
    line = timeline([], coverage({"2024-06-02": 4}), "2024-06-01", "2024-06-05")
    assert line is not None
    assert [bar.zero for bar in line.bars] == ["unseen", "silent", *["unseen"] * 3]
    assert timeline([], coverage({})) is None
    assert timeline([], coverage({}), "0001-01-01", "9999-12-31") is None


@given(counts, counts)
def test_no_document_is_lost_between_the_bars(
    found: dict[str, int], more: dict[str, int]
) -> None:
    line = timeline(facets(found), coverage({**found, **more}))
    if line is None:
        assert not found
        assert not more
        return
    assert len(line.bars) <= MAX_BARS
    assert not line.is_cut
    assert sum(bar.count for bar in line.bars) == sum(found.values())
    ends = [(bar.first, bar.last) for bar in line.bars]
    assert ends == sorted(ends)
    assert all((b[0] - a[1]).days == 1 for a, b in pairwise(ends))
