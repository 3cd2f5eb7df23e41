"""`babelwire init DIR`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Make a workspace in FOLDER with annotated configuration."""
    from babelwire.terminal import say
    from babelwire.workspace import make_workspace

    workspace = make_workspace(folder)
    workspace.open().close()
    say(f"Made a workspace in {folder}.")
    say(f"  {folder}/babelwire.toml says what can be set; set [crawl] contact first.")
    say(f"  Next: cd {folder} && babelwire source catalogue")
