"""The folder of an embedded index: generations, and the living one.

```
index/
  current              the living generation's name, replaced in one step
  writer.lock          held by the one process that changes anything (`FolderLock`)
  GENERATION/
    generation.json    analysis and target; never changes
    lived              empty: it is or was the living one
    …                  the engine's own files
```
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from search_index.engines.contract import Generation

LIVED = "lived"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Generations:
    """The generations in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """A generation's folder."""
        return self.folder / name

    def current(self) -> Generation | None:
        """The living one; None where there is none, or its folder is gone."""
        try:
            name = (self.folder / "current").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        return self.read(name) if _NAME.fullmatch(name) else None

    def read(self, name: str) -> Generation | None:
        """What a generation says of itself; None where it says nothing right."""
        try:
            text = (self.path(name) / "generation.json").read_text(encoding="utf-8")
            values = json.loads(text)
            return Generation(
                name=name, analysis=values["analysis"], target=values["target"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def create(self, generation: Generation) -> None:
        """Makes its folder."""
        folder = self.path(generation.name)
        folder.mkdir(parents=True)
        values = {"analysis": generation.analysis, "target": generation.target}
        _replace(folder / "generation.json", json.dumps(values))

    def activate(self, name: str) -> None:
        """Makes it the living one, in one step."""
        (self.path(name) / LIVED).touch()
        _replace(self.folder / "current", name + "\n")

    def prune(self, *, unfinished: bool = False) -> list[str]:
        """Removes every generation but the living one; their names.

        Args:
            unfinished: Only those that never were the living one.
        """
        living = self.current()
        names = [
            path.name
            for path in sorted(self.folder.iterdir())
            if path.is_dir()
            and (living is None or path.name != living.name)
            and not (unfinished and (path / LIVED).exists())
        ]
        for name in names:
            shutil.rmtree(self.path(name))
        return names


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
