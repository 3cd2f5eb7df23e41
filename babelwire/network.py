"""The workspace's ways out: `[network]`, with what the environment keeps secret."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from babelwire.config import FILE, ProxyConfig, secret
from pipeline.egress import Egress, Route, check_name
from pipeline.errors import ConfigError, SourceError
from pipeline.sources import Source

if TYPE_CHECKING:
    from babelwire.workspace import Workspace


def egress_of(workspace: Workspace) -> Egress:
    """The ways out, with passwords.

    Raises:
        ConfigError: The variable of a password is not set, or `ca_file` is not one.
    """
    config = workspace.config.network
    return Egress(
        default=_route("network", config),
        named={
            name: _route(f"network.egress.{name}", way)
            for name, way in config.egress.items()
        },
        no_proxy=config.no_proxy,
        ca_file=ca_file_of(workspace),
        proxy_resolves=config.proxy_resolves,
    )


def ca_file_of(workspace: Workspace) -> str:
    """The absolute path of `ca_file`; "" where there is none.

    Raises:
        ConfigError: There is no such file, or it holds no certificate.
    """
    given = workspace.config.network.ca_file
    if not given:
        return ""
    path = (workspace.root / given).absolute()
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        why = "there is no file" if isinstance(error, FileNotFoundError) else "found"
        raise ConfigError(
            f"{workspace.root / FILE}: network.ca_file: {why} {path}, expected a PEM "
            "file with certificates of authorities"
        ) from error
    return str(path)


def check_egress(workspace: Workspace, sources: Iterable[Source]) -> None:
    """Checks that every source names a way out that there is.

    Raises:
        SourceError: File, key, what was expected.
    """
    for source in sources:
        try:
            check_name(source.egress, workspace.config.network.egress)
        except ConfigError as error:
            path = workspace.sources_folder / f"{source.name}.toml"
            raise SourceError(f"{path}: {error}") from error


def _route(section: str, config: ProxyConfig) -> Route:
    return Route(
        proxy=config.proxy,
        user=config.proxy_user,
        password=secret(section, config.proxy_password_variable, os.environ),
    )
