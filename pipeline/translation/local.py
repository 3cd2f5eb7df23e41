"""Translation on this machine: models in supervised child processes.

The parent finds the model, checks that a text fits, and spreads batches of texts of
about one length over its children (`backends.loaded`). A child that hangs, crashes
or outgrows its memory costs the text that did it, and nothing else.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.translation.backends.backend import (
    BackendOptions,
    ModelError,
    read_checked,
)
from pipeline.translation.backends.loaded import Job, run_job
from pipeline.translation.batches import Batches
from pipeline.translation.engine import (
    Failure,
    InstalledModel,
    LocalKind,
    Model,
    ModelFinder,
)
from pipeline.translation.vocabulary import (
    BYTES_PER_TOKEN,
    Vocabulary,
    plain,
    source_file,
    token_limit,
)
from pipeline.workers import Limits, Workers

BATCH_TEXTS: Mapping[LocalKind, int] = {
    "firefox": 8,
    "ctranslate2": 64,
    "transformers": 8,
}
"""Most texts a job. CTranslate2 is twice as fast with 32 of one length as with 8, and
5 % faster with 64;
the Firefox engine takes them one by one, and a batch only saves its way through the
pipe; transformers gain little over 8 and take so long that more risk the limit."""

BREAK_SECONDS = 60.0
"""A model that kept failing is left alone for so long: every document waits instead
of each costing some time limits."""

MODELS_SHARE = 0.5
"""Of a child's memory for models kept loaded; the rest is for the interpreter and
its libraries (measured: the Firefox engine 9 MiB, CTranslate2 14, torch with
transformers 790), the batch, and the bytes of a model while it loads."""

CHILD_MIB: Mapping[LocalKind, int] = {
    "firefox": 256,
    "ctranslate2": 768,
    "transformers": 2048,
}
"""What a child needs to be of use: a Firefox model with its batch takes 56 to 160 MiB,
OPUS-MT in CTranslate2 330, torch with OPUS-MT 1,100."""

VOCABULARIES_KEPT = 16
"""Of about 10 MB in memory each."""

Task = Callable[[Job], "list[str] | Failure"]


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """How much of the machine an engine may use.

    Attributes:
        workers: Child processes; they scale where threads do not (85–99 %).
        memory_mib: Of all of them together; transformers need 2,048 a child.
        timeout_seconds: For one batch, with loading the model.
        options: How models run.
    """

    workers: int = 1
    memory_mib: int = 4096
    timeout_seconds: float = 60.0
    options: BackendOptions = field(default_factory=BackendOptions)

    def children(self, kind: LocalKind) -> int:
        """How many children that memory allows, at most `workers` and at least one.

        One where a GPU may compute: its memory would hold the model once for each.
        """
        if self.options.device != "cpu":
            return 1
        return max(1, min(self.workers, self.memory_mib // CHILD_MIB[kind]))

    def child_bytes(self, kind: LocalKind) -> int:
        """Memory of one child."""
        return (self.memory_mib << 20) // self.children(kind)


class LocalEngine:
    """An `Engine` for the models of one kind on this machine."""

    def __init__(
        self,
        name: str,
        kind: LocalKind,
        finder: ModelFinder,
        settings: LocalSettings | None = None,
        *,
        task: Task = run_job,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is started or loaded before it is needed.

        Args:
            name: As the chain calls it.
            kind: Which engine.
            finder: Where its models are.
            settings: How much of the machine it may use.
            task: What a child does with a job; a function that it can import.
            clock: Seconds that only grow.
        """
        self._name = name
        self._kind = kind
        self._finder = finder
        self._settings = settings or LocalSettings()
        self._task = task
        self._clock = clock
        self._pool: Workers[Job, list[str] | Failure] | None = None
        self._closed = False
        self._proven: set[tuple[str, str]] = set()
        self._left_alone_until: dict[tuple[str, str], float] = {}
        self._vocabularies: OrderedDict[tuple[str, str], Vocabulary] = OrderedDict()

    @property
    def name(self) -> str:
        """As the chain calls it."""
        return self._name

    @property
    def kind(self) -> LocalKind:
        """Which engine."""
        return self._kind

    def model(self, source: str, target: str) -> Model | None:
        """What would translate this pair; None: there is no model for it."""
        found = self._finder.find(self._kind, source, target)
        if found is None:
            return None
        return Model(
            engine=self._kind,
            name=found.name,
            version=found.version,
            licence=found.licence,
            parameters=_parameters(found, self._settings.options),
        )

    def fits(self, text: str, source: str, target: str) -> bool:
        """Whether the model takes `text` without cutting it.

        Without a vocabulary it goes by the length; why it has none, `translate` tells.
        """
        model = self._finder.find(self._kind, source, target)
        if model is None:
            return True
        limit = token_limit(model)
        try:
            return self._vocabulary(model).count(plain(text)) <= limit
        except ModelError:
            return len(plain(text).encode()) <= limit * BYTES_PER_TOKEN

    def translate(
        self, texts: Sequence[str], source: str, target: str
    ) -> list[str | Failure]:
        """One answer per text, in order, the same whatever stands beside it."""
        model = self._finder.find(self._kind, source, target)
        failure = self._no_way(model, source, target)
        if model is None or failure is not None:
            return [failure or Failure(reason="no_model")] * len(texts)
        job = Job(
            model=model,
            options=self._settings.options,
            source=source,
            target=target,
            texts=(),
            memory_bytes=int(self._settings.child_bytes(self._kind) * MODELS_SHARE),
        )
        batches = Batches(
            self._workers(),
            job,
            [plain(text) for text in texts],
            workers=self._settings.children(self._kind),
            largest=BATCH_TEXTS[self._kind],
            proven=_identity(model) in self._proven,
        )
        answers = batches.answers()
        self._proven.discard(_identity(model))
        if batches.worked and not batches.gave_up:
            self._proven.add(_identity(model))
        if batches.gave_up:
            self._left_alone_until[_identity(model)] = self._clock() + BREAK_SECONDS
        return answers

    def close(self) -> None:
        """Ends the children; what is still asked is answered `unavailable`."""
        self._closed = True
        if self._pool is not None:
            self._pool.close()

    def _no_way(
        self, model: InstalledModel | None, source: str, target: str
    ) -> Failure | None:
        """Why nothing need be tried."""
        if self._closed:
            return Failure(reason="unavailable", detail="the engine was closed")
        if model is None:
            detail = f"no {self._kind} model from {source} to {target} is installed"
            return Failure(reason="no_model", detail=detail)
        left = self._left_alone_until.get(_identity(model), 0.0) - self._clock()
        if left > 0:
            detail = f"{model.name} kept failing; tried again in {left:.0f} s"
            return Failure(reason="unavailable", detail=detail)
        return None

    def _workers(self) -> Workers[Job, list[str] | Failure]:
        if self._pool is None:
            settings = self._settings
            on_cpu = settings.options.device == "cpu"
            limits = Limits(
                seconds=settings.timeout_seconds,
                memory_bytes=settings.child_bytes(self._kind) if on_cpu else None,
            )
            self._pool = Workers(
                self._task, size=settings.children(self._kind), limits=limits
            )
        return self._pool

    def _vocabulary(self, model: InstalledModel) -> Vocabulary:
        """Raises: ModelError."""
        file = source_file(model)
        if file is None:
            raise ModelError("damaged_model", f"{model.name} has no vocabulary")
        key = (model.folder, model.files[file])
        if key not in self._vocabularies:
            self._vocabularies[key] = Vocabulary(read_checked(model, file))
            if len(self._vocabularies) > VOCABULARIES_KEPT:
                self._vocabularies.popitem(last=False)
        self._vocabularies.move_to_end(key)
        return self._vocabularies[key]


def _identity(model: InstalledModel) -> tuple[str, str]:
    return model.folder, model.version


def _parameters(model: InstalledModel, options: BackendOptions) -> str:
    """What decides the output beside the model: numbers' precision, and search."""
    greedy = model.engine == "firefox" or options.beam_size == 1
    search = "greedy" if greedy else f"beam {options.beam_size}"
    return f"{_precision(model, options)}, {search}"


def _precision(model: InstalledModel, options: BackendOptions) -> str:
    """As the backends choose it.

    A Firefox model says in its file's name that it computes in 8 bits. `auto` is
    decided in the child: looking for a GPU takes the library.
    """
    if model.engine == "firefox":
        quantised = any("intgemm" in name for name in model.files)
        return "int8" if quantised else "float32"
    if model.engine == "transformers":
        on_cpu, on_gpu = "float32", "float16"
    else:
        on_cpu = on_gpu = options.compute_type
        on_gpu = "float16" if on_gpu == "int8" else on_gpu
    either = on_cpu if on_cpu == on_gpu else f"{on_cpu} or {on_gpu}"
    return {"cpu": on_cpu, "cuda": on_gpu, "auto": either}[options.device]
