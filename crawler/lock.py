"""One crawl a workspace: a locked file that names its owner."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import LockedError


@contextlib.contextmanager
def crawl_lock(path: Path, *, now: datetime) -> Iterator[None]:
    """Holds the lock; the system frees it when the process dies.

    What a killed process wrote there says nothing: the file's lock counts.

    Raises:
        LockedError: Another process holds it; the message names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise LockedError(_message(file.read())) from error
        file.truncate(0)
        stamp = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        file.write(f"{os.getpid()} {stamp}\n")
        file.flush()
        yield
        file.truncate(0)


def _message(owner: str) -> str:
    number, _, since = owner.strip().partition(" ")
    told = f"process {number}, since {since}" if number else "another process"
    return (
        f"another crawl ({told}) is running in this workspace; wait until it has "
        "ended, or stop it"
    )
