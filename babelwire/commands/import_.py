"""`babelwire import FILE…`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.importing import ImportReport

MAX_PROBLEMS_SHOWN = 10


HELP = """Take in pages that others fetched, by each file's ending:

\b
.warc(.gz) .arc(.gz)  web archives, e.g. Common Crawl's news crawl
.wacz                 web archives of browsers
.html .htm            one saved page
.pdf                  one text, of the address given with --url
.mhtml .mht           one page saved with all that belongs to it
.eml .mbox            mails: newsletters, statements
.jsonl .ndjson        JSON Lines

Web pages and PDFs that were answered with status 200 are taken; what is passed over is
counted by its reason, and damaged records are named. Where a page came from, a saved
page says in a comment of the browser or in its canonical link; a mail in its
Archived-At field, in a link to itself ("View in browser"), else its Message-ID stands
for it. A PDF without a text layer is taken, and rejected when it is read (it needs
OCR).

A JSON line has "url" and "html", or "url", "title" and "text"; and may have
"published_at", "fetched_at", "language"."""


@click.command("import", help=HELP, short_help="Take in pages that others fetched.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--source", metavar="NAME", help="Whose pages they are.")
@click.option("--url", default="", help="Where one saved page or mail came from.")
@click.pass_obj
def command(root: Path, files: tuple[Path, ...], source: str | None, url: str) -> int:
    """Take in pages that others fetched."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.importing import file_checksum, import_pages
    from pipeline.incoming.files import read_file

    _check_url(url, files)
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
            status = max(status, int(report.problem_count > 0))
    finally:
        database.close()
    say('Next: "babelwire process" and "babelwire index".')
    return status


def _check_url(url: str, files: tuple[Path, ...]) -> None:
    from pipeline.urls import url_key

    if not url:
        return
    if len(files) > 1:
        raise click.UsageError("--url goes with one saved page or mail")
    try:
        url_key(url)
    except ValueError as error:
        raise click.UsageError(f'--url: found "{url}": {error}') from error


def _show(path: Path, report: ImportReport) -> None:
    from babelwire.balance import plain_reason
    from babelwire.terminal import counted, note, one_line, say

    known = f", {report.known:,} were there already" if report.known else ""
    say(f"{path}: {report.imported:,} pages imported{known}.")
    if report.attachments:
        say(f"  not read: {counted(report.attachments, 'attachment')}")
    for reason, number in sorted(report.skipped.items()):
        say(f"  passed over: {number:,} ({plain_reason(reason)})")
    for problem in report.problems[:MAX_PROBLEMS_SHOWN]:
        note(one_line(problem))
    more = report.problem_count - len(report.problems[:MAX_PROBLEMS_SHOWN])
    if more > 0:
        note(f"… and {more:,} more")
