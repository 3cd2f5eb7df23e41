"""The rules of identity, on both databases: what a page becomes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pipeline.documents import Extraction
from pipeline.store import Database
from pipeline.store.documents import (
    load_documents,
    load_revision,
    load_revisions,
    parse_reference,
)
from pipeline.store.readings import EarlierPage, earlier_pages, load_texts, reopen
from pipeline.store.tables import document_urls, readings
from pipeline.store.work import enqueue
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

LATER = NOW + timedelta(days=1)
CHANGED = TEXT.replace("fourteen", "seventeen")


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)


def relations(database: Database) -> dict[str, str]:
    """What leads to documents, by path."""
    with database.read() as connection:
        rows = connection.execute(
            select(document_urls.c.url_key, document_urls.c.relation)
        )
        return {row.url_key.removeprefix(SITE): row.relation for row in rows}


# --- The first page of an address ------------------------------------------------


def test_a_page_of_a_new_address_is_a_document(database) -> None:
    with database.write() as connection:
        page = make_page(connection)
        recorded = record_page(connection, page, authors=("A. Writer",), section="City")
    assert recorded.outcome == "stored"
    (document,) = shown(database)
    assert (document.text, document.title) == (TEXT, "Mayors meet in Kazan")
    assert (document.revision, document.url) == (1, page.url)
    assert (document.authors, document.section) == (("A. Writer",), "City")
    assert (document.kind, document.publisher) == ("news", "The Lantern")
    assert document.first_seen_at == page.fetched_at
    assert document.language == "und"
    assert outcome(database, page.url) == ("stored", "")


def test_its_id_depends_on_the_address_alone(database) -> None:
    """The same in any workspace, whatever else is in it."""
    with database.write() as connection:
        first, _ = add_document(connection, f"{SITE}/z")
        found, _ = add_document(
            connection, f"{SITE}/a?utm_source=rss", OTHER_TEXT, title="Rice"
        )
    assert found == document_id(url_key(f"{SITE}/a")) != first
    assert parse_reference(found) is not None


def test_a_page_that_is_no_article_is_rejected_with_its_reason(database) -> None:
    with database.write() as connection:
        page = make_page(connection)
        recorded = record_page(connection, page, "", rejected="soft_404")
    assert (recorded.outcome, recorded.reading_ids) == ("rejected", ())
    assert shown(database) == []
    assert outcome(database, page.url) == ("rejected", "soft_404")


# --- Later pages of the same address ---------------------------------------------


def test_the_same_text_again_is_unchanged(database) -> None:
    with database.write() as connection:
        add_document(connection)
        again = record_page(connection, make_page(connection, at=LATER))
    assert (again.outcome, again.reading_ids) == ("unchanged", ())
    assert shown(database)[0].revision == 1
    assert outcome(database, f"{SITE}/a") == ("unchanged", "")


def test_a_changed_text_is_a_new_revision_and_the_old_one_is_kept(database) -> None:
    """C14"""
    with database.write() as connection:
        document, _ = add_document(connection)
        changed = record_page(connection, make_page(connection, at=LATER), CHANGED)
        assert changed.outcome == "stored"
        first = load_revision(connection, document, 1)
        second = load_revision(connection, document, 2)
        history = load_revisions(connection, document)
        assert load_revision(connection, document, 3) is None
    assert first is not None
    assert second is not None
    assert (first.text, first.revision) == (TEXT, 1)
    assert (second.text, second.revision) == (CHANGED, 2)
    assert [revision.created_at for revision in history] == [NOW, LATER]
    assert history[0].text_checksum != history[1].text_checksum
    (current,) = shown(database)
    assert (current.text, current.revision) == (CHANGED, 2)
    assert current.first_seen_at == NOW


def test_a_changed_headline_is_a_new_revision(database) -> None:
    with database.write() as connection:
        add_document(connection)
        record_page(connection, make_page(connection, at=LATER), title="Mayors part")
    assert shown(database)[0].revision == 2


def test_a_text_that_returns_to_what_it_was_is_a_third_revision(database) -> None:
    with database.write() as connection:
        add_document(connection)
        for days, text in ((1, CHANGED), (2, TEXT)):
            page = make_page(connection, at=NOW + timedelta(days=days))
            record_page(connection, page, text)
    assert shown(database)[0].revision == 3


def test_an_older_capture_that_is_imported_late_makes_no_revision(database) -> None:
    with database.write() as connection:
        add_document(connection)
        old = make_page(connection, at=NOW - timedelta(days=365))
        assert record_page(connection, old, OTHER_TEXT).outcome == "unchanged"
    assert shown(database)[0].text == TEXT
    assert shown(database)[0].revision == 1


def test_a_page_that_became_a_soft_404_leaves_the_document(database) -> None:
    with database.write() as connection:
        add_document(connection)
        gone = make_page(connection, at=LATER)
        record_page(connection, gone, "", rejected="soft_404")
    assert shown(database)[0].text == TEXT
    assert outcome(database, f"{SITE}/a") == ("rejected", "soft_404")


def test_an_older_page_processed_late_sets_no_outcome(database) -> None:
    with database.write() as connection:
        first = make_page(connection)
        make_page(connection, at=LATER)
        record_page(connection, first)
    assert outcome(database, f"{SITE}/a") == ("pending", "")


# --- Other addresses of the same article -----------------------------------------


def test_a_canonical_address_gives_the_id_and_leads_to_the_document(database) -> None:
    """C13"""
    with database.write() as connection:
        printed, _ = add_document(
            connection, f"{SITE}/print?id=7", canonical_url=f"{SITE}/a"
        )
        itself = record_page(connection, make_page(connection, f"{SITE}/a"))
        amp = record_page(
            connection,
            make_page(connection, f"{SITE}/amp/a"),
            TEXT + "\nShare this.",
            canonical_url=f"{SITE}/a",
        )
    assert printed == document_id(f"{SITE}/a")
    assert (itself.outcome, amp.outcome) == ("duplicate", "duplicate")
    assert len(shown(database)) == 1
    assert relations(database) == {
        "/print?id=7": "first",
        "/a": "canonical",
        "/amp/a": "page",
    }
    assert outcome(database, f"{SITE}/amp/a") == ("duplicate", "")


def test_an_alias_makes_no_revision(database) -> None:
    with database.write() as connection:
        add_document(connection)
        amp = f"{SITE}/amp/a"
        page = make_page(connection, amp)
        record_page(connection, page, canonical_url=f"{SITE}/a")
        page = make_page(connection, amp, at=LATER)
        changed = record_page(connection, page, CHANGED, canonical_url=f"{SITE}/a")
    assert changed.outcome == "duplicate"
    assert shown(database)[0].text == TEXT


def test_a_canonical_that_names_another_article_steals_nothing(database) -> None:
    """C13"""
    with database.write() as connection:
        victim, _ = add_document(connection)
        thief, _ = add_document(
            connection, f"{SITE}/b", OTHER_TEXT, canonical_url=f"{SITE}/a"
        )
    assert thief == document_id(f"{SITE}/b") != victim
    assert [document.text for document in shown(database)] == [TEXT, OTHER_TEXT]


def test_a_canonical_claimed_before_its_own_page_came_is_given_back(database) -> None:
    """C13: whoever comes first, no text is lost."""
    with database.write() as connection:
        thief, _ = add_document(
            connection, f"{SITE}/b", OTHER_TEXT, canonical_url=f"{SITE}/a"
        )
        victim, _ = add_document(connection)
        later = record_page(connection, make_page(connection, at=LATER), CHANGED)
        again = record_page(
            connection,
            make_page(connection, f"{SITE}/b", at=LATER),
            OTHER_TEXT,
            canonical_url=f"{SITE}/a",
        )
    assert thief != victim
    assert (later.outcome, again.outcome) == ("stored", "unchanged")
    assert [document.text for document in shown(database)] == [CHANGED, OTHER_TEXT]
    assert relations(database) == {"/a": "first", "/b": "first"}


@pytest.mark.parametrize(
    "canonical",
    [
        "https://other.example/a",
        f"{SITE}/",
        SITE,
        "javascript:void(0)",
        "http://[broken",
        f"{SITE}/feed.xml",
    ],
)
def test_a_canonical_is_not_believed_elsewhere(database, canonical) -> None:
    """C13: another site, the front page, no URL at all, an endpoint."""
    with database.write() as connection:
        make_page(connection, f"{SITE}/feed.xml", role="endpoint")
        document, _ = add_document(connection, canonical_url=canonical)
    assert document == document_id(url_key(f"{SITE}/a"))
    assert relations(database) == {"/a": "first"}


def test_addresses_that_redirected_here_lead_to_the_document(database) -> None:
    with database.write() as connection:
        add_url(connection, f"{SITE}/old", alias_of_key=f"{SITE}/newer")
        add_url(connection, f"{SITE}/newer", alias_of_key=f"{SITE}/a")
        add_url(connection, f"{SITE}/else", alias_of_key=f"{SITE}/b")
        add_document(connection)
    expected = {"/a": "first", "/newer": "redirect", "/old": "redirect"}
    assert relations(database) == expected


def test_redirects_in_a_circle_come_to_an_end(database) -> None:
    with database.write() as connection:
        add_url(connection, f"{SITE}/b", alias_of_key=f"{SITE}/a")
        add_url(connection, f"{SITE}/a", alias_of_key=f"{SITE}/b")
        add_document(connection)
    assert relations(database) == {"/a": "first", "/b": "redirect"}


def test_a_near_identical_text_elsewhere_is_a_document_of_its_own(database) -> None:
    with database.write() as connection:
        add_document(connection, f"{SITE}/a")
        add_document(connection, f"{SITE}/b")
    assert len(shown(database)) == 2


# --- Another extractor -----------------------------------------------------------


def test_a_better_extractor_gives_a_new_reading_of_the_same_revision(database) -> None:
    with database.write() as connection:
        page = make_page(connection)
        record_page(connection, page)
        better = record_page(connection, page, TEXT + "\nA last line.", extractor="2")
    assert better.outcome == "stored"
    assert len(better.reading_ids) == 1
    (document,) = shown(database)
    assert document.revision == 1
    assert document.text.endswith("A last line.")


def test_the_same_extractor_twice_changes_nothing(database) -> None:
    with database.write() as connection:
        page = make_page(connection)
        record_page(connection, page)
        before = load_documents(connection, [document_id(url_key(page.url))])
        assert record_page(connection, page).reading_ids == ()
        assert load_documents(connection, [before[0].id]) == before


def test_an_extractor_that_finds_no_article_any_more_takes_nothing_away(
    database,
) -> None:
    with database.write() as connection:
        page = make_page(connection)
        record_page(connection, page)
        record_page(connection, page, "", extractor="2", rejected="no_text")
    assert shown(database)[0].text == TEXT
    assert outcome(database, page.url) == ("stored", "")


def test_an_extractor_that_finds_an_article_after_all_changes_the_outcome(
    database,
) -> None:
    with database.write() as connection:
        page = make_page(connection)
        record_page(connection, page, "", rejected="no_text")
        record_page(connection, page, extractor="2")
    assert outcome(database, page.url) == ("stored", "")


def test_texts_are_compared_as_one_extractor_reads_both(database) -> None:
    """A better extractor alone never makes a revision of the site's text."""
    read_better: Extraction = make_extraction(TEXT + "\nA last line.")
    with database.write() as connection:
        first = make_page(connection)
        record_page(connection, first)
        second = make_page(connection, at=LATER)
        assert earlier_pages(connection, [first.id]) == {}
        again = earlier_pages(connection, [second.id])
        assert again == {second.id: EarlierPage(page=first, reader=EXTRACTOR)}
        recorded = record_page(
            connection,
            second,
            read_better.text,
            extractor="2",
            earlier=(first, read_better),
        )
    assert recorded.outcome == "unchanged"
    (document,) = shown(database)
    assert (document.revision, document.text) == (1, read_better.text)


@pytest.mark.parametrize("text", [TEXT, CHANGED])
def test_an_earlier_page_read_again_goes_through_the_further_stages(
    database, text
) -> None:
    """Otherwise its new reading, which is shown, would have no language."""
    with database.write() as connection:
        first = make_page(connection)
        old = record_page(connection, first)
        second = make_page(connection, at=LATER)
        recorded = record_page(
            connection,
            second,
            text,
            extractor="2",
            earlier=(first, make_extraction()),
        )
        statement = select(readings.c.id).where(readings.c.extractor == "2")
        new = connection.scalars(statement.order_by(readings.c.id)).all()
    assert recorded.reading_ids == tuple(new)
    assert not set(old.reading_ids) & set(new)


# --- The rest --------------------------------------------------------------------


def test_texts_of_readings_are_loaded_by_id(database) -> None:
    with database.write() as connection:
        _, reading = add_document(connection)
        found = load_texts(connection, [reading, 999])
    assert list(found) == [reading]
    assert found[reading].text == TEXT
    assert found[reading].language == ""


def test_text_of_any_script_and_length_comes_back_as_it_went_in(database) -> None:
    text = "喀山 🏴󠁧󠁢󠁥󠁮󠁧󠁿 می‌خواهم \u202e ﷽ क्ष " * 50_000
    with database.write() as connection:
        add_document(connection, text=text, title="e\u0301 ß")
    assert shown(database)[0].text == text
    assert shown(database)[0].title == "e\u0301 ß"


def test_revived_pages_are_pending_again(database) -> None:
    with database.write() as connection:
        page = make_page(connection)
        add_url(connection, page.url, outcome="failed", reason="extraction")
        enqueue(connection, "extract", [page.id], now=NOW)
        reopen(connection, "other")
        reopen(connection, "extraction")
    assert outcome(database, page.url) == ("pending", "")


@pytest.mark.parametrize("text", ["", "d", "dfxhautcqiqn7zt5j@", "Dfxhautcqiqn7zt5j"])
def test_what_is_no_reference_gives_none(text) -> None:
    assert parse_reference(text) is None
