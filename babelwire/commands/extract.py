"""`babelwire extract FILE…`."""

from __future__ import annotations

import json
from dataclasses import replace
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
    """Read the article out of HTML and PDF files; JSON Lines in the same order.

    A line has the title, the text, authors, times with their precision, zone and
    flags, section, tags, language, or why the page is no article ("rejected").
    "text_choice" says whose text was taken (trafilatura, readability, JSON-LD, the
    lines alone), how each was judged, and which lines were left out and why.
    """
    from babelwire.assembly import now
    from babelwire.terminal import write
    from pipeline.errors import StageError
    from pipeline.extraction.files import FileJob, extract_file
    from pipeline.workers import KILLED, Limits, Workers

    with Workers(extract_file, size=1, limits=Limits()) as workers:
        for path in files:
            job = FileJob(path=str(path), url=url, now=now())
            found = workers.run([job])[0]
            if isinstance(found, StageError) and found.reason in KILLED:
                again = replace(job, stopped=found.reason)
                found = workers.run([again])[0]
            write(json.dumps(_row(path, url, found), ensure_ascii=False))


def _row(path: Path, url: str, found: Extraction | StageError) -> dict[str, Any]:
    from babelwire.how_read import choice_json
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
    published, modified = found.published_at, found.modified_at
    return {
        "file": str(path),
        "url": url,
        "title": found.title,
        "text": found.text,
        "published_at": published.isoformat() if published else None,
        "published_precision": found.published_precision,
        "published_from": found.published_from,
        "published_zone": found.published_zone,
        "modified_at": modified.isoformat() if modified else None,
        "modified_precision": found.modified_precision,
        "date_flags": list(found.date_flags),
        "authors": list(found.authors),
        "section": found.section,
        "tags": list(found.tags),
        "image_url": found.image_url or None,
        "alternates": [list(each) for each in found.alternates],
        "canonical_url": found.canonical_url,
        "language": language,
        "text_choice": choice_json(found.choice),
        "rejected": found.rejected or None,
    }
