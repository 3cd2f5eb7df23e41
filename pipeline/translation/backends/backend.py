"""The contract of a loaded model. No I/O.

Modules beside this one each have `load(model, options) -> Backend`; they import
their heavy library only there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pipeline.translation.engine import InstalledModel


@dataclass(frozen=True, kw_only=True)
class BackendOptions:
    """How a model runs.

    Attributes:
        device: `cuda` needs a GPU; `auto` takes one where it is.
        threads: Of one child; processes scale better than threads.
        compute_type: CTranslate2's name: `int8`, `float16`, `float32`, …
        beam_size: 1 is greedy.
        batch_tokens: Source tokens computed together at most.
        smoke: Try a loaded Firefox model on a text or two. Only benchmarks with
            random weights, which say nothing sensible, go without.
    """

    device: Literal["cpu", "cuda", "auto"] = "cpu"
    threads: int = 1
    compute_type: str = "int8"
    beam_size: int = 1
    batch_tokens: int = 2048
    smoke: bool = True


class ModelError(Exception):
    """A model cannot be used.

    Attributes:
        reason: One of `engine.Failure`'s.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Backend(Protocol):
    """A model in memory; used by one thread."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text, in order. Languages are BCP 47 tags."""
        ...


def read_checked(model: InstalledModel, file: str) -> bytes:
    """A file's bytes, if they are what the lock says (O3).

    Raises:
        ModelError: `damaged_model`: missing, changed, or not listed at all.
    """
    expected = _expected(model, file)
    try:
        data = Path(model.folder, file).read_bytes()
    except OSError as error:
        raise _unreadable(model, file, error) from error
    _compare(model, file, hashlib.sha256(data).hexdigest(), expected)
    return data


def check_file(model: InstalledModel, file: str) -> None:
    """Like `read_checked` for a file that is too large to be held twice.

    What is loaded afterwards is read again: who can write to the folder can change
    it in between.

    Raises:
        ModelError: `damaged_model`: missing, changed, or not listed at all.
    """
    expected = _expected(model, file)
    try:
        with Path(model.folder, file).open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(model, file, error) from error
    _compare(model, file, found, expected)


def _expected(model: InstalledModel, file: str) -> str:
    expected = model.files.get(file)
    if expected is None:
        raise ModelError("damaged_model", f"{model.name}: {file} is not in its lock")
    return expected


def _unreadable(model: InstalledModel, file: str, error: OSError) -> ModelError:
    return ModelError(
        "damaged_model", f"{model.name}: {file}: {error.strerror or error}"
    )


def _compare(model: InstalledModel, file: str, found: str, expected: str) -> None:
    if found != expected:
        raise ModelError(
            "damaged_model",
            f"{model.name}: {file} is not what was pulled: SHA-256 {found}, expected "
            f'{expected}; "babelwire models pull {model.name}" gets it again',
        )
