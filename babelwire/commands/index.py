"""`babelwire index`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("index")
@click.option(
    "--engine",
    type=click.Choice(["tantivy", "elasticsearch"]),
    help="Instead of the configured one.",
)
@click.option("--rebuild", is_flag=True, help="Build anew beside the living index.")
@click.option("--verify", is_flag=True, help="Compare the index with the store.")
@click.option(
    "--prune", is_flag=True, help="Remove indices that a rebuild on a server left."
)
@click.pass_obj
def command(
    root: Path, engine: str | None, rebuild: bool, verify: bool, prune: bool
) -> int:
    """Bring the search index up to date with the store."""
    from babelwire.indexing import Indexing
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        indexing = Indexing(workspace, database, engine=engine or "")
        if rebuild:
            indexing.build_anew()
        elif not (verify or prune):
            indexing.bring_up_to_date()
        if prune:
            indexing.remove_old()
        return indexing.prove() if verify else 0
    finally:
        database.close()
