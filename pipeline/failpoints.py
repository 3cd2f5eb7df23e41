"""Named points at which a test may kill the process, as a power cut would.

`BABELWIRE_FAILPOINT=NAME` or `NAME:N` kills with SIGKILL at the N-th (default
first) passing of that point. Without the variable a point costs one lookup.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "crawl.before_archive",
    "crawl.half_record",
    "crawl.after_archive",
    "crawl.after_sync",
    "crawl.in_commit",
    "crawl.after_commit",
    "process.after_claim",
    "process.before_save",
    "process.in_save",
    "process.after_save",
    "import.after_sync",
    "index.before_write",
    "index.after_write",
    "index.after_commit",
    "index.before_state",
    "index.after_state",
)
"""Every point there is, in the order a page passes them."""

VARIABLE = "BABELWIRE_FAILPOINT"

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Dies here when this point is armed."""
    if VARIABLE in os.environ and is_hit(name):
        os.kill(os.getpid(), signal.SIGKILL)


def is_hit(name: str) -> bool:
    """Counts one passing; True when it is the one to die at.

    For a point that has to leave something half done before it dies.
    """
    wanted, _, count = os.environ.get(VARIABLE, "").partition(":")
    if wanted != name:
        return False
    if name not in POINTS:
        raise ValueError(f"no failpoint {name!r}")
    _passed[name] = _passed.get(name, 0) + 1
    return _passed[name] == int(count or 1)
