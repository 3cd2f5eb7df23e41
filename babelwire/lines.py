"""Reads the lines that `identify`, `translate` and `analyze` are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from pipeline.errors import InputError


def lines_of(file: IO[str]) -> Iterator[str]:
    """The lines without their line ends.

    Raises:
        InputError: The bytes are not UTF-8.
    """
    try:
        for line in file:
            yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        name = getattr(file, "name", "input")
        raise InputError(f"{name}: not UTF-8 text: {error}") from error
