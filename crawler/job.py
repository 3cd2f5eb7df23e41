"""What a crawl is asked to do; travels as JSON to the child process.

No scrapy here: the application imports this module.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlsplit

from annotated_types import Ge

from pipeline.egress import Egress
from pipeline.errors import ConfigError
from pipeline.settings import from_mapping
from pipeline.sources import Source

PRODUCT = "babelwire"
"""The product token that robots.txt rules may name (RFC 9309 §2.2.1)."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a site may cost us, and we a site.

    Attributes:
        max_body_bytes: Of a page, as received and again after decoding. The
            largest news pages measured have 3 MB.
        max_sitemap_bytes: What sitemaps.org allows.
        timeout_seconds: For a whole request, from connecting to the last byte.
        concurrency: Requests at once, over all hosts.
        per_host: Requests at once to a host without a delay; 1 with one.
        retry_delays_seconds: Before the second and the third attempt; then a URL
            has failed.
        max_retry_after_seconds: A `Retry-After` beyond that is cut (C3).
        robots_retry_seconds: Before an unreachable robots.txt is asked again; not
            so soon that a run would wait for it.
        host_failures: Connections in a row that failed until a host is left
            alone for `host_pause_seconds`.
        max_crawl_delay_seconds: A `Crawl-delay` beyond that is cut.
        parse_seconds: For one feed, sitemap or listing page.
        max_memory_bytes: Of the process; beyond, the crawl ends and says so.
        max_endpoints_per_run: Endpoints of one source read in one run; sitemap
            indexes can list thousands. The rest stays due.
        max_backfill_endpoints: Likewise in a run that goes back to a date: a day's
            archive page each, and the pages of lists.
    """

    max_body_bytes: int = 15 << 20
    max_sitemap_bytes: int = 50 << 20
    timeout_seconds: float = 20.0
    concurrency: int = 64
    per_host: int = 2
    retry_delays_seconds: tuple[float, ...] = (10.0, 30.0)
    max_retry_after_seconds: float = 86_400.0
    robots_retry_seconds: Annotated[float, Ge(60)] = 600.0
    host_failures: int = 5
    host_pause_seconds: float = 600.0
    max_crawl_delay_seconds: float = 30.0
    parse_seconds: float = 20.0
    max_memory_bytes: int = 600 << 20
    max_endpoints_per_run: int = 200
    max_backfill_endpoints: int = 2_000


@dataclass(frozen=True, kw_only=True)
class CrawlJob:
    """One crawl of some sources of a workspace.

    Attributes:
        database_url: Of the store.
        archive_folder: Of the page archive.
        lock_file: Held while the crawl runs; names its process.
        sources: To visit.
        due_only: Obey `every` and the articles' own schedule; otherwise all
            endpoints are visited, and every article found in the last days that
            articles of its kind are revisited.
        since: Back-filling: entries dated earlier are passed over, lists are paged
            back until there are only such, archive pages are visited.
        revisit_days: How long an article of a news source is visited again.
        official_revisit_days: Likewise of an official one.
        contact: Address or page for site owners; see `contact_problem`.
        allow_networks: CIDRs that may be visited though not public.
        egress: The ways out.
        browser: Path of Chromium or Chrome for sources that need one; "" looks for it.
        retry_wait_seconds: How long to wait for retries in all; the rest stays
            pending.
        tell_hosts: Progress events say how each host stands: somebody watches.
        limits: On requests.
    """

    database_url: str
    archive_folder: str
    lock_file: str
    sources: tuple[Source, ...] = ()
    due_only: bool = False
    since: date | None = None
    revisit_days: int = 7
    official_revisit_days: int = 30
    contact: str = ""
    allow_networks: tuple[str, ...] = ()
    egress: Egress = field(default_factory=Egress)
    browser: str = ""
    retry_wait_seconds: float = 60.0
    tell_hosts: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def revisit_days_by_source(self) -> dict[str, int]:
        """How many days articles of each source are visited again."""
        days = {"news": self.revisit_days, "official": self.official_revisit_days}
        return {source.name: days[source.kind] for source in self.sources}

    def to_json(self) -> str:
        """One line of JSON."""
        return _to_json(self)

    @classmethod
    def from_json(cls, text: str) -> CrawlJob:
        """The job in a JSON text.

        Raises:
            ConfigError: Not a job.
        """
        return from_mapping(cls, _mapping(text))


@dataclass(frozen=True, kw_only=True)
class ProbeJob:
    """Looks at a site and stores nothing, but for whom it contacted.

    Attributes:
        url: Of a site whose feeds and sitemaps are to be found; or "".
        source: An existing source to try; or None.
        articles: How many of its articles to fetch as samples.
        max_requests: In all.
        max_seconds: In all.
        egress: The ways out.
        database_url: Of the store that notes which hosts are contacted; "": none.
    """

    url: str = ""
    source: Source | None = None
    articles: int = 3
    contact: str = ""
    allow_networks: tuple[str, ...] = ()
    max_requests: int = 25
    max_seconds: float = 30.0
    egress: Egress = field(default_factory=Egress)
    database_url: str = ""
    limits: Limits = field(default_factory=lambda: Limits(timeout_seconds=8.0))

    def to_json(self) -> str:
        """One line of JSON."""
        return _to_json(self)

    @classmethod
    def from_json(cls, text: str) -> ProbeJob:
        """The job in a JSON text.

        Raises:
            ConfigError: Not a job.
        """
        return from_mapping(cls, _mapping(text))


def user_agent(contact: str) -> str:
    """How the crawler introduces itself, with a way to reach who runs it.

    >>> user_agent("https://example.org/bot")
    'Mozilla/5.0 (compatible; babelwire/0.1; +https://example.org/bot)'
    """
    # Without the customary prefix some servers answer 403 to whoever it is.
    reach = f"; +{contact}" if contact else ""
    return f"Mozilla/5.0 (compatible; {PRODUCT}/0.1{reach})"


def contact_problem(
    urls: Sequence[str], contact: str, allow_networks: Sequence[str]
) -> str:
    """What is missing before these URLs may be visited; "" when nothing is.

    A public site's owner must be able to reach who crawls it; hosts inside
    `allow_networks` are one's own.

    >>> contact_problem(["http://127.0.0.1:8000/feed"], "", ["127.0.0.0/8"])
    ''
    """
    if any(ord(c) < 0x20 or ord(c) > 0x7E for c in contact):
        return f"[crawl] contact: found {contact!r}, expected plain ASCII characters"
    if contact:
        return ""
    networks = [ipaddress.ip_network(network) for network in allow_networks]
    foreign = sorted({_host(url) for url in urls if not _is_inside(url, networks)})
    if not foreign:
        return ""
    return (
        "[crawl] contact: missing; set an address or a page where the owner of "
        f'{foreign[0]} can reach you, e.g. contact = "https://example.org/about"'
    )


def check_networks(allow_networks: Sequence[str]) -> None:
    """Checks `[crawl] allow_networks`.

    Raises:
        ConfigError: One of them is no network.
    """
    for network in allow_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ConfigError(
                f'[crawl] allow_networks: found "{network}", expected a network such '
                f'as "192.0.2.0/24" ({error})'
            ) from error


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_inside(
    url: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    host = _host(url)
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _to_json(job: CrawlJob | ProbeJob) -> str:
    return json.dumps(asdict(job), default=str, ensure_ascii=True)


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the crawl's job is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError("the crawl's job is not a JSON object")
    return found
