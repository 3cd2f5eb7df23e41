"""What the children of `test_workers.py` are told to do; they import it by name."""

import os
import resource
import signal
from pathlib import Path

from pipeline.documents import Extraction
from pipeline.extraction import PageInput, extract_page
from pipeline.translation.backends.loaded import Job
from pipeline.translation.engine import Failure


def act(order: str) -> str:
    """Obeys `say:TEXT`, `exit:STATUS`, `pid`, `kill`, `raise`, `grow`, `hang`."""
    verb, _, rest = order.partition(":")
    match verb:
        case "say":
            return rest
        case "exit":
            os._exit(int(rest))
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise LookupError(rest)
        case "grow":
            return str(len(bytearray(1 << 33)))
        case "hang":
            Path(rest).touch()
            signal.pause()
    return str(os.getpid())


def extract(page: PageInput) -> Extraction:
    return extract_page(page)


class StartsAtSecondAttempt:
    """A task with which the first child ends before it is ready."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __call__(self, order: str) -> str:
        return order

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _exit_first, (self.marker,)


class Unstartable(StartsAtSecondAttempt):
    """A task with which every child ends before it is ready."""

    def __init__(self) -> None:
        super().__init__("")


def _exit_first(marker: str) -> StartsAtSecondAttempt:
    """Called in the child, where the pickled task becomes a task again."""
    if not marker or not Path(marker).exists():
        if marker:
            Path(marker).touch()
        os._exit(3)
    return StartsAtSecondAttempt(marker)


def limit_of_memory(order: str) -> str:
    """The child's own limit in bytes, or `none`."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return "none" if limit == resource.RLIM_INFINITY else str(limit)


def translate(job: Job) -> list[str] | Failure:
    """A backend that does with each text what `act` does with an order.

    Besides: `fail:REASON` is a model's failure, `few` an answer short of one.
    """
    for text in job.texts:
        if text.startswith("fail:"):
            return Failure(reason=text.removeprefix("fail:"), detail="told to")
    return [act(text) for text in job.texts if text != "few"]
