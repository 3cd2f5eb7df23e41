"""Press reviews: made, approved, sent and then frozen; what each consists of.

`review_contents` changes their sections and items. Every change names the version
of the review that it was made on (`Change`) and raises it by one: a stale change
raises and stores nothing. Each is kept in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pipeline.reviews import (
    AlsoIn,
    Change,
    LogEntry,
    Review,
    Section,
    one_line,
    storable,
)
from pipeline.store.review_changes import LogNote, begin, unknown
from pipeline.store.review_contents import load_sections, put_items, put_section
from pipeline.store.review_tables import (
    review_files,
    review_items,
    review_log,
    review_sections,
    reviews,
)
from pipeline.store.tables import documents, sources


def create(
    connection: Connection,
    *,
    title: str,
    day: date,
    query: str = "",
    actor: str,
    at: datetime,
) -> int:
    """A new draft without sections; its id.

    Raises:
        InputError: The title is empty or not one line.
    """
    return _insert(
        connection, title, day, query, LogNote("created", one_line(title), actor, at)
    )


def clone(
    connection: Connection,
    review_id: int,
    *,
    title: str,
    day: date,
    with_items: bool = False,
    actor: str,
    at: datetime,
) -> int:
    """A new draft with the sections of another review; its id.

    Args:
        connection: Open, writing.
        review_id: The one to take after; in any status.
        title: Of the new one.
        day: Of the new one.
        with_items: Whether it gets the items and introductions too.
        actor: Who.
        at: When.

    Raises:
        InputError: There is no such review, or the title is not one line.
    """
    model = load(connection, review_id)
    note = LogNote("cloned", f"from review {review_id}", actor, at)
    made = _insert(connection, title, day, model.query, note)
    for place, section in enumerate(model.sections):
        intro = section.intro if with_items else ""
        section_id = put_section(connection, made, place, section.heading, intro)
        if with_items:
            put_items(connection, made, section_id, section.items)
    return made


def load(connection: Connection, review_id: int) -> Review:
    """A review with its sections and items.

    Raises:
        InputError: There is none with that id.
    """
    row = connection.execute(select(reviews).where(reviews.c.id == review_id)).first()
    if row is None:
        raise unknown(review_id)
    return _review(row, load_sections(connection, review_id))


def load_all(connection: Connection, *, limit: int = 100) -> list[Review]:
    """Reviews without their sections, the newest day first."""
    order = (reviews.c.day.desc(), reviews.c.id.desc())
    statement = select(reviews).order_by(*order).limit(limit)
    return [_review(row) for row in connection.execute(statement)]


def item_counts(connection: Connection) -> dict[int, int]:
    """How many items each review has; those without any are left out."""
    statement = select(review_items.c.review_id, func.count()).group_by(
        review_items.c.review_id
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def load_log(connection: Connection, review_id: int) -> list[LogEntry]:
    """What was done to a review, in order; also to one that was deleted."""
    statement = (
        select(review_log)
        .where(review_log.c.review_id == review_id)
        .order_by(review_log.c.id)
    )
    return [
        LogEntry(
            review_id=row.review_id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            detail=row.detail,
        )
        for row in connection.execute(statement)
    ]


def load_files(connection: Connection, review_id: int) -> dict[str, bytes]:
    """What was sent, by name; empty before that."""
    statement = select(review_files).where(review_files.c.review_id == review_id)
    return {row.name: row.content for row in connection.execute(statement)}


def publishers_besides(connection: Connection, document_id: str) -> tuple[AlsoIn, ...]:
    """Who else published nearly the same text, in the order it was first seen."""
    own, other = documents.alias("own"), documents.alias("other")
    mine, theirs = sources.alias("mine"), sources.alias("theirs")
    statement = (
        select(theirs.c.publisher, theirs.c.owner)
        .select_from(own)
        .join(mine, mine.c.name == own.c.source)
        .join(other, other.c.cluster_id == own.c.cluster_id)
        .join(theirs, theirs.c.name == other.c.source)
        .where(
            own.c.id == document_id,
            own.c.cluster_id != "",
            other.c.deleted_at.is_(None),
            theirs.c.publisher != mine.c.publisher,
        )
        .order_by(other.c.first_seen_at, other.c.id)
    )
    found = (
        AlsoIn(publisher=row[0], owner=row[1]) for row in connection.execute(statement)
    )
    return tuple(dict.fromkeys(found))


def rename(
    connection: Connection,
    change: Change,
    title: str,
    *,
    day: date | None = None,
    query: str | None = None,
) -> None:
    """Another title; another day or query, where given.

    Raises:
        InputError: The title is empty or not one line.
    """
    begin(connection, change, "edited", "title, day or query")
    values: dict[str, Any] = {"title": one_line(title)}
    if day is not None:
        values["day"] = day.isoformat()
    if query is not None:
        values["query"] = storable(query)
    connection.execute(
        update(reviews).where(reviews.c.id == change.review_id).values(**values)
    )


def approve(connection: Connection, change: Change) -> None:
    """A draft is approved: it may be sent, and no longer changed."""
    begin(connection, change, "approved", becomes="approved")


def reopen(connection: Connection, change: Change) -> None:
    """An approved review is a draft again."""
    begin(connection, change, "reopened", was="approved", becomes="draft")


def freeze(connection: Connection, change: Change, files: Mapping[str, bytes]) -> None:
    """An approved review is sent as these files, and never changes again."""
    begin(connection, change, "sent", was="approved", becomes="sent")
    connection.execute(
        update(reviews)
        .where(reviews.c.id == change.review_id)
        .values(sent_at=change.at)
    )
    connection.execute(
        insert(review_files),
        [
            {"review_id": change.review_id, "name": name, "content": content}
            for name, content in files.items()
        ],
    )


def delete_draft(connection: Connection, change: Change) -> None:
    """Removes a draft; the log keeps who did it."""
    title = connection.scalar(
        select(reviews.c.title).where(reviews.c.id == change.review_id)
    )
    begin(connection, change, "deleted", title or "")
    for table in (review_items, review_sections):
        connection.execute(delete(table).where(table.c.review_id == change.review_id))
    connection.execute(delete(reviews).where(reviews.c.id == change.review_id))


def _insert(
    connection: Connection, title: str, day: date, query: str, note: LogNote
) -> int:
    made: int = connection.execute(
        insert(reviews)
        .values(
            title=one_line(title),
            day=day.isoformat(),
            query=storable(query),
            status="draft",
            version=1,
            created_at=note.at,
            updated_at=note.at,
        )
        .returning(reviews.c.id)
    ).scalar_one()
    note.write(connection, made)
    return made


def _review(row: Row[Any], sections: tuple[Section, ...] = ()) -> Review:
    return Review(
        id=row.id,
        title=row.title,
        day=date.fromisoformat(row.day),
        query=row.query,
        status=row.status,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        sent_at=row.sent_at,
        sections=sections,
    )
