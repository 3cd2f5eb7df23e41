"""Two documents that turn out to be one: the younger goes on in the older.

Its addresses lead to the older one; its own rows stay, as a tombstone for every index,
so that what cites one of its revisions still finds the same words. Which of several is
left does not depend on the order in which it is learned: always the oldest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from pipeline.fingerprints import containment
from pipeline.publisher_hosts import is_one_site
from pipeline.store import clusters, work
from pipeline.store.documents import Reference, raise_versions
from pipeline.store.frontier import chunked
from pipeline.store.tables import (
    corrections,
    document_urls,
    documents,
    origin_moves,
    readings,
    urls,
)
from pipeline.urls import host_of

SAME_STORY = 0.5
"""Two addresses are believed to be one document's only when this share of the smaller
text's word triples stands in the other text too (C13); the containment that FACTS
measured for near-duplicates."""


def surviving(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Where each id leads today: to itself, or to the document it was merged into."""
    wanted = list(dict.fromkeys(ids))
    found = {id_: id_ for id_ in wanted}
    for chunk in chunked(wanted):
        rows = connection.execute(
            select(documents.c.id, documents.c.merged_into).where(
                documents.c.id.in_(chunk), documents.c.merged_into != ""
            )
        )
        found |= {row.id: row.merged_into for row in rows}
    return found


def resolved(connection: Connection, reference: Reference) -> Reference:
    """What a reference leads to: the survivor, or exactly the revision it names.

    A citation of a revision keeps the words that were cited, whatever became of its
    document; the document alone is the one that goes on.
    """
    if reference.revision is not None:
        return reference
    return Reference(id=surviving(connection, [reference.id])[reference.id])


def merged_into(connection: Connection, id_: str) -> list[Reference]:
    """The documents that go on in this one, each at its last revision, oldest first."""
    rows = connection.execute(
        select(documents.c.id, documents.c.revision)
        .where(documents.c.merged_into == id_)
        .order_by(documents.c.first_seen_at, documents.c.id)
    )
    return [Reference(id=row.id, revision=row.revision) for row in rows]


def merge(
    connection: Connection, ids: Collection[str], *, address: str, now: datetime
) -> str:
    """Makes one document of several; the id that is left.

    Does nothing where they are one already.

    Args:
        connection: In a writing transaction.
        ids: Of documents, also of merged ones.
        address: The URL key that owns the document from now on: only its pages make
            revisions.
        now: The time.
    """
    alive = set(surviving(connection, ids).values())
    rows = connection.execute(
        select(documents.c.id)
        .where(documents.c.id.in_(alive))
        .order_by(documents.c.first_seen_at, documents.c.id)
    )
    survivor, *younger = [str(row.id) for row in rows]
    if younger:
        _hand_over(connection, survivor, younger, now)
    if _own(connection, survivor, address) or younger:
        raise_versions(connection, [survivor, *younger])
    return survivor


def merge_redirected(
    connection: Connection, aliases: Mapping[str, str], now: datetime
) -> None:
    """Documents whose own address redirects to another one's are one with it (C13).

    Where both tell the same story and belong to one publisher: a dead article's address
    may lead to any page.

    Args:
        connection: In a writing transaction.
        aliases: URL key to the key it redirects to.
        now: The time.
    """
    keys = {*aliases, *aliases.values()}
    led = _led(connection, keys)
    for key, target in sorted(aliases.items()):
        one, other = led.get(key), led.get(target)
        if one is None or other is None or one == other:
            continue
        if not is_one_publisher(connection, one, other):
            continue
        if tell_the_same(connection, one, other):
            merge(connection, [one, other], address=target, now=now)
            visit_again(connection, target, now)
            led = _led(connection, keys)


def redirecting_to(connection: Connection, key: str) -> list[str]:
    """The addresses that redirect to this one, also by way of others."""
    found, targets = [key], [key]
    while targets:
        redirecting = select(urls.c.url_key).where(
            urls.c.alias_of_key.in_(targets),
            urls.c.alias_of_key != "",  # as its index says
            urls.c.role == "article",
        )
        rows = connection.scalars(redirecting.order_by(urls.c.id))
        targets = [k for k in rows if k not in found]
        found += targets
    return found[1:]


def moved_here(connection: Connection, key: str) -> list[str]:
    """The documents whose own address redirects to this one, the oldest first."""
    redirecting = redirecting_to(connection, key)
    if not redirecting:
        return []
    statement = (
        select(documents.c.id)
        .join(document_urls, document_urls.c.document_id == documents.c.id)
        .where(
            document_urls.c.url_key.in_(redirecting),
            document_urls.c.relation == "first",
        )
        .order_by(documents.c.first_seen_at, documents.c.id)
    )
    return list(dict.fromkeys(connection.scalars(statement)))


def is_one_publisher(connection: Connection, one: str, other: str) -> bool:
    """Whether two documents are of one source, or on one publisher's hosts."""
    rows = connection.execute(
        select(documents.c.source, documents.c.url).where(
            documents.c.id.in_((one, other))
        )
    ).all()
    places = [(row.source, _host(row.url)) for row in rows]
    if len({source for source, _ in places}) == 1:
        return True
    return is_one_site(places[0][1], places[-1][1])


def is_publishers(connection: Connection, source: str, host: str, other: str) -> bool:
    """Whether two hosts are one publisher's, as far as a source shows it.

    They are one site, or the source reads endpoints on both, or it moved from the one
    to the other.
    """
    if is_one_site(host, other):
        return True
    known = set(
        connection.scalars(
            select(urls.c.host).where(
                urls.c.source == source, urls.c.role == "endpoint"
            )
        )
    )
    moves = select(origin_moves.c.from_origin, origin_moves.c.to_origin).where(
        origin_moves.c.source == source, origin_moves.c.confirmed_at.is_not(None)
    )
    known |= {_host(origin) for row in connection.execute(moves) for origin in row}
    return {host, other} <= known


def tell_the_same(connection: Connection, one: str, other: str) -> bool:
    """Whether what two documents show now has most of its text in common."""
    texts = dict(
        connection.execute(
            select(documents.c.id, readings.c.text)
            .join(readings, readings.c.id == documents.c.reading_id)
            .where(documents.c.id.in_((one, other)))
        ).all()
    )
    return containment(texts[one], texts[other]) >= SAME_STORY


def visit_again(connection: Connection, key: str, now: datetime) -> None:
    """Has a page fetched whole: the document that goes on may not have its text."""
    connection.execute(
        update(urls)
        .where(urls.c.url_key == key, urls.c.role == "article")
        .values(due_at=now, attempts=0, etag="", last_modified="", body_checksum="")
    )


def _hand_over(
    connection: Connection, survivor: str, younger: Sequence[str], now: datetime
) -> None:
    clusters.remove(connection, younger)
    connection.execute(
        update(document_urls)
        .where(document_urls.c.document_id.in_(younger))
        .values(document_id=survivor)
    )
    connection.execute(
        update(documents)
        .where(documents.c.id.in_(younger))
        .values(merged_into=survivor, deleted_at=now)
    )
    # What was merged into one of them before leads on to the end at once.
    connection.execute(
        update(documents)
        .where(
            documents.c.merged_into.in_(younger),
            documents.c.merged_into != "",  # as its index says
        )
        .values(merged_into=survivor)
    )
    _move_corrections(connection, survivor, younger, now)


def _move_corrections(
    connection: Connection, survivor: str, younger: Sequence[str], now: datetime
) -> None:
    """What people corrected in the one document holds where it goes on."""
    moved = connection.execute(
        update(corrections)
        .where(corrections.c.document_id.in_(younger))
        .values(document_id=survivor)
    )
    if moved.rowcount:
        shown = select(documents.c.reading_id).where(documents.c.id == survivor)
        reading = connection.scalars(shown).one()
        work.enqueue(connection, "translate", [reading], now=now)


def _own(connection: Connection, document: str, address: str) -> bool:
    """Makes an address the document's own; whether that changed anything."""
    is_its = document_urls.c.document_id == document
    rows = connection.execute(
        select(document_urls.c.url_key, document_urls.c.relation).where(is_its)
    ).all()
    owners = {row.url_key for row in rows if row.relation == "first"}
    if owners == {address} or address not in {row.url_key for row in rows}:
        return False
    redirecting = set(redirecting_to(connection, address))
    for key in sorted(owners - {address}):
        relation = "redirect" if key in redirecting else "page"
        _relate(connection, key, relation)
    _relate(connection, address, "first")
    url = connection.scalar(
        select(urls.c.url).where(urls.c.url_key == address, urls.c.role == "article")
    )
    if url:
        connection.execute(
            update(documents).where(documents.c.id == document).values(url=url)
        )
    return True


def _relate(connection: Connection, key: str, relation: str) -> None:
    connection.execute(
        update(document_urls)
        .where(document_urls.c.url_key == key)
        .values(relation=relation)
    )


def _led(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """The document each URL key leads to."""
    found: dict[str, str] = {}
    for chunk in chunked(sorted(keys)):
        rows = connection.execute(
            select(document_urls.c.url_key, document_urls.c.document_id).where(
                document_urls.c.url_key.in_(chunk)
            )
        )
        found |= {row.url_key: row.document_id for row in rows}
    return found


def _host(url: str) -> str:
    try:
        return host_of(url)
    except ValueError:
        return ""
