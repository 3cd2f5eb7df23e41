"""Makes the requests: the one place through which every connection goes.

It checks the URL once more (what a middleware changed meanwhile is checked as well),
picks the way out, has a host looked up and judged before a proxy is asked for it, and
keeps connections apart that differ in their proxy or in whether certificates were
checked: a connection made for one source is no other's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.web._newclient import ResponseNeverReceived
from twisted.web.client import URI, Agent, HTTPConnectionPool, ProxyAgent
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from crawler.guard import Guard, GuardResolver, RefusedError, may_be_left_to_a_proxy
from crawler.proxies import (
    AUTHENTICATION_REQUIRED,
    UNAVAILABLE,
    ProxyEndpoint,
    Standing,
    TunnelEndpoint,
)
from crawler.tls import Unverified, Verified
from pipeline.egress import Egress, Route

EGRESS, UNVERIFIED = "babelwire_egress", "babelwire_unverified"
"""In a request's meta: the way out that its source names; whether any certificate of
the host will do."""
VIA = "babelwire_via"
"""Set in a request's meta: the proxy it was handed to, as hosts are noted."""

LEAST_SECONDS = 0.1
"""For a request whose time a slow look-up took: 0 would mean no limit to Scrapy."""


class GuardedHandler(HTTP11DownloadHandler):
    """Scrapy's handler, with our endpoints in place of its own."""

    def __init__(self, crawler: Crawler) -> None:
        """Scrapy's constructor."""
        super().__init__(crawler)
        settings = crawler.settings
        self._guard: Guard = settings["BABELWIRE_GUARD"]
        self._egress: Egress = settings["BABELWIRE_EGRESS"]
        self._seconds = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._concurrency = settings.getint("CONCURRENT_REQUESTS")
        self._policies = {True: Verified(self._egress.ca_file), False: Unverified()}
        self._standings: dict[Route, Standing] = {}
        self._ways: dict[tuple[Route, bool], _Way] = {}

    async def download_request(self, request: Request) -> Response:
        """The answer to a request.

        Raises:
            RefusedError: It must not be made.
            ProxyError: The proxy did not do its part.
            Exception: Scrapy's, for whatever else goes wrong.
        """
        self._guard.check(request)
        uri = _parsed(request.url)
        host = uri.host.decode("ascii")
        route = self._egress.choose(host, request.meta.get(EGRESS, ""))
        way = self._way(route, verified=not request.meta.get(UNVERIFIED))
        with wrap_twisted_exceptions():
            if way.standing is None:
                return await self._ask(request, way)
            return await self._ask_through(request, way, way.standing, uri)

    async def close(self) -> None:
        """Ends what is kept open."""
        for way in self._ways.values():
            # Not waited for: it hangs where a server does (scrapy issue 2653).
            way.pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        await super().close()

    async def _ask(self, request: Request, way: _Way) -> Response:
        exchange = _Exchange(
            way,
            contextFactory=self._policies[True],
            connectTimeout=self._seconds,
            pool=way.pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
        )
        found: Response = await maybe_deferred_to_future(
            exchange.download_request(request)
        )
        return found

    async def _ask_through(
        self, request: Request, way: _Way, standing: Standing, uri: URI
    ) -> Response:
        standing.check()
        began = standing.now()
        await self._approve(uri)
        left = self._seconds - (standing.now() - began)
        request.meta["download_timeout"] = max(left, LEAST_SECONDS)
        request.meta[VIA] = standing.name
        if uri.scheme == b"https":  # the credentials went with CONNECT
            return await self._ask(request, way)
        try:
            response = await self._ask(_with_credentials(request, way.route), way)
        except ResponseNeverReceived as error:
            # RFC 9110 §15.6.3: of a host that fails, a proxy tells by a status.
            why = "breaks the connection off"
            raise standing.failed(UNAVAILABLE, why) from error
        if response.status != AUTHENTICATION_REQUIRED:
            standing.works()
        return response

    async def _approve(self, uri: URI) -> None:
        """Looks a host up as if it were connected to; a proxy would do it unseen."""
        from twisted.internet import reactor

        resolver = reactor.nameResolver
        if not isinstance(resolver, GuardResolver):
            raise RefusedError("no_guard")
        host = uri.host.decode("ascii")
        left = self._egress.proxy_resolves and may_be_left_to_a_proxy(host)
        reason = await resolver.approve(
            host, uri.port, seconds=self._seconds, unknown_may_pass=left
        )
        if reason == "dns":
            raise CannotResolveHostError(f"{host} is not known here")
        if reason:
            raise RefusedError(reason)

    def _way(self, route: Route, *, verified: bool) -> _Way:
        key = (route, verified)
        if key not in self._ways:
            self._ways[key] = self._new_way(route, verified=verified)
        return self._ways[key]

    def _new_way(self, route: Route, *, verified: bool) -> _Way:
        from twisted.internet import reactor

        pool: Any = HTTPConnectionPool(reactor, persistent=True)  # type: ignore[no-untyped-call]
        # Through a proxy, pages without https all come from that one host.
        pool.maxPersistentPerHost = (
            self._pool.maxPersistentPerHost if route.is_direct else self._concurrency
        )
        pool._factory = self._pool._factory  # reads sloppy headers, as Scrapy does
        standing = None if route.is_direct else self._standing(route)
        endpoints = Endpoints(
            reactor, self._policies[verified], self._seconds, route, standing
        )
        agent: Any = Agent
        direct = plain = agent.usingEndpointFactory(reactor, endpoints, pool)
        if not route.is_direct:
            plain = ProxyAgent(endpoints.proxy(), reactor, pool)  # type: ignore[no-untyped-call]
        return _Way(route=route, standing=standing, pool=pool, http=plain, https=direct)

    def _standing(self, route: Route) -> Standing:
        from twisted.internet import reactor

        clock: Any = reactor
        if route not in self._standings:
            self._standings[route] = Standing(route, clock.seconds)
        return self._standings[route]


@dataclass(frozen=True, kw_only=True)
class _Way:
    """What makes requests that leave by one route, on connections of their own."""

    route: Route
    standing: Standing | None
    pool: HTTPConnectionPool
    http: Any
    https: Any


class _Exchange(_ScrapyAgent):
    """One request; all but how it connects is Scrapy's."""

    def __init__(self, way: _Way, **parts: Any) -> None:
        super().__init__(**parts)
        self._way = way

    def _get_agent(self, request: Request, timeout: float) -> Any:
        is_secure = request.url.lower().startswith("https:")
        return self._way.https if is_secure else self._way.http


@implementer(IAgentEndpointFactory)
class Endpoints:
    """How the hosts of one route are connected to."""

    def __init__(
        self,
        reactor: Any,
        policy: Any,
        seconds: float,
        route: Route,
        standing: Standing | None,
    ) -> None:
        self._reactor = reactor
        self._policy = policy
        self._seconds = seconds
        self._route = route
        self._standing = standing

    def endpointForURI(self, uri: URI) -> Any:  # noqa: N802
        """Twisted's name: what connects to the host of an address."""
        plain: Any
        if self._standing is None:
            plain = HostnameEndpoint(self._reactor, uri.host, uri.port, self._seconds)
        else:
            plain = TunnelEndpoint(self.proxy(), uri, self._route, self._standing)
        if uri.scheme != b"https":
            return plain
        return wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), plain)

    def proxy(self) -> ProxyEndpoint:
        """To the proxy itself.

        In half a request's time, so that it is not the host that seems not to answer.
        """
        assert self._standing is not None  # noqa: S101 - of a route that has one
        host, port = self._route.endpoint

        def refusal() -> str:
            refusals: dict[tuple[str, int], str] = self._reactor.nameResolver.refusals
            return refusals.get((host, port), "")

        endpoint = HostnameEndpoint(self._reactor, host, port, self._seconds / 2)
        return ProxyEndpoint(endpoint, self._standing, refusal)


def _parsed(url: str) -> URI:
    """As whatever connects will read it: no other parser has a say."""
    found: URI = URI.fromBytes(url.encode("ascii"))  # type: ignore[no-untyped-call]
    return found


def _with_credentials(request: Request, route: Route) -> Request:
    """A copy for the proxy alone: the request that others see has no password."""
    if not route.authorization:
        return request
    copy: Request = request.copy()
    copy.headers["Proxy-Authorization"] = route.authorization
    return copy
