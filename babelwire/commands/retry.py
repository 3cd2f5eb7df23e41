"""`babelwire retry`."""

from __future__ import annotations

from pathlib import Path

import click

from babelwire.retrying import INDEX
from babelwire.stages import STAGES


@click.command("retry")
@click.option(
    "--stage",
    type=click.Choice([*STAGES, INDEX]),
    help="Only this stage, or what the search index refused.",
)
@click.option("--reason", help="Only what was set aside for this reason.")
@click.pass_obj
def command(root: Path, stage: str | None, reason: str | None) -> None:
    """Make due again what was set aside; then run "babelwire process" and "index"."""
    from babelwire.retrying import revive
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    database = find_workspace(root).open()
    try:
        number = revive(database, stage, reason)
    finally:
        database.close()
    say(f"{number:,} due again." if number else "Nothing was set aside.")
