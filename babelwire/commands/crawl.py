"""`babelwire crawl [SOURCE…]`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click


@click.command("crawl")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--due", is_flag=True, help="Only what is due by each source's `every`.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Go back to this day: lists page by page, sitemaps, the sources' `archives`; "
    "pass over entries dated earlier.",
)
@click.pass_obj
def command(
    root: Path, sources: tuple[str, ...], due: bool, since: datetime | None
) -> int:
    """Visit the sources now (default: all) and archive what is new.

    Pace, Retry-After and robots.txt always hold.

    With --since, what a source published before it was added is fetched: lists are
    paged back until a page has nothing of the wanted time any more (500 pages at most),
    sitemaps that changed since are read, and so are the addresses in the source's
    `archives`, a page for each day (1,000 a run). A source fetches
    `max_pages_per_run` articles a run; the rest waits for the next one.
    """
    from babelwire.assembly import CrawlChoice, crawl_job
    from babelwire.balance import show_balance
    from babelwire.crawling import watch_crawl
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    chosen = workspace.chosen_sources(sources)
    job = crawl_job(workspace, chosen, CrawlChoice(due_only=due, since=since))
    database = workspace.open()
    try:
        outcome = watch_crawl(job)
        show_balance(database, [source.name for source in chosen])
    finally:
        database.close()
    return outcome.exit_status
