"""Sections and items of a draft: added, changed, moved, removed.

Every function that changes something takes a `Change` and raises as
`review_changes.begin` does. Places count from 0; a place beyond an end is that end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from pipeline.errors import InputError
from pipeline.reviews import (
    AlsoIn,
    Change,
    Item,
    NewItem,
    Origin,
    Section,
    SummaryBy,
    one_line,
    storable,
)
from pipeline.store.review_changes import begin
from pipeline.store.review_tables import review_items, review_sections

To = int | Literal["up", "down"]
T = TypeVar("T")


def moved(order: Sequence[T], which: T, to: To) -> list[T]:
    """The order after one of it went to a place, or one up or down.

    >>> moved("abc", "c", 0), moved("abc", "a", "down"), moved("abc", "a", "up")
    (['c', 'a', 'b'], ['b', 'a', 'c'], ['a', 'b', 'c'])
    """
    rest = list(order)
    at = rest.index(which)
    rest.remove(which)
    place = {"up": at - 1, "down": at + 1}[to] if isinstance(to, str) else to
    rest.insert(max(place, 0), which)
    return rest


def load_sections(connection: Connection, review_id: int) -> tuple[Section, ...]:
    """The sections of a review in order, with their items."""
    items: dict[int, list[Item]] = {}
    i, s = review_items.c, review_sections.c
    for row in connection.execute(
        select(review_items).where(i.review_id == review_id).order_by(i.place, i.id)
    ):
        items.setdefault(row.section_id, []).append(_item(row))
    rows = connection.execute(
        select(review_sections).where(s.review_id == review_id).order_by(s.place, s.id)
    )
    return tuple(
        Section(
            id=row.id,
            heading=row.heading,
            intro=row.intro,
            items=tuple(items.get(row.id, ())),
        )
        for row in rows
    )


def add_section(
    connection: Connection, change: Change, heading: str, intro: str = ""
) -> int:
    """A new last section; its id."""
    line = one_line(heading, "heading")
    begin(connection, change, "edited", f"section {line} added")
    place = len(_sections(connection, change))
    return put_section(connection, change.review_id, place, line, intro)


def edit_section(
    connection: Connection,
    change: Change,
    section_id: int,
    *,
    heading: str | None = None,
    intro: str | None = None,
) -> None:
    """Another heading or introduction, where given."""
    begin(connection, change, "edited", f"section {section_id} changed")
    _expect(_sections(connection, change), section_id, "section", change)
    values = {}
    if heading is not None:
        values["heading"] = one_line(heading, "heading")
    if intro is not None:
        values["intro"] = storable(intro)
    if values:
        connection.execute(
            update(review_sections)
            .where(review_sections.c.id == section_id)
            .values(**values)
        )


def move_section(
    connection: Connection, change: Change, section_id: int, to: To
) -> None:
    """A section goes to a place, or one up or down."""
    begin(connection, change, "edited", f"section {section_id} moved")
    order = _sections(connection, change)
    _expect(order, section_id, "section", change)
    _number(connection, review_sections, moved(order, section_id, to))


def remove_section(connection: Connection, change: Change, section_id: int) -> None:
    """A section goes, with its items."""
    begin(connection, change, "edited", f"section {section_id} removed")
    order = _sections(connection, change)
    _expect(order, section_id, "section", change)
    connection.execute(
        delete(review_items).where(review_items.c.section_id == section_id)
    )
    connection.execute(
        delete(review_sections).where(review_sections.c.id == section_id)
    )
    _number(connection, review_sections, [i for i in order if i != section_id])


def add_item(
    connection: Connection, change: Change, section_id: int, item: NewItem
) -> int:
    """A new last item of a section; its id.

    Raises:
        InputError: The document is in the review already, or there is no such section.
    """
    cited = f"{item.document_id}@{item.revision}"
    begin(connection, change, "edited", f"{cited} added")
    _expect(_sections(connection, change), section_id, "section", change)
    twin = connection.execute(
        select(review_items.c.revision, review_sections.c.heading)
        .join(review_sections, review_sections.c.id == review_items.c.section_id)
        .where(
            review_items.c.review_id == change.review_id,
            review_items.c.document_id == item.document_id,
        )
    ).first()
    if twin is not None:
        raise InputError(
            f"{item.document_id} is in review {change.review_id} already, as revision "
            f'{twin.revision} under "{twin.heading}"; move it, or remove it first'
        )
    place = len(_items(connection, section_id))
    (made,) = put_items(connection, change.review_id, section_id, [item], place)
    return made


def edit_item(
    connection: Connection,
    change: Change,
    item_id: int,
    *,
    summary: str | None = None,
    summary_by: SummaryBy | None = None,
    summary_language: str | None = None,
    note: str | None = None,
    tags: Sequence[str] | None = None,
) -> None:
    """Changes what is given.

    A machine's summary that is changed counts as `edited`, any other as the desk's
    own; `summary_by` says it better where a person wrote it anew.
    """
    begin(connection, change, "edited", f"item {item_id} changed")
    row = _item_row(connection, change, item_id)
    values: dict[str, Any] = {}
    if summary is not None and storable(summary) != row.summary:
        values["summary"] = storable(summary)
        by_machine = row.summary_by in {"machine", "edited"}
        values["summary_by"] = "edited" if by_machine else "desk"
    if summary_by is not None:
        values["summary_by"] = summary_by
    if summary_language is not None:
        values["summary_language"] = summary_language
    if note is not None:
        values["note"] = storable(note)
    if tags is not None:
        values["tags"] = _tags(tags)
    if values:
        connection.execute(
            update(review_items).where(review_items.c.id == item_id).values(**values)
        )


def move_item(
    connection: Connection,
    change: Change,
    item_id: int,
    to: To,
    *,
    section_id: int | None = None,
) -> None:
    """An item goes to a place, or one up or down; in its section or another.

    `up` and `down` in another section are its beginning and its end.
    """
    begin(connection, change, "edited", f"item {item_id} moved")
    old = int(_item_row(connection, change, item_id).section_id)
    new = old if section_id is None else section_id
    _expect(_sections(connection, change), new, "section", change)
    order = _items(connection, new)
    if new == old:
        _number(connection, review_items, moved(order, item_id, to))
        return
    place = {"up": 0, "down": len(order)}[to] if isinstance(to, str) else to
    connection.execute(
        update(review_items).where(review_items.c.id == item_id).values(section_id=new)
    )
    _number(connection, review_items, moved([*order, item_id], item_id, place))
    _number(connection, review_items, _items(connection, old))


def remove_item(connection: Connection, change: Change, item_id: int) -> None:
    """An item goes."""
    begin(connection, change, "edited", f"item {item_id} removed")
    section_id = int(_item_row(connection, change, item_id).section_id)
    connection.execute(delete(review_items).where(review_items.c.id == item_id))
    _number(connection, review_items, _items(connection, section_id))


def put_section(
    connection: Connection, review_id: int, place: int, heading: str, intro: str
) -> int:
    """Stores a section; its id."""
    made: int = connection.execute(
        insert(review_sections)
        .values(
            review_id=review_id,
            place=place,
            heading=heading,
            intro=storable(intro),
        )
        .returning(review_sections.c.id)
    ).scalar_one()
    return made


def put_items(
    connection: Connection,
    review_id: int,
    section_id: int,
    items: Iterable[NewItem],
    first: int = 0,
) -> list[int]:
    """Stores items of a section, in order, from a place on; their ids."""
    return [
        connection.execute(
            insert(review_items)
            .values(
                review_id=review_id,
                section_id=section_id,
                place=place,
                **_values(item),
            )
            .returning(review_items.c.id)
        ).scalar_one()
        for place, item in enumerate(items, first)
    ]


def _values(item: NewItem) -> dict[str, Any]:
    return {
        "document_id": item.document_id,
        "revision": item.revision,
        "passage": list(item.passage),
        "summary": storable(item.summary),
        "summary_language": item.summary_language,
        "summary_by": item.summary_by,
        "summary_positions": list(item.summary_positions),
        "summary_origins": [asdict(origin) for origin in item.summary_origins],
        "note": storable(item.note),
        "tags": _tags(item.tags),
        "also_in": [asdict(other) for other in item.also_in],
    }


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        document_id=row.document_id,
        revision=row.revision,
        passage=tuple(row.passage),
        summary=row.summary,
        summary_language=row.summary_language,
        summary_by=row.summary_by,
        summary_positions=tuple(row.summary_positions),
        summary_origins=tuple(Origin(**origin) for origin in row.summary_origins),
        note=row.note,
        tags=tuple(row.tags),
        also_in=tuple(AlsoIn(**other) for other in row.also_in),
    )


def _tags(tags: Iterable[str]) -> list[str]:
    """Each once, on one line, in the order given."""
    lines = (" ".join(storable(tag).split()) for tag in tags)
    return list(dict.fromkeys(line for line in lines if line))


def _sections(connection: Connection, change: Change) -> list[int]:
    c = review_sections.c
    statement = select(c.id).where(c.review_id == change.review_id)
    return list(connection.scalars(statement.order_by(c.place, c.id)))


def _items(connection: Connection, section_id: int) -> list[int]:
    c = review_items.c
    statement = select(c.id).where(c.section_id == section_id)
    return list(connection.scalars(statement.order_by(c.place, c.id)))


def _item_row(connection: Connection, change: Change, item_id: int) -> Row[Any]:
    row = connection.execute(
        select(review_items).where(
            review_items.c.id == item_id,
            review_items.c.review_id == change.review_id,
        )
    ).first()
    if row is None:
        raise _missing(item_id, "item", change)
    return row


def _expect(known: Sequence[int], wanted: int, what: str, change: Change) -> None:
    if wanted not in known:
        raise _missing(wanted, what, change)


def _missing(wanted: int, what: str, change: Change) -> InputError:
    return InputError(
        f"review {change.review_id} has no {what} {wanted}; load it again"
    )


def _number(connection: Connection, table: Table, order: Sequence[int]) -> None:
    for place, row_id in enumerate(order):
        connection.execute(
            update(table).where(table.c.id == row_id).values(place=place)
        )
