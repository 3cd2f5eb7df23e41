"""`source test`: visits a source and reads some articles; stores nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from babelwire.assembly import now
from babelwire.balance import plain_reason
from babelwire.network import check_egress, egress_of
from babelwire.probing import probe_events
from pipeline.documents import TextChoice
from pipeline.errors import BabelwireError, ConfigError, StageError, UnavailableError

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from crawler.job import ProbeJob
    from pipeline.documents import Extraction
    from pipeline.extraction import PageInput
    from pipeline.sources import Selectors, Source
    from pipeline.workers import Workers

OK = 200

TRIAL_SECONDS = 60.0
"""For one source; its articles are read afterwards, each within its own limit."""

SPARE_REQUESTS = 6
"""Beyond two for each endpoint and article: robots.txt of some hosts, redirects."""


@dataclass(frozen=True, kw_only=True)
class TriedArticle:
    """A sample article.

    Attributes:
        url: As announced.
        problem: Why it could not be fetched or read, or is out of scope; or "".
        rejected: Why the extract stage would reject it, or "".
        title: "" where there is none; likewise `excerpt`.
        language: BCP 47, `und` where it cannot be told.
        published_at: None where the page says nothing.
        published_precision: Of it.
        words: Of its text, as blanks divide it.
        characters: Of its text.
        choice: Whose text it is.
    """

    url: str
    problem: str = ""
    rejected: str = ""
    title: str = ""
    language: str = "und"
    published_at: datetime | None = None
    published_precision: str = "none"
    words: int = 0
    characters: int = 0
    excerpt: str = ""
    choice: TextChoice = field(default_factory=TextChoice)

    @property
    def is_good(self) -> bool:
        """Whether it would become a document."""
        return not self.problem and not self.rejected


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a source gave.

    Attributes:
        source: Its name.
        endpoints: As `crawler.tried.Tried.as_mapping` tells them, those that do not
            work among them.
        in_scope: Different article addresses that they list.
        articles: Samples that were looked at.
        wanted: Samples that were asked for.
        problem: Why there was no trial at all, or "".
    """

    source: str
    endpoints: Sequence[Mapping[str, Any]] = ()
    in_scope: int = 0
    articles: Sequence[TriedArticle] = ()
    wanted: int = 0
    problem: str = ""

    @property
    def failures(self) -> list[str]:
        """Why the source is not as it should be, for people; empty where it is."""
        if self.problem:
            return [self.problem]
        found = [
            f"{endpoint['kind']} {endpoint['url']}: "
            + plain_reason(endpoint["problem"] or "no_entries")
            for endpoint in self.endpoints
            if not works(endpoint)
        ]
        if not self.endpoints:
            found.append("it has no feed, sitemap or list")
        elif not self.in_scope:
            found.append("no article address in scope")
        elif self.wanted and not any(article.is_good for article in self.articles):
            number = len(self.articles)
            found.append(
                f"none of {number} sample articles could be read"
                if number
                else "no sample article was looked at"
            )
        return found


def works(endpoint: Mapping[str, Any]) -> bool:
    """Whether anything can be found at an endpoint."""
    has_children = bool(endpoint["children"]) and not endpoint["problem"]
    return bool(endpoint["entries"]) or has_children


def check_trials(workspace: Workspace, sources: Sequence[Source]) -> None:
    """Checks that the sources may be visited.

    Raises:
        ConfigError: The contact is missing, or a way out is none.
    """
    from crawler.job import contact_problem

    config = workspace.config.crawl
    urls = [url for source in sources for url in source.endpoints]
    problem = contact_problem(urls, config.contact, config.allow_networks)
    if problem:
        raise ConfigError(f"{workspace.root / 'babelwire.toml'}: {problem}")
    check_egress(workspace, sources)


def try_source(workspace: Workspace, source: Source, articles: int) -> Trial:
    """Visits a source's endpoints and some of its articles.

    Args:
        workspace: Its configuration; nothing is stored but whom it contacted.
        source: To try.
        articles: How many.

    Raises:
        ConfigError: Wrong configuration.
        UnavailableError: The visit itself could not begin.
    """
    try:
        known = _boilerplate(workspace, source.name)
        return _tried(_job(workspace, source, articles), source, known)
    except (ConfigError, UnavailableError):
        raise
    except BabelwireError as error:
        return Trial(source=source.name, problem=str(error))


def _job(workspace: Workspace, source: Source, articles: int) -> ProbeJob:
    from crawler.job import ProbeJob

    config = workspace.config.crawl
    return ProbeJob(
        source=source,
        articles=articles,
        contact=config.contact,
        allow_networks=config.allow_networks,
        egress=egress_of(workspace),
        max_requests=2 * (len(source.endpoints) + articles) + SPARE_REQUESTS,
        max_seconds=TRIAL_SECONDS,
        database_url=workspace.database_url,
    )


def _boilerplate(workspace: Workspace, source: str) -> frozenset[str]:
    """What was learned of the source, if anything was."""
    from pipeline.store.boilerplate import load_boilerplate

    database = workspace.open()
    try:
        with database.read() as connection:
            known = load_boilerplate(connection, [source])
    finally:
        database.close()
    return known[source].lines if source in known else frozenset()


def _tried(job: ProbeJob, source: Source, boilerplate: frozenset[str]) -> Trial:
    found: dict[str, Any] | None = None
    samples = []
    for event in probe_events(job):
        if event["event"] == "article":
            samples.append(event)
        elif event["event"] == "probe":
            found = event
    if found is None:
        return Trial(source=source.name, problem="the trial ended without a result")
    return Trial(
        source=source.name,
        endpoints=(*found["endpoints"], *found["failed"]),
        in_scope=found["in_scope"],
        articles=read_samples(source, samples, boilerplate),
        wanted=job.articles,
    )


def read_samples(
    source: Source,
    samples: Sequence[Mapping[str, Any]],
    boilerplate: frozenset[str] = frozenset(),
) -> tuple[TriedArticle, ...]:
    """Reads sample articles as the extract stage would.

    Args:
        source: Of the samples.
        samples: As the probe fetched them.
        boilerplate: Lines known to be no article's of the source.
    """
    from pipeline.extraction import extract_page
    from pipeline.workers import Limits, Workers

    if not samples:
        return ()
    with Workers(extract_page, size=1, limits=Limits()) as workers:
        read = [
            read_sample(sample, workers, source.selectors, source.timezone, boilerplate)
            for sample in samples
        ]
    return tuple(
        tried_article(sample["url"], article)
        for sample, article in zip(samples, read, strict=True)
    )


def tried_article(url: str, article: Extraction | str) -> TriedArticle:
    """A sample with its language told.

    Args:
        url: As announced.
        article: As it was read, or why it was not.
    """
    from pipeline.identification import identify_document, make_identifier

    if isinstance(article, str):
        return TriedArticle(url=url, problem=article)
    identifier = make_identifier("fast")
    language = identify_document(article.title, article.text, identifier).language
    return TriedArticle(
        url=url,
        rejected=article.rejected,
        title=article.title,
        language=language,
        published_at=article.published_at,
        published_precision=article.published_precision,
        words=len(article.text.split()),
        characters=len(article.text),
        excerpt=article.text[:160],
        choice=article.choice,
    )


def read_sample(
    sample: Mapping[str, Any],
    workers: Workers[Any, Any],
    selectors: Selectors,
    timezone: str = "",
    boilerplate: frozenset[str] = frozenset(),
) -> Extraction | str:
    """An article that a probe fetched, as the extract stage reads it; or why not.

    Args:
        sample: The probe's event.
        workers: Children that run `extract_page`.
        selectors: Of the source.
        timezone: Of the source.
        boilerplate: Of the source.
    """
    problem = sample["reason"] or (
        f"http_{sample['status']}" if sample["status"] != OK else ""
    )
    if problem:
        return str(problem)
    page = replace(page_input(sample, selectors, timezone), boilerplate=boilerplate)
    article: Extraction | StageError = workers.run([page])[0]
    return article.reason if isinstance(article, StageError) else article


def page_input(
    sample: Mapping[str, Any], selectors: Selectors, timezone: str = ""
) -> PageInput:
    """What extraction needs of an article that a probe fetched.

    Args:
        sample: The probe's event.
        selectors: Of the source.
        timezone: Of the source.
    """
    from pipeline.extraction import PageInput

    return PageInput(
        body=base64.b64decode(sample["body"]),
        url=sample["final_url"],
        content_type=sample["content_type"],
        fetched_at=now(),
        hints=sample["hints"],
        selectors=selectors,
        timezone=timezone,
    )
