"""`babelwire archive list|read|verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("archive")
def command() -> None:
    """The page archive (WARC files)."""


@command.command("list")
@click.option("--url", help="Only this address.")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def list_(root: Path, url: str | None, limit: int) -> None:
    """The newest archived pages: time, status, address, place."""
    from babelwire.terminal import one_line, table
    from babelwire.workspace import find_workspace
    from pipeline.store.archived import newest_pages

    database = find_workspace(root).open()
    try:
        with database.read() as connection:
            found = newest_pages(connection, url=url, limit=limit)
    finally:
        database.close()
    table(
        ["fetched (UTC)", "status", "address", "file", "offset"],
        [
            [
                f"{page.fetched_at:%Y-%m-%d %H:%M:%S}",
                str(page.status or "imported"),
                one_line(page.url),
                page.place.file,
                str(page.place.offset),
            ]
            for page in found
        ],
    )


@command.command("read")
@click.argument("file")
@click.argument("offset", type=int)
@click.option("--headers", is_flag=True, help="Headers instead of the body.")
@click.pass_obj
def read(root: Path, file: str, offset: int, headers: bool) -> None:
    """One archived page's body, as bytes on standard output."""
    from babelwire.terminal import one_line, write
    from babelwire.workspace import find_workspace
    from pipeline.archive import read as read_record
    from pipeline.errors import InputError
    from pipeline.store.archived import find_place

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        with database.read() as connection:
            place = find_place(connection, file, offset)
    finally:
        database.close()
    if place is None:
        raise InputError(f"no archived page in {file} at byte {offset}")
    page = read_record(workspace.archive, place)
    if headers:
        write(f"{page.status} {one_line(page.url)}")
        for name, value in page.headers:
            write(f"{one_line(name)}: {one_line(value)}")
    else:
        sys.stdout.buffer.write(page.body)


@command.command("verify")
@click.pass_obj
def verify(root: Path) -> int:
    """Read every record and compare it with what the store says of it."""
    from babelwire.terminal import note, one_line, say
    from babelwire.workspace import find_workspace
    from pipeline.archive import verify as verify_records
    from pipeline.store.archived import expected_records

    workspace = find_workspace(root)
    database = workspace.open()
    damaged = 0
    try:
        for problem in verify_records(workspace.archive, expected_records(database)):
            damaged += 1
            note(one_line(f"{problem.file} at byte {problem.offset}: {problem.text}"))
    finally:
        database.close()
    say(f"{damaged:,} records damaged." if damaged else "Every record is as written.")
    return 1 if damaged else 0
