"""What the children of `test_workers.py` are told to do; they import it by name."""

import os
import signal
from pathlib import Path

from pipeline.documents import Extraction
from pipeline.extraction import PageInput, extract_page


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
