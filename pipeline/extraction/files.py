"""Extraction of a saved page, for trying out; runs in a child as always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.documents import Extraction
from pipeline.extraction.article import extract_page
from pipeline.extraction.page_input import PageInput


@dataclass(frozen=True, kw_only=True)
class FileJob:
    """A file with the URL it is supposed to come from."""

    path: str
    url: str
    now: datetime


def extract_file(job: FileJob) -> Extraction:
    """Reads the file and extracts; an unreadable file raises OSError."""
    return extract_page(
        PageInput(body=Path(job.path).read_bytes(), url=job.url, fetched_at=job.now)
    )
