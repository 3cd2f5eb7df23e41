"""`babelwire export QUERY --format csv|jsonl`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click


@click.command("export")
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "jsonl"]),
    default="jsonl",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write (default: standard output).",
)
@click.option("--lang", multiple=True, help="Language of the original: vi,ar.")
@click.option("--source", multiple=True, help="Source names.")
@click.option("--kind", "document_kind", multiple=True, help="news or official.")
@click.option("--since", help="Published on or after this day.")
@click.option("--until", help="Published on or before this day.")
@click.option("--timezone", help="IANA name (default: local).")
@click.option("--query-lang", help="Language of the words.")
@click.pass_obj
def command(
    root: Path,
    /,
    query: tuple[str, ...],
    kind: str,
    output: Path | None,
    document_kind: tuple[str, ...],
    **options: Any,
) -> None:
    """Write every full match: the search's count, ordered by time and id."""
    from babelwire.commands.search import make_request
    from babelwire.exports import write_csv, write_json_lines
    from babelwire.searching import open_desk
    from babelwire.terminal import counted, say
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    request = make_request(" ".join(query), kind=document_kind, **options)
    writer = write_csv if kind == "csv" else write_json_lines
    database = workspace.open()
    try:
        with open_desk(workspace, database) as desk, _destination(output) as file:
            number = writer(desk.ask_for_all(request), file)
    finally:
        database.close()
    where = f" to {output}" if output else ""
    say(f"Exported {counted(number, 'document')}{where}.")


@contextlib.contextmanager
def _destination(output: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that appears only when it is whole."""
    if output is None:
        yield sys.stdout
        return
    from pipeline.errors import InputError

    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
