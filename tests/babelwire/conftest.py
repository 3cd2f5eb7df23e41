"""A workspace that the demo made, shared by the tests of the commands."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from babelwire.workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**extra: str) -> dict[str, str]:
    """The tests' own environment, with the source tree importable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BABELWIRE_")}
    return {**kept, "PYTHONPATH": str(ROOT), "TZ": "UTC", **extra}


def babelwire(
    *arguments: str | Path,
    workspace: Path | None = None,
    stdin: str = "",
    timeout: float = 120,
    **extra: str,
) -> Ran:
    """Runs the command line in a process of its own."""
    chosen = ["--workspace", str(workspace)] if workspace else []
    done = subprocess.run(
        [sys.executable, "-m", "babelwire", *chosen, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(**extra),
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Demo:
    """What `babelwire demo` printed, and the workspace it left."""

    ran: Ran
    workspace: Path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "world"
    return Demo(babelwire("demo", "--folder", folder), folder)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace that may visit 127.0.0.1."""
    folder = tmp_path / "workspace"
    make_workspace(folder).open().close()
    config = folder / "babelwire.toml"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace(
            "allow_networks = []", 'allow_networks = ["127.0.0.1/32"]'
        ).replace("retry_wait_seconds = 60.0", "retry_wait_seconds = 0.0"),
        "utf-8",
    )
    return folder


def copied(workspace: Path, to: Path) -> Path:
    """A copy of a workspace, made by another process.

    A file that SQLite has open must not be opened and closed beside it in one process:
    that lets go of its locks (sqlite.org/howtocorrupt.html, section 2.2).
    """
    subprocess.run(["cp", "-R", str(workspace), str(to)], check=True)
    return to
