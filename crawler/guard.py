"""Keeps the crawler off addresses that are not public (C4, C5, C17).

URLs are checked before a request; addresses when a connection is made, by a
resolver that passes on only what may be connected to: there is no second
look-up in which the answer could differ.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from pipeline.urls import MAX_URL_CHARACTERS, host_of

Announce = Callable[[str], None]
"""Notes a host (`pipeline.urls.host_of`) that is about to be connected to; may take its
time. Raises where that fails: then there is no connection."""

NOT_NOTED = "not_noted"
"""Reason of a host that may be connected to, but could not be noted."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WEB_PORTS = frozenset({80, 443})

_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        # Global by IANA's registries, or by ipaddress' reading of them, yet not
        # places where a web site is:
        "192.0.0.0/24",  # protocol assignments, a cloud's metadata among them
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "168.63.129.16/32",  # a cloud's metadata and health service
        "224.0.0.0/3",  # multicast and reserved
    )
)
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2001:db8::/32",
        "3fff::/20",  # documentation (RFC 9637)
    )
)


class RefusedError(IgnoreRequest):
    """A request that must not be made; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Guard:
    """What may be connected to.

    Attributes:
        allow_networks: CIDRs that may be visited though not public.
        named_hosts: `host:port` in the sources' files: may use any port on an
            address inside `allow_networks`.
    """

    allow_networks: tuple[str, ...] = ()
    named_hosts: frozenset[str] = frozenset()

    def url_refusal(self, url: str) -> str:
        """Why a URL must not be requested; "" when it may."""
        if len(url) > MAX_URL_CHARACTERS:
            return "url_too_long"
        try:
            parts = urlsplit(url)
            host = host_of(url)
        except ValueError:
            return "not_http"
        if parts.username is not None or parts.password is not None:
            return "url_has_credentials"
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
        if port not in WEB_PORTS and host not in self.named_hosts:
            return "port_not_allowed"
        return ""

    def address_refusal(self, host: str, port: int, found: Sequence[Address]) -> str:
        """Why none of a host's addresses may be connected to; "" when all may.

        One address that is not allowed refuses the whole answer: a name that
        mixes public and private ones means no good.
        """
        for address in found:
            if self._is_allowed_network(address):
                if port not in WEB_PORTS and f"{host}:{port}" not in self.named_hosts:
                    return "port_not_allowed"
            elif not is_public(address):
                return "address_not_public"
            elif port not in WEB_PORTS:
                return "port_not_allowed"
        return ""

    def _is_allowed_network(self, address: Address) -> bool:
        return any(
            address in ipaddress.ip_network(network) for network in self.allow_networks
        )


def is_public(address: Address) -> bool:
    """Whether an address is one where a public web site can be.

    `ipaddress.is_global` alone lets through multicast, NAT64, 6to4, site-local
    addresses and a cloud's metadata service (measured on Python 3.11).

    >>> is_public(ipaddress.ip_address("169.254.169.254"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        inside = address in _OPEN_V6 and address.is_global
        return inside and not any(address in network for network in _CLOSED_V6)
    return address.is_global and not any(address in network for network in _CLOSED)


class UrlRules:
    """Downloader middleware: refuses requests by their URL, and any proxy."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler.settings["BABELWIRE_GUARD"])

    def process_request(self, request: Request) -> None:
        """Lets pass, or raises.

        Raises:
            RefusedError: With the reason.
        """
        if "proxy" in request.meta:
            raise RefusedError("proxy_not_allowed")
        reason = self._guard.url_refusal(request.url)
        if reason:
            raise RefusedError(reason)


@implementer(IHostnameResolver)
class GuardResolver:
    """Twisted's resolver, minus the addresses that must not be connected to.

    What it passes on is connected to next, and told to who keeps account of that.

    Attributes:
        refusals: By host and port, why the last look-up was refused.
    """

    refusals: dict[tuple[str, int], str]

    def __init__(
        self,
        reactor: Any,
        guard: Guard,
        inner: Any | None = None,
        announce: Announce | None = None,
    ) -> None:
        """Wraps a resolver.

        Args:
            reactor: Twisted's.
            guard: The rules.
            inner: The resolver to ask; the reactor's own by default.
            announce: Called in a thread before a connection.
        """
        self._announce = announce
        self._reactor = reactor
        self._guard = guard
        self._inner = inner or reactor.nameResolver
        self.refusals = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """Scrapy's constructor."""
        settings = crawler.settings
        make_inner = settings.get("BABELWIRE_RESOLVER")
        inner = make_inner(reactor) if make_inner else None
        announce = settings.get("BABELWIRE_ANNOUNCE")
        resolver = cls(reactor, settings["BABELWIRE_GUARD"], inner, announce)
        settings["BABELWIRE_REFUSALS"].share(resolver.refusals)
        return resolver

    def install_on_reactor(self) -> None:
        """Every connection of this process goes through here."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's names
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Any = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """Passes on the addresses of a host, or none at all."""
        checked = _Checked(self, resolutionReceiver, hostName, portNumber)
        found: IHostResolution = self._inner.resolveHostName(
            checked, hostName, portNumber, addressTypes, transportSemantics
        )
        return found

    def verdict(self, host: str, port: int, found: Sequence[Address]) -> bool:
        """Whether these may be connected to; notes why not."""
        reason = self._guard.address_refusal(host, port, found)
        if reason:
            self.refusals[host, port] = reason
        else:
            self.refusals.pop((host, port), None)
        return not reason

    def announce(self, host: str, port: int, then: Callable[[], None]) -> None:
        """Goes on once the host is noted; where that fails, there is a refusal."""
        if self._announce is None:
            then()
            return

        def failed(_failure: Any) -> None:
            self.refusals[host, port] = NOT_NOTED

        name = f"[{host}]" if ":" in host else host
        pool = self._reactor.getThreadPool()
        noted = deferToThreadPool(
            self._reactor, pool, self._announce, host_of(f"http://{name}:{port}")
        )
        noted.addErrback(failed)
        noted.addBoth(lambda _: then())


@implementer(IResolutionReceiver)
class _Checked:
    def __init__(
        self, resolver: GuardResolver, receiver: Any, host: str, port: int
    ) -> None:
        self._resolver = resolver
        self._receiver = receiver
        self._host = host
        self._port = port
        self._found: list[Any] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        self._found.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        parsed = [ipaddress.ip_address(a.host.split("%")[0]) for a in self._found]
        if self._resolver.verdict(self._host, self._port, parsed) and self._found:
            self._resolver.announce(self._host, self._port, self._pass_on)
        else:
            self._receiver.resolutionComplete()

    def _pass_on(self) -> None:
        if (self._host, self._port) not in self._resolver.refusals:
            for address in self._found:
                self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()


class Refusals(Mapping[tuple[str, int], str]):
    """What the process's resolver refused; made before there is a resolver."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], str] = {}

    def share(self, found: dict[tuple[str, int], str]) -> None:
        """Shows these from now on."""
        self._found = found

    def __getitem__(self, key: tuple[str, int]) -> str:
        return self._found[key]

    def __iter__(self) -> Any:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __deepcopy__(self, memo: Any) -> Self:
        # Scrapy copies settings deeply; this must stay the same object.
        return self
