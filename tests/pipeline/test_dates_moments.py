"""ISO moments, and the days in addresses."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates.moments import day_in_path, parse_moment


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://e.org/world/2024/06/21/kazan", "2024-06-21"),
        ("https://e.org/2024-06/21/c_1130170.htm", "2024-06-21"),
        ("https://e.org/2024-06-21-kazan.html", "2024-06-21"),
        ("https://e.org/20240621/kazan.html", "2024-06-21"),
        ("/2024/6/1/kazan", "2024-06-01"),
        ("https://e.org/20240621", None),  # may be an article's number
        ("https://e.org/the-day-1999-12-31-was", None),
        ("https://e.org/2024/06/kazan", None),
        ("https://e.org/2024/13/21/kazan", None),
        ("https://e.org/?day=/2024/06/21/", None),
        ("https://e.org/1917/11/07/winter-palace", None),
    ],
)
def test_the_day_in_an_address(url, day):
    moment = day_in_path(url)
    assert (moment and moment.date().isoformat()) == day
    assert moment is None or moment.tzinfo is UTC


@given(st.text(max_size=50))
def test_a_date_is_read_or_is_none(text):
    assert parse_moment(text) is None or parse_moment(text).tzinfo is UTC
