"""How well (nearly) equal texts are grouped, through the store, in 23 languages.

Floors: FACTS asks for precision .99 and recall .95; what was measured (.998 and .980,
by edit and language as below) less what another draw of edits may differ by.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.edited_articles import Text, make_texts
from benchmarks.grouping_scores import Scores, score, wrong_pairs
from benchmarks.stored_texts import add, group, groups, temporary_store

PRECISION, RECALL = 0.995, 0.975
LANGUAGE_PRECISION, LANGUAGE_RECALL = 0.95, 0.92
EDITS = {
    "cut 20 %": 0.99,
    "cut 40 %": 0.99,
    "cut 60 %": 0.98,
    "headline": 0.99,
    "agency": 0.99,
    "reordered": 0.99,
    "background": 0.99,
    "flash": 0.98,
    "words 10 %": 0.965,
    "words 15 %": 0.88,
    "several": 0.93,
    "no boilerplate": 0.9,
}
ORDERS = [None, 1]
"""As the articles were made, and shuffled."""


@pytest.fixture(scope="module")
def texts(quality_data: Path) -> list[Text]:
    return make_texts(quality_data)


@pytest.fixture(scope="module", params=ORDERS, ids=["in order", "shuffled"])
def grouped(request, texts: Sequence[Text]) -> Mapping[int, str]:
    """The group of each text, by its place."""
    numbers = list(range(1, len(texts) + 1))
    if request.param is not None:
        random.Random(request.param).shuffle(numbers)
    with temporary_store() as (database, _):
        add(database, texts)
        group(database, numbers)
        return {number - 1: name for number, name in groups(database).items()}


@pytest.fixture(scope="module")
def scores(texts, grouped) -> Scores:
    found = score(texts, grouped)
    print(f"\n{found.table()}\n{dict(wrong_pairs(texts, grouped))}")
    return found


def test_pairs_in_a_group_tell_one_story(scores: Scores) -> None:
    assert scores.every.precision >= PRECISION


def test_edited_copies_are_found(scores: Scores) -> None:
    assert scores.every.recall >= RECALL


def test_no_language_is_far_below_the_others(scores: Scores) -> None:
    assert len(scores.languages) == 23
    for language, counts in scores.languages.items():
        assert counts.precision >= LANGUAGE_PRECISION, language
        assert counts.recall >= LANGUAGE_RECALL, language


def test_each_kind_of_edit_is_found(scores: Scores) -> None:
    assert {edit for edit, c in scores.edits.items() if c.copies} == set(EDITS)
    for edit, floor in EDITS.items():
        assert scores.edits[edit].recall >= floor, edit


def test_series_quotations_and_boilerplate_stay_apart(texts, grouped) -> None:
    """Pairs of each kind, of some 2,600, 230 and 40,710."""
    wrong = wrong_pairs(texts, grouped)
    series = sum(n for kind, n in wrong.items() if "series" in kind)
    quoting = sum(n for kind, n in wrong.items() if "quotation" in kind)
    legal = sum(n for kind, n in wrong.items() if "boilerplate" in kind)
    assert (series <= 20, quoting <= 4, legal <= 20) == (True, True, True), wrong
