"""Saved searches match as the engines do, and only in full (I9)."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_index.clauses import (
    AnyOf,
    Beginning,
    Best,
    Between,
    Clause,
    Everything,
    Near,
    Nothing,
    Plan,
    Sequence,
    Term,
    Terms,
    Weighted,
    Without,
    all_of,
    any_of,
)
from search_index.entry import build_entry, milliseconds
from search_index.interpretation import SearchContext, interpret
from search_index.planning import plan
from search_index.query import SearchRequest
from search_index.saved_searches import SavedSearches
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import FORUM, NOON, NOW, ask, document, found

LETTERS = "abcde"
TEXTS = [
    "a b c d e",
    "e d c b a",
    "a a b b",
    "a b a b a",
    "c",
    "ab ac ad",
    "b c a e d a b",
    "d d d",
    "a c b c a",
    "abc abd",
]
DOCUMENTS = [
    document(
        f"n{n}",
        text,
        title=TEXTS[-n],
        kind="official" if n % 3 else "news",
        published_at=NOON + timedelta(days=n),
        version=n + 1,
    )
    for n, text in enumerate(TEXTS)
]
tokens = st.sampled_from([*LETTERS, "ab", "abc"])
rows = st.lists(tokens, min_size=1, max_size=2).map(tuple)
fields = st.sampled_from(["original_f3", "translation_f3"])
leaves: st.SearchStrategy[Clause] = st.one_of(
    st.builds(Term, field=fields, token=tokens),
    st.builds(
        Sequence,
        field=fields,
        tokens=st.lists(tokens, min_size=2, max_size=3).map(tuple),
    ),
    st.builds(Near, field=fields, left=rows, right=rows, gap=st.integers(0, 4)),
    st.builds(Beginning, field=fields, prefix=tokens),
    st.builds(
        Terms,
        field=st.just("kind"),
        tokens=st.lists(st.sampled_from(["news", "official", "x"]), min_size=1).map(
            tuple
        ),
    ),
    st.builds(
        Between,
        field=st.just("published"),
        low=st.integers(0, 9).map(lambda n: milliseconds(NOON + timedelta(days=n))),
    ),
    st.just(Everything()),
    st.just(Nothing()),
)


def composed(inner: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: all_of(*parts)),
        several.map(lambda parts: any_of(*parts)),
        several.map(lambda parts: Best(clauses=tuple(parts), tie=0.3)),
        several.map(lambda parts: AnyOf(clauses=tuple(parts))),
        inner.map(lambda part: Without(clause=part)),
        inner.map(lambda part: Weighted(clause=part, weight=2.0)),
    )


def verdicts(clause: Clause) -> set[str]:
    saved = SavedSearches()
    saved.add("one", clause)
    return {each.id for each in DOCUMENTS if saved.matching(build_entry(each, "en"))}


def test_a_saved_search_matches_what_an_engine_finds(make_index: MakeIndex) -> None:
    snapshot = make_index(DOCUMENTS).snapshot()

    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.nested_given],
    )
    @given(clause=st.recursive(leaves, composed, max_leaves=6))
    def agrees(clause: Clause) -> None:
        hits = snapshot.search(Plan(full=clause), limit=100).hits
        assert {hit.id for hit in hits} == verdicts(clause)

    agrees()


QUERIES = [
    "forum Kazan",
    '"cities forum"',
    "thành phố",
    "thi truong",
    "Форум городов",
    "منتدى",
    "BRICS -Iran",
    "forum OR Hanoi",
    "kaz*",
    "mayor NEAR/3 spoke",
    "kind:official",
    "lang:vi,ar",
    "from:2024-06-10 to:2024-06-20",
    "title:welcomes",
    "(ministers OR mayors) -lang:vi",
    "*",
]


@pytest.mark.parametrize("text", QUERIES)
def test_queries_match_the_documents_that_a_search_finds(
    make_index: MakeIndex, text: str
) -> None:
    """I9: partial matches are none."""
    index = make_index(FORUM)
    request = SearchRequest(text=text)
    saved = SavedSearches(index.snapshot().frequencies)
    saved.add("query", plan(interpret(request, SearchContext(now=NOW))).full)
    matched = {
        each.url.rpartition("/")[2]
        for each in FORUM
        if saved.matching(build_entry(each, "en"))
    }
    assert matched == set(found(ask(index, text)))


def term(token: str) -> Clause:
    return Term(field="original_f3", token=token)


def test_searches_come_and_go() -> None:
    saved = SavedSearches()
    entry = build_entry(document("d", "a b"), "en")
    saved.add("first", term("a"))
    saved.add("second", term("c"))
    assert saved.matching(entry) == ["first"]
    saved.add("second", term("b"))
    assert saved.matching(entry) == ["first", "second"]
    saved.remove("first")
    saved.remove("unknown")
    assert saved.matching(entry) == ["second"]
    assert len(saved) == 1


def test_a_search_is_filed_under_its_rarest_token_and_not_looked_at_otherwise() -> None:
    """What is common in every document would make every search a candidate."""
    common = {"a": 1000, "b": 1}
    saved = SavedSearches(lambda features: [common[token] for _, token in features])
    saved.add("both", all_of(term("a"), term("b")))
    looked_at = saved._candidates
    from search_index.saved_searches import EntryTokens

    with_a, with_b = (
        EntryTokens(build_entry(document("d", text), "en")) for text in ("a", "b")
    )
    assert looked_at(with_a) == set()
    assert looked_at(with_b) == {"both"}
