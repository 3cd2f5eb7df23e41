"""A lock that one process of this machine holds; it goes when the process does."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipeline.errors import LockedError


class FolderLock:
    """The right to change what is in a folder.

    Attributes:
        is_held: Whether this object holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.is_held = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds it for the time of the block; free to enter again while held.

        Raises:
            LockedError: Another process holds it; named where it left its id.
        """
        if self.is_held:
            yield
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "writer.lock"
        with path.open("a+", encoding="utf-8") as file:
            _take(file, path)
            self.is_held = True
            try:
                yield
            finally:
                self.is_held = False


def _take(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read(64).strip() or "unknown"
        raise LockedError(
            f"the index is being changed by another process (id {owner}; {path}): "
            "wait for it to finish"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
