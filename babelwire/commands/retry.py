"""`babelwire retry`."""

from __future__ import annotations

from pathlib import Path

import click

from babelwire.stages import STAGES


@click.command("retry")
@click.option("--stage", type=click.Choice(STAGES), help="Only this stage.")
@click.option("--reason", help="Only what was set aside for this reason.")
@click.pass_obj
def command(root: Path, stage: str | None, reason: str | None) -> None:
    """Make due again what was set aside; then run "babelwire process"."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import work
    from pipeline.store.readings import reopen

    database = find_workspace(root).open()
    try:
        with database.write() as connection:
            number = work.revive(connection, now=now(), stage=stage, reason=reason)
            reopen(connection, "extraction")
    finally:
        database.close()
    say(f"{number:,} due again." if number else "Nothing was set aside.")
