"""`python -m crawler`: a job as JSON on stdin, events as JSON lines on stdout.

Exit status: 0 done, 1 something failed for good, 2 not a job, 3 locked or
unavailable, 130 and 143 after SIGINT and SIGTERM. `--probe` looks at a site and
stores nothing.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from pipeline.errors import BabelwireError


def main() -> int:
    """Runs the job on stdin."""
    try:
        return _run()
    except BabelwireError as error:
        emit(_error(str(error), error.exit_status))
        return error.exit_status
    except KeyboardInterrupt:  # before there was a loop to handle it
        return 130
    except Exception as error:  # noqa: BLE001 - the process's edge
        traceback.print_exc()
        emit(_error(f"unexpected: {type(error).__name__}: {error}", 1))
        return 1


def emit(event: Mapping[str, Any]) -> None:
    """Writes one event."""
    try:
        sys.stdout.write(json.dumps(event, ensure_ascii=True) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens; the tick will notice that the parent is gone.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _run() -> int:
    from crawler.job import CrawlJob, ProbeJob

    text = sys.stdin.read()
    if sys.argv[1:] == ["--probe"]:
        from crawler.probe import run_probe

        return run_probe(ProbeJob.from_json(text), emit)
    from crawler.run import run_crawl

    return run_crawl(CrawlJob.from_json(text), emit)


def _error(message: str, status: int) -> dict[str, Any]:
    return {"event": "error", "message": message, "exit_status": status}


if __name__ == "__main__":
    sys.exit(main())
