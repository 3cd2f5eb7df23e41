"""A source: a publisher's site, or an office's statements page.

No I/O beyond what `read_sources` is handed: the folder of TOML files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from annotated_types import Ge, Le, MinLen

from pipeline.archives import is_archive_page, unit_of
from pipeline.documents import Kind
from pipeline.errors import ConfigError, SourceError
from pipeline.json_listings import JsonListing, listing_of
from pipeline.settings import from_mapping, read_toml
from pipeline.urls import host_of

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Also a file name, on any system, and nothing else (W8)."""

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Selectors:
    """CSS selectors that win over the extractor; "" leaves it to the extractor."""

    title: str = ""
    text: str = ""
    published: str = ""
    author: str = ""
    remove: tuple[str, ...] = ()


EndpointKind = Literal["feed", "sitemap", "listing", "json"]
OutOfScope = Literal["", "other_host", "endpoint", "path_not_allowed"]

Show = Literal["full", "excerpt", "headline"]
"""What leaves the desk, besides the link: everything, the headline and the beginning
of the text, or the headline alone."""

SHOW_BY_KIND: Mapping[str, Show] = {"official": "full", "news": "excerpt"}
"""Where a source's file does not say. Official texts are written to be passed on, and
most laws let them be (Berne Convention, article 2(4)); a publisher's are quoted."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What may leave the desk; inside it everything is shown.

    Attributes:
        show: None in a source's file that leaves it to the kind; a `Source` has it
            filled in by `SHOW_BY_KIND`. None anywhere else lets out a headline.
        excerpt_characters: Of the text, and of its translation, at most.
        notice: Goes with whatever leaves, e.g. "© The Lantern".
        pass_on_days: So long after it was published, text leaves; later only the
            headline does. 0: always.
    """

    show: Show | None = None
    excerpt_characters: Annotated[int, Ge(50), Le(5000)] = 300
    notice: str = ""
    pass_on_days: Annotated[int, Ge(0), Le(36_500)] = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """One configured site.

    Attributes:
        name: The file's own name; lower-case letters, digits, hyphens.
        kind: `news` or `official`; its documents inherit it.
        publisher: Who publishes, for people.
        country: ISO 3166-1 alpha-2 code of where the publisher is, or "".
        audience: Countries it addresses.
        owner: Who stands behind the publisher.
        languages: BCP 47 tags; a hint only.
        feeds: RSS, Atom or JSON feeds.
        sitemaps: Sitemaps or sitemap indexes.
        listings: Pages whose links are followed.
        json_listings: Lists that a "load more" button asks for, by a rule each.
        archives: Addresses that only a crawl back to a date reads: pages by date, such
            as `https://e.org/{year}/{month:02}/{day:02}`, older sitemaps and lists
            (`pipeline.archives`).
        allow: Regular expressions searched in the URL's path: what is an
            article. Empty: every entry on the source's hosts.
        hosts: Further hosts that belong to the site; those of the endpoints do.
        every: How often the endpoints are visited: always after `15m`, or between
            the two of `15m..2h`, as often as each was seen to bring something new.
        delay_seconds: Between two requests to one host, 0 to 3600.
        max_pages_per_run: Articles fetched per run at most.
        egress: How its pages are fetched: "" as `[network]` says, `direct` without a
            proxy, or a name of `[network.egress]`.
        unverified_hosts: Of its own hosts, those whose certificate is not checked: one
            that has expired for weeks, or names another host, and whose owner does
            nothing about it. Whoever is on the way can change what such a page says.
        browser: Its articles and listings are fetched by a browser, for their text is
            made by scripts; feeds, sitemaps and lists of JSON are not.
        timezone: IANA name of the zone of times on its pages that name none; "" is
            UTC.
        enabled: False: kept, but not visited.
        selectors: Optional, win over the extractor.
        rights: What may leave the desk; `show` is filled in.
    """

    name: Annotated[str, MinLen(1)]
    kind: Kind
    publisher: Annotated[str, MinLen(1)]
    country: str = ""
    audience: tuple[str, ...] = ()
    owner: str = ""
    languages: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    json_listings: tuple[JsonListing, ...] = ()
    archives: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    every: str = "30m"
    delay_seconds: Annotated[float, Ge(0), Le(3600)] = 2.0
    max_pages_per_run: Annotated[int, Ge(1), Le(100_000)] = 500
    egress: str = ""
    unverified_hosts: tuple[str, ...] = ()
    browser: bool = False
    timezone: str = ""
    enabled: bool = True
    verified: bool = True
    selectors: Selectors = field(default_factory=Selectors)
    rights: Rights = field(default_factory=Rights)

    def __post_init__(self) -> None:
        """Refuses what no type can refuse; fills in what the kind decides.

        Raises:
            ConfigError: Names the key and what was expected.
        """
        _check_name(self.name)
        _check_country("country", self.country)
        for country in self.audience:
            _check_country("audience", country)
        for endpoint in self.endpoints:
            _check_url(endpoint)
        for template in self.archives:
            unit_of(template)
        for pattern in self.allow:
            _check_pattern(pattern)
        for host in self.unverified_hosts:
            _check_own(host, self.own_hosts)
        every_bounds(self.every)
        _check_timezone(self.timezone)
        if self.rights.show is None:
            known = replace(self.rights, show=SHOW_BY_KIND[self.kind])
            object.__setattr__(self, "rights", known)  # frozen, but being made

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """Feeds, sitemaps, listings and lists of JSON, in this order, each once."""
        return tuple(self.endpoint_kinds)

    @cached_property
    def endpoint_kinds(self) -> dict[str, EndpointKind]:
        """What each endpoint is; one that is named twice is what comes first here."""
        first_pages = [rule.first_url for rule in self.json_listings]
        kinds: tuple[tuple[EndpointKind, Iterable[str]], ...] = (
            ("feed", self.feeds),
            ("sitemap", self.sitemaps),
            ("listing", self.listings),
            ("json", first_pages),
        )
        found: dict[str, EndpointKind] = {}
        for kind, addresses in kinds:
            for url in addresses:
                found.setdefault(url, kind)
        return found

    @property
    def every_bounds(self) -> tuple[int, int]:
        """The shortest and the longest time between two visits, in seconds."""
        return every_bounds(self.every)

    @cached_property  # asked for every link of a page
    def own_hosts(self) -> frozenset[str]:
        """`host` or `host:port` (where a port is written) that belong to the site."""
        named = (*self.endpoints, *self.archives)
        return frozenset(self.hosts) | {host_of(url) for url in named}

    def is_article(self, url: str) -> bool:
        """Whether `url` is in scope: on the source's hosts, and allowed.

        An endpoint is never an article.

        Raises:
            ValueError: Not an http or https URL.
        """
        return not self.out_of_scope(url)

    def out_of_scope(self, url: str) -> OutOfScope:
        """Why `url` is no article of this source; "" where it is one.

        Raises:
            ValueError: Not an http or https URL.
        """
        if host_of(url) not in self.own_hosts:
            return "other_host"
        if url in self.endpoints or is_archive_page(url, self.archives):
            return "endpoint"
        if listing_of(self.json_listings, url) is not None:
            return "endpoint"
        path = urlsplit(url).path or "/"
        is_allowed = not self.allow or any(re.search(p, path) for p in self.allow)
        return "" if is_allowed else "path_not_allowed"


def seconds(duration: str) -> int:
    """Seconds of a duration such as `90s`, `15m`, `2h`, `1d`.

    Raises:
        ConfigError: Anything else, or nothing at all.

    >>> seconds("15m")
    900
    """
    match = _DURATION.fullmatch(duration.strip())
    if match is None or int(match[1]) == 0:
        raise ConfigError(
            f'every: found "{duration}", expected e.g. "15m", "1d", or "15m..2h"'
        )
    return int(match[1]) * _SECONDS[match[2]]


def every_bounds(every: str) -> tuple[int, int]:
    """Shortest and longest time between two visits, in seconds.

    Raises:
        ConfigError: Neither a duration nor two of them, the shorter first.

    >>> every_bounds("15m"), every_bounds("15m..2h")
    ((900, 900), (900, 7200))
    """
    shortest, dots, longest = every.partition("..")
    bounds = seconds(shortest), seconds(longest if dots else shortest)
    if bounds[0] > bounds[1]:
        raise ConfigError(
            f'every: found "{every}", expected the shorter time first, as in "15m..2h"'
        )
    return bounds


def read_source(path: Path) -> Source:
    """The source in one TOML file.

    Raises:
        SourceError: One line: file, key, what was expected.
    """
    try:
        source = from_mapping(Source, read_toml(path))
    except ConfigError as error:
        raise SourceError(_named(path, error)) from error
    if source.name != path.stem:
        raise SourceError(
            f'{path}: name: found "{source.name}", expected "{path.stem}", '
            "the file's own name"
        )
    return source


def read_sources(folder: Path) -> dict[str, Source]:
    """Every source of a folder by name, in the order of their names.

    Raises:
        SourceError: The first file that is not valid.
    """
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return {path.stem: read_source(path) for path in paths}


def _named(path: Path, error: ConfigError) -> str:
    text = str(error)
    return text if text.startswith(str(path)) else f"{path}: {text}"


def _check_timezone(name: str) -> None:
    try:
        if name:
            ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ConfigError(
            f'timezone: found "{name}", expected a name such as "Asia/Ho_Chi_Minh"'
        ) from error


def _check_name(name: str) -> None:
    if NAME_PATTERN.fullmatch(name) is None:
        raise ConfigError(
            f'name: found "{name}", expected lower-case letters, digits and hyphens'
        )


def _check_country(key: str, country: str) -> None:
    if country and re.fullmatch(r"[A-Z]{2}", country) is None:
        raise ConfigError(
            f'{key}: found "{country}", expected an ISO 3166 code such as "VN"'
        )


def _check_url(url: str) -> None:
    try:
        host_of(url)
    except ValueError as error:
        raise ConfigError(
            f'found "{url}", {error}; expected e.g. "https://example.org/feed"'
        ) from error


def _check_own(host: str, own: frozenset[str]) -> None:
    if host not in own:
        raise ConfigError(
            f'unverified_hosts: found "{host}", expected hosts of this source by name: '
            + ", ".join(sorted(own))
        )


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f'allow: "{pattern}" is not a regular expression: {error}'
        ) from error
