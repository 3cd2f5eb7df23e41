"""Scrapy's settings, every one with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scrapy.settings import BaseSettings

from crawler.guard import Announce, Guard, GuardResolver, Refusals
from crawler.job import Limits
from pipeline.egress import Egress
from pipeline.errors import ConfigError

HANDLER = "crawler.download_handler.GuardedHandler"
RESOLVER = "crawler.guard.GuardResolver"
URL_RULES = "crawler.guard.UrlRules"

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def scrapy_settings(
    *,
    guard: Guard,
    limits: Limits,
    agent: str,
    egress: Egress | None = None,
    resolver: Callable[[Any], Any] | None = None,
    announce: Announce | None = None,
) -> dict[str, Any]:
    """The settings of one process.

    Args:
        guard: What may be connected to.
        limits: On requests.
        agent: The User-Agent.
        egress: The ways out; directly by default.
        resolver: Makes the resolver to be guarded from the reactor; its own by
            default. Tests pass one that lies.
        announce: A function (no method: Scrapy copies settings deeply) that is
            called before a connection.
    """
    return {
        "BABELWIRE_GUARD": guard,
        "BABELWIRE_EGRESS": egress or Egress(),
        "BABELWIRE_RESOLVER": resolver,
        "BABELWIRE_ANNOUNCE": announce,
        "BABELWIRE_REFUSALS": Refusals(),
        **_network(),
        **_limits(limits),
        **_pace(limits),
        **_switched_off(),
        "USER_AGENT": agent,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": ACCEPT,
            # Readers of WARC files know gzip; zstd and br are undone all the same
            # when a server sends them unasked.
            "Accept-Encoding": "gzip, deflate",
        },
        "LOG_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "LOG_VERSIONS": [],
    }


MUST_BE_OFF = (
    "DNSCACHE_ENABLED",  # answers that nobody checked
    "HTTPPROXY_ENABLED",  # the environment's proxies
    "REDIRECT_ENABLED",  # requests that robots.txt and the pace do not know of
    "METAREFRESH_ENABLED",
    "COOKIES_ENABLED",
    "HTTPCACHE_ENABLED",  # pages that were never fetched
    "TELNETCONSOLE_ENABLED",  # servers that execute code
    "REMOTE_CONTROL_ENABLED",
)
"""Settings that would lead past the guard, or around a part of it."""


def check_settings(settings: BaseSettings) -> None:
    """Checks that nothing goes past the guard, whoever made the settings.

    Args:
        settings: As Scrapy has them in the end.

    Raises:
        ConfigError: Names the setting.
    """
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    found = {scheme: handler for scheme, handler in handlers.items() if handler}
    _expect("DOWNLOAD_HANDLERS", found, {"http": HANDLER, "https": HANDLER})
    name = "DOWNLOADER_MIDDLEWARES"
    middlewares = settings.get_component_priority_dict_with_base(name)
    first = min(middlewares, key=lambda each: middlewares[each], default="")
    _expect(f"{name}, the first", first, URL_RULES)
    _expect("TWISTED_DNS_RESOLVER", settings["TWISTED_DNS_RESOLVER"], RESOLVER)
    _expect("DOWNLOADER", settings["DOWNLOADER"], "scrapy.core.downloader.Downloader")
    _expect("ADDONS", settings.getdict("ADDONS"), {})
    for name in MUST_BE_OFF:
        _expect(name, settings.getbool(name), False)


def check_resolver(resolver: object) -> None:
    """Checks that a reactor looks names up through the guard.

    Raises:
        ConfigError: It does not.
    """
    if not isinstance(resolver, GuardResolver):
        _expect("the reactor's resolver", type(resolver).__name__, RESOLVER)


def _expect(name: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise ConfigError(
            f"the crawler's settings would let requests past its guard: {name}: found "
            f"{found!r}, expected {expected!r}"
        )


def _network() -> dict[str, Any]:
    return {
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "TWISTED_DNS_RESOLVER": RESOLVER,
        # A name that changes its address is looked up, and checked, every time.
        "DNSCACHE_ENABLED": False,
        # With 10 threads, 30 dead names held good ones up for 15 s; with 40, .2 s.
        "REACTOR_THREADPOOL_MAXSIZE": 40,
        # The guard works with no other (Scrapy's httpx handler let 11 of 18 canaries
        # through); what other schemes lead to is no page.
        "DOWNLOAD_HANDLERS": {
            "http": HANDLER,
            "https": HANDLER,
            **dict.fromkeys(("ftp", "file", "data", "s3")),
        },
        "DOWNLOADER_MIDDLEWARES": {URL_RULES: 40},
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
    }


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "DOWNLOAD_TIMEOUT": limits.timeout_seconds,
        "DOWNLOAD_MAXSIZE": limits.max_body_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        "URLLENGTH_LIMIT": 2083,
    }


def _pace(limits: Limits) -> dict[str, Any]:
    return {
        # The dispatcher asks a host only when it may; a request waiting in a
        # slot of Scrapy's would hold a place that another host could use.
        "CONCURRENT_REQUESTS": 2 * limits.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": limits.per_host + 1,
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
    }


def _switched_off() -> dict[str, Any]:
    return {
        # Undone in `pipeline.content_encoding`, which notices a body cut short.
        "COMPRESSION_ENABLED": False,
        # The dispatcher asks robots.txt (RFC 9309), follows redirects through
        # the frontier, and retries through the table.
        "ROBOTSTXT_OBEY": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "RETRY_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        # HTTP_PROXY in the environment would take requests past the guard.
        "HTTPPROXY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "DOWNLOADER_STATS": False,
        "TELNETCONSOLE_ENABLED": False,
        # An HTTP server that executes code, on by default in Scrapy 2.19.
        "REMOTE_CONTROL_ENABLED": False,
        "JOBDIR": None,
        # The dispatcher watches memory: it can end in order.
        "MEMUSAGE_ENABLED": False,
        "EXTENSIONS": {
            "scrapy.extensions.logcount.LogCount": None,
            "scrapy.extensions.logstats.LogStats": None,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        },
    }
