"""Converts OPUS-MT models to CTranslate2: ten times as fast, a quarter of the size.

From the originals (Marian's `.npz`, as the OPUS-MT project's archives have them) or
from a Hugging Face repository with safetensors. Neither needs torch or transformers:
weights are read with numpy, renamed to Marian's names where they have others, and
given to CTranslate2's own converter for Marian. Nothing is ever unpickled.

Packages: ctranslate2 (which brings numpy and PyYAML), and safetensors for the latter.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, get_args

from pipeline.errors import EngineError, InputError
from pipeline.translation.models import marian_npz, marian_safetensors

Quantization = Literal[
    "int8", "int8_float16", "int8_float32", "int16", "float16", "float32"
]

PIECES = ("source.spm", "target.spm")
PAPERS = ("LICENSE", "README.md")
"""Go along where there are any: OPUS-MT's licence asks for attribution."""


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A model that CTranslate2 can load.

    Attributes:
        folder: Where it lies.
        files: SHA-256 (hex) by name, of everything in it.
        architecture: As in `InstalledModel`.
        quantization: Of its weights.
    """

    folder: Path
    files: dict[str, str]
    architecture: str
    quantization: Quantization


def convert(
    source: Path, destination: Path, *, quantization: Quantization = "int8"
) -> Converted:
    """Converts a model; the destination appears whole or not at all.

    Args:
        source: Folder of an OPUS-MT model, original or from Hugging Face, or the
            original's `.zip`.
        destination: Folder to be made.
        quantization: Of the weights.

    Raises:
        InputError: The source is no such model, or the destination exists.
        EngineError: A package is missing.
    """
    if quantization not in get_args(Quantization):
        expected = ", ".join(get_args(Quantization))
        raise InputError(f"quantization {quantization!r}: expected one of {expected}")
    if destination.exists():
        raise InputError(f"{destination} exists: remove it, or name another folder")
    destination.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(
        tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent)
    )
    try:
        with _unpacked(source) as folder:
            _convert(folder, draft, quantization)
        files = {path.name: _sha256(path) for path in sorted(draft.iterdir())}
        draft.chmod(0o755)  # mkdtemp's is for this user only
        draft.rename(destination)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Converted(
        folder=destination,
        files=files,
        architecture="marian",
        quantization=quantization,
    )


def _convert(folder: Path, draft: Path, quantization: Quantization) -> None:
    missing = [name for name in PIECES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder}: no {' and no '.join(missing)}: not an OPUS-MT model"
        )
    try:
        _reader(folder).convert(folder, draft, quantization)
    except ImportError as error:
        raise EngineError(
            f"{error.name}: not installed; conversion needs ctranslate2 and safetensors"
        ) from error
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        # What CTranslate2's converter says of a model that it does not understand.
        raise InputError(f"{folder}: cannot be converted: {error!r}") from error
    for name in (*PIECES, *(name for name in PAPERS if (folder / name).is_file())):
        shutil.copyfile(folder / name, draft / name)


def _reader(folder: Path) -> ModuleType:
    if marian_npz.is_original(folder):
        return marian_npz
    if (folder / marian_safetensors.WEIGHTS).is_file():
        return marian_safetensors
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
        raise InputError(
            f"{folder}: its weights are a Python pickle, which may run any code when it"
            " is opened: take the original (the archive with the .npz) or a revision of"
            " the repository with model.safetensors"
        )
    raise InputError(
        f"{folder}: no OPUS-MT model: expected decoder.yml with its .npz, or"
        f" {marian_safetensors.WEIGHTS} with config.json"
    )


@contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise InputError(f"{source}: no such folder or archive")
    with tempfile.TemporaryDirectory(prefix="babelwire-model-") as folder:
        marian_npz.unpack(source, Path(folder))
        yield Path(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
