"""A connection to an Elasticsearch cluster, and its errors in this program's words."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import (
    ApiResponseMeta,
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    TlsError,
    TransportError,
    Urllib3HttpNode,
)
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import ApiError, Elasticsearch

from pipeline.contacts import Contacts, NoteContact, Purpose, unnoted
from pipeline.errors import (
    BabelwireError,
    EngineError,
    UnavailableError,
    UnreachableError,
)
from pipeline.urls import host_of

PURPOSES: Mapping[str, Purpose] = {
    "_bulk": "index",
    "_search": "query",
    "_msearch": "query",
    "_count": "query",
}
"""By the last part of a request's path, which names its API; all others look after the
server."""

TRANSIENT = frozenset({408, 429, 502, 503, 504})
"""HTTP statuses after which the same request may succeed later."""

FORBIDDEN = frozenset({401, 403})
"""HTTP statuses that speak of the key, not of what was asked."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
"""Between two tries, doubling from the first: a batch was recovered whole over an
outage of 36 s so (measured), and a server that comes back is not stormed."""

READ_PATIENCE_SECONDS = 8.0
"""How long a search is tried again while a cluster elects a new primary shard: that
took 1.4 to 6.5 s on three nodes (measured)."""

Pause = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class ElasticsearchSettings:
    """Where the cluster is, and how an index is made there.

    Attributes:
        urls: Of its nodes, one or more; the next is asked where one is down.
        name: Of the alias that is searched; indices begin with it.
        api_key: Base64, as the cluster gave it; "" for none. Never shown.
        user: For basic authentication, with `password`.
        ca_file: PEM file of the authority that signed the nodes' certificates.
        timeout_seconds: For one request.
        patience_seconds: How long a write is tried again before it is given up.
        shards: Of a new index.
        replicas: Copies of each shard.
    """

    urls: tuple[str, ...] = ("http://127.0.0.1:9200",)
    name: str = "babelwire"
    api_key: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_seconds: float = 30.0
    patience_seconds: float = 60.0
    shards: int = 1
    replicas: int = 0


class Server:
    """A cluster that is asked again where that may help.

    Args:
        settings: Of the connection.
        contacts: Told of each request before it is made; closed with the connection.
        pause: Waits for so many seconds.
        timer: Seconds that only grow.
    """

    def __init__(
        self,
        settings: ElasticsearchSettings,
        contacts: Contacts | None = None,
        *,
        pause: Pause = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.pause = pause
        self.timer = timer
        self._contacts = contacts
        self.client = _client(settings, contacts.note if contacts else unnoted)

    @property
    def nodes(self) -> str:
        """The nodes' addresses, to be named in messages."""
        return ", ".join(map(_without_password, self.settings.urls))

    def read(self, ask: Callable[[Elasticsearch], Any]) -> Any:
        """The answer to a request that changes nothing.

        Raises:
            UnreachableError: No node answers.
            EngineError: It answers with an error.
        """
        tries = Tries(self, READ_PATIENCE_SECONDS)
        while True:
            try:
                with self.translated_errors():
                    return ask(self.client)
            except UnavailableError as error:
                if not self._is_worth_another_try(error) or not tries.again():
                    raise

    def _is_worth_another_try(self, error: BabelwireError) -> bool:
        """A node that is down may have neighbours; a busy cluster may recover."""
        cause = error.__cause__
        if isinstance(cause, ApiError):
            return cause.status_code in TRANSIENT
        return isinstance(cause, NoConnection) and len(self.settings.urls) > 1

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """What the client raises, as errors of this program's tree."""
        try:
            yield
        except ApiError as error:
            raise EngineError(f"Elasticsearch ({self.nodes}): {said(error)}") from error
        except TransportError as error:
            raise UnreachableError(
                f"Elasticsearch ({self.nodes}): {_trouble(error, self.settings)}"
            ) from error

    def close(self) -> None:
        """Lets go of the connections."""
        self.client.close()
        if self._contacts is not None:
            self._contacts.close()


class Tries:
    """Pauses between tries, twice as long each time, until patience ends."""

    def __init__(self, server: Server, patience_seconds: float) -> None:
        self._server = server
        self._deadline = server.timer() + patience_seconds
        self._delay = FIRST_PAUSE_SECONDS

    def again(self) -> bool:
        """Whether to try again; has waited then."""
        if self._server.timer() + self._delay > self._deadline:
            return False
        self._server.pause(self._delay)
        self._delay = min(LONGEST_PAUSE_SECONDS, self._delay * 2)
        return True


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, TlsError):
        return False
    if isinstance(error, ApiError):
        return error.status_code in TRANSIENT or is_blocked(error.body)
    return isinstance(error, TransportError)


def is_blocked(error: Any) -> bool:
    """Whether an index takes nothing now: a full disk, or a person's block."""
    return "cluster_block_exception" in str(error)


def said(error: ApiError) -> str:
    """What a server says is wrong, in one line."""
    status, reason = error.status_code, _reason(error.body) or str(error.message)
    if status in FORBIDDEN and not is_blocked(error.body):
        return f"it refuses this program (HTTP {status}): {reason}; check the key"
    if is_blocked(error.body):
        return f"the index takes no changes now: {reason}"
    return f"HTTP {status}: {reason}"


def error_of_answer(answer: Mapping[str, Any]) -> ApiError:
    """The error in one answer of several, as the client raises those of whole ones."""
    meta = ApiResponseMeta(
        status=int(answer.get("status", 500)),
        http_version="1.1",
        headers=HttpHeaders(),
        duration=0.0,
        node=NodeConfig("http", "localhost", 0),
    )
    body = dict(answer)
    return ApiError(message=_reason(body), meta=meta, body=body)


def _reason(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or "")
    causes: list[Mapping[str, Any]] = error.get("root_cause") or [error]
    return str(causes[0].get("reason") or causes[0].get("type") or "")[:500]


def _trouble(error: TransportError, settings: ElasticsearchSettings) -> str:
    if isinstance(error, ConnectionTimeout):
        return f"no answer within {settings.timeout_seconds:g} s"
    if isinstance(error, TlsError):
        return f"its certificate is not trusted ({error.message}); see index.ca_file"
    return "nobody answers there: is it running?"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def purpose_of(target: str) -> Purpose:
    """What a request to a path of the server is for.

    >>> purpose_of("/babelwire/_search?size=0"), purpose_of("/_cluster/health")
    ('query', 'upkeep')
    """
    return PURPOSES.get(urlsplit(target).path.rpartition("/")[2], "upkeep")


def _noting_node(note_contact: NoteContact) -> type[Urllib3HttpNode]:
    """Connections to a node, each request on them noted first."""

    class NotingNode(Urllib3HttpNode):
        def perform_request(
            self, method: str, target: str, *rest: Any, **named: Any
        ) -> Any:
            note_contact(host_of(self.base_url), purpose_of(target))
            return super().perform_request(method, target, *rest, **named)

    return NotingNode


def _client(
    settings: ElasticsearchSettings, note_contact: NoteContact
) -> Elasticsearch:
    options: dict[str, Any] = {}
    if settings.api_key:
        options["api_key"] = settings.api_key
    if settings.user:
        options["basic_auth"] = (settings.user, settings.password)
    if settings.ca_file:
        options["ca_certs"] = settings.ca_file
    return Elasticsearch(
        list(settings.urls),
        request_timeout=settings.timeout_seconds,
        retry_on_timeout=False,
        retry_on_status=(),
        max_retries=len(settings.urls) - 1,
        node_class=_noting_node(note_contact),
        **options,
    )
