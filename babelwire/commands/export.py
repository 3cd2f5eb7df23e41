"""`babelwire export QUERY --format csv|jsonl|xlsx|tmx|warc`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from babelwire.exports.formats import FORMATS


@click.command("export")
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    default="jsonl",
    show_default=True,
    help="tmx (aligned segments) and warc (archived pages) have only documents "
    "whose whole text may leave.",
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
) -> int:
    """Write every full match: the search's count, ordered by time and id.

    As much of each document as the rights of its source allow.
    """
    from babelwire.assembly import now
    from babelwire.commands.search import make_request
    from babelwire.exports import release
    from babelwire.exports.formats import write
    from babelwire.reading import load_rights
    from babelwire.searching import open_desk
    from babelwire.terminal import note, one_line, say
    from babelwire.workspace import find_workspace

    _refuse_terminal(kind, output)
    workspace = find_workspace(root)
    request = make_request(" ".join(query), kind=document_kind, **options)
    database = workspace.open()
    try:
        rights_of = load_rights(database, workspace.sources)
        with (
            open_desk(workspace, database) as desk,
            _destination(output, binary=FORMATS[kind].is_binary) as file,
        ):
            found = release(desk.ask_for_all(request), rights_of, now())
            report = write(kind, found, file, workspace=workspace, database=database)
    finally:
        database.close()
    for problem in report.problems:
        note(one_line(problem))
    say(report.sentence(str(output or "")))
    return 1 if report.problems else 0


def _refuse_terminal(kind: str, output: Path | None) -> None:
    from pipeline.errors import ConfigError

    if FORMATS[kind].is_binary and output is None and sys.stdout.isatty():
        raise ConfigError(
            f"--format {kind} is no text for a terminal: name a file with -o FILE, or "
            "send the output to one"
        )


@contextlib.contextmanager
def _destination(output: Path | None, *, binary: bool) -> Iterator[IO[Any]]:
    """Standard output, or a file that appears only when it is whole."""
    if output is None:
        yield sys.stdout.buffer if binary else sys.stdout
        sys.stdout.flush()
        return
    from pipeline.errors import InputError

    part = output.with_name(f".{output.name}.part")
    try:
        with _opened(part, binary=binary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _opened(path: Path, *, binary: bool) -> IO[Any]:
    return path.open("wb") if binary else path.open("w", encoding="utf-8", newline="")
