"""`babelwire extract FILE…`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline.documents import Extraction
    from pipeline.errors import StageError


@click.command("extract")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--url", default="", help="Where the page came from.")
def command(files: tuple[Path, ...], url: str) -> None:
    """Read the article out of HTML files; JSON Lines in the same order."""
    from babelwire.assembly import now
    from babelwire.terminal import write
    from pipeline.extraction.files import FileJob, extract_file
    from pipeline.workers import Limits, Workers

    with Workers(extract_file, size=1, limits=Limits()) as workers:
        for path in files:
            job = FileJob(path=str(path), url=url, now=now())
            write(
                json.dumps(_row(path, url, workers.run([job])[0]), ensure_ascii=False)
            )


def _row(path: Path, url: str, found: Extraction | StageError) -> dict[str, Any]:
    from pipeline.errors import StageError
    from pipeline.identification import identify_document, make_identifier

    if isinstance(found, StageError):
        return {
            "file": str(path),
            "url": url,
            "title": "",
            "text": "",
            "rejected": found.reason,
        }
    language = None
    if found.text:
        identifier = make_identifier("fast")
        language = identify_document(found.title, found.text, identifier).language
    published = found.published_at.isoformat() if found.published_at else None
    return {
        "file": str(path),
        "url": url,
        "title": found.title,
        "text": found.text,
        "published_at": published,
        "published_precision": found.published_precision,
        "published_from": found.published_from,
        "authors": list(found.authors),
        "section": found.section,
        "canonical_url": found.canonical_url,
        "language": language,
        "rejected": found.rejected or None,
    }
