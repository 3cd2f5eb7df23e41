"""Groups of (nearly) the same texts, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from pipeline.documents import Document
from pipeline.fingerprints import COMMON_DOCUMENTS, Fingerprints, fingerprint
from pipeline.stages.cluster import ClusterStage
from pipeline.store import Database, clusters
from pipeline.store.documents import cluster_members
from pipeline.store.tables import fingerprints
from tests.pipeline.builders import (
    NOW,
    SITE,
    WORDS,
    add_document,
    add_source,
    make_page,
    record_page,
    shown,
)


def words(start: int, end: int) -> str:
    return " ".join(WORDS[start:end])


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)


def assign(
    connection: Connection, document_id: str, reading_id: int, found: Fingerprints
) -> None:
    one = clusters.Fingerprinted(
        document_id=document_id, reading_id=reading_id, found=found
    )
    clusters.assign(connection, [one])


def add(database: Database, name: str, text: str) -> str:
    with database.write() as connection:
        identity, reading = add_document(connection, f"{SITE}/{name}", text)
        assign(connection, identity, reading, fingerprint(text))
    return identity


def change(database: Database, name: str, text: str, days: int = 1) -> None:
    with database.write() as connection:
        page = make_page(connection, f"{SITE}/{name}", at=NOW + timedelta(days=days))
        (reading,) = record_page(connection, page, text).reading_ids
        identity = clusters.current_documents(connection, [reading])[reading]
        assign(connection, identity, reading, fingerprint(text))


def by_name(database: Database) -> dict[str, Document]:
    return {d.url.removeprefix(f"{SITE}/"): d for d in shown(database)}


def groups(database: Database) -> list[set[str]]:
    found: dict[str, set[str]] = {}
    for name, document in by_name(database).items():
        if document.cluster:
            found.setdefault(document.cluster, set()).add(name)
    return sorted(found.values(), key=min)


def test_the_same_text_elsewhere_joins_and_raises_both_versions(database) -> None:
    first = add(database, "a", words(0, 300))
    before = by_name(database)["a"].version
    second = add(database, "b", words(0, 280))
    found = by_name(database)
    assert groups(database) == [{"a", "b"}]
    assert [found[name].duplicates for name in "ab"] == [1, 1]
    assert found["a"].version > before
    with database.read() as connection:
        members = cluster_members(connection, found["a"].cluster)
        assert set(members) == {first, second}
        assert cluster_members(connection, "") == []
        assert clusters.count(connection) == 1


def test_a_document_alone_has_no_group(database) -> None:
    add(database, "a", words(0, 300))
    add(database, "b", words(500, 800))
    assert groups(database) == []
    assert by_name(database)["a"].duplicates == 0


def test_a_text_that_is_like_two_groups_merges_them(database) -> None:
    for name, start in (("a", 0), ("b", 0), ("c", 300), ("d", 300)):
        add(database, name, words(start, start + 300))
    assert groups(database) == [{"a", "b"}, {"c", "d"}]
    add(database, "e", words(0, 600))
    assert groups(database) == [{"a", "b", "c", "d", "e"}]


def test_a_text_that_changed_leaves_its_group(database) -> None:
    for name in "abc":
        add(database, name, words(0, 300))
    before = by_name(database)
    change(database, "a", words(500, 800))
    after = by_name(database)
    assert groups(database) == [{"b", "c"}]
    assert all(after[name].version > before[name].version for name in "abc")
    change(database, "b", words(900, 1200))
    assert groups(database) == []


@pytest.mark.parametrize("leaving", ["a", "b", "c"])
def test_who_left_and_joins_another_group_takes_nobody_along(database, leaving) -> None:
    """A group named after one who left would be merged with that one's next."""
    for name in "abc":
        add(database, name, words(0, 300))
    add(database, "z", words(500, 800))
    change(database, leaving, words(500, 800))
    assert groups(database) == sorted([set("abc") - {leaving}, {leaving, "z"}], key=min)


def test_clustering_again_changes_no_group(database) -> None:
    add(database, "a", words(0, 300))
    add(database, "b", words(0, 300))
    change(database, "b", words(0, 299))
    assert groups(database) == [{"a", "b"}]


def test_bulletins_with_other_numbers_stay_apart(database) -> None:
    add(database, "a", words(0, 60) + " level 212 flow 1730 tomorrow 215")
    add(database, "b", words(0, 60) + " level 198 flow 1610 tomorrow 190")
    assert groups(database) == []


def test_boilerplate_groups_nobody_once_it_is_known_as_such(database) -> None:
    legal = words(0, 80)
    number = COMMON_DOCUMENTS + 1
    for n in range(number):
        start = 100 + 40 * n
        add(database, f"n{n:03}", f"{words(start, start + 40)} {legal}")
    with database.write() as connection:
        rows = connection.scalar(select(func.count()).select_from(fingerprints))
    add(database, "x", f"{words(1150, 1180)} {legal}")
    add(database, "y", f"{words(1180, 1210)} {legal}")
    found = by_name(database)
    assert found["x"].cluster == found["y"].cluster == ""
    with database.write() as connection:
        after = connection.scalar(select(func.count()).select_from(fingerprints))
    assert after - rows < 20


def test_a_document_of_many_words_is_compared_too(database) -> None:
    """More fingerprints than a statement may have parameters."""
    few = Fingerprints(hashes=tuple(range(0, 400, 4)), numbers=())
    with database.write() as connection:
        identity, reading = add_document(connection)
        assign(connection, identity, reading, few)
        holders = clusters._holders(connection, range(-200_000, 200_000, 4))
    assert holders == {value: {identity} for value in few.hashes}


def test_the_stage_groups_only_what_is_shown_now(database) -> None:
    text = words(0, 300)
    with database.write() as connection:
        _, old = add_document(connection, f"{SITE}/a", text)
        page = make_page(connection, f"{SITE}/a", at=NOW + timedelta(days=1))
        (new,) = record_page(connection, page, words(500, 800)).reading_ids
        _, other = add_document(connection, f"{SITE}/b", text)
        stage = ClusterStage()
        loaded = stage.load(connection, [old, new, other])
        assert set(loaded) == {new, other}
        assert stage.save(connection, stage.run(loaded), NOW) == {}
    assert groups(database) == []
