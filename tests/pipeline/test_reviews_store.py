"""Press reviews in the store: order, versions, status, and what stays for ever."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from pipeline.errors import InputError
from pipeline.reviews import (
    AlsoIn,
    Change,
    FrozenReviewError,
    NewItem,
    Origin,
    Review,
    StaleReviewError,
)
from pipeline.store import Database, reviews
from pipeline.store import review_contents as contents
from pipeline.store.tables import documents
from tests.pipeline.builders import NOW, SITE, add_document, add_source

DAY = date(2024, 6, 21)
ITEM = NewItem(
    document_id="dfxhautcqiqn7zt5j",
    revision=2,
    passage=(1, 2),
    summary="Mayors met.",
    summary_language="en",
    summary_by="machine",
    summary_positions=(1,),
    summary_origins=(Origin(engine="firefox", model="vi-en", version="1.0"),),
    note="For the minister.",
    tags=("cities", "trade"),
    also_in=(AlsoIn(publisher="The Bell", owner="Bell Group"),),
)


class Desk:
    """A store with one draft; every change is made on the review as it is."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            self.id = reviews.create(
                connection, title="Morning", day=DAY, actor="ann", at=NOW
            )

    @property
    def review(self) -> Review:
        with self.database.read() as connection:
            return reviews.load(connection, self.id)

    def change(self, actor: str = "ann", at: datetime = NOW) -> Change:
        return Change(
            review_id=self.id, version=self.review.version, actor=actor, at=at
        )

    def do(self, what: Callable[..., object], *args: object, **more: object) -> int:
        change = self.change()
        with self.database.write() as connection:
            return what(connection, change, *args, **more)

    def section(self, heading: str = "Cities", *names: str) -> int:
        section_id = self.do(contents.add_section, heading)
        for name in names:
            self.item(section_id, name)
        return section_id

    def item(self, section_id: int, name: str) -> int:
        return self.do(
            contents.add_item, section_id, NewItem(document_id=name, revision=1)
        )

    def outline(self) -> list[tuple[str, str]]:
        return [
            (section.heading, "".join(item.document_id for item in section.items))
            for section in self.review.sections
        ]

    def log(self) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            found = reviews.load_log(connection, self.id)
        return [(entry.actor, entry.action) for entry in found]

    def approve(self) -> None:
        self.do(reviews.approve)

    def send(self) -> None:
        self.approve()
        self.do(reviews.freeze, {"review.html": b"<p>\x00\xff"})


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


# --- Made and read ---------------------------------------------------------------


def test_a_new_review_is_an_empty_draft(desk: Desk) -> None:
    review = desk.review
    assert (review.title, review.day, review.status) == ("Morning", DAY, "draft")
    assert review.created_at == review.updated_at == NOW
    assert review.sections == ()
    assert review.sent_at is None
    assert desk.log() == [("ann", "created")]


def test_an_item_is_read_as_it_was_added(desk: Desk) -> None:
    section_id = desk.section()
    item_id = desk.do(contents.add_item, section_id, ITEM)
    (item,) = desk.review.items
    assert item.id == item_id
    assert item.citation == "dfxhautcqiqn7zt5j@2"
    for name in NewItem.__dataclass_fields__:
        assert getattr(item, name) == getattr(ITEM, name)


def test_reviews_are_listed_with_the_newest_day_first(desk: Desk) -> None:
    section_id = desk.section()
    desk.do(contents.add_item, section_id, ITEM)
    with desk.database.write() as connection:
        for title, day in (("Later", 22), ("Earlier", 20)):
            when = DAY.replace(day=day)
            reviews.create(connection, title=title, day=when, actor="", at=NOW)
        found = reviews.load_all(connection)
        assert reviews.item_counts(connection) == {desk.id: 1}
    assert [review.title for review in found] == ["Later", "Morning", "Earlier"]


def test_an_unknown_review_is_named(desk: Desk) -> None:
    with (
        desk.database.read() as connection,
        pytest.raises(InputError, match="no review 99"),
    ):
        reviews.load(connection, 99)
    change = Change(review_id=99, version=1, actor="", at=NOW)
    with (
        desk.database.write() as connection,
        pytest.raises(InputError, match="no review 99"),
    ):
        reviews.approve(connection, change)


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "a\rb", "a\u2028b", "x" * 301])
def test_a_title_is_one_line(desk: Desk, title: str) -> None:
    """W7"""
    with pytest.raises(InputError, match="title"):
        desk.do(reviews.rename, title)
    with pytest.raises(InputError, match="heading"):
        desk.do(contents.add_section, title)
    assert desk.review.title == "Morning"
    assert desk.review.version == 1


def test_text_that_a_database_cannot_hold_is_stored_without_it(desk: Desk) -> None:
    section_id = desk.do(contents.add_section, "A", "in\x00tro \ud800")
    desk.do(contents.add_item, section_id, ITEM)
    (item,) = desk.review.items
    desk.do(contents.edit_item, item.id, note="a\x00b", tags=["x\x00", " ", "x"])
    assert desk.review.sections[0].intro == "intro ?"
    assert desk.review.items[0].note == "ab"
    assert desk.review.items[0].tags == ("x",)


# --- Cloned ----------------------------------------------------------------------


@pytest.mark.parametrize("with_items", [False, True])
def test_a_clone_has_the_sections_and_the_items_only_if_asked(
    desk: Desk, with_items: bool
) -> None:
    desk.do(contents.add_section, "Cities", "Two things.")
    desk.section("Sea", "a", "b")
    model = desk.review
    with desk.database.write() as connection:
        made = reviews.clone(
            connection,
            desk.id,
            title="Next",
            day=DAY.replace(day=22),
            with_items=with_items,
            actor="bob",
            at=NOW,
        )
        cloned = reviews.load(connection, made)
        (entry,) = reviews.load_log(connection, made)
    assert (entry.action, entry.detail) == ("cloned", f"from review {desk.id}")
    assert [s.heading for s in cloned.sections] == ["Cities", "Sea"]
    assert cloned.sections[0].intro == ("Two things." if with_items else "")
    assert [i.document_id for i in cloned.items] == (["a", "b"] if with_items else [])
    assert desk.review == model


# --- Order -----------------------------------------------------------------------


def test_sections_move_up_down_and_to_a_place(desk: Desk) -> None:
    a, b, c = (desk.section(heading) for heading in "ABC")
    for section_id, to, expected in (
        (c, "up", "ACB"),
        (a, "down", "CAB"),
        (b, 0, "BCA"),
        (b, "up", "BCA"),
        (b, 99, "CAB"),
    ):
        desk.do(contents.move_section, section_id, to)
        assert "".join(s.heading for s in desk.review.sections) == expected


def test_an_item_moves_to_another_section(desk: Desk) -> None:
    first, second = desk.section("A", "x", "y", "z"), desk.section("B", "v")
    y = desk.review.items[1].id
    desk.do(contents.move_item, y, 0, section_id=second)
    assert desk.outline() == [("A", "xz"), ("B", "yv")]
    desk.do(contents.move_item, y, "down", section_id=first)
    assert desk.outline() == [("A", "xzy"), ("B", "v")]


def test_a_removed_section_takes_its_items_along(desk: Desk) -> None:
    first = desk.section("A", "x")
    desk.section("B", "y")
    desk.do(contents.remove_section, first)
    assert desk.outline() == [("B", "y")]


def test_sections_and_items_of_other_reviews_are_not_touched(desk: Desk) -> None:
    other = Desk(desk.database)
    section_id = other.section("Theirs", "x")
    item_id = other.review.items[0].id
    before = other.review
    for refused in (
        lambda: desk.do(contents.remove_section, section_id),
        lambda: desk.do(contents.move_section, section_id, 0),
        lambda: desk.do(contents.edit_section, section_id, heading="Mine"),
        lambda: desk.do(contents.add_item, section_id, ITEM),
        lambda: desk.do(contents.remove_item, item_id),
        lambda: desk.do(contents.move_item, item_id, 0),
        lambda: desk.do(contents.edit_item, item_id, note="mine"),
    ):
        with pytest.raises(InputError, match=f"review {desk.id} has no"):
            refused()
    assert other.review == before
    assert desk.review.version == 1


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "move", "cross"]),
        st.integers(0, 5),
        st.one_of(st.integers(-1, 6), st.sampled_from(["up", "down"])),
    ),
    max_size=8,
)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=MOVES)
def test_whatever_is_moved_the_order_is_the_one_of_a_list(database, moves) -> None:
    desk = Desk(database)
    ids = [desk.section("A", "a", "b", "c"), desk.section("B", "d")]
    model: list[list[str]] = [["a", "b", "c"], ["d"]]
    fresh = iter("efghijklmnop")
    for action, number, to in moves:
        place = {i.document_id: i.id for i in desk.review.items}
        names = [name for part in model for name in part]
        if action == "add":
            name = next(fresh)
            desk.item(ids[number % 2], name)
            model[number % 2].append(name)
            continue
        if not names:
            continue
        name = names[number % len(names)]
        at = next(n for n, part in enumerate(model) if name in part)
        if action == "remove":
            desk.do(contents.remove_item, place[name])
            model[at].remove(name)
            continue
        goal = 1 - at if action == "cross" else at
        old = model[at].index(name)
        model[at].remove(name)
        ends = (old - 1, old + 1) if goal == at else (0, len(model[goal]))
        index = dict(zip(("up", "down"), ends, strict=True)).get(to, to)
        model[goal].insert(max(0, index), name)
        desk.do(contents.move_item, place[name], to, section_id=ids[goal])
    assert [list(names) for _, names in desk.outline()] == model


# --- Items -----------------------------------------------------------------------


def test_the_same_document_twice_is_refused_in_any_section(desk: Desk) -> None:
    desk.do(contents.add_item, desk.section("Cities"), ITEM)
    other = desk.section("Sea")
    version = desk.review.version
    with pytest.raises(InputError, match='already, as revision 2 under "Cities"'):
        desk.do(contents.add_item, other, ITEM)
    assert desk.review.version == version


@pytest.mark.parametrize(
    ("before", "after"),
    [("machine", "edited"), ("edited", "edited"), ("people", "desk"), ("desk", "desk")],
)
def test_a_summary_that_was_changed_says_so(desk: Desk, before, after) -> None:
    desk.section("A", "x")
    (item,) = desk.review.items
    desk.do(contents.edit_item, item.id, summary="One.", summary_by=before)
    desk.do(contents.edit_item, item.id, summary="One.", note="same words")
    assert desk.review.items[0].summary_by == before
    desk.do(contents.edit_item, item.id, summary="Two.")
    assert desk.review.items[0].summary_by == after
    desk.do(contents.edit_item, item.id, summary="Mine.", summary_by="desk")
    assert desk.review.items[0].summary_by == "desk"
    assert desk.review.items[0].note == "same words"


def test_who_else_published_it_is_told_once_with_the_owner(desk: Desk) -> None:
    with desk.database.write() as connection:
        add_source(connection)
        add_source(connection, "bell", publisher="The Bell", owner="Bell Group")
        add_source(connection, "bell-2", publisher="The Bell", owner="Bell Group")
        add_source(connection, "drum", publisher="The Drum")
        ids = [add_document(connection, f"{SITE}/{n}")[0] for n in "abcde"]
        for document_id, source in zip(
            ids, ["lantern", "bell", "bell-2", "drum", "lantern"], strict=True
        ):
            connection.execute(
                update(documents)
                .where(documents.c.id == document_id)
                .values(source=source, cluster_id="dcluster")
            )
    with desk.database.read() as connection:
        found = reviews.publishers_besides(connection, ids[0])
    assert set(found) == {
        AlsoIn(publisher="The Bell", owner="Bell Group"),
        AlsoIn(publisher="The Drum"),
    }
    assert len(found) == 2


# --- Versions --------------------------------------------------------------------


def test_a_stale_change_is_refused_and_stores_nothing(desk: Desk) -> None:
    section_id = desk.section("A", "x")
    item_id = desk.review.items[0].id
    stale = desk.change("bob")
    desk.do(reviews.rename, "Changed by Ann")
    before, log = desk.review, desk.log()
    for refused in (
        lambda c: reviews.rename(c, stale, "Changed by Bob"),
        lambda c: contents.add_section(c, stale, "B"),
        lambda c: contents.edit_section(c, stale, section_id, heading="B"),
        lambda c: contents.move_section(c, stale, section_id, 0),
        lambda c: contents.remove_section(c, stale, section_id),
        lambda c: contents.add_item(c, stale, section_id, ITEM),
        lambda c: contents.edit_item(c, stale, item_id, note="n"),
        lambda c: contents.move_item(c, stale, item_id, 0),
        lambda c: contents.remove_item(c, stale, item_id),
        lambda c: reviews.approve(c, stale),
        lambda c: reviews.delete_draft(c, stale),
    ):
        with (
            pytest.raises(StaleReviewError, match="found version 4, expected 3"),
            desk.database.write() as connection,
        ):
            refused(connection)
    assert desk.review == before
    assert desk.log() == log


def test_every_change_raises_the_version_by_one(desk: Desk) -> None:
    versions = [desk.review.version]
    section_id = desk.section("A")
    versions.append(desk.review.version)
    desk.item(section_id, "x")
    versions.append(desk.review.version)
    desk.approve()
    versions.append(desk.review.version)
    assert versions == [1, 2, 3, 4]


def test_of_two_who_change_the_same_version_one_wins(desk: Desk, open_store) -> None:
    change = desk.change()
    other = open_store()
    with desk.database.write() as connection:
        contents.add_section(connection, change, "First")
    with pytest.raises(StaleReviewError), other.write() as connection:
        contents.add_section(connection, change, "Second")
    assert [s.heading for s in desk.review.sections] == ["First"]


# --- Status ----------------------------------------------------------------------


def test_an_approved_review_is_not_changed_until_it_is_reopened(desk: Desk) -> None:
    desk.approve()
    with pytest.raises(InputError, match="is approved, expected it to be draft"):
        desk.do(reviews.rename, "Other")
    with pytest.raises(InputError, match="reopen it first"):
        desk.do(reviews.delete_draft)
    desk.do(reviews.reopen)
    desk.do(reviews.rename, "Other", day=DAY.replace(day=1), query="kazan")
    assert (desk.review.title, desk.review.query) == ("Other", "kazan")
    assert desk.log() == [
        ("ann", action) for action in ("created", "approved", "reopened", "edited")
    ]


def test_only_an_approved_review_is_sent(desk: Desk) -> None:
    with pytest.raises(InputError, match="approve it first"):
        desk.do(reviews.freeze, {"review.html": b""})
    with pytest.raises(InputError, match="is draft, expected it to be approved"):
        desk.do(reviews.reopen)
    assert desk.review.status == "draft"


def test_what_was_sent_stays_for_ever(desk: Desk) -> None:
    section_id = desk.section("A", "x")
    item_id = desk.review.items[0].id
    desk.send()
    before = desk.review
    assert (before.status, before.sent_at) == ("sent", NOW)
    for refused in (
        lambda: desk.do(reviews.rename, "Other"),
        lambda: desk.do(reviews.reopen),
        lambda: desk.do(reviews.approve),
        lambda: desk.do(reviews.freeze, {"review.html": b"other"}),
        lambda: desk.do(reviews.delete_draft),
        lambda: desk.do(contents.add_section, "B"),
        lambda: desk.do(contents.edit_section, section_id, intro="B"),
        lambda: desk.do(contents.edit_item, item_id, summary="B"),
        lambda: desk.do(contents.remove_item, item_id),
    ):
        with pytest.raises(FrozenReviewError, match="was sent on 21 Jun 2024 10:30"):
            refused()
    assert desk.review == before
    with desk.database.read() as connection:
        assert reviews.load_files(connection, desk.id) == {
            "review.html": b"<p>\x00\xff"
        }


def test_a_deleted_draft_leaves_its_log_and_its_number(desk: Desk) -> None:
    desk.section("A", "x")
    desk.do(reviews.delete_draft)
    with pytest.raises(InputError, match="no review"):
        _ = desk.review
    with desk.database.read() as connection:
        last = reviews.load_log(connection, desk.id)[-1]
    assert (last.action, last.detail, last.actor) == ("deleted", "Morning", "ann")
    assert Desk(desk.database).id != desk.id
