"""`babelwire retry`."""

from __future__ import annotations

from pathlib import Path

import click

from babelwire.stages import STAGES

INDEX = "index"
"""Not a stage, but it sets documents aside, too."""


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
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import index_state, work
    from pipeline.store.readings import reopen

    database = find_workspace(root).open()
    try:
        with database.write() as connection:
            number = 0
            if stage != INDEX:
                number = work.revive(connection, now=now(), stage=stage, reason=reason)
                reopen(connection, "extraction")
            if stage in {None, INDEX}:
                number += index_state.revive(connection, reason=reason)
    finally:
        database.close()
    say(f"{number:,} due again." if number else "Nothing was set aside.")
