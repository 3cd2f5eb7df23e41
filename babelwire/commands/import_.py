"""`babelwire import FILE…`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.importing import ImportReport

MAX_PROBLEMS_SHOWN = 10


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--source", metavar="NAME", help="Whose pages they are.")
@click.option("--url", default="", help="Where one saved page came from.")
@click.pass_obj
def command(root: Path, files: tuple[Path, ...], source: str | None, url: str) -> int:
    """Take in pages from WARC files, saved pages (.html) or JSON Lines.

    A JSON line has "url" and "html", or "url", "title" and "text"; and may have
    "published_at", "fetched_at", "language".
    """
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.importing import file_checksum, import_pages, read_file

    if url and len(files) > 1:
        raise click.UsageError("--url goes with one saved page")
    workspace = find_workspace(root)
    chosen = workspace.chosen_sources((source,))[0] if source else None
    status = 0
    database = workspace.open()
    try:
        for path in files:
            report = import_pages(
                database,
                workspace.archive,
                read_file(path, url=url, now=now()),
                sources=workspace.sources,
                chosen=chosen,
                evidence=file_checksum(path),
                now=now(),
            )
            _show(path, report)
            status = max(status, int(bool(report.problems)))
    finally:
        database.close()
    say('Next: "babelwire process" and "babelwire index".')
    return status


def _show(path: Path, report: ImportReport) -> None:
    from babelwire.balance import plain_reason
    from babelwire.terminal import note, one_line, say

    known = f", {report.known:,} were there already" if report.known else ""
    say(f"{path}: {report.imported:,} pages imported{known}.")
    for reason, number in sorted(report.skipped.items()):
        say(f"  passed over: {number:,} {plain_reason(reason)}")
    for problem in report.problems[:MAX_PROBLEMS_SHOWN]:
        note(one_line(problem))
    more = len(report.problems) - MAX_PROBLEMS_SHOWN
    if more > 0:
        note(f"… and {more:,} more")
