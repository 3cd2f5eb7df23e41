"""`babelwire export QUERY --format csv|jsonl|xlsx|tmx|warc`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from babelwire.exports.formats import FORMATS
from babelwire.sampling import MAX_SEED, STRATA

if TYPE_CHECKING:
    from babelwire.sampling import Drawn, Sample
    from babelwire.searching import Desk
    from search_index.answer import Exported
    from search_index.query import SearchRequest


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a command whose question has no page: the filters of a search."""
    options = (
        click.option("--lang", multiple=True, help="Language of the original: vi,ar."),
        click.option("--source", multiple=True, help="Source names."),
        click.option(
            "--kind", "document_kind", multiple=True, help="news or official."
        ),
        click.option("--since", help="Published on or after this day."),
        click.option("--until", help="Published on or before this day."),
        click.option("--timezone", help="IANA name (default: local)."),
        click.option("--query-lang", help="Language of the words."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def sampling(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a command that may take a sample of its documents."""
    options = (
        click.option(
            "--sample",
            "sample_size",
            type=click.IntRange(1, MAX_SEED),
            metavar="N",
            help="Only N documents, drawn at random: the same again for the same seed.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, MAX_SEED),
            help="Of the sample: any whole number; note it down.",
        ),
        click.option(
            "--stratify",
            metavar="FIELD[,FIELD]",
            help=f"Divide the sample in proportion among: {', '.join(STRATA)}.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


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
@asking
@sampling
@click.pass_obj
def command(
    root: Path,
    /,
    query: tuple[str, ...],
    kind: str,
    output: Path | None,
    document_kind: tuple[str, ...],
    sample_size: int | None,
    seed: int | None,
    stratify: str | None,
    **options: Any,
) -> int:
    """Write every full match: the search's count, ordered by time and id.

    As much of each document as the rights of its source allow.
    """
    from babelwire.assembly import now
    from babelwire.commands.search import make_request
    from babelwire.deeds import log
    from babelwire.exports import release
    from babelwire.exports.formats import write
    from babelwire.reading import load_rights
    from babelwire.searching import open_desk
    from babelwire.terminal import counted, note, one_line, say
    from babelwire.workspace import find_workspace

    sample = make_sample(sample_size, seed, stratify)
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
            found, drawn = _found(desk, request, sample)
            released = release(found, rights_of, now())
            report = write(kind, released, file, workspace=workspace, database=database)
        log(database, "exported", f"{kind}, {counted(report.documents, 'document')}")
    finally:
        database.close()
    for problem in report.problems:
        note(one_line(problem))
    say(report.sentence(str(output or "")))
    if drawn is not None:
        tell_sample(drawn)
    return 1 if report.problems else 0


def make_sample(size: int | None, seed: int | None, by: str | None) -> Sample | None:
    """The sample that the options of `sampling` stand for; None for everything.

    Raises:
        UsageError: They do not go together, or nothing can be stratified so.
    """
    from babelwire.sampling import Sample

    if size is None:
        if seed is not None or by is not None:
            raise click.UsageError("--seed and --stratify go with --sample N")
        return None
    if seed is None:
        raise click.UsageError(
            "--sample goes with --seed NUMBER, which draws the same sample again"
        )
    fields = [part.strip() for part in (by or "").split(",") if part.strip()]
    unknown = [field for field in fields if field not in STRATA]
    if unknown:
        raise click.UsageError(
            f'--stratify: found "{unknown[0]}", expected {", ".join(STRATA)}'
        )
    return Sample(size=size, seed=seed, by=tuple(dict.fromkeys(fields)))


def tell_sample(drawn: Drawn) -> None:
    """Says what a sample is of, and what each stratum gave."""
    from babelwire.terminal import counted, note, one_line, say

    for share in drawn.shares:
        if share.stratum:
            stratum = one_line(", ".join(value or "none" for value in share.stratum))
            say(f"{stratum}: {share.drawn:,} of {counted(share.documents, 'document')}")
    left_out = sum(not share.drawn for share in drawn.shares)
    if left_out and drawn.total:
        note(
            f"The sample is smaller than the number of strata: the {left_out:,} "
            "smallest have no document in it."
        )
    say(drawn.sentence())


def _found(
    desk: Desk, request: SearchRequest, sample: Sample | None
) -> tuple[Iterator[Exported], Drawn | None]:
    """Every full match, or those of a sample."""
    from babelwire.snapshots.asking import only, open_view

    if sample is None:
        return desk.ask_for_all(request), None
    with open_view(desk, request) as view:
        drawn = view.draw(sample)
    return only(desk.ask_for_all(request), drawn), drawn


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
