"""One article at several addresses stays one document, whenever that is learned."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import Connection, insert, select, update

from pipeline.documents import Document
from pipeline.fingerprints import fingerprint
from pipeline.store import Database, clusters, corrections
from pipeline.store.again import enqueue_again
from pipeline.store.documents import (
    Reference,
    load_documents,
    load_revision,
    load_revisions,
)
from pipeline.store.links import lead_to_documents
from pipeline.store.merges import merge, resolved, surviving
from pipeline.store.readings import EarlierPage, earlier_pages
from pipeline.store.tables import (
    document_urls,
    documents,
    origin_moves,
    readings,
    urls,
    work,
)
from pipeline.urls import document_id, url_key
from tests.pipeline.builders import (
    EXTRACTOR,
    NOW,
    OTHER_TEXT,
    SITE,
    TEXT,
    add_document,
    add_source,
    add_url,
    make_extraction,
    make_page,
    outcome,
    record_page,
    shown,
)

EARLIER = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=1)
CHANGED = TEXT + "\nA last line."
ELSEWHERE = "https://other.example"


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)
        add_source(connection, "other")


def leads(database: Database) -> dict[str, tuple[str, str]]:
    """Document and relation of every address."""
    with database.read() as connection:
        rows = connection.execute(select(document_urls))
        return {row.url_key: (row.document_id, row.relation) for row in rows}


def living(database: Database) -> list[Document]:
    return [document for document in shown(database) if not document.deleted]


def redirect(connection: Connection, old: str, new: str) -> None:
    """What a crawl commits when an address redirects."""
    connection.execute(
        update(urls)
        .where(urls.c.url_key == url_key(old))
        .values(alias_of_key=url_key(new), outcome="duplicate")
    )
    lead_to_documents(connection, {url_key(old): url_key(new)}, LATER)


def aged(connection: Connection, document: str, at: datetime) -> None:
    connection.execute(
        update(documents).where(documents.c.id == document).values(first_seen_at=at)
    )


# --- A moved article ---------------------------------------------------------------


@pytest.mark.parametrize(("text", "revision"), [(TEXT, 1), (CHANGED, 2)])
def test_a_moved_article_keeps_its_id(database, text, revision) -> None:
    """C13"""
    old, new = f"{SITE}/a", f"{SITE}/2024/a"
    with database.write() as connection:
        document, _ = add_document(connection, old)
        redirect(connection, old, new)
        recorded = record_page(connection, make_page(connection, new, at=LATER), text)
    (left,) = shown(database)
    assert (left.id, left.revision, left.url) == (document, revision, new)
    assert recorded.outcome == ("unchanged" if revision == 1 else "stored")
    assert leads(database) == {old: (document, "redirect"), new: (document, "first")}


def test_a_moved_article_gets_its_revisions_at_the_new_address(database) -> None:
    old, new = f"{SITE}/a", f"{SITE}/2024/a"
    with database.write() as connection:
        document, _ = add_document(connection, old, canonical_url=new)
        redirect(connection, old, new)
        record_page(connection, make_page(connection, new, at=LATER), CHANGED)
    (left,) = shown(database)
    assert (left.id, left.revision, left.text) == (document_id(new), 2, CHANGED)
    assert document == left.id


def test_an_address_that_redirects_to_another_story_takes_no_id_along(database) -> None:
    """C13: a dead article's address leads to any page."""
    with database.write() as connection:
        document, _ = add_document(connection)
        redirect(connection, f"{SITE}/a", f"{SITE}/b")
        record_page(connection, make_page(connection, f"{SITE}/b"), OTHER_TEXT)
    assert [(d.id, d.text) for d in living(database)] == [
        (document, TEXT),
        (document_id(f"{SITE}/b"), OTHER_TEXT),
    ]


@pytest.mark.parametrize("is_elder", [True, False])
def test_two_documents_are_one_once_the_one_redirects_to_the_other(
    database, is_elder
) -> None:
    """C13"""
    old, new = f"{SITE}/a", f"{SITE}/2024/a"
    with database.write() as connection:
        first, _ = add_document(connection, old)
        second, _ = add_document(connection, new, CHANGED)
        age = timedelta(days=1 if is_elder else -1)
        aged(connection, second, NOW + age)
        before = {d.id: d.version for d in load_documents(connection, [first, second])}
        redirect(connection, old, new)
    left, gone = (first, second) if is_elder else (second, first)
    found = {document.id: document for document in shown(database)}
    assert (found[gone].deleted, found[gone].merged_into) == (True, left)
    assert (found[left].deleted, found[left].merged_into) == (False, "")
    assert found[left].url == new
    assert all(found[id_].version > before[id_] for id_ in before)
    assert leads(database) == {old: (left, "redirect"), new: (left, "first")}


def test_the_text_of_the_new_address_is_fetched_for_the_document_that_goes_on(
    database,
) -> None:
    old, new = f"{SITE}/a", f"{SITE}/2024/a"
    with database.write() as connection:
        document, _ = add_document(connection, old)
        aged(connection, document, EARLIER)
        add_document(connection, new, CHANGED)
        redirect(connection, old, new)
        row = connection.execute(select(urls).where(urls.c.url_key == new)).one()
        assert (row.due_at, row.etag, row.body_checksum) == (LATER, "", "")
        record_page(connection, make_page(connection, new, at=LATER), CHANGED)
    (left,) = living(database)
    assert (left.id, left.revision, left.text) == (document, 2, CHANGED)


def test_a_redirect_to_another_publisher_merges_nothing(database) -> None:
    """C13: a near-identical text elsewhere is a document of its own."""
    with database.write() as connection:
        add_document(connection)
        page = make_page(connection, f"{ELSEWHERE}/a", source="other")
        record_page(connection, page)
        redirect(connection, f"{SITE}/a", f"{ELSEWHERE}/a")
    assert len(living(database)) == 2


# --- Canonical addresses -----------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("m.lantern.example", "lantern.example"),
        ("amp.lantern.example", "www.lantern.example"),
        ("lantern.co.uk", "www.lantern.co.uk"),
    ],
)
def test_canonicals_are_believed_on_all_hosts_of_a_site(
    database, host, canonical
) -> None:
    """C13"""
    with database.write() as connection:
        first, _ = add_document(connection, f"https://{canonical}/a")
        page = make_page(connection, f"https://{host}/a", at=LATER)
        recorded = record_page(
            connection, page, CHANGED, canonical_url=f"https://{canonical}/a"
        )
    assert recorded.outcome == "duplicate"
    assert [document.id for document in shown(database)] == [first]


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("a.github.io", "b.github.io"),
        ("one.blogspot.com", "two.blogspot.com"),
        ("mofa.gov.vn", "chinhphu.gov.vn"),
        ("lantern.co.uk", "torch.co.uk"),
        ("127.0.0.1:81", "127.0.0.1:82"),
        ("lantern.example:8080", "lantern.example"),
        ("[2001:db8::1]", "[2001:db8::2]"),
    ],
)
def test_canonicals_are_not_believed_across_publishers(
    database, host, canonical
) -> None:
    """C13"""
    with database.write() as connection:
        add_document(connection, f"https://{canonical}/a")
        page = make_page(connection, f"https://{host}/a")
        recorded = record_page(connection, page, canonical_url=f"https://{canonical}/a")
    assert recorded.outcome == "stored"
    assert len(living(database)) == 2


def test_canonicals_are_believed_between_hosts_that_one_source_reads(database) -> None:
    there = "https://lantern-news.example"
    with database.write() as connection:
        make_page(connection, f"{SITE}/feed.xml", role="endpoint")
        make_page(connection, f"{there}/feed.xml", role="endpoint")
        add_document(connection)
        page = make_page(connection, f"{there}/a")
        recorded = record_page(connection, page, canonical_url=f"{SITE}/a")
        other = make_page(connection, f"{ELSEWHERE}/a")
        stranger = record_page(connection, other, canonical_url=f"{SITE}/a")
    assert (recorded.outcome, stranger.outcome) == ("duplicate", "stored")


def test_canonicals_are_believed_between_the_hosts_of_a_move(database) -> None:
    with database.write() as connection:
        connection.execute(
            insert(origin_moves).values(
                source="lantern",
                from_origin=SITE,
                to_origin="https://torch.example",
                seen=3,
                first_at=NOW,
                confirmed_at=NOW,
            )
        )
        add_document(connection)
        page = make_page(connection, "https://torch.example/a")
        recorded = record_page(connection, page, canonical_url=f"{SITE}/a")
    assert recorded.outcome == "duplicate"


def test_a_canonical_that_names_another_languages_edition_merges_nothing(
    database,
) -> None:
    """C13: not even the id is taken, whoever comes first."""
    vi, en = f"{SITE}/vi/a", f"{SITE}/en/a"
    with database.write() as connection:
        english, _ = add_document(
            connection, en, canonical_url=vi, alternates=(("vi", vi),)
        )
        vietnamese, _ = add_document(connection, vi, OTHER_TEXT)
    assert (english, vietnamese) == (document_id(en), document_id(vi))
    assert leads(database) == {en: (english, "first"), vi: (vietnamese, "first")}


def test_two_documents_are_one_once_the_one_names_the_other_as_canonical(
    database,
) -> None:
    """C13"""
    amp, own = f"{SITE}/amp/a", f"{SITE}/a"
    with database.write() as connection:
        first, _ = add_document(connection, amp)
        second, _ = add_document(connection, own, canonical_url=own)
        page = make_page(connection, amp, at=LATER)
        record_page(connection, page, CHANGED, canonical_url=own)
        at_own = record_page(
            connection, make_page(connection, own, at=LATER), CHANGED + "!"
        )
    (left,) = living(database)
    assert surviving_of(database, [first, second]) == {first: left.id, second: left.id}
    assert leads(database) == {amp: (left.id, "page"), own: (left.id, "first")}
    assert at_own.outcome == "stored"
    assert left.text == CHANGED + "!"
    assert outcome(database, amp)[0] == "stored"


@pytest.mark.parametrize(
    ("text", "canonical"), [(OTHER_TEXT, f"{SITE}/a"), (TEXT, f"{SITE}/third")]
)
def test_a_canonical_to_another_story_or_to_one_that_points_on_merges_nothing(
    database, text, canonical
) -> None:
    with database.write() as connection:
        add_document(connection, f"{SITE}/a", text, canonical_url=canonical)
        add_document(connection, f"{SITE}/b")
        page = make_page(connection, f"{SITE}/b", at=LATER)
        record_page(connection, page, CHANGED, canonical_url=f"{SITE}/a")
    assert len(living(database)) == 2


def test_canonicals_in_a_circle_make_one_document(database) -> None:
    a, b = f"{SITE}/a", f"{SITE}/b"
    with database.write() as connection:
        add_document(connection, a)
        add_document(connection, b)
        for hours in range(1, 4):
            for here, there in ((a, b), (b, a)):
                page = make_page(connection, here, at=NOW + timedelta(hours=hours))
                record_page(connection, page, f"{TEXT} {hours}.", canonical_url=there)
    (left,) = living(database)
    assert left.text == f"{TEXT} 3."
    assert {document for document, _ in leads(database).values()} == {left.id}


# --- Merging -----------------------------------------------------------------------


def surviving_of(database: Database, ids: Sequence[str]) -> dict[str, str]:
    with database.read() as connection:
        return surviving(connection, ids)


PAIRS = [("/a", "/b"), ("/b", "/c"), ("/c", "/d"), ("/d", "/b")]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_the_oldest_is_left_in_whatever_order_it_is_learned(database, order) -> None:
    """Chains and circles; every id leads to the end at once."""
    with database.write() as connection:
        ids = {
            p: add_document(connection, f"{SITE}{p}")[0] for p in "/a /b /c /d".split()
        }
        for age, path in enumerate(("/c", "/a", "/d", "/b")):
            aged(connection, ids[path], NOW + timedelta(hours=age))
        for place in order:
            pair = [ids[path] for path in PAIRS[place]]
            merge(connection, pair, address=f"{SITE}{PAIRS[place][1]}", now=LATER)
    assert surviving_of(database, list(ids.values())) == dict.fromkeys(
        ids.values(), ids["/c"]
    )
    assert {document for document, _ in leads(database).values()} == {ids["/c"]}
    relations = [relation for _, relation in leads(database).values()]
    assert relations.count("first") == 1


def test_merging_again_changes_nothing(database) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{p}")[0] for p in "ab"]
        aged(connection, ids[0], EARLIER)
        for _ in range(2):
            merge(connection, ids, address=f"{SITE}/b", now=LATER)
    before = shown(database)
    with database.write() as connection:
        assert merge(connection, ids, address=f"{SITE}/b", now=LATER) == ids[0]
    assert shown(database) == before


def test_an_id_leads_to_the_survivor_and_a_citation_to_its_own_words(database) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{p}")[0] for p in "ab"]
        aged(connection, ids[0], EARLIER)
        page = make_page(connection, f"{SITE}/b", at=LATER)
        record_page(connection, page, CHANGED)
        merge(connection, ids, address=f"{SITE}/b", now=LATER)
        assert resolved(connection, Reference(id=ids[1])) == Reference(id=ids[0])
        cited = Reference(id=ids[1], revision=2)
        assert resolved(connection, cited) == cited
        found = load_revision(connection, ids[1], 2)
        history = load_revisions(connection, ids[1])
        strange = Reference(id="daaaaaaaaaaaaaaaa")
        assert resolved(connection, strange) == strange
    assert found is not None
    assert (found.text, found.deleted, found.merged_into) == (CHANGED, False, ids[0])
    assert [revision.text for revision in history] == [TEXT, CHANGED]


def test_a_merged_document_leaves_its_group(database) -> None:
    with database.write() as connection:
        found = [add_document(connection, f"{SITE}/{p}") for p in "abc"]
        clusters.assign(
            connection,
            [
                clusters.Fingerprinted(
                    document_id=i, reading_id=r, found=fingerprint(TEXT)
                )
                for i, r in found
            ],
        )
        ids = [i for i, _ in found]
        aged(connection, ids[1], EARLIER)
        merge(connection, ids[1:], address=f"{SITE}/b", now=LATER)
    groups = {document.id: document.cluster for document in shown(database)}
    assert groups[ids[0]] == groups[ids[1]] != groups[ids[2]] == ""


def test_what_was_corrected_holds_where_the_document_goes_on(database) -> None:
    with database.write() as connection:
        first, reading = add_document(connection, f"{SITE}/a")
        second, _ = add_document(connection, f"{SITE}/b")
        aged(connection, first, EARLIER)
        corrections.add(
            connection,
            document_id=second,
            source_language="en",
            target_language="vi",
            source_text="Mayors meet in Kazan",
            target_text="Các thị trưởng gặp nhau",
            author="desk",
            now=NOW,
        )
        merge(connection, [first, second], address=f"{SITE}/b", now=LATER)
        stored = corrections.load(connection)
        due = list(
            connection.scalars(select(work.c.item).where(work.c.stage == "translate"))
        )
    assert [correction.document_id for correction in stored] == [first]
    assert due == [reading]


def test_another_extractor_on_a_merged_documents_page_revives_nothing(database) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{p}")[0] for p in "ab"]
        aged(connection, ids[0], EARLIER)
        merge(connection, ids, address=f"{SITE}/b", now=LATER)
        (page,) = [r.page for r in load_revisions(connection, ids[1])]
        (again,) = record_page(
            connection, page, CHANGED, extractor="test-2"
        ).reading_ids
        assert clusters.current_documents(connection, [again]) == {}
        of = select(readings.c.document_id).where(readings.c.id == again)
        assert connection.scalar(of) == ids[1]
    assert [document.id for document in living(database)] == [ids[0]]


def test_a_known_redirect_is_followed_when_its_target_comes_by_way_of_another(
    database,
) -> None:
    a, b, c = (f"{SITE}/{p}" for p in "abc")
    with database.write() as connection:
        document, _ = add_document(connection, a)
        add_url(connection, b, alias_of_key=c)
        redirect(connection, a, b)
        record_page(connection, make_page(connection, c, at=LATER))
    (left,) = shown(database)
    assert (left.id, left.url) == (document, c)
    assert leads(database) == {a: (document, "redirect"), c: (document, "first")}


def test_a_moved_article_is_compared_with_its_old_page_read_alike(database) -> None:
    """Another extractor is no edit, also where the address changed meanwhile."""
    old, new = f"{SITE}/a", f"{SITE}/2024/a"
    with database.write() as connection:
        first = make_page(connection, old)
        record_page(connection, first, f"Menu\n{TEXT}")
        redirect(connection, old, new)
        page = make_page(connection, new, at=LATER)
        earlier = earlier_pages(connection, [page.id])
        assert earlier == {page.id: EarlierPage(page=first, reader=EXTRACTOR)}
        again = (first, make_extraction(TEXT))
        record_page(connection, page, TEXT, extractor="test-2", earlier=again)
    (left,) = shown(database)
    assert (left.revision, left.url, left.text) == (1, new, TEXT)


@pytest.mark.parametrize("stage", ["cluster", "extract"])
def test_of_merged_documents_only_the_pages_are_read_again(database, stage) -> None:
    with database.write() as connection:
        ids = [add_document(connection, f"{SITE}/{p}")[0] for p in "ab"]
        merge(connection, ids, address=f"{SITE}/b", now=LATER)
        number = enqueue_again(connection, "lantern", stage, now=LATER)
    assert number == (2 if stage == "extract" else 1)
