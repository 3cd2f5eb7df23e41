"""Page → reading: the only stage that meets hostile bytes, so in children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from pipeline.archive import read
from pipeline.documents import Extraction, Page
from pipeline.errors import StageError
from pipeline.extraction import EXTRACTOR_VERSION, PageInput, extract_page
from pipeline.sources import Selectors, Source
from pipeline.store import work
from pipeline.store.frontier import resolve
from pipeline.store.readings import Extracted, load_pages, pages_to_read_again
from pipeline.store.recording import record_all
from pipeline.workers import Workers


@dataclass(frozen=True, kw_only=True)
class ExtractJob:
    """What a child needs for one page.

    Attributes:
        folder: Of the archive.
        page: The page itself.
        earlier: The previous revision's page, if it must be read again too.
        selectors: The source's.
        timezone: The source's.
    """

    folder: str
    page: Page
    earlier: Page | None = None
    selectors: Selectors = field(default_factory=Selectors)
    timezone: str = ""


Extractions = tuple[Extraction, Extraction | None]


def extract_job(job: ExtractJob) -> Extractions:
    """Runs in a child: reads the archive and extracts."""
    earlier = None if job.earlier is None else _extract(job, job.earlier)
    return _extract(job, job.page), earlier


class ExtractStage:
    """Turns archived pages into readings of documents."""

    name = "extract"
    version = EXTRACTOR_VERSION
    batch_size = 64

    def __init__(
        self,
        archive: Path,
        sources: Mapping[str, Source],
        workers: Workers[ExtractJob, Extractions],
    ) -> None:
        """Takes the archive's folder, the sources' selectors, and the children."""
        self._archive = archive
        self._sources = sources
        self._workers = workers

    def supply(self, connection: Connection) -> str:
        """Nothing waits here."""
        return ""

    def outdated(self, connection: Connection) -> Sequence[int]:
        """None: another version of the stage makes items due."""
        return ()

    def load(
        self, connection: Connection, items: Sequence[int]
    ) -> Mapping[int, ExtractJob]:
        """The pages, each with the one it will be compared with if needed."""
        pages = load_pages(connection, list(items))
        again = pages_to_read_again(connection, list(items), self.version)
        return {
            item: ExtractJob(
                folder=str(self._archive),
                page=page,
                earlier=again.get(item),
                selectors=self._selectors(page.source),
                timezone=self._timezone(page.source),
            )
            for item, page in pages.items()
        }

    def run(
        self, loaded: Mapping[int, ExtractJob]
    ) -> Mapping[int, Extracted | StageError]:
        """Extracts in the children."""
        answers = self._workers.run(list(loaded.values()))
        return {
            item: _extracted(job, answer)
            for (item, job), answer in zip(loaded.items(), answers, strict=True)
        }

    def save(
        self, connection: Connection, results: Mapping[int, Extracted], now: datetime
    ) -> Mapping[int, StageError]:
        """Records readings, oldest page first, and makes them due for the rest."""
        batch = [results[item] for item in sorted(results)]
        recorded = record_all(connection, batch, extractor=self.version, now=now)
        readings = [number for one in recorded for number in one.reading_ids]
        work.enqueue(connection, "identify", readings, now=now)
        work.enqueue(connection, "cluster", readings, now=now)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Pages that will not be tried again are failed in the balance."""
        for page in load_pages(connection, list(items)).values():
            resolve(connection, page.url_id, "failed", "extraction")

    def _selectors(self, source: str) -> Selectors:
        known = self._sources.get(source)
        return known.selectors if known else Selectors()

    def _timezone(self, source: str) -> str:
        known = self._sources.get(source)
        return known.timezone if known else ""


def _extract(job: ExtractJob, page: Page) -> Extraction:
    archived = read(Path(job.folder), page.place)
    return extract_page(
        PageInput(
            body=archived.body,
            url=page.url,
            content_type=page.content_type,
            fetched_at=page.fetched_at,
            hints=page.hints,
            selectors=job.selectors,
            timezone=job.timezone,
        )
    )


def _extracted(
    job: ExtractJob, answer: Extractions | StageError
) -> Extracted | StageError:
    if isinstance(answer, StageError):
        return answer
    extraction, earlier = answer
    both = None
    if job.earlier is not None and earlier is not None:
        both = (job.earlier, earlier)
    return Extracted(page=job.page, extraction=extraction, earlier=both)
