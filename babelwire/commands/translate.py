"""`babelwire translate --from LL [--to LL] [FILE]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click


@click.command("translate")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--from", "source", required=True, metavar="LL", help="Their language.")
@click.option("--to", "target", metavar="LL", help="Default: the workspace's target.")
@click.pass_obj
def command(root: Path, file: IO[str], source: str, target: str | None) -> None:
    """Translate each line with the workspace's chain; JSON Lines."""
    from babelwire.assembly import translator
    from babelwire.lines import lines_of
    from babelwire.terminal import write
    from babelwire.workspace import find_workspace
    from pipeline.documents import TranslationRequest

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        with translator(workspace.config, database) as chain:
            for line in lines_of(file):
                request = TranslationRequest(
                    text=line,
                    source_language=source,
                    target_language=target or workspace.config.target,
                )
                answer = chain.translate([request])[0]
                shown = {
                    "text": answer.text,
                    "engine": answer.engine,
                    "model": answer.model,
                    "flags": list(answer.flags),
                }
                if answer.text is None:
                    shown["reason"] = answer.reason
                write(json.dumps(shown, ensure_ascii=False))
    finally:
        database.close()
