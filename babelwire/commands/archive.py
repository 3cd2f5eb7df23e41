"""`babelwire archive list|read|verify`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from babelwire.archive_shown import Verified

KINDS = ("page", "redirect", "unchanged", "error", "imported")
"""As in `pipeline.store.archive_places`; not imported for `--help`."""

MAX_SHOWN = 100
"""Problems named one by one; `--json` has all."""


@click.group("archive")
def command() -> None:
    """The page archive (WARC files)."""


@command.command("list")
@click.option("--url", default="", help="Only this address.")
@click.option("--source", default="", metavar="NAME", help="Only of this source.")
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="Only fetched on that day (UTC)."
)
@click.option("--status", type=click.IntRange(0, 999), help="Only with this status.")
@click.option("--kind", type=click.Choice(KINDS), help="Only such answers.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(
    root: Path,
    url: str,
    source: str,
    day: datetime | None,
    status: int | None,
    kind: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Archived answers, newest first: pages, redirects, errors, "not modified"."""
    from typing import Any, cast

    from babelwire.archive_shown import page_json
    from babelwire.terminal import one_line, print_json, table
    from babelwire.workspace import find_workspace
    from pipeline.store.archive_places import ArchiveChoice, chosen_pages

    choice = ArchiveChoice(
        url=url,
        source=source,
        day=day.date() if day else None,
        status=status,
        kind=cast("Any", kind),
    )
    database = find_workspace(root).open()
    try:
        with database.read() as connection:
            found = chosen_pages(connection, choice, limit=limit)
    finally:
        database.close()
    if as_json:
        print_json({"schema": 1, "records": [page_json(page) for page in found]})
        return
    table(
        ["fetched (UTC)", "status", "source", "address", "file", "offset"],
        [
            [
                f"{page.fetched_at:%Y-%m-%d %H:%M:%S}",
                str(page.status or "imported"),
                one_line(page.source),
                one_line(page.url),
                page.place.file,
                str(page.place.offset),
            ]
            for page in found
        ],
    )


@command.command("read")
@click.argument("what", metavar="FILE|URL|ID[@REVISION]")
@click.argument("offset", type=int, required=False)
@click.option("--headers", is_flag=True, help="Headers instead of the body.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def read(
    root: Path, what: str, offset: int | None, headers: bool, as_json: bool
) -> None:
    """One archived page's body, as bytes on standard output.

    It is named by its file and offset, by its address (the newest page of it), or by
    the document that was read from it.
    """
    from babelwire.archive_shown import find_record, record_json
    from babelwire.terminal import one_line, print_json, write
    from babelwire.workspace import find_workspace
    from pipeline.archive import read as read_record

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        place = find_record(database, what, offset)
    finally:
        database.close()
    page = read_record(workspace.archive, place)
    if as_json:
        print_json(record_json(page, place))
    elif headers:
        write(f"{page.status} {one_line(page.url)}")
        for name, value in page.headers:
            write(f"{one_line(name)}: {one_line(value)}")
    else:
        sys.stdout.buffer.write(page.body)


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def verify(root: Path, as_json: bool) -> int:
    """Read every record, compare it with the store, and count what else is there."""
    from babelwire.archive_shown import verified_json, verify_archive
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        found = verify_archive(database, workspace.archive)
    finally:
        database.close()
    if as_json:
        print_json(verified_json(found))
    else:
        _show(found)
    return 0 if found.is_whole else 1


def _show(found: Verified) -> None:
    from babelwire.terminal import counted, note, one_line, say

    problems = found.problems
    for problem in problems[:MAX_SHOWN]:
        note(one_line(f"{problem.file} at byte {problem.offset}: {problem.text}"))
    if len(problems) > MAX_SHOWN:
        note(f"… and {len(problems) - MAX_SHOWN:,} more")
    for file in found.missing:
        note(f"{file.name}: missing, with {counted(file.records, 'record')} in it")
    _show_beside(found)
    lost = len(problems) + sum(file.records for file in found.missing)
    if found.is_whole:
        say(f"Every record is as written: {counted(found.records, 'record')}.")
    else:
        say(f"{counted(lost, 'record')} of {found.records:,} damaged or missing.")


def _show_beside(found: Verified) -> None:
    """What is no damage, but may be asked about."""
    from babelwire.terminal import counted, one_line, say

    if found.orphans:
        say(
            f"{counted(found.orphans, 'whole record')} that the store does not know, "
            "left by a crash; such pages are fetched again."
        )
    for file in found.files:
        if file.torn_bytes:
            say(
                f"{file.name}: {counted(file.torn_bytes, 'torn byte')} at its end; "
                "the next crawl cuts them off."
            )
        if file.state == "unknown":
            say(f"{file.name}: the store knows no record in it.")
        if file.state == "being_written":
            say(f"{file.name}: is being written; its end was left out.")
    for name in found.other_files:
        say(f"{one_line(name)}: is no part of the archive.")
