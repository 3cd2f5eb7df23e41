"""Keeps the crawler off addresses that are not public (C4, C5, C17).

URLs are checked before a request; addresses when a connection is made, by a
resolver that passes on only what may be connected to: there is no second
look-up in which the answer could differ.

Through a proxy the same rules hold before it is asked for a host. It looks the name up
again, though, so a name whose answers differ is stopped by the proxy's rules alone.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
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

UNKNOWN = "dns"
"""Reason of a name that has no address here."""

UNKNOWN_FOR_SECONDS = 600.0
"""How long a name is believed to be unknown here where it may be left to a proxy:
behind some firewalls each look-up takes seconds to fail."""

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


_INSIDE = (
    "local",  # RFC 6762 §3
    "localhost",  # RFC 6761 §6.3
    "internal",  # kept for private use by ICANN in 2024; clouds' metadata names
    "arpa",  # of the DNS itself, and home.arpa (RFC 8375)
    *("corp", "home", "intranet", "lan", "private"),  # RFC 6762 appendix G
    "localdomain",  # a customary name for it
    *("alt", "onion"),  # RFC 9476, RFC 7686: not in the DNS
)
"""Names that are never outside."""

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_SECRETS = ("Authorization", "Cookie", "Proxy-Authorization")


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
        proxies: Host and port of those configured: connected to, wherever they are,
            as a proxy and never as what a URL names.
    """

    allow_networks: tuple[str, ...] = ()
    named_hosts: frozenset[str] = frozenset()
    proxies: frozenset[tuple[str, int]] = frozenset()

    def check(self, request: Request) -> None:
        """Lets a request pass, or raises.

        Raises:
            RefusedError: With the reason.
        """
        if "proxy" in request.meta:
            raise RefusedError("proxy_not_allowed")
        if any(name in request.headers for name in _SECRETS):
            raise RefusedError("carries_credentials")
        reason = self.url_refusal(request.url)
        if reason:
            raise RefusedError(reason)

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
        if (host.removesuffix(f":{port}").strip("[]"), port) in self.proxies:
            return "is_the_proxy"
        if port not in WEB_PORTS and host not in self.named_hosts:
            return "port_not_allowed"
        return ""

    def address_refusal(self, host: str, port: int, found: Sequence[Address]) -> str:
        """Why none of a host's addresses may be connected to; "" when all may.

        One address that is not allowed refuses the whole answer: a name that
        mixes public and private ones means no good.
        """
        if (host, port) in self.proxies:
            return ""  # no URL names it: it is connected to as a proxy
        for address in found:
            if (str(address), port) in self.proxies:
                return "is_the_proxy"
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


def may_be_left_to_a_proxy(host: str) -> bool:
    """Whether a name that is not known here can be one of a public site.

    Nothing that could be read as an address (WHATWG URL, "ends in a number"), and no
    name that is never outside.

    >>> may_be_left_to_a_proxy("news.example"), may_be_left_to_a_proxy("0x7f.1")
    (True, False)
    """
    name = host.lower().rstrip(".")
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return False
    return not any(name.endswith(f".{inside}") for inside in _INSIDE)


class UrlRules:
    """Downloader middleware: refuses requests by their URL, and any proxy.

    The first of all; the handler checks again what the others made of a request.
    """

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
        self._guard.check(request)


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
        self._unknown_until: dict[str, float] = {}
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

    async def approve(
        self, host: str, port: int, *, seconds: float, unknown_may_pass: bool
    ) -> str:
        """Why a host must not be asked for through a proxy; "" when it may.

        It is looked up, judged and noted as if it were to be connected to.

        Args:
            host: A name, or an address.
            port: Of the target.
            seconds: How long a look-up may take.
            unknown_may_pass: Names without an address here may be asked for.
        """
        if unknown_may_pass and self._is_unknown(host):
            return await self._noted(host, port)
        receiver: Any = _Collected()
        self.resolveHostName(receiver, host, port)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await maybe_deferred_to_future(receiver.complete)
        reason = "" if receiver.found else self.refusals.get((host, port), UNKNOWN)
        if reason == UNKNOWN and unknown_may_pass:
            now = self._reactor.seconds()
            self._unknown_until[host] = now + UNKNOWN_FOR_SECONDS
            return await self._noted(host, port)
        return reason

    def _is_unknown(self, host: str) -> bool:
        until = self._unknown_until.get(host, float("-inf"))
        return bool(self._reactor.seconds() < until)

    async def _noted(self, host: str, port: int) -> str:
        if port not in WEB_PORTS:  # others are for addresses that are known
            return "port_not_allowed"
        self.refusals.pop((host, port), None)
        noted: Deferred[None] = Deferred()
        self.announce(host, port, lambda: noted.callback(None))
        await maybe_deferred_to_future(noted)
        return self.refusals.get((host, port), "")

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


@implementer(IResolutionReceiver)
class _Collected:
    """What was passed on for a host that nobody connects to."""

    def __init__(self) -> None:
        self.found: list[IAddress] = []
        self.complete: Deferred[None] = Deferred()

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        """Twisted's; nothing to do."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        self.found.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self.complete.callback(None)


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
