"""`babelwire memory add|import|export`."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click


@click.group("memory")
def command() -> None:
    """Saved translations: they answer before any engine."""


@command.command("add")
@click.argument("source_text")
@click.argument("target_text")
@click.option("--from", "source", required=True, metavar="LL")
@click.option("--to", "target", metavar="LL", help="Default: the workspace's target.")
@click.pass_obj
def add(
    root: Path, source_text: str, target_text: str, source: str, target: str | None
) -> None:
    """Save one translation."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import SavedTranslation

    workspace = find_workspace(root)
    pair = SavedTranslation(
        source_language=source,
        target_language=target or workspace.config.target,
        source_text=source_text,
        target_text=target_text,
        origin="added by hand",
    )
    database = workspace.open()
    try:
        memory.save(database, [pair], now=now())
    finally:
        database.close()
    say('Saved. Waiting documents use it with the next "babelwire process".')


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.pass_obj
def import_(root: Path, files: tuple[Path, ...]) -> None:
    """Import TMX files."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import read_tmx

    database = find_workspace(root).open()
    try:
        for path in files:
            number = memory.save(database, read_tmx(path), now=now())
            say(f"{path}: {number:,} saved translations.")
    finally:
        database.close()


@command.command("export")
@click.option("--from", "source", metavar="LL", help="Only from this language.")
@click.option("--to", "target", metavar="LL", help="Only into this language.")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-")
@click.pass_obj
def export(root: Path, source: str | None, target: str | None, output: IO[str]) -> None:
    """Export as TMX 1.4b."""
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import write_tmx

    database = find_workspace(root).open()
    try:
        pairs = memory.load(database, source_language=source, target_language=target)
        write_tmx(pairs, output)
    finally:
        database.close()
