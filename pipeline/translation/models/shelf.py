"""The installed models: a folder of folders, and the lock that says what is in them.

`lock.toml` is the only thing believed: a file that is not in it is never loaded, and
one that is must have the SHA-256 that stands there when it is loaded (O3). It is
replaced as a whole, after everything it names has been synced: a killed pull leaves
files that nothing refers to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pipeline.errors import ConfigError, InputError
from pipeline.settings import from_mapping
from pipeline.translation.engine import InstalledModel, LocalKind
from pipeline.translation.models.catalogue import primary

LOCK = "lock.toml"
LOCK_TIMEOUT_SECONDS = 600.0
"""Another process pulls the same model meanwhile: it may take minutes."""

CHUNK = 1 << 20

Checked = Literal["publisher", "first pull", "local"]


@dataclass(frozen=True, kw_only=True)
class LockedFile:
    """A file as it was when it was pulled.

    Attributes:
        size: Bytes.
        sha256: Hex.
        checked: Who said that this hash is right: the publisher; or nobody, it is
            that of what came first; or it was made here.
    """

    size: int
    sha256: str
    checked: Checked


@dataclass(frozen=True, kw_only=True)
class LockedModel:
    """A model as the lock describes it.

    Attributes:
        order: Of several that serve a pair the lowest is used.
        came_from: Address, or the folder it was imported from.
        files: By path inside the model's folder, with slashes.
    """

    name: str
    engine: LocalKind
    architecture: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    files: Mapping[str, LockedFile]
    codes: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    licence: str = ""
    came_from: str = ""
    order: int = 0
    pulled_at: str = ""

    def __post_init__(self) -> None:
        """Refuses what would lead out of the folder (a lock may be imported).

        Raises:
            ConfigError: Names the key.
        """
        for path in (self.name, *self.files):
            if not is_plain_path(path):
                raise ConfigError(f'"{path}" leads out of the models\' folder')
        if "/" in self.name:
            raise ConfigError(f'name: found "{self.name}", expected no slash')

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """`lock.toml`: a list of models under `[[model]]`."""

    model: tuple[LockedModel, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A file that is not what was pulled."""

    model: str
    file: str
    found: str


class Shelf:
    """A `ModelFinder` over a folder."""

    def __init__(self, folder: Path) -> None:
        """The folder need not be there yet."""
        self.folder = folder
        self._read_as: tuple[int, int, int] | None = None
        self._models: tuple[LockedModel, ...] = ()

    def installed(self) -> tuple[LockedModel, ...]:
        """Every model, the preferred ones first.

        Raises:
            ConfigError: The lock is not valid.
        """
        self._refresh()
        return self._models

    def get(self, name: str) -> LockedModel | None:
        """The model of that name."""
        return next((m for m in self.installed() if m.name == name), None)

    def find(
        self, engine: LocalKind, source: str, target: str
    ) -> InstalledModel | None:
        """The best installed model of an engine for a pair of BCP 47 tags."""
        pair = primary(source), primary(target)
        for model in self.installed():
            if model.engine == engine and serves(model, *pair):
                return self._installed(model)
        return None

    def version(self) -> str:
        """Changes with every model that comes or goes."""
        known = "\n".join(
            f"{model.name} {file.sha256}"
            for model in self.installed()
            for file in model.files.values()
        )
        return hashlib.sha256(known.encode()).hexdigest()[:12]

    def add(self, model: LockedModel, folder: Path) -> None:
        """Takes a model in: its files are moved from `folder`, which is synced.

        Raises:
            ConfigError: A file is missing or another one than `model` says.
        """
        for damage in damaged(model, folder):
            raise ConfigError(f"{folder / damage.file}: {damage.found}")
        with self.locked():
            place = self.folder / model.name
            shutil.rmtree(place, ignore_errors=True)
            _sync_tree(folder)
            folder.replace(place)
            _sync(self.folder)
            others = [m for m in self.installed() if m.name != model.name]
            self._write([*others, model])

    def remove(self, name: str) -> LockedModel:
        """Takes a model away, first from the lock.

        Raises:
            InputError: There is no such model.
        """
        with self.locked():
            model = self.get(name)
            if model is None:
                raise InputError(
                    f'no model "{name}" in {self.folder}; '
                    '"babelwire models list --installed" shows them'
                )
            self._write([m for m in self.installed() if m.name != name])
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return model

    def verify(self) -> dict[str, list[Damage]]:
        """What is damaged of each model; an empty list is good."""
        return {
            model.name: damaged(model, self.folder / model.name)
            for model in self.installed()
        }

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time changes the shelf; others wait.

        Raises:
            ConfigError: The folder cannot be made.
        """
        from filelock import FileLock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.folder}: {error.strerror}") from error
        with FileLock(self.folder / ".lock", timeout=LOCK_TIMEOUT_SECONDS):
            yield

    def _installed(self, model: LockedModel) -> InstalledModel:
        return InstalledModel(
            name=model.name,
            engine=model.engine,
            architecture=model.architecture,
            folder=str(self.folder / model.name),
            files={path: file.sha256 for path, file in model.files.items()},
            sources=model.sources,
            targets=model.targets,
            codes=model.codes,
            version=model.version,
            licence=model.licence,
        )

    def _refresh(self) -> None:
        path = self.folder / LOCK
        try:
            status = path.stat()
        except FileNotFoundError:
            self._read_as, self._models = None, ()
            return
        now = (status.st_mtime_ns, status.st_size, status.st_ino)
        if now != self._read_as:
            self._models = _ordered(read_lock(path).model)
            self._read_as = now

    def _write(self, models: Sequence[LockedModel]) -> None:
        write_lock(self.folder / LOCK, models)
        self._read_as = None


def serves(model: LockedModel, source: str, target: str) -> bool:
    """Whether a model translates between two primary subtags."""
    return source in model.sources and target in model.targets and source != target


def read_lock(path: Path) -> LockFile:
    """A lock.

    Raises:
        ConfigError: File, key, what was expected.
    """
    try:
        return from_mapping(LockFile, tomllib.loads(path.read_text("utf-8")))
    except (ConfigError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def write_lock(path: Path, models: Sequence[LockedModel]) -> None:
    """Replaces a lock as a whole."""
    import tomlkit

    document = tomlkit.document()
    document.add(
        tomlkit.comment("What is installed. Only files with these hashes are loaded.")
    )
    document.add("model", tomlkit.item([_table(model) for model in models]))
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(tomlkit.dumps(document))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync(path.parent)


def damaged(model: LockedModel, folder: Path) -> list[Damage]:
    """The files of a model that are not as the lock says."""
    found = []
    for path, file in model.files.items():
        place = folder / path
        if not place.is_file() or place.is_symlink():
            found.append(Damage(model=model.name, file=path, found="is missing"))
        elif file_sha256(place) != file.sha256:
            text = "is not what was pulled (another SHA-256)"
            found.append(Damage(model=model.name, file=path, found=text))
    return found


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex, read in parts."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()


def is_plain_path(path: str) -> bool:
    """Whether a path stays where it begins.

    >>> is_plain_path("a/b.bin"), is_plain_path("../b.bin"), is_plain_path("/etc/x")
    (True, False, False)
    """
    parts = PurePosixPath(path).parts
    plain = bool(parts) and not path.startswith("/") and "\\" not in path
    return plain and all(part not in {".", ".."} and part[0] != "." for part in parts)


def stamped(model: LockedModel, now: datetime) -> LockedModel:
    """With the time it was pulled."""
    return replace(model, pulled_at=now.isoformat(timespec="seconds"))


def _ordered(models: Sequence[LockedModel]) -> tuple[LockedModel, ...]:
    return tuple(sorted(models, key=lambda model: (model.order, model.name)))


def _table(model: LockedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "engine": model.engine,
        "architecture": model.architecture,
        "sources": list(model.sources),
        "targets": list(model.targets),
        "version": model.version,
        "licence": model.licence,
        "came_from": model.came_from,
        "order": model.order,
        "pulled_at": model.pulled_at,
        "codes": dict(model.codes),
        "files": {path: vars(file) for path, file in model.files.items()},
    }


def _sync_tree(folder: Path) -> None:
    """Makes what was written in a folder outlast a power cut."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
