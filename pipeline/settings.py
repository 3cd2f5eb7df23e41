"""Reads TOML into frozen dataclasses, strictly.

An unknown key, a wrong type or a value out of range is an error that names the
key and what was expected; pydantic does the checking.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        ConfigError: Not there, not UTF-8, or no TOML; with line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: not found") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def from_mapping(kind: type[T], values: Mapping[str, Any]) -> T:
    """`values` as an instance of the dataclass `kind`; nested ones too.

    Raises:
        ConfigError: `key: found …, expected …` for the first trouble.
    """
    from pydantic import ValidationError

    try:
        result: T = _adapter(cast("Hashable", kind)).validate_json(
            _json(values), strict=True
        )
    except ValidationError as error:
        raise ConfigError(_plain(error.errors()[0])) from error
    return result


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    _forbid_unknown_keys(kind)
    return TypeAdapter(kind)


def _json(values: Mapping[str, Any]) -> str:
    # In pydantic's strict mode only JSON's arrays become tuples.
    return json.dumps(values, default=str)


def _forbid_unknown_keys(kind: Any) -> None:
    from dataclasses import is_dataclass
    from typing import get_args, get_type_hints

    kind.__pydantic_config__ = {"extra": "forbid"}
    for hint in get_type_hints(kind).values():
        for part in (hint, *get_args(hint)):
            if is_dataclass(part) and "__pydantic_config__" not in vars(part):
                _forbid_unknown_keys(part)


def _plain(trouble: Any) -> str:
    key = ".".join(str(part) for part in trouble["loc"])
    kind = trouble["type"]
    if kind == "missing":
        return f"{key}: missing, it is required"
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"{key}: unknown key"
    cause = trouble.get("ctx", {}).get("error")
    if isinstance(cause, ConfigError):
        return f"{key}: {cause}" if key else str(cause)
    expected = trouble["msg"].removeprefix("Input should be ").removeprefix("Value ")
    return f"{key}: found {trouble['input']!r}, expected {expected}"
