"""`babelwire memory add|correct|corrections|undo|import|export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from babelwire.correcting import Wish
    from pipeline.store.corrections import Place

PLACES_SHOWN = 20
CORRECTIONS_SHOWN = 200


@click.group("memory")
def command() -> None:
    """Saved translations and corrections: they answer before any engine."""


@command.command("add")
@click.argument("source_text")
@click.argument("target_text")
@click.option("--from", "source", required=True, metavar="LL")
@click.option("--to", "target", metavar="LL", help="Default: the workspace's target.")
@click.pass_obj
def add(
    root: Path, source_text: str, target_text: str, source: str, target: str | None
) -> None:
    """Save one translation."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import SavedTranslation

    workspace = find_workspace(root)
    pair = SavedTranslation(
        source_language=source,
        target_language=target or workspace.config.target,
        source_text=source_text,
        target_text=target_text,
        origin="added by hand",
    )
    database = workspace.open()
    try:
        memory.save(database, [pair], now=now())
    finally:
        database.close()
    say('Saved. Waiting documents use it with the next "babelwire process".')


@command.command("correct")
@click.argument("document", metavar="ID")
@click.argument("sentence")
@click.argument("translation")
@click.option("--to", "target", metavar="LL", help="Default: the workspace's target.")
@click.option("--everywhere", is_flag=True, help="In all documents, also later ones.")
@click.option("--author", default="", help="Who says so; shown with the sentence.")
@click.option("--yes", is_flag=True, help="Do not ask before changing others.")
@click.pass_obj
def correct(
    root: Path,
    document: str,
    sentence: str,
    translation: str,
    *,
    target: str | None,
    everywhere: bool,
    author: str,
    yes: bool,
) -> None:
    """Correct a sentence of a document; it wins over every engine.

    SENTENCE is its number in "babelwire show" (the headline is 1), or how the
    original or its translation begins.
    """
    from babelwire.correcting import Wish, find_segment, places_of, summary
    from babelwire.correcting import correct as store
    from babelwire.deeds import log
    from babelwire.reading import load_shown
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    database = workspace.open()
    try:
        shown = load_shown(database, document).document
        into = target or workspace.config.target
        segment = find_segment(shown, sentence, into)
        wish = Wish(
            document=shown.id,
            language=segment.language or shown.language,
            segment=segment,
            target=into,
            text=translation,
            author=author,
            everywhere=everywhere,
        )
        if everywhere and not yes:
            _ask(places_of(database, wish), wish)
        number, places = store(database, wish)
        place = "everywhere" if everywhere else shown.id
        log(database, "corrected", f"{place}, {number}", actor=author)
    finally:
        database.close()
    say(
        f"Correction {number}: {summary(places)}. "
        f'"babelwire memory undo {number}" takes it back; '
        '"babelwire index" brings it into searches.'
    )


def _ask(places: Sequence[Place], wish: Wish) -> None:
    """Lists what would change and asks; no one to ask is a no."""
    from babelwire.correcting import summary
    from babelwire.terminal import err, one_line, say

    say(f"This changes {summary(places)}:")
    for place in places[:PLACES_SHOWN]:
        say(f"  {place.document_id}  {one_line(place.url)}")
    if len(places) > PLACES_SHOWN:
        say(f"  and {len(places) - PLACES_SHOWN:,} more")
    if not err().is_terminal:
        raise click.UsageError("nobody to ask here: repeat it with --yes")
    click.confirm(f'Translate it as "{one_line(wish.text)}"?', abort=True, err=True)


@command.command("corrections")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def corrections(root: Path, *, as_json: bool) -> None:
    """List corrections, the newest first."""
    from dataclasses import asdict

    from babelwire.terminal import one_line, print_json, say, table
    from babelwire.workspace import find_workspace
    from pipeline.store import corrections as stored

    database = find_workspace(root).open()
    try:
        with database.read() as connection:
            found = stored.load(connection, limit=CORRECTIONS_SHOWN)
    finally:
        database.close()
    if as_json:
        rows = [
            {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
            for row in map(asdict, found)
        ]
        print_json({"schema": 1, "corrections": rows})
        return
    if not found:
        say("No corrections yet.")
        return
    table(
        ["number", "where", "original", "correction", ""],
        [
            [
                c.id,
                c.document_id or "everywhere",
                one_line(c.source_text),
                one_line(c.target_text),
                "undone" if c.undone_at else one_line(c.author),
            ]
            for c in found
        ],
        numbers=frozenset({0}),
    )


@command.command("undo")
@click.argument("number", type=int)
@click.pass_obj
def undo(root: Path, number: int) -> None:
    """Take a correction back: what held before holds again."""
    from babelwire.correcting import summary
    from babelwire.correcting import undo as take_back
    from babelwire.deeds import log
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    database = find_workspace(root).open()
    try:
        places = take_back(database, number)
        log(database, "correction undone", str(number))
    finally:
        database.close()
    say(f'Undone: {summary(places)}. "babelwire index" brings it into searches.')


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.pass_obj
def import_(root: Path, files: tuple[Path, ...]) -> None:
    """Import TMX files."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import read_tmx

    database = find_workspace(root).open()
    try:
        for path in files:
            number = memory.save(database, read_tmx(path), now=now())
            say(f"{path}: {number:,} saved translations.")
    finally:
        database.close()


@command.command("export")
@click.option("--from", "source", metavar="LL", help="Only from this language.")
@click.option("--to", "target", metavar="LL", help="Only into this language.")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-")
@click.pass_obj
def export(root: Path, source: str | None, target: str | None, output: IO[str]) -> None:
    """Export as TMX 1.4b."""
    from babelwire.workspace import find_workspace
    from pipeline.store import memory
    from pipeline.translation.tmx import write_tmx

    database = find_workspace(root).open()
    try:
        pairs = memory.load(database, source_language=source, target_language=target)
        write_tmx(pairs, output)
    finally:
        database.close()
