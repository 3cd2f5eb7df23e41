"""`babelwire serve`."""

from __future__ import annotations

import socket
from pathlib import Path

import click

BACKLOG = 2048
"""Connections that wait to be taken; uvicorn's own default."""


@click.command("serve")
@click.option("--port", default=8787, show_default=True, help="0 takes any free one.")
@click.pass_obj
def command(root: Path, port: int) -> None:
    """Serve the desk: search and read in a browser, on this machine.

    Only browsers on this machine reach it. Ctrl-C ends it.
    """
    from babelwire.terminal import say
    from babelwire.web.services import open_services
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    with listening(port) as listener, open_services(workspace) as services:
        import uvicorn

        from babelwire.web.app import make_app

        config = uvicorn.Config(
            make_app(services),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        say(f"The desk is at {address}  (Ctrl-C ends it)")
        uvicorn.Server(config).run(sockets=[listener])


def listening(port: int) -> socket.socket:
    """A socket on loopback.

    Raises:
        UnavailableError: Another program has the port.
    """
    from pipeline.errors import UnavailableError

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)  # before anybody is told the address
    except (OSError, OverflowError) as error:
        listener.close()
        raise UnavailableError(
            f"port {port} cannot be had ({error}): choose another one with --port"
        ) from error
    return listener
