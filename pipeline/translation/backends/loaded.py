"""A child's side of the local engine: it keeps some models loaded and uses them.

Runs in a supervised process (`pipeline.workers`). The library of an engine is
imported there, with the first model that needs it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from pipeline.translation.backends.backend import Backend, BackendOptions, ModelError
from pipeline.translation.engine import Failure, InstalledModel

MEMORY_PER_BYTE = 2.0
"""Memory that a loaded model is reckoned to take, by the bytes of its files. Measured
with the Firefox engine at its real sizes: 17 MB took 24 MiB, 43 MB took 51; twice
the file leaves room for what the others compute with, and errs on the safe side."""

FAILURES_KEPT = 16
"""Models whose failure to load is remembered, so that the next batch does not try
again for seconds. A model is tried again when one of its files changes."""

Load = Callable[[InstalledModel, BackendOptions], Backend]
Key = tuple[str, str, tuple[tuple[str, str], ...], BackendOptions]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one child does at a time.

    Attributes:
        model: The model to use.
        options: How it is to run.
        source: BCP 47 tag.
        target: BCP 47 tag.
        texts: No longer than the model takes.
        memory_bytes: For all models that the child keeps loaded.
    """

    model: InstalledModel
    options: BackendOptions
    source: str
    target: str
    texts: tuple[str, ...]
    memory_bytes: int


def run_job(job: Job) -> list[str] | Failure:
    """One translation per text, or why the model cannot be used."""
    try:
        backend = _loaded().get(job.model, job.options, job.memory_bytes)
        return backend.translate(job.texts, job.source, job.target)
    except ModelError as error:
        return Failure(reason=error.reason, detail=str(error))


def load_backend(model: InstalledModel, options: BackendOptions) -> Backend:
    """The model in memory, by the module that is named after its engine."""
    module = import_module(f"pipeline.translation.backends.{model.engine}")
    load: Load = module.load
    return load(model, options)


def memory_of(model: InstalledModel) -> int:
    """About how many bytes of memory a loaded model takes."""
    sizes = (size for _, size in _state(model))
    return int(MEMORY_PER_BYTE * sum(sizes))


class LoadedModels:
    """The models used last, as many as the memory is for, but at least one."""

    def __init__(self, load: Load = load_backend) -> None:
        self._load = load
        self._loaded: OrderedDict[Key, tuple[Backend, int]] = OrderedDict()
        self._failed: OrderedDict[Key, tuple[object, ModelError]] = OrderedDict()

    def get(
        self, model: InstalledModel, options: BackendOptions, memory_bytes: int
    ) -> Backend:
        """The model, loaded now or before.

        Raises:
            ModelError: It cannot be loaded.
        """
        key = _key(model, options)
        if key not in self._loaded:
            self._raise_again(key, model)
            needed = memory_of(model)
            self._make_room(memory_bytes - needed)
            self._loaded[key] = self._try(key, model, options), needed
        self._loaded.move_to_end(key)
        return self._loaded[key][0]

    def _make_room(self, left: int) -> None:
        """Before loading, so that the old and the new are not held together."""
        while self._loaded and sum(size for _, size in self._loaded.values()) > left:
            self._loaded.popitem(last=False)

    def _try(self, key: Key, model: InstalledModel, options: BackendOptions) -> Backend:
        try:
            return self._load(model, options)
        except ModelError as error:
            self._failed[key] = _state(model), error.with_traceback(None)
            if len(self._failed) > FAILURES_KEPT:
                self._failed.popitem(last=False)
            raise

    def _raise_again(self, key: Key, model: InstalledModel) -> None:
        state, error = self._failed.get(key, (None, None))
        if error is not None and state == _state(model):
            raise error
        self._failed.pop(key, None)


@cache
def _loaded() -> LoadedModels:
    """Of this process."""
    return LoadedModels()


def _key(model: InstalledModel, options: BackendOptions) -> Key:
    return model.engine, model.folder, tuple(sorted(model.files.items())), options


def _state(model: InstalledModel) -> list[tuple[int, int]]:
    """Time of change and size of each of its files."""
    found = []
    for name in sorted(model.files):
        try:
            status = Path(model.folder, name).stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return found
