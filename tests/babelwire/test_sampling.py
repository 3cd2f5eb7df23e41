"""Random samples: the same again from the same seed, and fair."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelwire.sampling import (
    MAX_SEED,
    STRATA,
    Drawn,
    Found,
    Sample,
    Stratum,
    allocate,
    draw,
    rank,
    stratum_of,
)

SIZES = st.dictionaries(
    st.tuples(st.text(max_size=3)), st.integers(0, 10_000), max_size=30
)
SEEDS = st.integers(0, MAX_SEED)


def documents(number: int, strata: int = 1) -> list[tuple[str, Stratum]]:
    return [(f"d{n}", (f"s{n * n % strata}",)) for n in range(number)]


def drawn(found: Found, size: int, seed: int, *, by: tuple[str, ...] = ()) -> Drawn:
    listed = [(one, stratum if by else ()) for one, stratum in found]
    return draw(lambda: listed, Sample(size=size, seed=seed, by=by))


@given(sizes=SIZES, size=st.integers(1, 20_000))
def test_an_allocation_sums_up_and_exceeds_no_stratum(sizes, size: int) -> None:
    given_ = allocate(size, sizes)
    assert given_.keys() == sizes.keys()
    assert sum(given_.values()) == min(size, sum(sizes.values()))
    assert all(0 <= given_[stratum] <= sizes[stratum] for stratum in sizes)


@given(sizes=SIZES, size=st.integers(1, 20_000))
def test_no_stratum_with_documents_gets_none_while_there_are_enough(
    sizes, size: int
) -> None:
    given_ = allocate(size, sizes)
    filled = [stratum for stratum, number in sizes.items() if number]
    served = [stratum for stratum in filled if given_[stratum]]
    assert len(served) == min(size, len(filled))
    if len(served) < len(filled):
        smallest = min((sizes[stratum] for stratum in served), default=0)
        left_out = [sizes[stratum] for stratum in filled if not given_[stratum]]
        assert max(left_out) <= smallest


@given(
    sizes=SIZES, size=st.integers(1, 20_000), order=st.randoms(use_true_random=False)
)
def test_an_allocation_does_not_depend_on_the_order(
    sizes, size: int, order: random.Random
) -> None:
    shuffled = list(sizes.items())
    order.shuffle(shuffled)
    assert allocate(size, dict(shuffled)) == allocate(size, sizes)


@given(sizes=SIZES, size=st.integers(1, 20_000))
def test_shares_of_one_and_more_are_the_proportion_or_a_document_beside_it(
    sizes, size: int
) -> None:
    """Largest remainder keeps the quota rule; those raised to one take from others."""
    given_ = allocate(size, sizes)
    total = sum(sizes.values())
    quotas = {s: size * number / total for s, number in sizes.items() if total}
    if size >= total or any(0 < quota < 1 for quota in quotas.values()):
        return
    for stratum, quota in quotas.items():
        assert abs(given_[stratum] - quota) < 1


def test_remainders_are_given_by_their_size() -> None:
    """50 of 1,234: quotas 24.31, 16.21, 8.10, 1.38."""
    sizes = {("a",): 600, ("b",): 400, ("c",): 200, ("d",): 34}
    assert allocate(50, sizes) == {("a",): 24, ("b",): 16, ("c",): 8, ("d",): 2}
    assert allocate(3, {("x",): 5, ("y",): 5}) == {("x",): 2, ("y",): 1}
    assert allocate(2, {("z",): 1, ("y",): 1, ("x",): 7}) == {
        ("x",): 1,
        ("y",): 1,
        ("z",): 0,
    }
    assert allocate(5, {}) == {}


@given(
    number=st.integers(0, 60),
    size=st.integers(1, 80),
    seed=SEEDS,
    by=st.sampled_from([(), ("source",)]),
    order=st.randoms(use_true_random=False),
)
def test_the_same_seed_draws_the_same_in_any_order(
    number: int, size: int, seed: int, by: tuple[str, ...], order: random.Random
) -> None:
    found = documents(number, strata=7)
    sample = drawn(found, size, seed, by=by)
    shuffled = list(found)
    order.shuffle(shuffled)
    assert drawn(shuffled, size, seed, by=by) == sample
    assert len(sample.ids) == min(size, number)
    assert sample.total == number
    assert sum(share.documents for share in sample.shares) == number
    assert sum(share.drawn for share in sample.shares) == len(sample.ids)
    assert sample.ids <= {one for one, _ in found}


def test_each_stratum_gives_what_it_was_told() -> None:
    found = documents(1_000, strata=7)
    sample = drawn(found, 50, 7, by=("source",))
    sizes = Counter(stratum for _, stratum in found)
    of_id = dict(found)
    assert Counter(of_id[one] for one in sample.ids) == Counter(allocate(50, sizes))
    assert {s.stratum: s.documents for s in sample.shares} == sizes


def test_a_size_above_all_gives_all() -> None:
    found = documents(12, strata=3)
    for by in ((), ("source",)):
        assert len(drawn(found, 13, 1, by=by).ids) == 12
    assert drawn([], 5, 1).ids == drawn([], 5, 1, by=("kind",)).ids == frozenset()


def test_another_seed_draws_others() -> None:
    found = documents(1_000)
    assert len({drawn(found, 10, seed).ids for seed in range(50)}) == 50


def test_ranks_are_those_of_the_written_recipe() -> None:
    """Reckoned by `openssl dgst -sha256 -hmac 7`: a sample outlives this program."""
    digest = "ce9cc0c07b2c5544478a57433d0cd9eea222f51757abab404899e13f4cb01cfd"
    assert f"{rank(7, 'dfxhautcqiqn7zt5j'):064x}" == digest


def test_every_document_is_drawn_as_often_as_any_other() -> None:
    """Chi-square over 2,000 seeds; the seeds are fixed, so it cannot flake.

    With k documents of which n are drawn without replacement, (k - 1) / k times the
    sum of (count - mean)**2 / (mean * (1 - n / k)) has k - 1 degrees of freedom. For
    19 of them, 43.8 is exceeded once in 1,000 (NIST/SEMATECH e-Handbook, §1.3.6.7.4).
    """
    number, size, seeds = 20, 5, 2_000
    found = documents(number)
    counts: Counter[str] = Counter()
    for seed in range(seeds):
        counts.update(drawn(found, size, seed).ids)
    mean = seeds * size / number
    squares = sum((counts[one] - mean) ** 2 for one, _ in found)
    statistic = (number - 1) / number * squares / (mean * (1 - size / number))
    assert counts.total() == seeds * size
    assert statistic < 43.8


def test_no_more_than_the_sample_is_kept() -> None:
    """Ids alone, and never more than the size; what was passed is let go."""
    import weakref

    class Id(str):
        __slots__ = ("__weakref__",)

    alive: list[weakref.ref[Id]] = []

    def found() -> Found:
        for number in range(200):
            one = Id(f"d{number}")
            alive.append(weakref.ref(one))
            yield one, ()
            del one
            assert sum(ref() is not None for ref in alive) <= 10 + 1

    assert len(draw(found, Sample(size=10, seed=1)).ids) == 10


@pytest.mark.parametrize("by", [(), ("source",)])
def test_documents_are_read_twice_at_most(by: tuple[str, ...]) -> None:
    asked = []

    def found() -> Found:
        asked.append(1)
        return iter([("d1", ("a",) if by else ())])

    draw(found, Sample(size=1, seed=1, by=by))
    assert len(asked) == 1 + bool(by)


def test_strata_are_values_and_the_month_of_utc() -> None:
    shown = {
        "source": "lantern",
        "language": "vi",
        "kind": "news",
        "country": "",
        "publisher": "The Lantern",
        "published_at": "2024-06-30T23:30:00+00:00",
        "first_seen_at": "2024-07-02T00:00:00+00:00",
    }
    assert stratum_of(shown, STRATA) == (
        *("lantern", "2024-06", "vi", "news", "", "The Lantern"),
    )
    assert stratum_of({**shown, "published_at": None}, ("month",)) == ("2024-07",)
    assert stratum_of(shown, ()) == ()
