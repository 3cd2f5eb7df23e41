"""Extraction of a saved page, for trying out; runs in a child as always."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipeline.documents import Extraction
from pipeline.extraction.article import extract_page
from pipeline.extraction.page_input import PageInput


@dataclass(frozen=True, kw_only=True)
class FileJob:
    """A file with the URL it is supposed to come from.

    Attributes:
        stopped: Why the extractors were stopped at it, or "".
    """

    path: str
    url: str
    now: datetime
    stopped: str = ""


def extract_file(job: FileJob) -> Extraction:
    """Reads the file and extracts; an unreadable file raises OSError."""
    found = extract_page(
        PageInput(
            body=Path(job.path).read_bytes(),
            url=job.url,
            fetched_at=job.now,
            by_lines_alone=bool(job.stopped),
        )
    )
    return replace(found, choice=replace(found.choice, stopped=job.stopped))
