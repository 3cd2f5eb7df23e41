"""Edits the names of a workspace in its `names/*.toml`; comments and order stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit

from pipeline.errors import ConfigError, InputError
from pipeline.names import Name
from pipeline.settings import read_toml

OWN_FILE = "desk.toml"
"""Where new names go."""


def save_name(folder: Path, name: Name) -> Path:
    """Changes a name where it stands, or adds it to `OWN_FILE`; the file.

    What is `apart` of a name that stands in a file stays as it is there.

    Args:
        folder: Of the names.
        name: As it is to be.
    """
    for path, document, table in _tables(folder):
        if table.get("id") == name.id:
            table["type"] = name.type
            table["spellings"] = _spellings(name.spellings)
            return _write(path, document)
    path = folder / OWN_FILE
    document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else _new()
    made = tomlkit.table()
    made["id"] = name.id
    made["type"] = name.type
    made["spellings"] = _spellings(name.spellings)
    if name.apart:
        made["apart"] = _spellings(name.apart)
    if "name" not in document:
        document["name"] = tomlkit.aot()
    tables: Any = document["name"]
    tables.append(made)
    return _write(path, document)


def remove_name(folder: Path, name_id: str) -> Path:
    """Takes a name out of the file it stands in; the file.

    Raises:
        InputError: There is no such name.
    """
    for path, document, table in _tables(folder):
        if table.get("id") == name_id:
            tables: Any = document["name"]
            place = [each.get("id") for each in tables].index(name_id)
            del tables[place]
            return _write(path, document)
    raise InputError(f'there is no name "{name_id}" in {folder}')


def parse_spellings(text: str) -> dict[str, tuple[str, ...]]:
    r"""Spellings as a person writes them: a line per language.

    Raises:
        InputError: A line without a language, or a language twice.

    >>> parse_spellings("en: Kazan\nru: Казань, Казани")
    {'en': ('Kazan',), 'ru': ('Казань', 'Казани')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(str.strip, text.splitlines()):
        language, colon, written = line.partition(":")
        if not colon:
            raise InputError(
                f'spellings: found "{line.strip()}", expected a line such as '
                '"ru: Казань, Казани"'
            )
        tag = language.strip()
        if tag in found:
            raise InputError(f'spellings: the language "{tag}" is given twice')
        parts = (" ".join(part.split()) for part in written.split(","))
        found[tag] = tuple(dict.fromkeys(filter(None, parts)))
    return found


def made_name(name_id: str, kind: str, spellings: Mapping[str, Any]) -> Name:
    """A name out of a form.

    Raises:
        InputError: What was found and what was expected.
    """
    from pipeline.settings import from_mapping

    if not spellings:
        raise InputError('spellings: none, expected lines such as "en: Kazan"')
    values = {"id": name_id, "type": kind, "spellings": spellings}
    try:
        return from_mapping(Name, values)
    except ConfigError as error:
        raise InputError(str(error)) from error


def _tables(folder: Path) -> Iterator[tuple[Path, tomlkit.TOMLDocument, Any]]:
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        read_toml(path)  # says what is wrong with a broken file
        document = tomlkit.parse(path.read_text("utf-8"))
        for table in document.get("name", ()):
            yield path, document, table


def _new() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.add(tomlkit.comment("Names that were added at the desk."))
    return document


def _spellings(spellings: Mapping[str, tuple[str, ...]]) -> Any:
    table = tomlkit.table()
    for language, written in spellings.items():
        table[language] = list(written)
    return table


def _write(path: Path, document: tomlkit.TOMLDocument) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)
    return path
