"""`babelwire serve`, as a process."""

import re
import socket
import subprocess
import sys

import httpx

from tests.babelwire.conftest import Demo, babelwire, environment


def test_it_says_where_it_is_answers_and_ends_when_told(demo: Demo) -> None:
    command = [sys.executable, "-m", "babelwire", "--workspace", str(demo.workspace)]
    with subprocess.Popen(
        [*command, "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as desk:
        assert desk.stderr is not None
        try:
            said = desk.stderr.readline()
            home = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert home is not None, said
            asked = {"params": {"q": "kazan"}, "trust_env": False, "timeout": 60}
            answer = httpx.get(home[0], **asked)
            assert answer.status_code == 200
            assert "<mark>" in answer.text
        finally:
            desk.terminate()
        assert desk.wait(30) == 143
        assert "Traceback" not in desk.stderr.read()


def test_a_port_that_is_taken_is_said_plainly(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = babelwire("serve", "--port", str(port), workspace=demo.workspace)
    assert ran.status == 3
    assert f"port {port} cannot be had" in ran.err
