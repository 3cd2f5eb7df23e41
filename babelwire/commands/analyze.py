"""`babelwire analyze --lang LL [FILE]`."""

from __future__ import annotations

import json
from typing import IO

import click


@click.command("analyze")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--lang", "language", required=True, help="Language of the lines.")
def command(file: IO[str], language: str) -> None:
    """Show the index tokens of each line by field; JSON Lines."""
    from babelwire.lines import lines_of
    from babelwire.terminal import write
    from search_index.analysis import analyze

    for line in lines_of(file):
        fields = analyze(language, line)
        write(
            json.dumps(
                {"f1": fields.f1, "f2": fields.f2, "f3": fields.f3}, ensure_ascii=False
            )
        )
