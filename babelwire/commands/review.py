"""`babelwire review new|list|show|section|add|remove|approve|reopen|send|export|…`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from babelwire.wording import LANGUAGES

if TYPE_CHECKING:
    from babelwire.reviews.showing import View
    from babelwire.workspace import Workspace
    from pipeline.reviews import Change, Review
    from pipeline.store import Database

REVIEWS_SHOWN = 200

_by = click.option("--by", "actor", help="Who does it (default: the user's name).")
_zone = click.option("--timezone", help="IANA name of the times (default: local).")
_language = click.option(
    "--language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="Of the review's own words: headings, dates, labels.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
_id = click.argument("review_id", type=click.IntRange(1, 1 << 53), metavar="ID")


@click.group("review")
def command() -> None:
    """Press reviews: put together, approve, send, export."""


@command.command("new")
@click.argument("title")
@click.option(
    "--clone",
    type=click.IntRange(1, 1 << 53),
    metavar="ID",
    help="With that review's sections.",
)
@click.option("--with-items", is_flag=True, help="With its items too.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Default: today.")
@click.option("--query", default="", help="What it was searched with.")
@_by
@_json
@click.pass_obj
def new(
    root: Path,
    title: str,
    *,
    clone: int | None,
    with_items: bool,
    day: Any,
    query: str,
    actor: str | None,
    as_json: bool,
) -> None:
    """Begin a review, empty or with the sections of another one."""
    from babelwire.assembly import now
    from babelwire.terminal import print_json, say
    from pipeline.store import reviews

    if with_items and clone is None:
        raise click.UsageError("--with-items goes with --clone ID")
    common: dict[str, Any] = {
        "title": title,
        "day": day.date() if day else _today(),
        "actor": _actor(actor),
        "at": now(),
    }
    with _store(root) as (_, database), database.write() as connection:
        if clone is None:
            made = reviews.create(connection, query=query, **common)
        else:
            made = reviews.clone(connection, clone, with_items=with_items, **common)
    if as_json:
        print_json({"schema": 1, "id": made})
    else:
        say(f'Review {made}. Next: "babelwire review section {made} HEADING".')


@command.command("list")
@_json
@click.pass_obj
def list_(root: Path, *, as_json: bool) -> None:
    """List reviews, the newest day first."""
    from babelwire.reviews.listing import review_json
    from babelwire.terminal import one_line, print_json, say, table
    from pipeline.store import reviews

    with _store(root) as (_, database), database.read() as connection:
        found = reviews.load_all(connection, limit=REVIEWS_SHOWN)
        items = reviews.item_counts(connection)
    if as_json:
        rows = [{**review_json(r), "items": items.get(r.id, 0)} for r in found]
        print_json({"schema": 1, "reviews": rows})
    elif not found:
        say('No reviews yet: "babelwire review new TITLE".')
    else:
        table(
            ["id", "day", "title", "status", "items"],
            [
                [
                    str(r.id),
                    f"{r.day}",
                    one_line(r.title),
                    r.status,
                    str(items.get(r.id, 0)),
                ]
                for r in found
            ],
            numbers=frozenset({0, 4}),
        )


@command.command("show")
@_id
@_json
@click.pass_obj
def show(root: Path, review_id: int, *, as_json: bool) -> None:
    """Show one review: sections, items, and who did what."""
    from babelwire.reviews.listing import print_review, review_json
    from babelwire.reviews.showing import load_items
    from babelwire.terminal import print_json
    from pipeline.store import reviews

    with _store(root) as (_, database), database.read() as connection:
        review = reviews.load(connection, review_id)
        loaded = load_items(connection, review)
        log = reviews.load_log(connection, review_id)
    if as_json:
        print_json({"schema": 1, **review_json(review, loaded, log)})
    else:
        print_review(review, loaded)


@command.command("section")
@_id
@click.argument("heading")
@click.option("--intro", default="", help="Words below the heading.")
@_by
@click.pass_obj
def section(
    root: Path, review_id: int, heading: str, *, intro: str, actor: str | None
) -> None:
    """Add a section at the end."""
    from babelwire.terminal import say
    from pipeline.store import review_contents

    with _store(root) as (_, database):
        review, change = _changing(database, review_id, actor)
        with database.write() as connection:
            review_contents.add_section(connection, change, heading, intro)
    say(f"Section {len(review.sections) + 1} of review {review_id}.")


@command.command("add")
@_id
@click.argument("document", metavar="DOCUMENT[@REV]")
@click.option("--section", "number", type=int, metavar="N", help="Default: the last.")
@click.option("--note", default="", help="The desk's own words.")
@click.option("--tag", "tags", multiple=True)
@_by
@click.pass_obj
def add(
    root: Path,
    review_id: int,
    document: str,
    *,
    number: int | None,
    note: str,
    tags: tuple[str, ...],
    actor: str | None,
) -> None:
    """Add a document at the end of a section; its revision stays as it is now."""
    from babelwire.reviews.editing import Addition, add_document, section_at
    from babelwire.terminal import say

    with _store(root) as (workspace, database):
        review, change = _changing(database, review_id, actor)
        addition = Addition(
            reference=document,
            target=workspace.config.target,
            summary_characters=workspace.config.reviews.summary_characters,
            section_id=None if number is None else section_at(review, number),
            note=note,
            tags=tags,
        )
        add_document(database, change, addition)
    say(f"{document} is in review {review_id}.")


@command.command("remove")
@_id
@click.argument("document", metavar="DOCUMENT")
@_by
@click.pass_obj
def remove(root: Path, review_id: int, document: str, *, actor: str | None) -> None:
    """Take a document out of a review."""
    from babelwire.reviews.editing import item_of
    from babelwire.terminal import say
    from pipeline.store import review_contents

    with _store(root) as (_, database):
        review, change = _changing(database, review_id, actor)
        with database.write() as connection:
            review_contents.remove_item(connection, change, item_of(review, document))
    say(f"{document} is no longer in review {review_id}.")


@command.command("approve")
@_id
@_by
@click.pass_obj
def approve(root: Path, review_id: int, *, actor: str | None) -> None:
    """Approve a draft: it may be sent."""
    from pipeline.store import reviews

    _set(root, review_id, actor, reviews.approve, "is approved")


@command.command("reopen")
@_id
@_by
@click.pass_obj
def reopen(root: Path, review_id: int, *, actor: str | None) -> None:
    """Make an approved review a draft again."""
    from pipeline.store import reviews

    _set(root, review_id, actor, reviews.reopen, "is a draft again")


@command.command("delete")
@_id
@_by
@click.pass_obj
def delete(root: Path, review_id: int, *, actor: str | None) -> None:
    """Delete a draft."""
    from babelwire.deeds import log
    from pipeline.store import reviews

    _set(root, review_id, actor, reviews.delete_draft, "is deleted")
    with _store(root) as (_, database):
        log(database, "review deleted", str(review_id), actor=actor or "")


@command.command("send")
@_id
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write review.html, .docx, .eml and manifest.json to.",
)
@_by
@_zone
@_language
@click.pass_obj
def send(
    root: Path,
    review_id: int,
    *,
    folder: Path,
    actor: str | None,
    timezone: str | None,
    language: str,
) -> None:
    """Freeze an approved review and write its files; no mail leaves this machine."""
    from babelwire.deeds import log
    from babelwire.reviews.outward import health_of
    from babelwire.reviews.sending import send as freeze_and_write
    from babelwire.terminal import say

    with _store(root) as (workspace, database):
        _, change = _changing(database, review_id, actor)
        view = _view(workspace, database, timezone, language)
        health = health_of(workspace, database)
        paths = freeze_and_write(database, change, view, health, folder)
        log(database, "review sent", str(review_id), actor=actor or "")
    say(f"Review {review_id} is sent and stays as it is:")
    for path in paths:
        say(f"  {path}")


@command.command("export")
@_id
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "docx", "eml", "manifest"]),
    required=True,
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@_zone
@_language
@click.pass_obj
def export(
    root: Path,
    review_id: int,
    *,
    kind: Any,
    output: Path,
    timezone: str | None,
    language: str,
) -> None:
    """Write one file of a review: as it was sent, or as it is now."""
    from babelwire.deeds import log
    from babelwire.reviews.outward import health_of
    from babelwire.reviews.sending import export as exported
    from babelwire.reviews.sending import write_file
    from babelwire.terminal import say

    with _store(root) as (workspace, database):
        view = _view(workspace, database, timezone, language)
        health = health_of(workspace, database)
        content = exported(database, review_id, kind, view, health)
        write_file(output, content)
        log(database, "review taken along", f"{review_id}, {kind}")
    say(f"Review {review_id} is in {output}.")


@contextlib.contextmanager
def _store(root: Path) -> Iterator[tuple[Workspace, Database]]:
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        yield workspace, database
    finally:
        database.close()


def _set(
    root: Path,
    review_id: int,
    actor: str | None,
    change_it: Callable[..., None],
    done: str,
) -> None:
    from babelwire.terminal import say

    with _store(root) as (_, database):
        _, change = _changing(database, review_id, actor)
        with database.write() as connection:
            change_it(connection, change)
    say(f"Review {review_id} {done}.")


def _changing(
    database: Database, review_id: int, actor: str | None
) -> tuple[Review, Change]:
    """The review as it is, and a change of that version."""
    from babelwire.assembly import now
    from pipeline.reviews import Change
    from pipeline.store import reviews

    with database.read() as connection:
        review = reviews.load(connection, review_id)
    change = Change(
        review_id=review_id, version=review.version, actor=_actor(actor), at=now()
    )
    return review, change


def _view(
    workspace: Workspace, database: Database, timezone: str | None, language: str
) -> View:
    from zoneinfo import ZoneInfo

    from babelwire.reviews.outward import outward_view
    from babelwire.searching import local_zone

    zone = timezone or local_zone()
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError) as error:
        raise click.UsageError(
            f'no time zone "{zone}", expected an IANA name, e.g. Europe/Moscow'
        ) from error
    return outward_view(workspace, database, zone, language)


def _actor(given: str | None) -> str:
    from babelwire.users import user_name

    return user_name() if given is None else given


def _today() -> date:
    from babelwire.reviews.outward import today
    from babelwire.searching import local_zone

    return today(local_zone())
