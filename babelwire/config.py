"""`babelwire.toml` as frozen dataclasses; `configs/babelwire.toml` explains each."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le, MinLen

from pipeline.egress import DIRECT_NAME, NAME_PATTERN, Egress, Route
from pipeline.errors import ConfigError
from pipeline.settings import from_mapping, read_toml

FILE = "babelwire.toml"
DATABASE_VARIABLE = "BABELWIRE_DATABASE_URL"
"""A PostgreSQL URL holds a password: it comes from the environment only."""


@dataclass(frozen=True, kw_only=True)
class CrawlConfig:
    """`[crawl]`."""

    contact: str = ""
    allow_networks: tuple[str, ...] = ()
    browser: str = ""
    retry_wait_seconds: Annotated[float, Ge(0), Le(3600)] = 60.0
    revisit_days: Annotated[int, Ge(0), Le(365)] = 7
    official_revisit_days: Annotated[int, Ge(0), Le(365)] = 30


@dataclass(frozen=True, kw_only=True)
class ProxyConfig:
    """`[network.egress.NAME]`."""

    proxy: str = ""
    proxy_user: str = ""
    proxy_password_variable: str = ""

    def problem(self) -> str:
        """What no proxy could be used with; "" where all is well."""
        if self.proxy_user and not self.proxy:
            return "proxy_user: does nothing without proxy"
        if self.proxy_password_variable and not self.proxy_user:
            return "proxy_password_variable: does nothing without proxy_user"
        if ":" in self.proxy_user:  # RFC 7617 §2
            return "proxy_user: holds a colon, which no proxy could tell"
        try:
            Route(proxy=self.proxy)
        except ConfigError as error:
            return str(error)
        return ""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(ProxyConfig):
    """`[network]`."""

    no_proxy: tuple[str, ...] = ()
    ca_file: str = ""
    proxy_resolves: bool = False
    egress: Mapping[str, ProxyConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses what could never be used.

        Raises:
            ConfigError: Names the key.
        """
        problem = self.problem()
        if problem:
            raise ConfigError(f"network.{problem}")

    def problem(self) -> str:
        """As of one proxy, for all of them and what is said besides."""
        if self.proxy_resolves and not (self.proxy or self.egress):
            return "proxy_resolves: does nothing without a proxy"
        try:
            Egress(no_proxy=self.no_proxy)
        except ConfigError as error:
            return str(error)
        for name, way in self.egress.items():
            if name == DIRECT_NAME or not NAME_PATTERN.fullmatch(name):
                return (
                    f'egress: found "{name}", expected lower-case letters, digits and '
                    f'hyphens, and not "{DIRECT_NAME}"'
                )
            if not way.proxy:
                return (
                    f"egress.{name}.proxy: missing, a way out is made of it; to reach "
                    f'a source without one, say egress = "{DIRECT_NAME}" there'
                )
            if problem := way.problem():
                return f"egress.{name}.{problem}"
        return super().problem()


@dataclass(frozen=True, kw_only=True)
class ProcessConfig:
    """`[process]`."""

    workers: Annotated[int, Ge(0), Le(256)] = 0
    page_timeout_seconds: Annotated[float, Gt(0), Le(600)] = 20.0
    page_memory_mib: Annotated[int, Ge(256), Le(65_536)] = 1024
    identifier: Literal["fast", "py3langid", "langdetect"] = "fast"

    @property
    def worker_count(self) -> int:
        """How many children read pages: `workers`, or one per core."""
        return self.workers or os.cpu_count() or 1


LOCAL_KINDS: Final = ("firefox", "ctranslate2", "transformers")
"""Engines that run on this machine; in a chain they need no section of their own."""

_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "url": ("libretranslate", "openai"),
    "api_key_variable": ("libretranslate", "openai"),
    "concurrency": ("libretranslate", "openai"),
    "model": ("openai",),
    "device": ("ctranslate2", "transformers"),
    "compute_type": ("ctranslate2",),
    "beam_size": ("ctranslate2", "transformers"),
    "batch_tokens": ("ctranslate2", "transformers"),
}
"""Which kinds of engines a key says something to."""


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """`[translation.engines.NAME]`."""

    kind: Literal["firefox", "ctranslate2", "transformers", "libretranslate", "openai"]
    timeout_seconds: Annotated[float, Gt(0), Le(3600)] = 60.0
    url: str = ""
    model: str = ""
    api_key_variable: str = ""
    concurrency: Annotated[int, Ge(1), Le(64)] = 1
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: Literal["int8", "int8_float16", "float16", "float32"] = "int8"
    beam_size: Annotated[int, Ge(1), Le(16)] = 1
    batch_tokens: Annotated[int, Ge(64), Le(65_536)] = 2048

    def __post_init__(self) -> None:
        """Refuses keys that would do nothing, and misses those that are needed.

        Raises:
            ConfigError: Names the key.
        """
        for key, kinds in _ONLY_FOR.items():
            default = type(self).__dataclass_fields__[key].default
            if self.kind not in kinds and getattr(self, key) != default:
                raise ConfigError(f'{key}: does nothing for kind = "{self.kind}"')
        if not self.is_on_this_machine and not self.url:
            raise ConfigError(f'url: missing, kind = "{self.kind}" needs it')
        if self.kind == "openai" and not self.model:
            raise ConfigError('model: missing, kind = "openai" needs it')

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it is no server."""
        return self.kind in LOCAL_KINDS

    def api_key(self, environment: Mapping[str, str]) -> str:
        """The key in the named environment variable, or "".

        Raises:
            ConfigError: The variable is named but not set.
        """
        return secret("translation.engines", self.api_key_variable, environment)


@dataclass(frozen=True, kw_only=True)
class TranslationConfig:
    """`[translation]`."""

    targets: Annotated[tuple[str, ...], MinLen(1)] = ("en",)
    chain: tuple[str, ...] = ("memory", "firefox", "ctranslate2")
    pivot: str = ""
    workers: Annotated[int, Ge(0), Le(256)] = 0
    memory_mib: Annotated[int, Ge(256), Le(1 << 20)] = 4096
    outdated_per_run: Annotated[int, Ge(0)] = 200
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    engines: Mapping[str, EngineConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses a chain that names an engine that is not configured.

        Raises:
            ConfigError: Names the key.
        """
        known = {"memory", *LOCAL_KINDS, *self.engines}
        chains = {"chain": self.chain} | {
            f"pairs.{pair}": chain for pair, chain in self.pairs.items()
        }
        for key, chain in chains.items():
            for name in chain:
                if name not in known:
                    raise ConfigError(
                        f'{key}: found "{name}", expected one of '
                        + ", ".join(f'"{k}"' for k in sorted(known))
                    )

    @property
    def worker_count(self) -> int:
        """How many children translate: `workers`, or one per core."""
        return self.workers or os.cpu_count() or 1

    @property
    def used_engines(self) -> dict[str, EngineConfig]:
        """The engines that a chain names, with their configuration."""
        names = {name for chain in (self.chain, *self.pairs.values()) for name in chain}
        configured = {kind: EngineConfig(kind=kind) for kind in LOCAL_KINDS}
        configured.update(self.engines)
        return {name: configured[name] for name in sorted(names - {"memory"})}


@dataclass(frozen=True, kw_only=True)
class ModelsConfig:
    """`[models]`."""

    folder: str = "models"
    offline: bool = False
    firefox_mirror: str = ""
    hub: str = ""
    timeout_seconds: Annotated[float, Gt(0), Le(3600)] = 60.0


@dataclass(frozen=True, kw_only=True)
class PrivacyConfig:
    """`[privacy]`."""

    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """`[index]`; all but `engine` says something to Elasticsearch alone."""

    engine: Literal["tantivy", "elasticsearch"] = "tantivy"
    url: str = "http://127.0.0.1:9200"
    other_urls: tuple[str, ...] = ()
    name: str = "babelwire"
    api_key_variable: str = ""
    user: str = ""
    password_variable: str = ""
    ca_file: str = ""
    timeout_seconds: Annotated[float, Gt(0), Le(3600)] = 30.0
    patience_seconds: Annotated[float, Ge(0), Le(86_400)] = 60.0
    shards: Annotated[int, Ge(1), Le(1024)] = 1
    replicas: Annotated[int, Ge(0), Le(16)] = 0

    def __post_init__(self) -> None:
        """Refuses what no cluster could be reached with.

        Raises:
            ConfigError: Names the key.
        """
        for url in self.urls:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ConfigError(
                    f'index.url: found "{url}", expected one like "https://search.example.org:9200"'
                )
            if parts.username or parts.password:
                raise ConfigError(
                    "index.url: holds a password; use user and password_variable, "
                    "so that it comes from the environment"
                )
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", self.name):
            raise ConfigError(
                f'index.name: found "{self.name}", expected small letters, digits, '
                "- and _"
            )
        if bool(self.user) != bool(self.password_variable):
            raise ConfigError("index.user and password_variable: one needs the other")
        if self.user and self.api_key_variable:
            raise ConfigError("index.api_key_variable: does nothing beside user")

    @property
    def urls(self) -> tuple[str, ...]:
        """Of every node."""
        return (self.url, *self.other_urls)


@dataclass(frozen=True, kw_only=True)
class OidcConfig:
    """`[desk.oidc]`: an OpenID provider where people sign in; "" as issuer: none."""

    issuer: str = ""
    client_id: str = ""
    client_secret_variable: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: Annotated[str, MinLen(1)] = "preferred_username"

    def __post_init__(self) -> None:
        """Refuses a provider that cannot be asked, or only in the open.

        Raises:
            ConfigError: Names the key.
        """
        if not self.issuer:
            return
        parts = urlsplit(self.issuer)
        host = parts.hostname or ""
        if not host or not (parts.scheme == "https" or is_local(host)):
            raise ConfigError(
                f'issuer: found "{self.issuer}", expected an https address'
            )
        if not self.client_id:
            raise ConfigError("client_id: missing, the provider knows this desk by it")
        if "openid" not in self.scopes:
            raise ConfigError('scopes: "openid" is missing, nobody could sign in')


@dataclass(frozen=True, kw_only=True)
class DeskConfig:
    """`[desk]`."""

    host: Annotated[str, MinLen(1)] = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65_535)] = 8787
    names: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    user_header: str = ""
    default_role: Literal["", "reader", "editor", "admin"] = ""
    requests_per_minute: Annotated[int, Ge(0), Le(1_000_000)] = 600
    oidc: OidcConfig = field(default_factory=OidcConfig)

    def __post_init__(self) -> None:
        """Refuses what would let anybody in, or nobody.

        Raises:
            ConfigError: Names the key.
        """
        for network in self.trusted_proxies:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ConfigError(
                    f'trusted_proxies: found "{network}", expected a network '
                    'like "10.0.0.5/32"'
                ) from error
        for name in self.names:
            if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name):
                raise ConfigError(
                    f'names: found "{name}", expected one like "desk.example.org"'
                )
        if self.user_header and not self.trusted_proxies:
            raise ConfigError(
                "user_header: is believed from trusted_proxies only, and there are none"
            )

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """`trusted_proxies`, to look an address up in."""
        return tuple(ipaddress.ip_network(each) for each in self.trusted_proxies)


@dataclass(frozen=True, kw_only=True)
class ReviewsConfig:
    """`[reviews]`."""

    summary_characters: Annotated[int, Ge(80), Le(5000)] = 600


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole file."""

    crawl: CrawlConfig = field(default_factory=CrawlConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    process: ProcessConfig = field(default_factory=ProcessConfig)
    translation: TranslationConfig = field(default_factory=TranslationConfig)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    index: IndexConfig = field(default_factory=IndexConfig)
    desk: DeskConfig = field(default_factory=DeskConfig)
    reviews: ReviewsConfig = field(default_factory=ReviewsConfig)

    def __post_init__(self) -> None:
        """Refuses a server that may not see what people read and ask.

        Raises:
            ConfigError: Names the key.
        """
        servers = [
            *(
                (f"translation.engines.{name}.url", engine.url)
                for name, engine in self.translation.engines.items()
            ),
            ("index.url", self.index.url),
            *(("index.other_urls", url) for url in self.index.other_urls),
        ]
        for key, url in servers:
            host = urlsplit(url).hostname or ""
            if url and not (is_local(host) or host in self.privacy.hosts):
                raise ConfigError(
                    f'{key}: "{host}" is not this machine; texts, queries and '
                    "corrections would go there: if they may, "
                    f'write hosts = ["{host}"] under [privacy]'
                )

    @property
    def target(self) -> str:
        """The first target language: the one that is searched."""
        return self.translation.targets[0]


def secret(section: str, variable: str, environment: Mapping[str, str]) -> str:
    """What the named environment variable holds; "" where none is named.

    Raises:
        ConfigError: The variable is named but not set.
    """
    if not variable:
        return ""
    found = environment.get(variable, "")
    if not found:
        raise ConfigError(f"{section}: the environment variable {variable} is not set")
    return found


def is_local(host: str) -> bool:
    """Whether a host is this machine.

    >>> is_local("127.0.0.1"), is_local("translate.example.org")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigError: One line: file, key, what was expected.
    """
    values = read_toml(path)
    try:
        return from_mapping(Config, values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
