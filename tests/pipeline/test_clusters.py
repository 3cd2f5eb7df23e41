"""Groups of (nearly) the same texts, on both databases."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from pipeline.documents import Document
from pipeline.fingerprints import COMMON_DOCUMENTS, Fingerprints, fingerprint
from pipeline.stages.cluster import ClusterStage
from pipeline.store import Database, clusters
from pipeline.store.documents import cluster_members
from pipeline.store.fingerprint_rows import HELD_BY, load_held, load_holders
from pipeline.store.readings import Texts
from pipeline.store.tables import (
    documents,
    fingerprint_sets,
    fingerprints,
    readings,
)
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


def add_all(database: Database, texts: dict[str, str], batch: int) -> None:
    """Documents that exist already are grouped so many at a time, in this order."""
    names = list(texts)
    for first in range(0, len(names), batch):
        with database.write() as connection:
            found = []
            for name in names[first : first + batch]:
                page = f"{SITE}/{name}"
                identity, reading = add_document(connection, page, texts[name])
                found.append(
                    clusters.Fingerprinted(
                        document_id=identity,
                        reading_id=reading,
                        found=fingerprint(texts[name]),
                    )
                )
            clusters.assign(connection, found)


def legal_texts(number: int) -> dict[str, str]:
    """Articles that have two thirds in common, and no more."""
    legal = words(0, 80)
    return {
        f"n{n:03}": f"{words(100 + 40 * n, 140 + 40 * n)} {legal}"
        for n in range(number)
    }


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_boilerplate_groups_nobody_once_it_is_known_as_such(database, batch) -> None:
    add_all(database, legal_texts(COMMON_DOCUMENTS + 5), batch)
    assert groups(database) == []


def test_of_boilerplate_no_more_is_stored_than_tells_it(database) -> None:
    add_all(database, legal_texts(COMMON_DOCUMENTS + 6), 8)
    held = select(fingerprints.c.fingerprint, func.count()).group_by(
        fingerprints.c.fingerprint
    )
    with database.read() as connection:
        counts = [row[1] for row in connection.execute(held)]
    assert max(counts) == HELD_BY


@pytest.mark.parametrize("batch", [1, 9, 100])
def test_a_report_that_all_the_world_prints_is_one_group(database, batch) -> None:
    """More copies than make boilerplate; some are prefaced, some cut."""
    report = words(0, 300)
    texts = {f"c{n:03}": report for n in range(2 * COMMON_DOCUMENTS)}
    texts |= {f"p{n}": f"{words(700 + n, 702 + n)} {report}" for n in range(5)}
    texts |= {"cut": words(0, 240)}
    add_all(database, texts, batch)
    assert groups(database) == [set(texts)]


def some_texts() -> dict[str, str]:
    chance = random.Random(8)
    texts = {}
    for n in range(24):
        start = 150 * chance.randrange(6)
        text = words(start, start + chance.choice([60, 90, 150]))
        texts[f"t{n:02}"] = f"{text} level {chance.choice([1, 2])}"
    return texts | legal_texts(COMMON_DOCUMENTS + 3)


def grouped_so(database: Database, order: Sequence[str], batch: int) -> list[set[str]]:
    """The groups of `some_texts`, made anew in that order."""
    with database.write() as connection:
        for table in (fingerprints, fingerprint_sets):
            connection.execute(table.delete())
        connection.execute(update(documents).values(cluster_id=""))
        c = documents.c
        rows = connection.execute(
            select(c.id, c.url, c.reading_id, readings.c.text).join(
                readings, readings.c.id == c.reading_id
            )
        )
        named = {row.url.removeprefix(f"{SITE}/"): row for row in rows}
        for first in range(0, len(order), batch):
            found = [
                clusters.Fingerprinted(
                    document_id=named[name].id,
                    reading_id=named[name].reading_id,
                    found=fingerprint(named[name].text),
                )
                for name in order[first : first + batch]
            ]
            clusters.assign(connection, found)
    return groups(database)


def test_groups_are_the_same_in_any_order_and_batches(database) -> None:
    texts = some_texts()
    add_all(database, texts, 100)
    expected = groups(database)
    assert len(expected) >= 5
    heads = {d.cluster for d in shown(database)}
    for seed in range(4):
        order = random.Random(seed).sample(sorted(texts), len(texts))
        for batch in (1, 5, 100):
            assert grouped_so(database, order, batch) == expected
            assert {d.cluster for d in shown(database)} == heads


def test_the_oldest_document_is_the_head_of_its_group(database) -> None:
    text = words(0, 300)
    names = [add(database, name, text) for name in "abc"]
    with database.write() as connection:
        for age, identity in enumerate(names):
            connection.execute(
                update(documents)
                .where(documents.c.id == identity)
                .values(first_seen_at=NOW - timedelta(days=age))
            )
    add(database, "d", text)
    assert {d.cluster for d in shown(database)} == {names[2]}
    change(database, "c", words(500, 800))
    assert {d.cluster for d in shown(database)} == {names[1], ""}


def test_who_held_a_group_together_leaves_two(database) -> None:
    for name, start in (("a", 0), ("b", 0), ("c", 300), ("d", 300)):
        add(database, name, words(start, start + 300))
    add(database, "e", words(0, 600))
    before = by_name(database)
    change(database, "e", words(700, 900))
    assert groups(database) == [{"a", "b"}, {"c", "d"}]
    assert all(by_name(database)[n].version > before[n].version for n in "abcd")


def test_who_is_removed_leaves_its_group_and_is_never_met_again(database) -> None:
    first, second = (add(database, name, words(0, 300)) for name in "ab")
    with database.write() as connection:
        clusters.remove(connection, [second])
        assert load_held(connection, ids=[first, second])[0].document_id == first
    assert groups(database) == []
    add(database, "c", words(0, 300))
    assert groups(database) == [{"a", "c"}]


def test_a_deleted_document_is_compared_with_nobody(database) -> None:
    first = add(database, "a", words(0, 300))
    with database.write() as connection:
        connection.execute(
            update(documents).where(documents.c.id == first).values(deleted_at=NOW)
        )
    add(database, "b", words(0, 300))
    assert groups(database) == []


def test_the_same_fingerprints_again_raise_no_version(database) -> None:
    for name in "ab":
        add(database, name, words(0, 300))
    before = {d.id: d.version for d in shown(database)}
    with database.write() as connection:
        for one in load_held(connection, ids=before):
            assign(connection, one.document_id, 99, one.found)
        rows = set(connection.scalars(select(fingerprint_sets.c.reading_id)))
    assert {d.id: d.version for d in shown(database)} == before
    assert rows == {99}


def test_texts_in_two_languages_that_share_a_list_of_names_stay_apart(database) -> None:
    names = words(0, 60)
    for name, language in (("a", "de"), ("b", "en"), ("c", "de")):
        own = 100 + 60 * ord(name) % 700
        with database.write() as connection:
            text = f"{names} {words(own, own + 30)}"
            identity, reading = add_document(connection, f"{SITE}/{name}", text)
            connection.execute(
                update(readings)
                .where(readings.c.id == reading)
                .values(language=language)
            )
            assign(connection, identity, reading, fingerprint(text))
    assert groups(database) == [{"a", "c"}]


def test_a_document_of_many_words_is_compared_too(database) -> None:
    """More fingerprints than a statement may have parameters."""
    few = Fingerprints(hashes=tuple(range(0, 80, 4)), level=2)
    with database.write() as connection:
        identity, reading = add_document(connection)
        assign(connection, identity, reading, few)
        (held,) = load_held(connection, ids=[identity])
        holders = load_holders(connection, range(0, 400_000, 4))
    assert held.found == few
    assert holders == {value: {held.number} for value in few.hashes}


def test_a_flash_without_a_text_goes_by_its_headline() -> None:
    long, other = words(0, 30), words(40, 70)
    stage = ClusterStage()
    texts = {
        1: Texts(title=long, text="", language=""),
        2: Texts(title=long, text=words(200, 205), language=""),
        3: Texts(title=other, text=words(0, 30), language=""),
    }
    found = stage.run(texts)
    assert found[1] == fingerprint(long)
    assert found[2] == fingerprint(f"{long} {words(200, 205)}")
    assert found[3] == fingerprint(words(0, 30))


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
