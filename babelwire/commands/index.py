"""`babelwire index`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("index")
@click.option(
    "--engine", type=click.Choice(["tantivy"]), help="Instead of the configured one."
)
@click.option("--rebuild", is_flag=True, help="Build anew beside the living index.")
@click.option("--verify", is_flag=True, help="Compare the index with the store.")
@click.pass_obj
def command(root: Path, engine: str | None, rebuild: bool, verify: bool) -> int:
    """Bring the search index up to date with the store."""
    from babelwire.indexing import bring_up_to_date, build_anew, prove
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        if rebuild:
            build_anew(workspace, database)
        elif not verify:
            bring_up_to_date(workspace, database)
        return prove(workspace, database) if verify else 0
    finally:
        database.close()
