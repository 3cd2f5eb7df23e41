"""Child processes with their time and peak memory."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEAK = Path(__file__).resolve().parent / "peak.py"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A finished child: wall seconds, CPU seconds, peak resident MiB, output."""

    wall: float
    cpu: float
    peak_mib: float
    out: str


def child(
    arguments: Sequence[str],
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Runs Python with these arguments and waits for it.

    Modules are compiled once, as on any machine that is used: the first run of a new
    environment takes longer.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.NamedTemporaryFile(suffix=".json") as noted:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(PEAK), noted.name, sys.executable, *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            text=True,
            env={**kept, **(environment or {}), "PYTHONPATH": str(ROOT)},
            check=False,
        )
        wall = time.perf_counter() - started
        assert done.returncode == 0, (arguments, done.stdout[-2000:])
        usage = json.load(noted)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes or KiB
    return Measured(
        wall=wall, cpu=usage["cpu"], peak_mib=usage["peak"] / unit, out=done.stdout
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def verdict(name: str, value: float, goal: float, *, at_least: bool) -> None:
    """Prints a figure beside its goal."""
    holds = value >= goal if at_least else value <= goal
    sign = "≥" if at_least else "≤"
    print(
        f"  {name}: {value:.2f} (goal {sign} {goal:g}: {'met' if holds else 'MISSED'})"
    )
