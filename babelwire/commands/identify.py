"""`babelwire identify [FILE]`."""

from __future__ import annotations

import json
from typing import IO

import click


@click.command("identify")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option(
    "--identifier",
    type=click.Choice(["fast", "py3langid", "langdetect"]),
    default="fast",
    show_default=True,
    help=(
        "langdetect has no models of Belarusian, Bosnian, Serbian, Malay, Galician, "
        "Icelandic, Maltese, Armenian, Azerbaijani, Georgian, Kazakh, Amharic, "
        "Burmese, Igbo and some twenty more: it takes them for others."
    ),
)
def command(file: IO[str], identifier: str) -> None:
    """Tell the language of each line; JSON Lines in the same order.

    The answer is a BCP 47 tag, or "und" where nobody can know, with a confidence
    between 0 and 1 and what else it may be. Close languages are told apart by words
    that only one of them has; Chinese in traditional characters is "zh-Hant".
    """
    from babelwire.lines import lines_of
    from babelwire.terminal import write
    from pipeline.identification import make_identifier

    chosen = make_identifier(identifier)
    for line in lines_of(file):
        found = chosen.identify(line)
        answer = {
            "language": found.language,
            "confidence": round(found.confidence, 4),
            "alternatives": [[tag, round(c, 4)] for tag, c in found.alternatives],
        }
        write(json.dumps(answer, ensure_ascii=False))
