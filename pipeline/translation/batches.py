"""Batches of texts through child processes, and who is to blame when one fails.

A batch that fails is tried again text by text, so that only the text fails that did
it; that is bounded, because a model that fails with everything must not cost a time
limit for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from pipeline.errors import StageError
from pipeline.translation.backends.loaded import Job
from pipeline.translation.engine import Failure

SMALLEST_BATCH = 8
"""Fewer texts than this are not spread over children: starting one and loading its
model costs as much as some sentences."""

FIRST_WAVE = 1
"""Batches per child that are tried before it is known whether the model works at
all: one that hangs costs so many time limits, not hundreds."""

LARGEST_WAVE = 32
"""Later waves double up to this, so that children seldom wait for each other."""

BREAK_AFTER = 3
"""After so many single texts in a row that failed it is the model, not the text: the
rest fails alike."""

DETAIL_CHARACTERS = 500
"""Of the end of a child's traceback."""

_OF_PROCESSES = frozenset({"timeout", "crash", "out_of_memory"})
"""Reasons for which one text may be to blame, or the model."""

_OF_TEXTS = frozenset({"refused", "bad_answer"})
"""Reasons for which one text is to blame."""

_OUT_OF_MEMORY = "the engine's memory_mib, which its workers share, is too small for it"

Answer = str | Failure
Result = list[str] | Failure | StageError


class Pool(Protocol):
    """What is used of `pipeline.workers.Workers`."""

    def run(self, items: Sequence[Job]) -> Sequence[Result]:
        """The result of each job, in order."""
        ...


class Batches:
    """One call's texts on their way through a pool.

    Attributes:
        gave_up: Whether the model kept failing, and was asked no more.
        worked: Whether it translated anything.
    """

    def __init__(
        self,
        pool: Pool,
        job: Job,
        texts: Sequence[str],
        *,
        workers: int,
        largest: int,
        proven: bool = False,
    ) -> None:
        """Nothing is done yet.

        Args:
            pool: The children.
            job: What each of them is to do, without texts.
            texts: All of them.
            workers: How many children there are.
            largest: Texts of a batch.
            proven: Whether the model has just been working: no waves then.
        """
        self._pool = pool
        self._job = job
        self._texts = texts
        self._workers = workers
        self._largest = largest
        self._wave = LARGEST_WAVE if proven else FIRST_WAVE
        self._answers: dict[int, Answer] = {}
        self._in_a_row = 0
        self._last = Failure(reason="crash")
        self.gave_up = False
        self.worked = False

    def answers(self) -> list[Answer]:
        """One per text, in order."""
        self._answers = {n: "" for n, t in enumerate(self._texts) if not t.strip()}
        batches = list(self._batches())
        wave = self._wave
        while batches and not self.gave_up:
            count = wave * self._workers
            suspects = self._try(batches[:count])
            batches = batches[count:]
            self._one_by_one(suspects)
            wave = FIRST_WAVE if suspects else min(2 * wave, LARGEST_WAVE)
        return [self._answers.get(n, self._rest()) for n in range(len(self._texts))]

    def _batches(self) -> Iterator[list[int]]:
        """Numbers of texts of about one length.

        Long ones first: the children then end at about the same time.
        """
        numbers = [n for n in range(len(self._texts)) if n not in self._answers]
        numbers.sort(key=lambda number: -len(self._texts[number]))
        even = -(-len(numbers) // self._workers)
        size = min(self._largest, max(SMALLEST_BATCH, even))
        for start in range(0, len(numbers), size):
            yield numbers[start : start + size]

    def _try(self, batches: Sequence[list[int]]) -> list[int]:
        """Runs batches; the texts among which one is to blame for a failure."""
        suspects: list[int] = []
        for numbers, result in zip(batches, self._run(batches), strict=True):
            if self._is_suspect(numbers, result):
                suspects += numbers
            else:
                self._take(numbers, result)
        return suspects

    def _one_by_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if self.gave_up:
                return
            (result,) = self._run([[number]])
            self._take([number], result)

    def _run(self, batches: Sequence[list[int]]) -> list[list[Answer] | Failure]:
        jobs = [
            replace(self._job, texts=tuple(self._texts[n] for n in numbers))
            for numbers in batches
        ]
        results = self._pool.run(jobs)
        self.gave_up = self.gave_up or any(map(_no_child, results))
        return [
            _checked(job.texts, result)
            for job, result in zip(jobs, results, strict=True)
        ]

    def _is_suspect(self, numbers: list[int], result: list[Answer] | Failure) -> bool:
        if isinstance(result, list) or len(numbers) == 1 or self.gave_up:
            return False
        return result.reason in _OF_PROCESSES | _OF_TEXTS

    def _take(self, numbers: list[int], result: list[Answer] | Failure) -> None:
        """Notes a batch's answers, or the failure that all its texts share."""
        if isinstance(result, list):
            self._answers.update(zip(numbers, result, strict=True))
            self._in_a_row = 0
            self.worked = True
            return
        self._answers.update(dict.fromkeys(numbers, result))
        if result.reason in _OF_PROCESSES:
            self._last = result
            self._in_a_row += 1
            self.gave_up = self.gave_up or self._in_a_row >= BREAK_AFTER

    def _rest(self) -> Failure:
        detail = f"not tried: {self._last.detail or 'others failed so'}"
        return replace(self._last, detail=detail)


def _no_child(result: Result) -> bool:
    return isinstance(result, StageError) and result.reason == "worker_cannot_start"


def _checked(texts: Sequence[str], result: Result) -> list[Answer] | Failure:
    """What a child said, in this module's terms."""
    if isinstance(result, StageError):
        reason = result.reason if result.reason in _OF_PROCESSES else "crash"
        detail = _OUT_OF_MEMORY if reason == "out_of_memory" else result.detail
        return Failure(reason=reason, detail=detail[-DETAIL_CHARACTERS:])
    if isinstance(result, Failure):
        return result
    if not isinstance(result, list) or len(result) != len(texts):
        return Failure(reason="bad_answer", detail=f"not {len(texts)} translations")
    return [_answer(text, found) for text, found in zip(texts, result, strict=True)]


def _answer(text: str, found: object) -> Answer:
    """An empty translation is one only of what has no words."""
    if isinstance(found, str) and (found.strip() or not any(map(str.isalnum, text))):
        return found
    return Failure(reason="bad_answer", detail="the translation is empty")
