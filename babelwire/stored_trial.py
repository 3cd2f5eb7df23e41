"""`source test --stored`: the same on stored pages; nobody is contacted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelwire.trial import Trial, TriedArticle, tried_article
from pipeline.boilerplate import Boilerplate
from pipeline.errors import DamageError, StageError
from pipeline.urls import url_key

if TYPE_CHECKING:
    from crawler.discover import Reading
    from crawler.parsing import ParserProcess
    from crawler.tried import Tried
    from pipeline.documents import Page
    from pipeline.sources import Source
    from pipeline.store import Database
    from pipeline.store.archived import StoredEndpoint

PARSE_SECONDS = 20.0
"""For one stored feed, sitemap or list; as in a crawl."""


def try_stored(
    archive: Path, database: Database, source: Source, articles: int
) -> Trial:
    """Reads a source's stored feeds, sitemaps, lists and newest article pages again.

    Args:
        archive: The folder of the page archive.
        database: The store; only read.
        source: As its file says now.
        articles: How many.
    """
    from crawler.parsing import ParserProcess
    from pipeline.store.archived import stored_articles, stored_endpoints
    from pipeline.store.boilerplate import load_boilerplate

    with database.read() as connection:
        known = stored_endpoints(connection, source.name)
        pages = stored_articles(connection, source.name, limit=articles)
        learned = load_boilerplate(connection, [source.name])
    parser = ParserProcess(seconds=PARSE_SECONDS)
    try:
        tried = _endpoints(archive, source, known, parser)
    finally:
        parser.close()
    return Trial(
        source=source.name,
        endpoints=[one.as_mapping(source) for one in tried],
        in_scope=_in_scope(tried, source),
        articles=_articles(
            archive, source, pages, learned.get(source.name, Boilerplate()).lines
        ),
        wanted=articles,
    )


def _endpoints(
    archive: Path,
    source: Source,
    known: Sequence[StoredEndpoint],
    parser: ParserProcess,
) -> list[Tried]:
    from crawler.tried import Tried, endpoints_of

    stored = {one.url_key: one for one in known}
    tried = []
    for kind, url in endpoints_of(source):
        one = stored.get(url_key(url))
        if one is None or one.page is None:
            reason = one.reason if one is not None else ""
            tried.append(Tried(kind=kind, url=url, problem=reason or "not_stored"))
        else:
            tried.append(_endpoint(archive, source, (kind, url), one, parser))
    return tried


def _endpoint(
    archive: Path,
    source: Source,
    named: tuple[str, str],
    stored: StoredEndpoint,
    parser: ParserProcess,
) -> Tried:
    from crawler.tried import Tried, absolute

    kind, url = named
    assert stored.page is not None  # noqa: S101 - the caller looked
    reading = _reading(archive, source, kind, stored.page, parser)
    if isinstance(reading, str):
        return Tried(kind=kind, url=url, problem=reading)
    tried = Tried(
        kind=kind,
        url=url,
        title=reading.title,
        language=reading.language,
        entries=absolute(reading),
        children=len(reading.children),
        problem=reading.problem,
    )
    if tried.entries:
        return tried
    inner = [_reading(archive, source, kind, page, parser) for page in stored.children]
    read = [absolute(one) for one in inner if not isinstance(one, str)]
    return replace(tried, entries=tuple(entry for one in read for entry in one))


def _reading(
    archive: Path, source: Source, kind: str, page: Page, parser: ParserProcess
) -> Reading | str:
    from crawler.parsing import Body
    from pipeline.archive import read

    try:
        stored = read(archive, page.place)
    except DamageError:
        return "damaged_in_the_archive"
    body = Body(
        kind=kind, url=page.url, content_type=page.content_type, body=stored.body
    )
    return parser.read(body, source.languages)


def _in_scope(tried: Sequence[Tried], source: Source) -> int:
    keys = set()
    for one in tried:
        for entry in one.entries:
            try:
                if source.is_article(entry.url):
                    keys.add(url_key(entry.url))
            except ValueError:
                continue
    return len(keys)


def _articles(
    archive: Path, source: Source, pages: Sequence[Page], boilerplate: frozenset[str]
) -> tuple[TriedArticle, ...]:
    from pipeline.stages.extract import ExtractJob, extract_job
    from pipeline.workers import Limits, Workers

    if not pages:
        return ()
    jobs = [
        ExtractJob(
            folder=str(archive),
            page=page,
            selectors=source.selectors,
            timezone=source.timezone,
            boilerplate=boilerplate,
        )
        for page in pages
    ]
    with Workers(extract_job, size=1, limits=Limits()) as workers:
        answers = workers.run(jobs)
    return tuple(
        _article(source, page, answer)
        for page, answer in zip(pages, answers, strict=True)
    )


def _article(source: Source, page: Page, answer: Any) -> TriedArticle:
    reason = source.out_of_scope(page.url)
    if reason:
        return TriedArticle(url=page.url, problem=reason)
    if isinstance(answer, StageError):
        return TriedArticle(url=page.url, problem=answer.reason)
    extraction, _ = answer
    return tried_article(page.url, extraction)
