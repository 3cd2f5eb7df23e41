"""`babelwire translate --from LL [--to LL] [FILE]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.documents import Translated

LINES_TOGETHER = 64
"""Engines work faster on more lines at once; a person typing gets each at once."""


@click.command("translate")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--from", "source", required=True, metavar="LL", help="Their language.")
@click.option("--to", "target", metavar="LL", help="Default: the workspace's target.")
@click.pass_obj
def command(root: Path, file: IO[str], source: str, target: str | None) -> None:
    """Translate each line with the workspace's chain; JSON Lines."""
    from itertools import islice

    from babelwire.lines import lines_of
    from babelwire.terminal import write
    from babelwire.translating import open_translation
    from babelwire.workspace import find_workspace
    from pipeline.documents import TranslationRequest

    workspace = find_workspace(root)
    together = 1 if file.isatty() else LINES_TOGETHER
    database = workspace.open()
    try:
        with open_translation(workspace, database) as translation:
            lines = iter(lines_of(file))
            while batch := list(islice(lines, together)):
                requests = [
                    TranslationRequest(
                        text=line,
                        source_language=source,
                        target_language=target or workspace.config.target,
                    )
                    for line in batch
                ]
                for answer in translation.chain.translate(requests):
                    write(json.dumps(_shown(answer), ensure_ascii=False))
    finally:
        database.close()


def _shown(answer: Translated) -> dict[str, object]:
    shown: dict[str, object] = {
        "text": answer.text,
        "engine": answer.engine,
        "model": answer.model,
        "version": answer.version,
        "licence": answer.licence,
        "parameters": answer.parameters,
        "flags": list(answer.flags),
    }
    if answer.text is None:
        shown |= {"reason": answer.reason, "detail": answer.detail}
    return shown
