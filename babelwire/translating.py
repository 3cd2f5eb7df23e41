"""Builds a workspace's chain of translators from its configuration."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from babelwire.network import egress_of
from babelwire.outside import PERSON_PATIENCE_SECONDS, contact_log
from pipeline.egress import Egress

if TYPE_CHECKING:
    from babelwire.config import EngineConfig, TranslationConfig
    from babelwire.workspace import Workspace
    from pipeline.contacts import NoteContact, Purpose
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


@dataclass(frozen=True, kw_only=True)
class Hurry:
    """How a person's question differs from the work on documents.

    Attributes:
        timeout_seconds: No engine may take longer over a batch.
        purpose: What servers are asked for.
    """

    timeout_seconds: float
    purpose: Purpose


@contextlib.contextmanager
def open_translation(
    workspace: Workspace, database: Database, *, hurry: Hurry | None = None
) -> Iterator[Translation]:
    """The configured chain; its processes and connections end with the block.

    Args:
        hurry: Where a person waits.
    """
    from pipeline.translation.models.shelf import Shelf

    settings = workspace.config.translation
    shelf = Shelf(workspace.models)
    used = settings.used_engines
    with open_engines(workspace, database, used, hurry=hurry) as engines:
        chain = _chain(settings, engines, finish(workspace, database), database)
        version = _version(settings)
        yield Translation(
            chain=chain,
            supply=lambda: f"{version}-{shelf.version()}",
        )


def query_translator(
    workspace: Workspace, database: Database
) -> contextlib.AbstractContextManager[Translation]:
    """The same chain in a hurry: a person waits for a query's translation."""
    hurry = Hurry(timeout_seconds=QUERY_TIMEOUT_SECONDS, purpose="query")
    return open_translation(workspace, database, hurry=hurry)


@contextlib.contextmanager
def open_engines(
    workspace: Workspace,
    database: Database,
    configs: Mapping[str, EngineConfig],
    *,
    hurry: Hurry | None = None,
) -> Iterator[Mapping[str, Engine]]:
    """Engines by name, nothing started yet; what they start ends with the block.

    Whom they contact is noted before, what servers were asked is stored at the end.

    Args:
        configs: By the names that the engines get.
        hurry: Where a person waits.
    """
    patience = {"patience_seconds": PERSON_PATIENCE_SECONDS} if hurry else {}
    contacts = contact_log(workspace, **patience)
    is_local = all(config.is_on_this_machine for config in configs.values())
    egress = None if is_local else egress_of(workspace)  # it may miss a password
    with contextlib.ExitStack() as stack:
        stack.callback(contacts.close)
        engines = {
            name: _engine(
                name,
                _hurried(config, hurry),
                workspace,
                _Asking(
                    purpose=hurry.purpose if hurry else "translate",
                    note_contact=contacts.note,
                    egress=egress or Egress(),
                ),
            )
            for name, config in configs.items()
        }
        for engine in engines.values():
            stack.callback(engine.close)
        stack.callback(_record_usage, engines, database)
        yield engines


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """What servers are asked for, who keeps account of it, and the ways to them."""

    purpose: Purpose
    note_contact: NoteContact
    egress: Egress


def _hurried(config: EngineConfig, hurry: Hurry | None) -> EngineConfig:
    from dataclasses import replace

    if hurry is None:
        return config
    seconds = min(config.timeout_seconds, hurry.timeout_seconds)
    return replace(config, timeout_seconds=seconds)


def _engine(
    name: str, config: EngineConfig, workspace: Workspace, asking: _Asking
) -> Engine:
    from pipeline.translation.models.shelf import Shelf

    if config.is_on_this_machine:
        settings = workspace.config.translation
        return _local(name, config, settings, Shelf(workspace.models))
    return _remote(name, config, asking)


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


def _remote(name: str, config: EngineConfig, asking: _Asking) -> Engine:
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
                purpose=asking.purpose,
                egress=asking.egress,
            ),
            note_contact=asking.note_contact,
        )
        return LibreTranslate(LibreTranslateSettings(name=name, api_key=key), server)
    server = Server(
        ServerSettings(
            url=config.url,
            timeout_seconds=config.timeout_seconds,
            concurrency=config.concurrency,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            no_model=frozenset({404}),
            purpose=asking.purpose,
            egress=asking.egress,
        ),
        note_contact=asking.note_contact,
    )
    return OpenAI(OpenAISettings(name=name, model=config.model), server)


def finish(workspace: Workspace, database: Database) -> Finish:
    """What goes around every engine: names, checks, what was translated before."""
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
