"""Child processes with their time and peak memory."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
    """Runs Python with these arguments and waits for it."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stdin)
    process.stdin.close()
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (arguments, out[-2000:])
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes or KiB
    return Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / unit,
        out=out,
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
