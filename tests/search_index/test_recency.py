"""Recency, where it is asked for."""

from datetime import timedelta

import pytest

from search_index.engines.contract import IndexEngine
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import NOW, ask, document, found


@pytest.fixture
def news(make_index: MakeIndex) -> IndexEngine:
    """The older, the better it matches."""
    ages = {"today": 0.5, "week": 5, "month": 20, "old": 400}
    return make_index(
        document(
            name,
            "mayors " * (place + 1) + "met in the city " * (4 - place),
            published_at=NOW - timedelta(days=age),
        )
        for place, (name, age) in enumerate(ages.items())
    )


def test_newer_documents_come_first_only_where_asked(news: IndexEngine) -> None:
    best = found(ask(news, "mayors"))
    assert best == ["old", "month", "week", "today"]
    assert found(ask(news, "mayors", recent=True)) == best[::-1]


def test_what_matches_is_the_same(news: IndexEngine) -> None:
    plain, recent = ask(news, "mayors"), ask(news, "mayors", recent=True)
    assert plain.total == recent.total
    assert plain.facets == recent.facets


def test_sorted_by_time_it_changes_nothing(news: IndexEngine) -> None:
    by_time = ask(news, "mayors", sort="time", recent=True)
    assert found(by_time) == ["today", "week", "month", "old"]
    assert {hit.score for hit in by_time.hits} == {None}
