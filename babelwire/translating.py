"""Builds a workspace's chain of translators from its configuration."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from babelwire.config import EngineConfig, TranslationConfig
    from babelwire.workspace import Workspace
    from pipeline.documents import Identification, Translator
    from pipeline.store import Database
    from pipeline.translation import Chain
    from pipeline.translation.engine import Engine, LocalKind
    from pipeline.translation.machine import Finish
    from pipeline.translation.models.shelf import Shelf
    from pipeline.translation.server import Usage

QUERY_TIMEOUT_SECONDS = 5.0
"""A person waits: a query that takes an engine longer is searched untranslated."""


@dataclass(frozen=True, kw_only=True)
class Translation:
    """An open chain.

    Attributes:
        chain: Everything that translates, in order.
        supply: Changes with the configuration and the models that are there.
    """

    chain: Chain
    supply: Callable[[], str]


@contextlib.contextmanager
def open_translation(
    workspace: Workspace, database: Database, *, timeout_seconds: float | None = None
) -> Iterator[Translation]:
    """The configured chain; its processes and connections end with the block.

    Args:
        timeout_seconds: No engine may take longer over a batch.
    """
    from pipeline.translation.models.shelf import Shelf

    settings = workspace.config.translation
    shelf = Shelf(workspace.models)
    with contextlib.ExitStack() as stack:
        engines = {
            name: _engine(name, _hurried(config, timeout_seconds), settings, shelf)
            for name, config in settings.used_engines.items()
        }
        for engine in engines.values():
            stack.callback(engine.close)
        chain = _chain(settings, engines, _finish(workspace, database), database)
        stack.callback(_record_usage, engines, database)
        version = _version(settings)
        yield Translation(
            chain=chain,
            supply=lambda: f"{version}-{shelf.version()}",
        )


def query_translator(
    workspace: Workspace, database: Database
) -> contextlib.AbstractContextManager[Translation]:
    """The same chain in a hurry: a person waits for a query's translation."""
    return open_translation(workspace, database, timeout_seconds=QUERY_TIMEOUT_SECONDS)


def _hurried(config: EngineConfig, seconds: float | None) -> EngineConfig:
    from dataclasses import replace

    if seconds is None:
        return config
    return replace(config, timeout_seconds=min(config.timeout_seconds, seconds))


def _engine(
    name: str, config: EngineConfig, settings: TranslationConfig, shelf: Shelf
) -> Engine:
    if config.is_on_this_machine:
        return _local(name, config, settings, shelf)
    return _remote(name, config)


def _local(
    name: str, config: EngineConfig, settings: TranslationConfig, shelf: Shelf
) -> Engine:
    from pipeline.translation.backends.backend import BackendOptions
    from pipeline.translation.local import LocalEngine, LocalSettings

    options = BackendOptions(
        device=config.device,
        compute_type=config.compute_type,
        beam_size=config.beam_size,
        batch_tokens=config.batch_tokens,
    )
    return LocalEngine(
        name,
        cast("LocalKind", config.kind),
        shelf,
        LocalSettings(
            workers=settings.worker_count,
            memory_mib=settings.memory_mib,
            timeout_seconds=config.timeout_seconds,
            options=options,
        ),
    )


def _remote(name: str, config: EngineConfig) -> Engine:
    from pipeline.translation.libretranslate import (
        LibreTranslate,
        LibreTranslateSettings,
    )
    from pipeline.translation.openai import OpenAI, OpenAISettings
    from pipeline.translation.server import Server, ServerSettings

    key = config.api_key(os.environ)
    if config.kind == "libretranslate":
        server = Server(
            ServerSettings(
                url=config.url,
                timeout_seconds=config.timeout_seconds,
                concurrency=config.concurrency,
                no_model=frozenset({400}),
            )
        )
        return LibreTranslate(LibreTranslateSettings(name=name, api_key=key), server)
    server = Server(
        ServerSettings(
            url=config.url,
            timeout_seconds=config.timeout_seconds,
            concurrency=config.concurrency,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            no_model=frozenset({404}),
        )
    )
    return OpenAI(OpenAISettings(name=name, model=config.model), server)


def _finish(workspace: Workspace, database: Database) -> Finish:
    from pipeline.store.segment_translations import StoredTranslationCache
    from pipeline.translation.glossary import Glossary
    from pipeline.translation.machine import Finish

    return Finish(
        glossary=Glossary(workspace.names.values()),
        identify=_identify,
        cache=StoredTranslationCache(database),
    )


def _identify(text: str) -> Identification:
    from pipeline.identification import make_identifier

    return make_identifier("fast").identify(text)


def _chain(
    settings: TranslationConfig,
    engines: Mapping[str, Engine],
    finish: Finish,
    database: Database,
) -> Chain:
    from pipeline.store.corrections import StoredCorrections
    from pipeline.store.memory import StoredTranslations
    from pipeline.translation import (
        Chain,
        CorrectionTranslator,
        MachineTranslator,
        MemoryTranslator,
        PivotTranslator,
    )

    links: dict[str, Translator] = {
        "memory": MemoryTranslator(StoredTranslations(database)),
        **{name: MachineTranslator(engine, finish) for name, engine in engines.items()},
    }
    default = [links[name] for name in settings.chain]
    pairs = {
        pair: [links[name] for name in chain] for pair, chain in settings.pairs.items()
    }
    corrections = [CorrectionTranslator(StoredCorrections(database))]
    if not settings.pivot:
        return Chain(default, pairs, first=corrections)
    step = Chain(default, pairs)
    through: Translator = PivotTranslator(step, settings.pivot, finish.cache)
    return Chain(
        [*default, through],
        {pair: [*chain, through] for pair, chain in pairs.items()},
        first=corrections,
    )


def _record_usage(engines: Mapping[str, Engine], database: Database) -> None:
    """Stores what servers were asked."""
    from datetime import UTC, datetime

    from pipeline.store.usage import add_usage

    used: dict[str, Usage] = {
        name: engine.take_usage()
        for name, engine in engines.items()
        if hasattr(engine, "take_usage")
    }
    if any(usage.requests for usage in used.values()):
        with database.write() as connection:
            add_usage(connection, used, now=datetime.now(UTC))


def _version(settings: TranslationConfig) -> str:
    """Changes with the translation's configuration."""
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:12]
