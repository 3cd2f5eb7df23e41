"""Looks at a site as `babelwire source add` and `source test` do, and stores nothing.

A request waits for it: at most `LOOK_SECONDS` for the site's feeds and sitemaps,
`TRY_SECONDS` for some articles, and `READ_SECONDS` to read each of these; a minute in
the worst case. One look at a time.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from babelwire.adding import Wishes, draft_source
from babelwire.network import egress_of
from babelwire.probing import probe_events
from babelwire.trial import read_sample
from pipeline.errors import InputError, UnavailableError
from pipeline.sources import Selectors

if TYPE_CHECKING:
    from babelwire.sourcefile import SourceDraft
    from babelwire.workspace import Workspace
    from pipeline.sources import Source

LOOK_SECONDS = 20.0
"""For a site: over 25 requests at .3 s, its own time counts. Most answer in 5."""

TRY_SECONDS = 15.0
ARTICLES_TRIED = 3
READ_SECONDS = 8.0
"""A page; the slowest ordinary ones take two."""

_LOOKING = threading.Lock()
"""Held by the one look: each starts processes, and readers are patient one by one."""


class BusyError(UnavailableError):
    """Another look is under way."""


@dataclass(frozen=True, kw_only=True)
class TriedArticle:
    """An article that was fetched and read.

    Attributes:
        url: As announced.
        title: "" where there is none.
        language: BCP 47, `und` where it cannot be told.
        published_at: None where the page says nothing.
        words: Of its text.
        reason: Why it would not be stored, or "".
    """

    url: str
    title: str = ""
    language: str = "und"
    published_at: datetime | None = None
    words: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the site announces of an article."""

    title: str
    url: str
    published_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look at a site found.

    Attributes:
        reason: Why the site cannot be visited, or "".
        found: Feeds, sitemaps and lists that work, as the probe tells them.
        failed: Those that do not, with their `problem`.
        samples: Headlines, at most ten.
        draft: The proposed settings; None where there is nothing to follow.
        articles: Some that were read.
    """

    reason: str
    found: tuple[Mapping[str, Any], ...]
    failed: tuple[Mapping[str, Any], ...]
    samples: tuple[Sample, ...]
    draft: SourceDraft | None
    articles: tuple[TriedArticle, ...]


def look_at(url: str, name: str, workspace: Workspace) -> Look:
    """Looks at a site, and reads some of its articles.

    Args:
        url: Of the site, or of one of its feeds; checked.
        name: For the proposed settings.
        workspace: Says how to reach us, and which networks may be visited; notes
            which hosts are contacted.

    Raises:
        BusyError: Another look is under way.
        BabelwireError: The look could not be had.
    """
    with _one_at_a_time():
        found = _probe(url, workspace)
        draft = _drafted(name, found)
        articles = tuple(_try_articles(draft, workspace)) if draft else ()
    return Look(
        reason=found["site"].get("reason", ""),
        found=tuple(found["endpoints"]),
        failed=tuple(found["failed"]),
        samples=tuple(_sample(each) for each in found["samples"]),
        draft=draft,
        articles=articles,
    )


def source_of(draft: SourceDraft) -> Source:
    """The source that a draft's file would make.

    Raises:
        ConfigError: It makes none.
    """
    from babelwire.sourcefile import draft_text
    from pipeline.settings import from_mapping
    from pipeline.sources import Source

    return from_mapping(Source, tomllib.loads(draft_text(draft)))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _LOOKING.acquire(blocking=False):
        raise BusyError("another look at a site is under way")
    try:
        yield
    finally:
        _LOOKING.release()


def _probe(url: str, workspace: Workspace) -> Mapping[str, Any]:
    from crawler.job import ProbeJob

    config = workspace.config.crawl
    job = ProbeJob(
        url=url,
        articles=0,
        contact=config.contact,
        allow_networks=config.allow_networks,
        egress=egress_of(workspace),
        database_url=workspace.database_url,
        max_seconds=LOOK_SECONDS,
    )
    for event in probe_events(job):
        if event["event"] == "probe":
            return event
    raise InputError(f"{url}: the look at the site ended without a result")


def _drafted(name: str, found: Mapping[str, Any]) -> SourceDraft | None:
    if not found["endpoints"]:
        return None
    wishes = Wishes(name=name, kind="news", publisher=None, country="", ask=False)
    return draft_source(name, wishes, dict(found))


def _try_articles(draft: SourceDraft, workspace: Workspace) -> Iterator[TriedArticle]:
    """Reads some articles as the extract stage would."""
    from crawler.job import ProbeJob
    from pipeline.extraction import extract_page
    from pipeline.workers import Limits, Workers

    source, config = source_of(draft), workspace.config.crawl
    job = ProbeJob(
        source=source,
        articles=ARTICLES_TRIED,
        contact=config.contact,
        allow_networks=config.allow_networks,
        egress=egress_of(workspace),
        database_url=workspace.database_url,
        max_seconds=TRY_SECONDS,
    )
    fetched = [event for event in probe_events(job) if event["event"] == "article"]
    limits = Limits(seconds=READ_SECONDS)
    with Workers(extract_page, size=1, limits=limits) as workers:
        for event in fetched:
            yield _read(event, workers)


def _read(event: Mapping[str, Any], workers: Any) -> TriedArticle:
    from pipeline.identification import identify_document, make_identifier

    url = event["url"]
    article = read_sample(event, workers, Selectors())
    if isinstance(article, str):
        return TriedArticle(url=url, reason=article)
    identifier = make_identifier("fast")
    return TriedArticle(
        url=url,
        title=article.title,
        language=identify_document(article.title, article.text, identifier).language,
        published_at=article.published_at,
        words=len(article.text.split()),
        reason=article.rejected,
    )


def _sample(told: Mapping[str, Any]) -> Sample:
    moment = told["published_at"]
    return Sample(
        title=told["title"],
        url=told["url"],
        published_at=datetime.fromisoformat(moment) if moment else None,
    )
