"""`babelwire config check`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("config")
def command() -> None:
    """The workspace's configuration files."""


@command.command("check")
@click.pass_obj
def check(root: Path) -> int:
    """Validate every file: babelwire.toml, sources, names."""
    from babelwire.checkup import config_problems
    from babelwire.terminal import error, say
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    problems = config_problems(workspace)
    for text in problems:
        error(text)
    if problems:
        return 2
    number = len(list(workspace.sources_folder.glob("*.toml")))
    say(f"All right: {number} sources, {len(workspace.names)} names.")
    return 0
