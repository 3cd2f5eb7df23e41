"""Runs the stages of a workspace; prints the seconds from the first batch on.

`python -m benchmarks.process_alone WORKSPACE`.
"""

import sys
import time
from pathlib import Path

from babelwire.assembly import processor
from babelwire.workspace import find_workspace

if __name__ == "__main__":
    workspace = find_workspace(Path(sys.argv[1]))
    database = workspace.open()
    with processor(workspace, database) as stages:
        stages.run(go_on=iter([True] * 3 + [False]).__next__)  # warm, as the other
        started = time.perf_counter()
        tallies = stages.run()
        print(time.perf_counter() - started, tallies["extract"].done)
    database.close()
