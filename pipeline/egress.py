"""Ways out of this machine: directly, or through a proxy (C17).

Whoever connects to another machine asks an `Egress` for the `Route` to it: pages,
models, translation servers and sign-in today, whatever else connects later. Variables
of the environment have no say. No I/O here.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pipeline.errors import ConfigError
from pipeline.urls import host_of

DIRECT_NAME = "direct"
"""As `egress` of a source: no proxy, whatever is configured."""

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Of a way out."""

_HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way out.

    Attributes:
        proxy: `http://host:port`; "" for none.
        user: Whom the proxy is told; "" for nobody.
        password: Of the user; never shown.
    """

    proxy: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuses what is no proxy.

        Raises:
            ConfigError: Says what was expected.
        """
        if self.proxy:
            check_proxy(self.proxy)

    @property
    def is_direct(self) -> bool:
        """Whether there is no proxy."""
        return not self.proxy

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port of the proxy."""
        parts = urlsplit(self.proxy)
        return parts.hostname or "", parts.port or 0

    @property
    def host(self) -> str:
        """The proxy as hosts are noted (`host_of`)."""
        return host_of(self.proxy)

    @property
    def authorization(self) -> str:
        """The value of `Proxy-Authorization` (RFC 7617); "" where nobody is named.

        >>> Route(proxy="http://p.example:3128", user="a", password="b").authorization
        'Basic YTpi'
        """
        if not self.user:
            return ""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


DIRECT = Route()


@dataclass(frozen=True, kw_only=True)
class Egress:
    """All ways out, and which host is reached by which.

    Attributes:
        default: Where a source names none.
        named: By name.
        no_proxy: Hosts that are reached directly whatever a source says: a name stands
            for itself and all under it (with or without a dot before it, as other
            programs have it), a network (CIDR) for the hosts written as addresses.
        ca_file: PEM file with authorities that are trusted besides the system's; "" for
            none.
        proxy_resolves: A name that is not known here is left to the proxy.
    """

    default: Route = DIRECT
    named: Mapping[str, Route] = field(default_factory=dict)
    no_proxy: tuple[str, ...] = ()
    ca_file: str = ""
    proxy_resolves: bool = False

    def __post_init__(self) -> None:
        """Refuses what could never match.

        Raises:
            ConfigError: Names the key.
        """
        for entry in self.no_proxy:
            check_no_proxy(entry)

    @property
    def proxies(self) -> frozenset[tuple[str, int]]:
        """Host and port of every proxy."""
        return frozenset(route.endpoint for route in self._proxied)

    @property
    def proxy_hosts(self) -> frozenset[str]:
        """The proxies as hosts are noted."""
        return frozenset(route.host for route in self._proxied)

    @property
    def _proxied(self) -> list[Route]:
        routes = (self.default, *self.named.values())
        return [route for route in routes if not route.is_direct]

    def choose(self, host: str, name: str = "") -> Route:
        """The route to a host.

        This machine is reached directly, always: seen from a proxy, it is another one.

        Args:
            host: With or without its port.
            name: What the source says: "", `direct`, or a name.

        Raises:
            ConfigError: There is no such way out.

        >>> office = Route(proxy="http://proxy.example:3128")
        >>> egress = Egress(default=office, no_proxy=("intranet.example",))
        >>> egress.choose("news.example") == office
        True
        >>> egress.choose("wiki.intranet.example:8080").is_direct
        True
        """
        check_name(name, self.named)
        if name == DIRECT_NAME or self._is_reached_directly(_bare(host)):
            return DIRECT
        return self.named[name] if name else self.default

    def _is_reached_directly(self, host: str) -> bool:
        return is_this_machine(host) or any(_matches(e, host) for e in self.no_proxy)


def check_name(name: str, named: Mapping[str, object]) -> None:
    """Checks `egress` of a source.

    Raises:
        ConfigError: There is no such way out.
    """
    if name in {"", DIRECT_NAME} or name in named:
        return
    known = ", ".join(f'"{each}"' for each in (DIRECT_NAME, *named))
    raise ConfigError(
        f'egress: found "{name}", expected one of {known}; '
        f"[network.egress.{name}] in babelwire.toml would add it"
    )


def check_proxy(url: str) -> None:
    """Checks a proxy's address; one with a password is not repeated.

    Raises:
        ConfigError: Says what was expected.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
        has_user = parts.username is not None or parts.password is not None
    except ValueError as error:
        raise ConfigError(f"proxy: no address ({error}); {_EXPECTED}") from error
    if has_user:
        raise ConfigError(
            "proxy: holds a user or a password; use proxy_user and "
            "proxy_password_variable, so that it comes from the environment"
        )
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "http" or not host or not port or rest:
        raise ConfigError(f'proxy: found "{url}", {_EXPECTED}')


_EXPECTED = 'expected e.g. "http://proxy.example.org:3128" (http, with its port)'


def check_no_proxy(entry: str) -> None:
    """Checks an entry of `no_proxy`.

    Raises:
        ConfigError: Names the key.
    """
    if _network(entry) is None and not _HOST.fullmatch(entry.lower()):
        raise ConfigError(
            f'no_proxy: found "{entry}", expected a name such as "example.org", which '
            'stands for all under it too, or a network such as "10.0.0.0/8"'
        )


def is_this_machine(host: str) -> bool:
    """Whether a host, without a port, is this machine by its name alone.

    >>> is_this_machine("127.0.0.1"), is_this_machine("news.example")
    (True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 §6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(entry: str, host: str) -> bool:
    network = _network(entry)
    if network is None:
        name = entry.lower().removeprefix(".")
        return host == name or host.endswith(f".{name}")
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def _bare(host: str) -> str:
    """The host alone, in the form that is compared."""
    try:
        return urlsplit(f"//{host_of(f'http://{host}')}").hostname or host
    except ValueError:
        return host.lower()
