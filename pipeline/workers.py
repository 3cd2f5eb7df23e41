"""Supervised child processes for work that a hostile input may blow up.

One item at a time over a pipe, with a time and a memory limit; a child that
hangs, crashes or outgrows its limit is killed and replaced, and only its item
fails (P5). A small item may lie in the pipe already while a child works on the
one before: it needs not wait for this process, which has other work too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import signal
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from pipeline.errors import StageError

Item = TypeVar("Item")
Result = TypeVar("Result")

START_SECONDS = 60.0
"""A fresh child may import for so long on a busy machine before its item's own
limit starts."""


JOIN_SECONDS = 5.0
"""A killed process is gone at once; this only bounds a kernel in trouble."""

CLOSE_SECONDS = 1.0
"""So soon a `run` in another thread notices that the pool was closed."""


PREFETCHED_BYTES = 4096
"""A larger item is not sent before the child waits for it: sending what a pipe
does not hold (8 KiB on macOS, more on Linux) would block."""

KILLED = frozenset({"timeout", "out_of_memory", "crash"})
"""Reasons of items that ended their child, or would have."""

NO_START = "worker_cannot_start"
"""The reason of items for which no child could be started."""

PER_CHILD = 2
"""Items a child has at most: one in work, one in its pipe."""

START_ATTEMPTS = 3
"""After so many children in a row that ended before they were ready, no other is
started: what ends them (a broken installation, no memory at all) ends each."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one item may cost.

    Attributes:
        seconds: Wall time per item.
        memory_bytes: Private memory of the child (RLIMIT_DATA; Linux only). None:
            no limit; a GPU's driver reserves more address space than there is.
    """

    seconds: float = 20.0
    memory_bytes: int | None = 1 << 30


@dataclass(eq=False)
class _Child:
    process: BaseProcess
    pipe: Connection
    ready: bool = False
    items: deque[int] = field(default_factory=deque)
    deadline: float = field(default=0.0)


class Workers(Generic[Item, Result]):
    """A pool that runs one function; use it as a context manager.

    `run` may be called from another thread than the maker's; `close` ends it, and
    what it had not answered counts as crashed.
    """

    def __init__(
        self, task: Callable[[Item], Result], *, size: int, limits: Limits
    ) -> None:
        """Children are started when first needed.

        Args:
            task: A module's function: children import it by name.
            size: How many children, at least 1.
            limits: Per item.
        """
        self._task = task
        self._size = size
        self._limits = limits
        self._context = multiprocessing.get_context("spawn")
        self._children: list[_Child] = []
        self._running = threading.Lock()
        self._closed = False
        self._failed_starts = 0

    def __enter__(self) -> Workers[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, items: Sequence[Item]) -> list[Result | StageError]:
        """The result of each item, in order; a `StageError` where it failed.

        Its reason is `timeout`, `crash`, `out_of_memory`, the name of the exception
        that the function raised, or `worker_cannot_start`.
        """
        results: list[Result | StageError | None] = [None] * len(items)
        waiting = list(range(len(items)))[::-1]
        with self._running:
            self._forget_dead()
            self._failed_starts = 0
            while not self._closed and (waiting or self._busy()):
                self._hand_out(items, waiting)
                if not self._busy():
                    return [_NO_START if r is None else r for r in results]
                for child in self._due():
                    number = child.items[0]
                    answer = self._collect(child, waiting)
                    if answer is not None:
                        results[number] = answer
        return [_LOST if result is None else result for result in results]

    def close(self) -> None:
        """Ends every child, also of a `run` in another thread."""
        self._closed = True
        for child in list(self._children):
            with contextlib.suppress(ValueError):  # just ended by `run`
                child.process.kill()
        with self._running:
            for child in self._children:
                _end(child)
            self._children.clear()

    def _busy(self) -> list[_Child]:
        return [child for child in self._children if child.items]

    def _hand_out(self, items: Sequence[Item], waiting: list[int]) -> None:
        may_start = self._failed_starts < START_ATTEMPTS
        wanted = min(self._size, len(items)) if may_start else 0
        while waiting and len(self._children) < wanted:
            self._children.append(self._start())
        for held in range(PER_CHILD):
            for child in self._children:
                if waiting and len(child.items) == held:
                    self._give(child, items, waiting)

    def _forget_dead(self) -> None:
        """Children that died while idle must cost no item an attempt."""
        for child in list(self._children):
            if not child.items and not child.process.is_alive():
                self._children.remove(child)
                _end(child)

    def _give(self, child: _Child, items: Sequence[Item], waiting: list[int]) -> None:
        message = ForkingPickler.dumps(items[waiting[-1]])
        if child.items and len(message) > PREFETCHED_BYTES:
            return
        if not child.items:
            patience = self._limits.seconds if child.ready else START_SECONDS
            child.deadline = time.monotonic() + patience
        child.items.append(waiting.pop())
        with contextlib.suppress(OSError):  # a dead child shows when collected
            child.pipe.send_bytes(message)

    def _due(self) -> list[_Child]:
        """Children that answered, died, or ran out of time."""
        busy = {child.pipe: child for child in self._busy()}
        nearest = min(child.deadline for child in busy.values()) - time.monotonic()
        ready = wait(list(busy), timeout=min(max(0.0, nearest), CLOSE_SECONDS))
        answered = [busy[pipe] for pipe in ready if isinstance(pipe, Connection)]
        now = time.monotonic()
        late = [c for c in busy.values() if c not in answered and c.deadline <= now]
        return answered + late

    def _collect(self, child: _Child, waiting: list[int]) -> Result | StageError | None:
        """The answer to its first item; None when it had none yet."""
        if not child.ready:
            self._greet(child, waiting)
            return None
        if not child.pipe.poll():
            seconds = self._limits.seconds
            error = StageError(reason="timeout", detail=f"over {seconds:g} s")
            return self._replace(child, error, waiting)
        try:
            message = child.pipe.recv()
        except (EOFError, OSError):
            child.process.join(JOIN_SECONDS)
            code = child.process.exitcode
            error = StageError(reason="crash", detail=f"child ended with {code}")
            return self._replace(child, error, waiting)
        child.deadline = time.monotonic() + self._limits.seconds
        child.items.popleft()
        answer: Result | StageError = message
        return answer

    def _greet(self, child: _Child, waiting: list[int]) -> None:
        """Its first message says that it is ready; without, no item is to blame."""
        try:
            child.ready = child.pipe.poll() and bool(child.pipe.recv())
        except (EOFError, OSError):
            child.ready = False
        if child.ready:
            self._failed_starts = 0
            child.deadline = time.monotonic() + self._limits.seconds
        else:
            self._failed_starts += 1
            self._discard(child, waiting)

    def _replace(
        self, child: _Child, error: StageError, waiting: list[int]
    ) -> StageError:
        """Ends a child that failed its first item; another one gets the rest."""
        child.items.popleft()
        self._discard(child, waiting)
        return error

    def _discard(self, child: _Child, waiting: list[int]) -> None:
        self._children.remove(child)
        waiting.extend(reversed(child.items))
        child.items.clear()
        _end(child)

    def _start(self) -> _Child:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._task, self._limits), daemon=True
        )
        process.start()
        theirs.close()
        return _Child(process=process, pipe=ours)


_READY = "ready"
_LOST = StageError(reason="crash", detail="no answer")
_NO_START = StageError(
    reason=NO_START,
    detail=f"{START_ATTEMPTS} child processes in a row ended before they were ready",
)


def _end(child: _Child) -> None:
    child.pipe.close()
    if child.process.is_alive():
        child.process.kill()
    child.process.join(JOIN_SECONDS)
    child.process.close()


def _serve(pipe: Connection, task: Callable[[Any], Any], limits: Limits) -> None:
    """A child's life: answers items until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    warnings.simplefilter("ignore")
    if limits.memory_bytes is not None:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes)
            )
    with contextlib.suppress(EOFError, OSError):
        pipe.send(_READY)
        while True:
            pipe.send(_attempt(task, pipe.recv()))


def _attempt(task: Callable[[Any], Any], item: Any) -> Any:
    try:
        return task(item)
    except MemoryError:
        return StageError(reason="out_of_memory")
    except Exception as error:  # noqa: BLE001 - the edge of a stage
        return StageError(
            reason=type(error).__name__, detail=traceback.format_exc(limit=-8)
        )
