"""`babelwire run [SOURCE…]`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click


@click.command("run")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--due", is_flag=True, help="Only what is due by each source's `every`.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Go back to this day, as `crawl --since` does.",
)
@click.pass_obj
def command(
    root: Path, sources: tuple[str, ...], due: bool, since: datetime | None
) -> int:
    """Crawl, process and index together: first answers come early."""
    from babelwire.assembly import CrawlChoice, crawl_job
    from babelwire.balance import show_balance
    from babelwire.commands.process import report_set_aside
    from babelwire.indexing import Indexing
    from babelwire.rounds import run_rounds
    from babelwire.terminal import note, one_line
    from babelwire.workspace import find_workspace
    from pipeline.errors import UnavailableError

    workspace = find_workspace(root)
    chosen = workspace.chosen_sources(sources)
    job = crawl_job(workspace, chosen, CrawlChoice(due_only=due, since=since))
    database = workspace.open()
    try:
        outcome = run_rounds(workspace, database, job)
        status = outcome.exit_status
        try:
            Indexing(workspace, database).bring_up_to_date()
        except UnavailableError as error:
            note(one_line(f"documents wait for the index: {error}"))
            status = error.exit_status
        show_balance(database, [source.name for source in chosen])
    finally:
        database.close()
    return max(status, report_set_aside(root))
