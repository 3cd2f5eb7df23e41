"""`babelwire demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("babelwire-demo"),
    show_default=True,
    help="Where the demo's workspace is made anew.",
)
def command(folder: Path) -> int:
    """Try everything on a bundled news world, offline, in under a minute."""
    from babelwire.showcase import run_demo

    return run_demo(folder)
