"""`babelwire serve`."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from babelwire.config import DeskConfig
    from pipeline.store import Database

BACKLOG = 2048
"""Connections that wait to be taken; uvicorn's own default."""


@click.command("serve")
@click.option("--host", help="Address to listen at (default: [desk] host, 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="0 takes any free one (default: [desk] port, 8787).",
)
@click.pass_obj
def command(root: Path, host: str | None, port: int | None) -> None:
    """Serve the desk: search and read in a browser.

    Unless told otherwise only browsers on this machine reach it. Any other address
    asks for users ("babelwire user add"), or for a proxy or a provider
    that names them ([desk] in babelwire.toml). Ctrl-C ends it.
    """
    from babelwire.config import is_local
    from babelwire.terminal import note, say
    from babelwire.web.services import open_services
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    desk = workspace.config.desk
    desk = replace(
        desk,
        host=desk.host if host is None else host,
        port=desk.port if port is None else port,
    )
    with listening(desk.host, desk.port) as listener:
        address, taken = listener.getsockname()[:2]
        with open_services(workspace) as services:
            import uvicorn

            from babelwire.web.app import make_app

            if not is_local(address):
                check_somebody_is_asked(services.database, desk)
                note("Without a proxy that speaks https, passwords go unencrypted.")
            config = uvicorn.Config(
                make_app(services, desk),
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=5,
            )
            shown = f"[{address}]" if ":" in address else address
            say(f"The desk is at http://{shown}:{taken}/  (Ctrl-C ends it)")
            uvicorn.Server(config).run(sockets=[listener])


def check_somebody_is_asked(database: Database, desk: DeskConfig) -> None:
    """Refuses to show everything to whoever comes along.

    Raises:
        ConfigError: Nobody would be asked who they are.
    """
    from pipeline.errors import ConfigError
    from pipeline.store import users

    with database.read() as connection:
        has_users = users.count(connection) > 0
    if not (has_users or desk.user_header or desk.oidc.issuer):
        raise ConfigError(
            f"{desk.host}: others than this machine would reach the desk, and nobody "
            'would be asked who they are: add a user with "babelwire user add NAME '
            '--role admin", or set user_header or oidc under [desk]'
        )


def listening(host: str, port: int) -> socket.socket:
    """A socket at an address.

    Raises:
        UnavailableError: Another program has the port, or the address is not ours.
    """
    from pipeline.errors import UnavailableError

    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise UnavailableError(f"{host}: no address ({error})") from error
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)  # before anybody is told the address
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"{host}, port {port} cannot be had ({error}): choose another one "
            "with --port"
        ) from error
    return listener
