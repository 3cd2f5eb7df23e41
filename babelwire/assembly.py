"""Joins the rooms: stages, translators and index for one workspace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from babelwire.config import secret
from babelwire.network import check_egress, egress_of
from babelwire.outside import contact_log
from babelwire.translating import open_translation
from babelwire.workspace import Workspace
from pipeline.errors import ConfigError
from pipeline.store import Database

if TYPE_CHECKING:
    from crawler.job import CrawlJob
    from pipeline.sources import Source
    from pipeline.stages.process import Processor
    from search_index.engines.elasticsearch_server import ElasticsearchSettings
    from search_index.query import IndexEngine


def now() -> datetime:
    """The clock of the application."""
    return datetime.now(UTC)


@contextlib.contextmanager
def processor(workspace: Workspace, database: Database) -> Iterator[Processor]:
    """Everything that works on pages; its children end with the block."""
    from pipeline.identification import make_identifier
    from pipeline.stages.cluster import ClusterStage
    from pipeline.stages.extract import ExtractStage, extract_job
    from pipeline.stages.identify import IdentifyStage
    from pipeline.stages.process import Processor
    from pipeline.stages.segment import SegmentStage
    from pipeline.stages.translate import TranslateSettings, TranslateStage
    from pipeline.translation.glossary import Glossary
    from pipeline.workers import Limits, Workers

    config = workspace.config.process
    limits = Limits(
        seconds=config.page_timeout_seconds, memory_bytes=config.page_memory_mib << 20
    )
    workers = Workers(extract_job, size=config.worker_count, limits=limits)
    glossary = Glossary(workspace.names.values())
    with workers, open_translation(workspace, database) as translation:
        yield Processor(
            database,
            [
                ExtractStage(workspace.archive, workspace.sources, workers),
                IdentifyStage(make_identifier(config.identifier)),
                ClusterStage(),
                # Quotations were measured with this one's confidences.
                SegmentStage(glossary.mentions, make_identifier("fast")),
                TranslateStage(
                    translation.chain,
                    TranslateSettings(
                        targets=workspace.config.translation.targets,
                        supply=translation.supply,
                        outdated_per_run=workspace.config.translation.outdated_per_run,
                    ),
                ),
            ],
            now,
        )


def open_engine(workspace: Workspace, engine: str = "") -> IndexEngine:
    """The configured index, or the same workspace's on another engine.

    Raises:
        ConfigError: A secret's variable is not set, or a file is not there.
    """
    from search_index import open_index

    chosen = engine or workspace.config.index.engine
    if chosen != "elasticsearch":
        return open_index(workspace.index, engine=chosen)
    return open_index(
        workspace.index,
        engine=chosen,
        server=_server(workspace),
        contacts=contact_log(workspace),
    )


def _server(workspace: Workspace) -> ElasticsearchSettings:
    from search_index.engines.elasticsearch_server import ElasticsearchSettings

    config = workspace.config.index
    ca_file = workspace.root / config.ca_file if config.ca_file else None
    if ca_file is not None and not ca_file.is_file():
        raise ConfigError(f"index.ca_file: there is no file {ca_file}")
    return ElasticsearchSettings(
        urls=config.urls,
        name=config.name,
        api_key=secret("index", config.api_key_variable, os.environ),
        user=config.user,
        password=secret("index", config.password_variable, os.environ),
        ca_file=str(ca_file or ""),
        timeout_seconds=config.timeout_seconds,
        patience_seconds=config.patience_seconds,
        shards=config.shards,
        replicas=config.replicas,
    )


@dataclass(frozen=True, kw_only=True)
class CrawlChoice:
    """What `crawl` and `run` were asked for."""

    due_only: bool = False
    since: datetime | None = None


def crawl_job(
    workspace: Workspace, sources: list[Source], choice: CrawlChoice
) -> CrawlJob:
    """The job for a crawl of these sources.

    Raises:
        ConfigError: The contact is missing, a network is none, or a source names a
            way out that there is not.
    """
    from crawler.job import CrawlJob, check_networks, contact_problem

    config = workspace.config.crawl
    check_networks(config.allow_networks)
    endpoints = [url for s in sources for url in (*s.endpoints, *s.archives)]
    problem = contact_problem(endpoints, config.contact, config.allow_networks)
    if problem:
        raise ConfigError(f"{workspace.root / 'babelwire.toml'}: {problem}")
    check_egress(workspace, sources)
    return CrawlJob(
        database_url=workspace.database_url,
        archive_folder=str(workspace.archive.absolute()),
        lock_file=str(workspace.crawl_lock.absolute()),
        sources=tuple(sources),
        due_only=choice.due_only,
        since=choice.since.date() if choice.since else None,
        revisit_days=config.revisit_days,
        official_revisit_days=config.official_revisit_days,
        contact=config.contact,
        allow_networks=config.allow_networks,
        egress=egress_of(workspace),
        browser=config.browser,
        retry_wait_seconds=config.retry_wait_seconds,
    )
