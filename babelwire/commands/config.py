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
    from babelwire.terminal import error, say
    from babelwire.workspace import find_workspace
    from crawler.job import check_networks, contact_problem
    from pipeline.errors import ConfigError
    from pipeline.sources import read_source

    workspace = find_workspace(root)
    problems: list[str] = []
    endpoints: list[str] = []
    for path in sorted(workspace.sources_folder.glob("*.toml")):
        try:
            endpoints += read_source(path).endpoints
        except ConfigError as problem:
            problems.append(str(problem))
    try:
        crawl = workspace.config.crawl
        check_networks(crawl.allow_networks)
        missing = contact_problem(endpoints, crawl.contact, crawl.allow_networks)
        if missing:
            problems.append(f"{root / 'babelwire.toml'}: {missing}")
    except ConfigError as problem:
        problems.append(str(problem))
    try:
        names = len(workspace.names)
    except ConfigError as problem:
        problems.append(str(problem))
        names = 0
    for text in problems:
        error(text)
    if problems:
        return 2
    number = len(list(workspace.sources_folder.glob("*.toml")))
    say(f"All right: {number} sources, {names} names.")
    return 0
