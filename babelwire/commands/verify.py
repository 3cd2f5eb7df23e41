"""`babelwire verify FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.store import Database


@click.command("verify")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(root: Path, file: Path, *, as_json: bool) -> int:
    """Prove a manifest or a snapshot against the workspace.

    FILE is the manifest.json of a press review that was sent, what "babelwire
    review export --format manifest" wrote, or a snapshot. Exit status: 0 equal,
    1 differences, 2 neither of them.
    """
    from babelwire.snapshots.files import is_snapshot
    from babelwire.terminal import one_line, print_json, say, write
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    prove, what = (
        (_prove_snapshot, "snapshot")
        if is_snapshot(file)
        else (_prove_manifest, "manifest")
    )
    database = workspace.open()
    try:
        found = prove(file, database, workspace.archive)
    finally:
        database.close()
    if as_json:
        print_json({"schema": 1, "equal": not found, "differences": found})
    elif found:
        for line in found:
            write(one_line(line))
        say(f"{len(found):,} differences.")
    else:
        say(f"Equal: this workspace gives what the {what} says.")
    return 1 if found else 0


def _prove_manifest(file: Path, database: Database, archive: Path) -> list[str]:
    from babelwire.reviews.manifest import MAX_BYTES, read_manifest
    from babelwire.reviews.verifying import differences
    from pipeline.errors import InputError

    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: not a manifest: more than {MAX_BYTES >> 20} MiB")
    return differences(read_manifest(data, str(file)), database, archive)


def _prove_snapshot(file: Path, database: Database, archive: Path) -> list[str]:
    from babelwire.snapshots.verifying import differences

    return list(differences(file, database, archive))
