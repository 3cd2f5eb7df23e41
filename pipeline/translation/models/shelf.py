"""The installed models: a folder of folders, and the lock that says what is in them.

`lock.toml` is the only thing believed: a file that is not in it is never loaded, and
one that is must have the SHA-256 that stands there when it is loaded (O3). It is
replaced as a whole, after everything it names has been synced: a killed pull leaves
files that nothing refers to.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pipeline.errors import ConfigError, DiskFullError, InputError, LockedError
from pipeline.settings import from_mapping
from pipeline.translation.engine import InstalledModel, LocalKind
from pipeline.translation.models.catalogue import model_language

LOCK = "lock.toml"
_OTHER_FILES = (".toml", ".new", ".lock")
"""Ends of names of what lies beside the models: the lock, a catalogue of one's own."""

LOCK_TIMEOUT_SECONDS = 600.0
"""Another process pulls the same model meanwhile: it may take minutes."""

DRAFTS = ".drafts"
"""Half downloads, to be resumed; nothing in there is ever loaded."""

CHUNK = 1 << 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""Of a model: what is a folder's name anywhere, and no option of a command."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, none left for this user, or a limit on a file's size."""

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
        check_name(self.name)
        for path in self.files:
            if not is_plain_path(path):
                raise ConfigError(f'"{path}" leads out of the models\' folder')

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
        pair = model_language(source), model_language(target)
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
            _sync_tree(folder)
            _remove(place)
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
            _remove(self.folder / name)
        return model

    def verify(self) -> dict[str, list[Damage]]:
        """What is damaged of each model; an empty list is good."""
        return {
            model.name: damaged(model, self.folder / model.name)
            for model in self.installed()
        }

    @contextmanager
    def drafting(self, name: str) -> Iterator[Path]:
        """The folder to put a model's files together in; others wait meanwhile.

        What an earlier attempt left there is kept.

        Raises:
            ConfigError: The name is none, or the folder cannot be made.
            LockedError: Another process gets this model, and does not end.
            DiskFullError: Nothing is half installed.
        """
        check_name(name)
        drafts = self.folder / DRAFTS
        with _exclusive(drafts / f"{name}.lock"):
            try:
                (drafts / name).mkdir(exist_ok=True)
                yield drafts / name
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise DiskFullError(
                    f"{self.folder}: the disk is full ({error.strerror}); {name} was "
                    "not installed, what came of it is kept: make room and try again"
                ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time changes the shelf; others wait.

        Raises:
            ConfigError: The folder cannot be made.
            LockedError: Another process changes it, and does not end.
        """
        with _exclusive(self.folder / ".lock"):
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
    """Whether a model translates between two model_language subtags."""
    return source in model.sources and target in model.targets and source != target


def read_lock(path: Path) -> LockFile:
    """A lock.

    Raises:
        ConfigError: File, key, what was expected.
    """
    try:
        return from_mapping(LockFile, tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
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


def check_name(name: str) -> None:
    """Refuses a model's name that is no folder's.

    Raises:
        ConfigError: Says what was expected.
    """
    if not _NAME.fullmatch(name) or name.endswith(_OTHER_FILES):
        raise ConfigError(
            f'name: found "{name}", expected letters, digits and "._+-" that lead to a '
            "folder of its own"
        )


def damaged(model: LockedModel, folder: Path) -> list[Damage]:
    """The files of a model that are not as the lock says."""
    found = {path: _found(folder, path, file) for path, file in model.files.items()}
    return [
        Damage(model=model.name, file=path, found=text)
        for path, text in found.items()
        if text
    ]


def _found(folder: Path, path: str, file: LockedFile) -> str:
    """What is wrong with a file; "" is nothing."""
    place = folder / path
    inside = place.relative_to(folder).parents
    if place.is_symlink() or any((folder / part).is_symlink() for part in inside):
        return "is missing (a link stands there, which is not followed)"
    if not place.is_file():
        return "is missing"
    size = place.stat().st_size
    if size != file.size:
        return f"is not what was pulled ({size:,} bytes, not {file.size:,})"
    if file_sha256(place) != file.sha256:
        return "is not what was pulled (another SHA-256)"
    return ""


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


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=LOCK_TIMEOUT_SECONDS)
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            f"{path}: another process holds it for over {LOCK_TIMEOUT_SECONDS:.0f} s; "
            "try again when it has ended"
        ) from error
    except OSError as error:
        kind = DiskFullError if error.errno in _FULL else ConfigError
        raise kind(f"{path.parent}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _remove(place: Path) -> None:
    """A model's folder, or what stands in its place."""
    if place.is_symlink() or place.is_file():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)


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
