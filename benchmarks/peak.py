"""Runs a command and notes its CPU time and peak memory in a file.

`python -m benchmarks.peak FILE COMMAND…`. A process begins with its parent's peak as
its own (Linux keeps it across exec), so a small one stands between a benchmark and
what it measures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """The command's exit status; FILE gets CPU seconds and `ru_maxrss`."""
    process = subprocess.Popen(sys.argv[2:])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    noted = {"cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}
    Path(sys.argv[1]).write_text(json.dumps(noted), encoding="utf-8")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
