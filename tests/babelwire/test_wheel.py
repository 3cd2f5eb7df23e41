"""The built wheel in an empty environment: `init` and `demo` from there."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.babelwire.conftest import ROOT, environment


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = environment()
    kept.pop("PYTHONPATH")
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=folder,
        env=kept,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        folder,
        folder=ROOT,
    )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_has_everything_it_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "babelwire/configs/babelwire.toml",
        "babelwire/configs/sources/kremlin-en.toml",
        "babelwire/configs/names/cities-forum.toml",
        "babelwire/demo/memory.tmx",
        "pipeline/tracking_parameters.txt",
        "pipeline/extraction/rejection.toml",
        "pipeline/store/migrations/env.py",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    metadata = next(name for name in names if name.endswith("/METADATA"))
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text


@pytest.mark.slow
def test_init_and_demo_run_from_an_empty_environment(
    wheel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    # The pip that comes with an old Python stops at one of the requirements.
    brought = run(python, "-m", "pip", "install", "-q", "uv>=0.5", folder=tmp_path)
    assert brought.returncode == 0, brought.stderr
    requirements = ROOT / "requirements" / "run.txt"
    installed = run(
        folder / "bin" / "uv",
        "pip",
        "install",
        "-q",
        "--python",
        python,
        wheel,
        "--constraint",
        requirements,
        folder=tmp_path,
    )
    assert installed.returncode == 0, installed.stderr
    command = folder / "bin" / "babelwire"
    made = run(command, "init", "workspace", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "workspace" / "names" / "cities-forum.toml").is_file()
    shown = run(command, "demo", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "translation: " in shown.stdout
    listed = run(command, "source", "catalogue", folder=tmp_path)
    assert "kremlin-en" in listed.stdout
