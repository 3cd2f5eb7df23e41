"""Keeps what takes long to build, under a name that says what it was built from.

In `.cache/trained/` of the checkout, or where `BABELWIRE_TEST_CACHE` says.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock

DEFAULT = Path(__file__).parents[2] / ".cache" / "trained"


def folder() -> Path:
    """Where everything kept lies."""
    return Path(os.environ.get("BABELWIRE_TEST_CACHE") or DEFAULT)


def cached(name: str, key_bytes: bytes, build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled, now or earlier with the same key.

    It appears whole or not at all, and is made by one process only, whatever
    others (pytest-xdist) ask for it meanwhile. Treat it as read-only.

    Args:
        name: For people; part of the folder's name.
        key_bytes: All that decides what comes out (`training_key`).
        build: Fills the empty folder that it is given.
    """
    place = folder() / f"{name}-{hashlib.sha256(key_bytes).hexdigest()[:16]}"
    if place.is_dir():
        return place
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f"{place.name}.lock")):
        if not place.is_dir():
            _make(place, build)
    return place


def training_key(code: list[Path], data: bytes, libraries: list[str]) -> bytes:
    """The key of a trained model: its code, its data, its libraries' versions."""
    sources = [hashlib.sha256(path.read_bytes()).hexdigest() for path in code]
    parts = [*sources, hashlib.sha256(data).hexdigest(), *map(_version, libraries)]
    return "\n".join(parts).encode()


def _make(place: Path, build: Callable[[Path], None]) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
    try:
        build(draft)
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _version(library: str) -> str:
    try:
        return f"{library}=={version(library)}"
    except PackageNotFoundError:
        return library
