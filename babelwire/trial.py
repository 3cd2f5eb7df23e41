"""`source test`: visits a source and reads some articles; stores nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from babelwire.answers import language_name
from babelwire.assembly import now
from babelwire.balance import plain_reason
from babelwire.probing import probe_events
from babelwire.terminal import note, one_line, say
from pipeline.errors import ConfigError, StageError

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.documents import Extraction
    from pipeline.sources import Selectors, Source
    from pipeline.workers import Workers

OK = 200


def try_source(workspace: Workspace, source: Source, articles: int) -> int:
    """Shows what a crawl would find; 1 when an endpoint or every article fails."""
    from crawler.job import ProbeJob, contact_problem

    config = workspace.config.crawl
    problem = contact_problem(source.endpoints, config.contact, config.allow_networks)
    if problem:
        raise ConfigError(f"{workspace.root / 'babelwire.toml'}: {problem}")
    job = ProbeJob(
        source=source,
        articles=articles,
        contact=config.contact,
        allow_networks=config.allow_networks,
        database_url=workspace.database_url,
    )
    found: dict[str, Any] = {}
    samples = []
    for event in probe_events(job):
        if event["event"] == "article":
            samples.append(event)
        elif event["event"] == "probe":
            found = event
    return _show(source, found, samples)


def _show(source: Source, found: dict[str, Any], samples: list[dict[str, Any]]) -> int:
    for endpoint in found.get("endpoints", ()):
        say(
            one_line(
                f"{endpoint['kind']} {endpoint['url']}: {endpoint['entries']} entries"
            )
        )
    failed = found.get("failed", [])
    for endpoint in failed:
        reason = plain_reason(endpoint["problem"] or "no entries")
        note(one_line(f"{endpoint['kind']} {endpoint['url']}: {reason}"))
    say(f"{found.get('in_scope', 0)} article addresses in scope; nothing is stored.")
    good = _read(source, samples)
    return 1 if failed or (samples and not good) or not samples else 0


def _read(source: Source, samples: list[dict[str, Any]]) -> int:
    """Reads the sample articles as the extract stage would; how many are good."""
    from pipeline.extraction import extract_page
    from pipeline.identification import identify_document, make_identifier
    from pipeline.workers import Limits, Workers

    identifier, good = make_identifier("fast"), 0
    with Workers(extract_page, size=1, limits=Limits()) as workers:
        for sample in samples:
            say("")
            say(one_line(sample["url"]))
            article = read_sample(sample, workers, source.selectors)
            if isinstance(article, str):
                note(f"  {plain_reason(article)}")
            elif article.rejected:
                note(f"  rejected: {plain_reason(article.rejected)}")
            else:
                good += 1
                language = identify_document(article.title, article.text, identifier)
                _show_article(article, language.language)
    return good


def read_sample(
    sample: Mapping[str, Any], workers: Workers[Any, Any], selectors: Selectors
) -> Extraction | str:
    """An article that a probe fetched, as the extract stage reads it; or why not.

    Args:
        sample: The probe's event.
        workers: Children that run `extract_page`.
        selectors: Of the source.
    """
    from pipeline.extraction import PageInput

    problem = sample["reason"] or (
        f"http_{sample['status']}" if sample["status"] != OK else ""
    )
    if problem:
        return str(problem)
    page = PageInput(
        body=base64.b64decode(sample["body"]),
        url=sample["final_url"],
        content_type=sample["content_type"],
        fetched_at=now(),
        hints=sample["hints"],
        selectors=selectors,
    )
    article: Extraction | StageError = workers.run([page])[0]
    return article.reason if isinstance(article, StageError) else article


def _show_article(article: Extraction, language: str) -> None:
    at = article.published_at
    when = f"{at:%Y-%m-%d %H:%M} UTC" if at else "undated"
    say(f"  {one_line(article.title)}")
    say(f"  {language_name(language)}, {when}, {len(article.text.split()):,} words")
    say(f"  {one_line(article.text[:160])} …")
