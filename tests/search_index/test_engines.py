"""The contract of every engine."""

import itertools
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import DamageError, LockedError, UnavailableError
from search_index import open_index
from search_index.clauses import (
    Beginning,
    Best,
    Between,
    Clause,
    Everything,
    Near,
    Plan,
    Sequence,
    Term,
    Terms,
    Weighted,
    Without,
    all_of,
    any_of,
)
from search_index.engines.contract import (
    ClusterCounts,
    IndexEngine,
    PageRequest,
    Snapshot,
    Stretch,
    Timeline,
)
from search_index.entry import build_entry, milliseconds
from search_index.query import Facet
from tests.search_index.conftest import MakeIndex, OpenIndex
from tests.search_index.samples import NOON, document, document_id, write


def names(snapshot: Snapshot, clause: Clause) -> set[str]:
    plan = Plan(full=clause)
    return {hit.id for hit in snapshot.search(plan, limit=100).hits}


def ids(*which: str) -> set[str]:
    return {document_id(name) for name in which}


def facets_of(
    snapshot: Snapshot,
    clause: Clause,
    *,
    timezone: str,
    timeline: Timeline = "day",
) -> Mapping[str, tuple[Facet, ...]]:
    plan = Plan(full=clause)
    request = PageRequest(plan=plan, limit=1, timezone=timezone, timeline=timeline)
    return snapshot.page(request).facets


def near(left: str, right: str, gap: int) -> Near:
    return Near(
        field="original_f3",
        left=tuple(left.split()),
        right=tuple(right.split()),
        gap=gap,
    )


def word(token: str, field: str = "original_f3") -> Term:
    return Term(field=field, token=token)


@pytest.fixture
def letters(make_index: MakeIndex) -> Snapshot:
    texts = {"1": "x y z", "2": "y x", "3": "x a a z", "4": "xa"}
    index = make_index(
        document(name, text, published_at=NOON + timedelta(hours=place), version=place)
        for place, (name, text) in enumerate(texts.items(), 1)
    )
    return index.snapshot()


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (word("x"), "123"),
        (any_of(word("y"), word("a")), "123"),
        (all_of(word("x"), word("z")), "13"),
        (all_of(word("x"), Without(clause=word("z"))), "2"),
        (Without(clause=word("x")), "4"),
        (Sequence(field="original_f3", tokens=("x", "y")), "1"),
        (near("x", "z", gap=0), ""),
        (near("x", "z", gap=1), "1"),
        (near("x", "z", gap=2), "13"),
        (near("y", "x", gap=0), "12"),
        (near("a", "a", gap=0), "3"),
        (near("x", "x", gap=5), ""),
        (near("x a", "z", gap=1), "3"),
        (near("z", "x a", gap=0), ""),
        (near("a z", "x", gap=1), "3"),
        (Beginning(field="original_f3", prefix="x"), "1234"),
        (Terms(field="id", tokens=(document_id("4"),)), "4"),
        (Best(clauses=(word("y"), word("a"))), "123"),
        (Everything(), "1234"),
        (Between(field="published", low=milliseconds(NOON + timedelta(hours=3))), "34"),
        (Between(field="published", high=milliseconds(NOON + timedelta(hours=1))), "1"),
    ],
)
def test_each_clause_matches_what_it_says(
    letters: Snapshot, clause: Clause, expected: str
) -> None:
    assert names(letters, clause) == ids(*expected)
    assert letters.count(clause) == len(expected)


def test_many_values_match_like_few(letters: Snapshot) -> None:
    wanted = tuple(document_id(str(number)) for number in range(200))
    assert names(letters, Terms(field="id", tokens=wanted)) == ids(*"1234")


def test_equal_scores_are_ordered_by_id_across_every_page(
    make_index: MakeIndex,
) -> None:
    index = make_index(document(f"n{n}", "same words") for n in range(150))
    snapshot = index.snapshot()
    score = Weighted(clause=word("same", "original_f1"), weight=2.0)
    for plan in (Plan(full=word("same"), score=score), Plan(full=word("same"))):
        pages = [
            snapshot.search(plan, limit=40, offset=offset)
            for offset in (0, 40, 80, 120)
        ]
        found = [hit.id for page in pages for hit in page.hits]
        assert found == sorted(document_id(f"n{n}") for n in range(150))
        assert {page.total for page in pages} == {150}


def test_ids_equal_in_their_beginning_are_ordered_too(make_index: MakeIndex) -> None:
    alike = [f"daaaaaaaaaaaaaa{end}" for end in ("zz", "bb", "22")]
    index = make_index(document(i, "same", id=i) for i in alike)
    found = index.snapshot().search(Plan(full=word("same")), limit=10).hits
    assert [hit.id for hit in found] == sorted(alike)


def test_the_better_score_comes_first_and_partial_ones_are_apart(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        [document("often", "x x x"), document("once", "x y y"), document("other", "y")]
    )
    plan = Plan(
        full=word("x"),
        partial=any_of(word("x"), word("y")),
        score=any_of(word("x", "original_f1"), word("y", "original_f1")),
    )
    snapshot = index.snapshot()
    full = snapshot.search(plan, limit=10)
    scores = [hit.score for hit in full.hits]
    assert {hit.id for hit in full.hits} == ids("often", "once")
    assert scores == sorted(scores, reverse=True)
    partial = snapshot.search(plan, partial=True, limit=10)
    assert [hit.id for hit in partial.hits] == [document_id("other")]


def test_a_newer_version_replaces_and_an_older_one_does_not(
    make_index: MakeIndex,
) -> None:
    index = make_index([document("d", "second", version=2)])
    write(index, [document("d", "first", version=1)])
    assert names(index.snapshot(), word("second")) == ids("d")
    write(index, [document("d", "third", version=3), document("d", "old", version=2)])
    snapshot = index.snapshot()
    assert names(snapshot, word("third")) == ids("d")
    assert snapshot.count(Everything()) == 1
    assert [state.version for state in snapshot.states()] == [3]


def test_an_older_deletion_does_not_remove_a_newer_document(
    make_index: MakeIndex,
) -> None:
    index = make_index([document("d", "text", version=5)])
    with index.write("g-1") as writer:
        writer.delete([(document_id("d"), 4)])
        writer.commit()
    assert index.snapshot().count(Everything()) == 1
    with index.write("g-1") as writer:
        writer.delete([(document_id("d"), 6)])
        writer.commit()
    assert index.snapshot().count(Everything()) == 0


def test_what_is_not_committed_is_not_there(make_index: MakeIndex) -> None:
    index = make_index([document("kept", "text")])
    with index.write("g-1") as writer:
        writer.put([build_entry(document("lost", "text"), "en")])
    assert names(index.snapshot(), Everything()) == ids("kept")


def test_a_snapshot_does_not_change_while_documents_arrive(
    make_index: MakeIndex,
) -> None:
    index = make_index(document(f"n{n}", "text") for n in range(30))
    snapshot = index.snapshot()
    export = snapshot.iterate(Everything())
    first = next(export)
    write(index, [document(f"new{n}", "text") for n in range(30)])
    rest = [one.id for one in export]
    assert sorted([first.id, *rest]) == sorted(document_id(f"n{n}") for n in range(30))
    assert index.snapshot().count(Everything()) == 60


def test_an_export_of_many_pages_has_no_gap_and_no_double_while_others_write(
    make_index: MakeIndex,
) -> None:
    """More than an engine reads at once; documents come, change and go meanwhile."""
    index = make_index(
        document(f"n{n}", "text", published_at=NOON + timedelta(minutes=n % 50))
        for n in range(2_300)
    )
    export = index.snapshot().iterate(Everything())
    seen = []
    for place, one in enumerate(export):
        seen.append(one.id)
        if place % 500 == 0:
            changed = document(f"n{place}", "changed", version=9, published_at=NOON)
            write(index, [document(f"new{place}", "text"), changed])
            with index.write("g-1") as writer:
                writer.delete([(document_id(f"n{place + 7}"), 99)])
                writer.commit()
    assert sorted(seen) == sorted(document_id(f"n{n}") for n in range(2_300))
    assert len(set(seen)) == len(seen)


def test_an_export_is_ordered_by_time_and_id(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [NOON - timedelta(hours=n % 7) for n in range(60)]
    documents = [document(f"n{n}", "text", published_at=t) for n, t in enumerate(times)]
    monkeypatch.setattr("search_index.engines.tantivy_snapshot.SLICE", 5)
    index = make_index(documents)
    found = [one.id for one in index.snapshot().iterate(Everything())]
    expected = sorted(documents, key=lambda each: (each.published_at, each.id))
    assert found == [each.id for each in expected]


def read_in_stretches(
    snapshot: Snapshot, limit: int, between: Callable[[], None] = lambda: None
) -> list[Stretch]:
    """All of it, each stretch asked for twice."""
    found = [snapshot.stretch(Everything(), limit=limit)]
    while (end := found[-1].end) is not None:
        between()
        found.append(snapshot.stretch(Everything(), limit=limit, after=end))
        assert snapshot.stretch(Everything(), limit=limit, after=end) == found[-1]
    return found


@pytest.mark.parametrize("limit", [1, 7, 30, 60, 61])
def test_stretches_from_end_to_end_are_what_an_export_gives(
    make_index: MakeIndex, limit: int
) -> None:
    """A stretch ends in the midst of documents of one time, too."""
    index = make_index(
        document(f"n{n}", "text", published_at=NOON - timedelta(hours=n % 4))
        for n in range(60)
    )
    snapshot = index.snapshot()
    stretches = read_in_stretches(snapshot, limit)
    found = [hit for stretch in stretches for hit in stretch.hits]
    assert found == list(snapshot.iterate(Everything()))
    assert len(stretches) == -(-60 // limit)
    assert {stretch.total for stretch in stretches} == {60}
    assert snapshot.stretch(word("nowhere"), limit=9) == Stretch(
        total=0, hits=(), end=None
    )


def test_stretches_are_of_the_moment_of_the_first_while_others_write(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        document(f"n{n}", "text", published_at=NOON + timedelta(hours=n % 9))
        for n in range(50)
    )
    changes = itertools.count()

    def change() -> None:
        n = next(changes)
        write(index, [document(f"new{n}", "text"), document(f"n{n}", "x", version=9)])
        with index.write("g-1") as writer:
            writer.delete([(document_id(f"n{n + 10}"), 99)])
            writer.commit()

    with closing(index.snapshot()) as snapshot:
        stretches = read_in_stretches(snapshot, 8, between=change)
    assert next(changes) == 6
    found = [hit.id for stretch in stretches for hit in stretch.hits]
    assert sorted(found) == sorted(document_id(f"n{n}") for n in range(50))
    assert {stretch.total for stretch in stretches} == {50}


def test_facets_count_everything_and_days_are_those_of_the_zone(
    make_index: MakeIndex,
) -> None:
    late = NOON.replace(hour=20)
    index = make_index(
        [
            document("1", "x", "vi", published_at=NOON, source="b"),
            document("2", "x", "vi", published_at=late, source="a"),
            document("3", "x", "ar", published_at=late, country="EG"),
        ]
    )
    facets = facets_of(index.snapshot(), Everything(), timezone="Asia/Ho_Chi_Minh")
    shown = {
        name: [(f.value, f.count) for f in values] for name, values in facets.items()
    }
    assert shown["language"] == [("vi", 2), ("ar", 1)]
    assert shown["source"] == [("a", 1), ("b", 1), ("gazette", 1)]
    assert shown["country"] == [("VN", 2), ("EG", 1)]
    assert shown["day"] == [("2024-06-21", 1), ("2024-06-22", 2)]
    utc = facets_of(index.snapshot(), Everything(), timezone="UTC")["day"]
    assert [(f.value, f.count) for f in utc] == [("2024-06-21", 3)]


def test_days_around_a_change_of_clocks_are_counted_whole(
    make_index: MakeIndex,
) -> None:
    night = NOON.replace(month=3, day=31, hour=0)
    hours = [night + timedelta(hours=n) for n in range(-3, 27)]
    index = make_index(
        document(f"h{n}", "x", published_at=hour) for n, hour in enumerate(hours)
    )
    days = facets_of(index.snapshot(), Everything(), timezone="Europe/Berlin")["day"]
    assert [(f.value, f.count) for f in days] == [
        ("2024-03-30", 2),
        ("2024-03-31", 23),
        ("2024-04-01", 5),
    ]


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ("day", [("2024-06-21", 1), ("2024-06-24", 2), ("2024-07-01", 1)]),
        ("week", [("2024-06-17", 1), ("2024-06-24", 2), ("2024-07-01", 1)]),
        ("month", [("2024-06-01", 3), ("2024-07-01", 1)]),
    ],
)
def test_the_timeline_has_parts_that_begin_in_the_zone(
    make_index: MakeIndex, timeline: Timeline, expected: list[tuple[str, int]]
) -> None:
    """30 June 20:00 UTC is a July morning in Hanoi."""
    moments = [NOON + timedelta(days=days) for days in (0, 3, 3)]
    moments.append(NOON.replace(day=30, hour=20))
    index = make_index(
        document(f"n{n}", "x", published_at=moment) for n, moment in enumerate(moments)
    )
    facets = facets_of(
        index.snapshot(), Everything(), timezone="Asia/Ho_Chi_Minh", timeline=timeline
    )
    assert [(f.value, f.count) for f in facets[timeline]] == expected
    first = Terms(field="id", tokens=(document_id("n0"),))
    every, nothing, one = index.snapshot().timelines(
        [Everything(), word("nowhere"), first],
        timezone="Asia/Ho_Chi_Minh",
        timeline=timeline,
    )
    assert every == facets[timeline]
    assert nothing == ()
    assert sum(part.count for part in one) == 1


def test_facets_know_publishers_owners_and_audiences(make_index: MakeIndex) -> None:
    index = make_index(
        [
            document("1", "x", publisher="A & B", owner="State", audience=("VN", "LA")),
            document("2", "x", publisher="A & B", owner="", audience=("VN",)),
        ]
    )
    facets = facets_of(index.snapshot(), word("x"), timezone="UTC")
    shown = {name: [(f.value, f.count) for f in facets[name]] for name in facets}
    assert shown["publisher"] == [("A & B", 2)]
    assert shown["owner"] == [("State", 1)]
    assert shown["audience"] == [("VN", 2), ("LA", 1)]


def test_a_page_has_full_matches_then_partial_ones_facets_and_counts(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        [document(f"both{n}", "x y") for n in range(3)]
        + [document(f"one{n}", "y") for n in range(4)]
    )
    plan = Plan(
        full=all_of(word("x"), word("y")),
        partial=any_of(word("x"), word("y")),
        score=word("y", "original_f1"),
    )
    pages = [
        index.snapshot().page(
            PageRequest(
                plan=plan, limit=2, offset=offset, counted=(word("y"), Everything())
            )
        )
        for offset in (0, 2, 4, 6)
    ]
    sizes = [(len(page.full.hits), len(page.some.hits)) for page in pages]
    assert sizes == [(2, 0), (1, 1), (0, 2), (0, 1)]
    shown = [hit.id for page in pages for hit in (*page.full.hits, *page.some.hits)]
    assert set(shown[:3]) == ids("both0", "both1", "both2")
    assert len(set(shown)) == 7
    for page in pages:
        assert page.full.total == 3
        assert page.counts == (7, 7)
        assert [(f.value, f.count) for f in page.facets["language"]] == [("en", 3)]


def test_clusters_say_how_widely_a_text_is_spread(make_index: MakeIndex) -> None:
    index = make_index(
        [
            document("1", "x", cluster="c1", publisher="A", owner="O"),
            document("2", "x", cluster="c1", publisher="B", country="RU", owner="O"),
            document("3", "y", cluster="c1", publisher="C", owner="P"),
            document("4", "x", cluster="c2", publisher="A", country="", owner=""),
            document("5", "x", cluster="c1", publisher="B", country="RU", owner=""),
        ]
    )
    snapshot = index.snapshot()
    assert snapshot.clusters(word("x"), ["c1", "c2", "c3"]) == {
        "c1": ClusterCounts(
            documents=3,
            publishers=("B", "A"),
            countries=("RU", "VN"),
            owners=("O",),
            owner_unknown=1,
        ),
        "c2": ClusterCounts(
            documents=1, publishers=("A",), countries=(), owners=(), owner_unknown=1
        ),
    }
    assert snapshot.clusters(word("x"), []) == {}


def test_frequencies_count_documents_with_a_token(letters: Snapshot) -> None:
    terms = [("original_f3", token) for token in ("x", "a", "q", "xa")]
    assert letters.frequencies(terms) == [3, 1, 0, 1]
    assert letters.frequencies([("original_title_f3", "x"), ("original_f3", "x")]) == [
        0,
        3,
    ]
    assert letters.frequencies([]) == []


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("kazn", {"kazan": 2, "kazen": 1}),
        ("akzan", {"kazan": 2}),
        ("qazan", {"kazan": 2}),
        ("azan", {"kazan": 2}),
        ("kazan", {"kazen": 1}),
        ("rkazan", {"kazan": 2}),
        ("казнь", {"казань": 1}),
        ("ازان", {"قازان": 1}),
        ("zzz", {}),
    ],
)
def test_similar_tokens_are_those_one_edit_away(
    make_index: MakeIndex, typed: str, near: dict[str, int]
) -> None:
    texts = ["kazan forum", "kazan kazan", "kazen", "казань", "قازان"]
    index = make_index(document(f"n{n}", text) for n, text in enumerate(texts))
    assert dict(index.snapshot().similar("original_f3", typed)) == near


def test_only_what_never_lived_is_unfinished(forum: IndexEngine) -> None:
    for name in ("g-2", "g-3"):
        forum.create(name, analysis="x", target="en")
    forum.activate("g-2")
    assert forum.prune(unfinished=True) == ["g-3"]
    assert forum.prune() == ["g-1"]


def test_stored_documents_come_by_id(forum: IndexEngine) -> None:
    wanted = [document_id("vi"), document_id("nothing")]
    assert set(forum.snapshot().stored(wanted)) == ids("vi")


def test_without_an_index_the_message_says_what_to_do(empty_index: IndexEngine) -> None:
    assert empty_index.current() is None
    with pytest.raises(UnavailableError, match="babelwire index"):
        empty_index.snapshot()


def test_only_one_process_writes(forum: IndexEngine, open_again: OpenIndex) -> None:
    other = open_again()
    with (
        forum.exclusive(),
        pytest.raises(LockedError, match="another process"),
        other.write("g-1"),
    ):
        raise AssertionError


def test_a_generation_beside_is_found_only_after_it_was_activated(
    forum: IndexEngine,
) -> None:
    forum.create("g-2", analysis="x", target="en")
    with forum.write("g-2") as writer:
        writer.put([build_entry(document("new", "text"), "en")])
        writer.commit()
    open_search = forum.snapshot()
    assert open_search.count(Everything()) == 4
    forum.activate("g-2")
    assert open_search.count(Everything()) == 4
    assert forum.snapshot().count(Everything()) == 1
    assert forum.prune() == ["g-1"]
    assert forum.snapshot().count(Everything()) == 1
    current = forum.current()
    assert current is not None
    assert (current.name, current.analysis) == ("g-2", "x")


def test_what_another_process_commits_is_seen_by_the_next_search(
    forum: IndexEngine, open_again: OpenIndex
) -> None:
    other = open_again()
    for count in (4, 5, 6):
        assert other.snapshot().count(Everything()) == count
        assert other.snapshot().count(Everything()) == count
        write(forum, [document(f"n{count}", "text")])


class TestTantivyFiles:
    """Damage to the embedded index's files."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        index = open_index(tmp_path / "index")
        write(index, [document("d", "text " * 100)])
        index.close()
        return tmp_path / "index" / "g-1"

    def test_whole_files_have_no_damage(self, folder: Path) -> None:
        assert open_index(folder.parent).damage() == []

    def test_a_flipped_byte_is_named(self, folder: Path) -> None:
        path = next(folder.glob("*.store"))
        content = bytearray(path.read_bytes())
        content[10] ^= 1
        path.write_bytes(content)
        (damage,) = open_index(folder.parent).damage()
        assert path.name in damage

    @pytest.mark.parametrize("pattern", ["*.term", "*.store", "*.fast", "meta.json"])
    def test_a_truncated_file_is_damage(self, folder: Path, pattern: str) -> None:
        path = next(folder.glob(pattern))
        path.write_bytes(path.read_bytes()[:20])
        with pytest.raises(DamageError, match="index"):
            open_index(folder.parent).snapshot()

    def test_damage_done_to_an_open_index_is_noticed(self, folder: Path) -> None:
        index = open_index(folder.parent)
        assert index.snapshot().count(Everything()) == 1
        (folder / "meta.json").write_text("{", encoding="utf-8")
        with pytest.raises(DamageError, match="index"):
            index.snapshot()

    def test_a_missing_file_is_damage(self, folder: Path) -> None:
        next(folder.glob("*.idx")).unlink()
        index = open_index(folder.parent)
        assert any("idx" in trouble for trouble in index.damage())
        with pytest.raises(DamageError):
            index.snapshot()
