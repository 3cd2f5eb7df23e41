"""When a pair's flag rate is news."""

from datetime import date

import pytest

from babelwire.flagrates import flag_rates
from pipeline.store.translation_state import DayCount

TODAY = date(2024, 6, 21)


def count(day: str, segments: int, flagged: int, model: str = "m") -> DayCount:
    return DayCount(
        day=day,
        source_language="vi",
        target_language="en",
        engine="firefox",
        model=model,
        segments=segments,
        flagged=flagged,
    )


@pytest.mark.parametrize(
    ("before", "lately", "alarming"),
    [
        (None, (1000, 5), False),
        (None, (1000, 40), True),
        (None, (100, 40), False),
        ((5000, 25), (1000, 6), False),
        ((5000, 25), (1000, 30), True),
        ((5000, 500), (1000, 110), False),
        ((5000, 500), (1000, 250), True),
        ((100, 50), (1000, 40), True),
        ((50_000, 5), (1000, 3), False),
    ],
)
def test_a_pair_that_leaves_its_own_history_is_told(before, lately, alarming) -> None:
    counts = [count("2024-06-20", *lately)]
    if before:
        counts.append(count("2024-05-01", *before))
    (rate,) = flag_rates(counts, TODAY)
    assert rate.is_alarming is alarming
    assert rate.rate == lately[1] / lately[0]


def test_days_are_summed_per_model_and_old_models_are_left_out() -> None:
    counts = [
        count("2024-06-15", 100, 1),
        count("2024-06-21", 200, 2),
        count("2024-06-14", 400, 8),
        count("2024-05-01", 500, 0, model="old"),
    ]
    (rate,) = flag_rates(counts, TODAY)
    assert (rate.model, rate.segments, rate.flagged, rate.before) == ("m", 300, 3, 0.02)
