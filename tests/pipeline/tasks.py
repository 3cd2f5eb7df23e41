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


class StartsAtAttempt:
    """A task with which children end before they are ready, until one does not.

    The file `log` grows by a byte at each attempt.
    """

    def __init__(self, attempt: int, log: Path) -> None:
        self.attempt = attempt
        self.log = log

    def __call__(self, order: str) -> str:
        return order

    def __reduce__(self) -> tuple[object, tuple[int, Path]]:
        return _start, (self.attempt, self.log)


def _start(attempt: int, log: Path) -> StartsAtAttempt:
    """Called in the child, where the pickled task becomes a task again."""
    with log.open("ab") as file:
        file.write(b".")
    if log.stat().st_size < attempt:
        os._exit(3)
    return StartsAtAttempt(attempt, log)


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
