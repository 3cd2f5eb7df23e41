"""`babelwire process`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from babelwire.stages import STAGES

if TYPE_CHECKING:
    from pipeline.store import Database


@click.command("process")
@click.option("--again", metavar="SOURCE", help="Do this source's documents again.")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    help="With --again: from this stage on (default: extract).",
)
@click.pass_obj
def command(root: Path, again: str | None, stage: str | None) -> int:
    """Read, identify, group, segment and translate all that is due."""
    from babelwire.assembly import now, processor
    from babelwire.needs import ModelNeeds
    from babelwire.processing import process_all, say_tallies
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store.again import enqueue_again

    if stage and not again:
        raise click.UsageError("--stage goes with --again SOURCE")
    workspace = find_workspace(root)
    database = workspace.open()
    try:
        if again:
            _refuse_unknown(database, again)
            with database.write() as connection:
                number = enqueue_again(connection, again, stage or "extract", now=now())
            say(f"{number:,} to do again.")
        with processor(workspace, database) as stages:
            stages.renew()
            tallies = process_all(stages)
        if "no_model" in tallies["translate"].reasons:
            ModelNeeds(workspace, database).tell()
    finally:
        database.close()
    if not any(t.done or t.waiting or t.failed for t in tallies.values()):
        say("Nothing was due.")
        return 0
    say("Processed:")
    say_tallies(tallies)
    return report_set_aside(root)


def _refuse_unknown(database: Database, source: str) -> None:
    """Imports and removed sources have no file, but have documents.

    Raises:
        SourceError: The store knows no such source.
    """
    from pipeline.errors import SourceError
    from pipeline.store.sources import source_rows

    with database.read() as connection:
        known = source_rows(connection)
    if source not in known:
        raise SourceError(
            f'no documents of a source "{source}"; there are: {", ".join(known)}'
        )


def report_set_aside(root: Path) -> int:
    """Names what was set aside; 1 when there is any."""
    from babelwire.terminal import note
    from babelwire.workspace import find_workspace
    from pipeline.store import work

    database = find_workspace(root).open()
    try:
        with database.read() as connection:
            counts = work.counts(connection)
    finally:
        database.close()
    dead = {stage: c.dead for stage, c in counts.items() if c.dead}
    for stage, number in dead.items():
        note(
            f"{stage}: {number:,} set aside; "
            'see "babelwire status", try again with "babelwire retry"'
        )
    return 1 if dead else 0
