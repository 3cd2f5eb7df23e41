"""`babelwire show ID[@REVISION]`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("show")
@click.argument("reference", metavar="ID[@REVISION]")
@click.option("--diff", is_flag=True, help="What this revision changed, word by word.")
@click.option("--timezone", help="IANA name (default: local).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(
    root: Path, reference: str, diff: bool, timezone: str | None, as_json: bool
) -> None:
    """Show one document: original beside translation, revisions, evidence.

    Also whose text of the page was taken, how it was judged, and which lines were left
    out and why; when its publisher changed it, and what is odd about its dates. The id
    of a document that was merged into an older one shows that one; a revision of it is
    shown as it was cited. --json has all of it.
    """
    from babelwire.reading import load_shown, shown_json
    from babelwire.searching import local_zone
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        shown = load_shown(database, reference)
    finally:
        database.close()
    target = workspace.config.target
    if as_json:  # which tells what changed with or without --diff
        print_json(shown_json(shown, target))
        return
    from babelwire.pages import print_diff, print_document

    if diff:
        print_diff(shown)
    else:
        print_document(shown, target, timezone or local_zone())
