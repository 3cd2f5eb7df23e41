"""One hit a cluster; totals stay documents."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.documents import Document
from pipeline.errors import QueryError
from search_index.engines.contract import ClusterCounts, IndexEngine
from search_index.query import NAMED, to_json
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import NOON, ask, document, document_id, found

SEEN_FIRST = NOON - timedelta(hours=3)
OLDEST = document_id("d")
"""Of the cluster of copies, which is named after it."""


def copy(name: str, text: str, **values: Any) -> Document:
    return document(name, text, cluster=OLDEST, **values)


@pytest.fixture
def wire(make_index: MakeIndex) -> IndexEngine:
    """A text printed three times, another one once, and two that only share a word."""
    return make_index(
        [
            copy("a1", "mayors met mayors", publisher="A", country="RU", owner="O"),
            copy("a2", "mayors met", publisher="B", country="RU", owner="O"),
            copy("a3", "mayors met today", publisher="C", owner="P"),
            document("b", "the mayors met once more", cluster="cb"),
            document("c", "one of the mayors"),
            copy("d", "others met", publisher="D", first_seen_at=SEEN_FIRST),
        ]
    )


def test_the_best_of_each_cluster_is_shown_with_its_counts(wire: IndexEngine) -> None:
    plain = ask(wire, "mayors met")
    results = ask(wire, "mayors met", group=True)
    assert results.total == plain.total == 4
    assert results.facets == plain.facets
    assert found(results) == [found(plain)[0], "b"]
    assert found(results)[0].startswith("a")
    assert results.hits[0].group == ClusterCounts(
        documents=3,
        publishers=("A", "B", "C"),
        countries=("RU", "VN"),
        owners=("O", "P"),
        owner_unknown=0,
    )


def test_the_oldest_of_a_cluster_is_told_though_it_does_not_match(
    wire: IndexEngine,
) -> None:
    oldest = ask(wire, "mayors met", group=True).hits[0].oldest
    assert oldest is not None
    assert (oldest.id, oldest.publisher) == (OLDEST, "D")
    assert oldest.first_seen_at == SEEN_FIRST


def test_a_cluster_whose_oldest_is_not_in_the_index_tells_none(
    make_index: MakeIndex,
) -> None:
    index = make_index([document("n", "same words", cluster=document_id("gone"))])
    (hit,) = ask(index, "same", group=True).hits
    assert hit.group is not None
    assert hit.oldest is None
    assert to_json(ask(index, "same", group=True))["hits"][0]["group"]["oldest"] is None


def test_what_nobody_owns_is_not_counted_as_an_owner(make_index: MakeIndex) -> None:
    index = make_index(
        document(f"n{n}", "same words", cluster="c", owner=owner, country="")
        for n, owner in enumerate(["O", "O", ""])
    )
    group = ask(index, "same", group=True).hits[0].group
    assert group is not None
    assert (group.owners, group.owner_unknown) == (("O",), 1)
    assert group.countries == ()


def test_of_many_publishers_some_are_named_and_all_are_counted(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        document(f"n{n}", "same words", cluster="c", publisher=f"P{n:02}")
        for n in range(NAMED + 5)
    )
    group = to_json(ask(index, "same", group=True))["hits"][0]["group"]
    assert group["publishers"] == NAMED + 5
    assert group["publisher_names"] == [f"P{n:02}" for n in range(NAMED)]


def test_a_cluster_shown_in_full_is_not_shown_in_part(wire: IndexEngine) -> None:
    some = found(ask(wire, "mayors met", group=True), "some")
    assert some == ["c"]


def test_pages_of_groups_follow_each_other(wire: IndexEngine) -> None:
    whole = found(ask(wire, "mayors met", group=True), None)
    pages = [
        found(ask(wire, "mayors met", group=True, limit=1, offset=n), None)
        for n in range(4)
    ]
    assert [one for page in pages for one in page] == whole


def test_many_documents_of_one_cluster_do_not_hide_the_next(
    make_index: MakeIndex,
) -> None:
    copies = [document(f"n{n}", "same words", cluster="c") for n in range(250)]
    index = make_index([*copies, document("other", "same words here too")])
    results = ask(index, "same words", group=True)
    assert results.total == 251
    assert len(results.hits) == 2
    group = results.hits[0].group
    assert group is not None
    assert (group.documents, group.publishers) == (250, ("The Gazette",))
    assert group.owners == ("Gazette House",)


def test_documents_without_a_cluster_are_never_one(make_index: MakeIndex) -> None:
    index = make_index(document(f"n{n}", "same words", cluster="") for n in range(3))
    results = ask(index, "same", group=True)
    assert len(results.hits) == 3
    assert all(hit.group is None for hit in results.hits)


def test_the_json_of_a_hit_has_its_group_only_where_asked(wire: IndexEngine) -> None:
    grouped = to_json(ask(wire, "mayors met", group=True))["hits"][0]
    assert grouped["group"] == {
        "documents": 3,
        "publishers": 3,
        "countries": 2,
        "owners": 2,
        "owner_unknown": 0,
        "publisher_names": ["A", "B", "C"],
        "country_codes": ["RU", "VN"],
        "owner_names": ["O", "P"],
        "oldest": {
            "id": OLDEST,
            "publisher": "D",
            "country": "VN",
            "first_seen_at": "2024-06-21T09:00:00Z",
        },
    }
    assert "group" not in to_json(ask(wire, "mayors met"))["hits"][0]


def test_a_page_too_deep_is_refused(wire: IndexEngine) -> None:
    with pytest.raises(QueryError, match="1,001"):
        ask(wire, "mayors", group=True, offset=1_001)


def test_sorted_by_time_the_newest_of_each_is_shown(make_index: MakeIndex) -> None:
    def at(name: str, hours: int, cluster: str) -> Document:
        published = NOON + timedelta(hours=hours)
        return document(name, "mayors met", cluster=cluster, published_at=published)

    index = make_index(
        [at("old", 0, "ca"), at("new", 24, "ca"), at("between", 12, "cb")]
    )
    results = ask(index, "mayors", group=True, sort="time")
    assert found(results) == ["new", "between"]
