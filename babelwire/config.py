"""`babelwire.toml` as frozen dataclasses; `configs/babelwire.toml` explains each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from pipeline.errors import ConfigError
from pipeline.settings import from_mapping, read_toml

FILE = "babelwire.toml"
DATABASE_VARIABLE = "BABELWIRE_DATABASE_URL"
"""A PostgreSQL URL holds a password: it comes from the environment only."""


@dataclass(frozen=True, kw_only=True)
class CrawlConfig:
    """`[crawl]`."""

    contact: str = ""
    allow_networks: tuple[str, ...] = ()
    retry_wait_seconds: Annotated[float, Ge(0), Le(3600)] = 60.0
    revisit_days: Annotated[int, Ge(0), Le(365)] = 7


@dataclass(frozen=True, kw_only=True)
class ProcessConfig:
    """`[process]`."""

    workers: Annotated[int, Ge(0), Le(256)] = 0
    page_timeout_seconds: Annotated[float, Gt(0), Le(600)] = 20.0
    page_memory_mib: Annotated[int, Ge(256), Le(65_536)] = 1024
    identifier: Literal["fast", "py3langid", "langdetect"] = "fast"

    @property
    def worker_count(self) -> int:
        """How many children read pages: `workers`, or one per core."""
        return self.workers or os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """`[translation.engines.NAME]`."""

    kind: Literal["libretranslate"]
    url: Annotated[str, MinLen(1)]
    timeout_seconds: Annotated[float, Gt(0), Le(600)] = 30.0
    api_key_variable: str = ""

    def api_key(self, environment: Mapping[str, str]) -> str:
        """The key in the named environment variable, or "".

        Raises:
            ConfigError: The variable is named but not set.
        """
        if not self.api_key_variable:
            return ""
        key = environment.get(self.api_key_variable, "")
        if not key:
            raise ConfigError(
                f"translation.engines: the environment variable "
                f"{self.api_key_variable} is not set"
            )
        return key


@dataclass(frozen=True, kw_only=True)
class TranslationConfig:
    """`[translation]`."""

    targets: Annotated[tuple[str, ...], MinLen(1)] = ("en",)
    chain: tuple[str, ...] = ("memory",)
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    engines: Mapping[str, EngineConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses a chain that names an engine that is not configured.

        Raises:
            ConfigError: Names the key.
        """
        known = {"memory", *self.engines}
        chains = {"chain": self.chain} | {
            f"pairs.{pair}": chain for pair, chain in self.pairs.items()
        }
        for key, chain in chains.items():
            for name in chain:
                if name not in known:
                    raise ConfigError(
                        f'{key}: found "{name}", expected one of '
                        + ", ".join(f'"{k}"' for k in sorted(known))
                    )


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """`[index]`."""

    engine: Literal["tantivy"] = "tantivy"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole file."""

    crawl: CrawlConfig = field(default_factory=CrawlConfig)
    process: ProcessConfig = field(default_factory=ProcessConfig)
    translation: TranslationConfig = field(default_factory=TranslationConfig)
    index: IndexConfig = field(default_factory=IndexConfig)

    @property
    def target(self) -> str:
        """The first target language: the one that is searched."""
        return self.translation.targets[0]


def read_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigError: One line: file, key, what was expected.
    """
    values = read_toml(path)
    try:
        return from_mapping(Config, values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
