"""`babelwire verify FILE`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("verify")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(root: Path, file: Path, *, as_json: bool) -> int:
    """Prove a manifest: make it again from the workspace and compare.

    FILE is the manifest.json of a press review that was sent, or what "babelwire
    review export --format manifest" wrote. Exit status: 0 equal, 1 differences,
    2 not a manifest.
    """
    from babelwire.reviews.manifest import MAX_BYTES, read_manifest
    from babelwire.reviews.verifying import differences
    from babelwire.terminal import one_line, print_json, say, write
    from babelwire.workspace import find_workspace
    from pipeline.errors import InputError

    workspace = find_workspace(root)
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: not a manifest: more than {MAX_BYTES >> 20} MiB")
    read = read_manifest(data, str(file))
    database = workspace.open()
    try:
        found = differences(read, database, workspace.archive)
    finally:
        database.close()
    if as_json:
        print_json({"schema": 1, "equal": not found, "differences": found})
    elif found:
        for line in found:
            write(one_line(line))
        say(f"{len(found):,} differences.")
    else:
        say("Equal: this workspace gives what the manifest says.")
    return 1 if found else 0
