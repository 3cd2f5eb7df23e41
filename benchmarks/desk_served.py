"""A desk in a process of its own, and what it takes from the machine."""

import contextlib
import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measured import ROOT


class Served:
    """A desk that is served.

    Args:
        process: Serves it.
        port: On loopback.
    """

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"
        self._port = port

    def get(self, path: str) -> bytes:
        """A page; on a new connection, as a reader's first one is."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Accept-Language": "en"})
            response = connection.getresponse()
            assert response.status == 200, (path, response.status)
            return response.read()

    def memory_mib(self) -> float:
        """Resident, now."""
        shown = ["ps", "-o", "rss=", "-p", str(self.process.pid)]
        return int(subprocess.check_output(shown)) / 1024


@contextlib.contextmanager
def served(workspace: Path) -> Iterator[Served]:
    """The desk of a workspace, as `babelwire serve` serves it."""
    serve = ["--workspace", str(workspace), "serve", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "babelwire", *serve],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    try:
        found = re.search(r":(\d+)/", process.stderr.readline())
        assert found is not None
        yield Served(process, int(found[1]))
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()
