"""Page → reading: the only stage that meets hostile bytes, so in children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from pipeline.archive import read
from pipeline.boilerplate import Boilerplate
from pipeline.documents import Extraction, Page
from pipeline.errors import StageError
from pipeline.extraction import EXTRACTOR_VERSION, PageInput, extract_page
from pipeline.sources import Selectors, Source
from pipeline.store import work
from pipeline.store.boilerplate import learn_boilerplate, load_boilerplate
from pipeline.store.frontier import resolve
from pipeline.store.readings import (
    BY_LINES,
    EarlierPage,
    Extracted,
    earlier_pages,
    load_pages,
)
from pipeline.store.recording import record_all
from pipeline.workers import KILLED, NO_START, Workers


@dataclass(frozen=True, kw_only=True)
class ExtractJob:
    """What a child needs for one page.

    Attributes:
        folder: Of the archive.
        page: The page itself.
        earlier: The page of the document's newest revision, if there is one.
        reads_earlier: Whether that was read by another extractor, or with other
            boilerplate: then it is read again, to be compared.
        reader: Version of what reads.
        selectors: The source's.
        timezone: The source's.
        boilerplate: The source's.
        stopped: Why the extractors were stopped at this page, or "".
    """

    folder: str
    page: Page
    earlier: Page | None = None
    reads_earlier: bool = False
    reader: str = EXTRACTOR_VERSION
    selectors: Selectors = field(default_factory=Selectors)
    timezone: str = ""
    boilerplate: frozenset[str] = frozenset()
    stopped: str = ""


Extractions = tuple[Extraction, Extraction | None]


def extract_job(job: ExtractJob) -> Extractions:
    """Runs in a child: reads the archive and extracts."""
    earlier = None
    if job.earlier is not None and job.reads_earlier:
        earlier = _extract(job, job.earlier)
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
        """The pages, each with the one it will be compared with."""
        pages = load_pages(connection, list(items))
        earlier = earlier_pages(connection, list(items))
        known = load_boilerplate(connection, {p.source for p in pages.values()})
        return {
            item: self._job(page, earlier.get(item), known.get(page.source, _NOTHING))
            for item, page in pages.items()
        }

    def run(
        self, loaded: Mapping[int, ExtractJob]
    ) -> Mapping[int, Extracted | StageError]:
        """Extracts in the children; what kills one, again by its lines alone.

        What hostile or huge pages blow up are the extractors.
        """
        answers = dict(
            zip(loaded, self._workers.run(list(loaded.values())), strict=True)
        )
        stopped = {
            item: replace(
                loaded[item],
                stopped=_how_stopped(answer),
                reader=loaded[item].reader + BY_LINES,
                reads_earlier=True,
            )
            for item, answer in answers.items()
            if isinstance(answer, StageError) and _how_stopped(answer)
        }
        if stopped:
            again = self._workers.run(list(stopped.values()))
            answers.update(zip(stopped, again, strict=True))
        return {
            item: _extracted(stopped.get(item, loaded[item]), answer)
            for item, answer in answers.items()
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
        learn_boilerplate(connection, {one.page.source for one in batch}, now=now)
        return {}

    def set_aside(self, connection: Connection, items: Sequence[int]) -> None:
        """Pages that will not be tried again are failed in the balance."""
        for page in load_pages(connection, list(items)).values():
            resolve(connection, page.url_id, "failed", "extraction")

    def _job(
        self, page: Page, earlier: EarlierPage | None, known: Boilerplate
    ) -> ExtractJob:
        source = self._sources.get(page.source)
        reader = f"{self.version} {known.version}" if known.version else self.version
        return ExtractJob(
            folder=str(self._archive),
            page=page,
            earlier=earlier.page if earlier else None,
            reads_earlier=earlier is not None and earlier.reader != reader,
            reader=reader,
            selectors=source.selectors if source else Selectors(),
            timezone=source.timezone if source else "",
            boilerplate=known.lines,
        )


def _how_stopped(answer: StageError) -> str:
    """Why the extractors ended at a page; "" where no child was there to run them.

    An exception is theirs, too: out of memory, lxml raises any of its own.
    """
    if answer.reason == NO_START:
        return ""
    return answer.reason if answer.reason in KILLED else "crash"


_NOTHING = Boilerplate()


def _extract(job: ExtractJob, page: Page) -> Extraction:
    archived = read(Path(job.folder), page.place)
    found = extract_page(
        PageInput(
            body=archived.body,
            url=page.url,
            content_type=page.content_type,
            fetched_at=page.fetched_at,
            hints=page.hints,
            selectors=job.selectors,
            timezone=job.timezone,
            boilerplate=job.boilerplate,
            by_lines_alone=bool(job.stopped),
        )
    )
    choice = replace(found.choice, stopped=job.stopped)
    return replace(found, reader=job.reader, choice=choice)


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
