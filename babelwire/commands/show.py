"""`babelwire show ID[@REVISION]`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("show")
@click.argument("reference", metavar="ID[@REVISION]")
@click.option("--diff", is_flag=True, help="What this revision changed.")
@click.option("--timezone", help="IANA name (default: local).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(
    root: Path, reference: str, diff: bool, timezone: str | None, as_json: bool
) -> None:
    """Show one document: original beside translation, revisions, evidence."""
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
