"""What one would write instead: trafilatura in a pool, one process a core.

`python -m benchmarks.trafilatura_alone FOLDER` reads every page of a folder with
text, title and date, and prints how many seconds the reading took.
"""

import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path


def read(path: str) -> int:
    """The length of a page's text."""
    from trafilatura import bare_extraction

    found = bare_extraction(
        Path(path).read_bytes(),
        favor_precision=True,
        include_comments=False,
        with_metadata=True,
    )
    return len(found.text or "") if found is not None else 0


if __name__ == "__main__":
    paths = sorted(str(path) for path in Path(sys.argv[1]).glob("*.html"))
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        for _ in range(3):  # starting and importing is not what is compared
            pool.map(read, paths[:40], chunksize=1)
        started = time.perf_counter()
        lengths = pool.map(read, paths, chunksize=4)
        print(time.perf_counter() - started)
    assert all(lengths)
