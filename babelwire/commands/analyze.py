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
        shown = {
            name: tokens
            for name, tokens in fields.by_name().items()
            if not name.startswith("title_")  # a line has no headline
        }
        write(json.dumps(shown, ensure_ascii=False))
