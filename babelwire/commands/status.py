"""`babelwire status`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(root: Path, as_json: bool) -> None:
    """What is there, what waits and why, which sources are silent."""
    from babelwire.overview import load_status, show_status
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        status = load_status(workspace, database)
    finally:
        database.close()
    if as_json:
        print_json(status)
    else:
        show_status(status)
