"""A workspace: the folder with everything one installation knows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from babelwire.config import DATABASE_VARIABLE, FILE, Config, read_config
from pipeline.errors import ConfigError, SourceError
from pipeline.names import Name, read_names
from pipeline.sources import Source, read_sources
from pipeline.store import Database, open_database, sqlite_url


@dataclass(frozen=True)
class Workspace:
    """Paths and configuration; opens the store when asked."""

    root: Path

    @cached_property
    def config(self) -> Config:
        """From `babelwire.toml`.

        Raises:
            ConfigError: The file is not valid.
        """
        return read_config(self.root / FILE)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every configured source by name.

        Raises:
            SourceError: One of the files is not valid.
        """
        return read_sources(self.sources_folder)

    @cached_property
    def names(self) -> Mapping[str, Name]:
        """People, institutions and places by id."""
        return read_names(self.names_folder)

    @property
    def sources_folder(self) -> Path:
        """Where the sources' files are."""
        return self.root / "sources"

    @property
    def names_folder(self) -> Path:
        """Where the names' files are."""
        return self.root / "names"

    @property
    def archive(self) -> Path:
        """Where the WARC files are."""
        return self.root / "archive"

    @property
    def index(self) -> Path:
        """Where the embedded index is."""
        return self.root / "index"

    @property
    def models(self) -> Path:
        """Where translation models are: here, or a folder shared by workspaces."""
        return self.root.absolute() / Path(self.config.models.folder).expanduser()

    @property
    def crawl_lock(self) -> Path:
        """Held by the one crawl."""
        return self.root / "locks" / "crawl.lock"

    @property
    def database_url(self) -> str:
        """The store's: the environment's PostgreSQL, or SQLite in the workspace."""
        chosen = os.environ.get(DATABASE_VARIABLE, "")
        return chosen or sqlite_url(self.root.absolute() / "babelwire.db")

    def open(self) -> Database:
        """The store, migrated where needed."""
        return open_database(self.database_url)

    def chosen_sources(self, names: tuple[str, ...]) -> list[Source]:
        """The named sources, or all that are enabled.

        Raises:
            SourceError: A name is unknown, or there is no source at all.
        """
        known = self.sources
        if not known:
            raise SourceError(
                f"{self.sources_folder}: no sources yet; add one with "
                '"babelwire source add URL", or see "babelwire source catalogue"'
            )
        for name in names:
            if name not in known:
                raise SourceError(
                    f'no source "{name}" in {self.sources_folder}; '
                    f"there are: {', '.join(known)}"
                )
        if names:
            return [known[name] for name in names]
        return [source for source in known.values() if source.enabled]


def find_workspace(root: Path) -> Workspace:
    """The workspace in a folder.

    Raises:
        ConfigError: There is none, or its configuration is not valid.
    """
    if not (root / FILE).is_file():
        raise ConfigError(
            f"{root.absolute()}: no workspace here (no {FILE}); make one with "
            f'"babelwire init DIR", or name one with --workspace DIR'
        )
    workspace = Workspace(root)
    _ = workspace.config  # a wrong configuration is told before anything is done
    return workspace


def make_workspace(root: Path) -> Workspace:
    """A new workspace with annotated configuration.

    Raises:
        ConfigError: There is one already, or the folder cannot be made.
    """
    if (root / FILE).exists():
        raise ConfigError(f"{root}: there is a workspace already")
    try:
        for folder in ("sources", "names", "archive"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for entry in (packaged_configs() / "names").iterdir():
            (root / "names" / entry.name).write_bytes(entry.read_bytes())
        text = (packaged_configs() / FILE).read_bytes()
        (root / FILE).write_bytes(text)
    except OSError as error:
        raise ConfigError(f"{root}: cannot be made: {error.strerror}") from error
    return Workspace(root)


def packaged_configs() -> Traversable:
    """The configuration files that come with the program.

    `babelwire/configs` in an installed package, `configs/` in a checkout.
    """
    packaged = files("babelwire") / "configs"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parent.parent / "configs"
