"""Persons, institutions, places and countries with their spellings per language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.errors import ConfigError
from pipeline.settings import from_mapping, read_toml

NAME_TYPES = ("person", "institution", "place", "event", "country")

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, kw_only=True)
class Name:
    """Someone or something that is searched by name.

    Attributes:
        id: Lower-case letters, digits, hyphens; what `name:` takes.
        type: What kind of thing it names.
        spellings: By BCP 47 tag; the first of each is the usual one. Those of a country
            count in texts of their own language only, and exactly as they are written:
            short as they are, they are other words elsewhere.
        apart: By tag, longer wordings that have a spelling in them and mean something
            else (Papua New Guinea is not Guinea): a country is not found in a document
            of that language with one of them.
    """

    id: str
    type: Literal["person", "institution", "place", "event", "country"]
    spellings: Mapping[str, tuple[str, ...]]
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses what no type can refuse.

        Raises:
            ConfigError: Names the key and what was expected.
        """
        if _ID.fullmatch(self.id) is None:
            raise ConfigError(
                f'id: found "{self.id}", expected lower-case letters, digits, hyphens'
            )
        _check("spellings", self.spellings)
        _check("apart", self.apart)


def _check(key: str, spellings: Mapping[str, tuple[str, ...]]) -> None:
    for language, written in spellings.items():
        if _LANGUAGE.fullmatch(language) is None:
            raise ConfigError(
                f'{key}: found "{language}", expected a language tag like "vi"'
            )
        if not written or not all(text.strip() for text in written):
            raise ConfigError(
                f"{key}.{language}: expected at least one spelling, none empty"
            )


@dataclass(frozen=True, kw_only=True)
class NameFile:
    """One file: a list of names under `[[name]]`."""

    name: tuple[Name, ...] = field(default_factory=tuple)


def read_names(folder: Path) -> dict[str, Name]:
    """Every name of a folder's TOML files by its id; none without the folder.

    Raises:
        ConfigError: One line: file, key, what was expected.
    """
    found: dict[str, Name] = {}
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        for name in _read(path).name:
            if name.id in found:
                raise ConfigError(f'{path}: name "{name.id}" is given twice')
            found[name.id] = name
    return found


def _read(path: Path) -> NameFile:
    try:
        return from_mapping(NameFile, read_toml(path))
    except ConfigError as error:
        text = str(error)
        named = text if text.startswith(str(path)) else f"{path}: {text}"
        raise ConfigError(named) from error
