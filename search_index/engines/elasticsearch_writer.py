"""Writing to an index on Elasticsearch: bulk requests, each item with its outcome.

The client's own bulk helpers try again only after 429, and die midway. Here a batch
is sent until every item is stored, known to be older than what is held, or refused
for good. Sending the same again changes nothing: each document carries its version
(`external_gte`), so a response that was lost, or a server that applied a request late,
does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError

from pipeline.errors import EngineError, UnavailableError, UnreachableError
from search_index.engines.contract import IndexEntry, Refusal
from search_index.engines.elasticsearch_schema import source_of
from search_index.engines.elasticsearch_server import (
    FORBIDDEN,
    TRANSIENT,
    Server,
    Tries,
    is_blocked,
    is_transient,
    said,
)

REQUEST_ITEMS = 500
REQUEST_BYTES = 10_000_000
"""Of one bulk request; loading was fastest with four such at once (measured)."""

REQUESTS_AT_ONCE = 4

DONE = frozenset({200, 201, 404, 409})
"""Item statuses after which nothing is left to do: stored, nothing there to remove,
or something newer is held."""

MAX_REASON = 500

TOO_MANY_REFUSED = 10
"""Where a whole batch of so many or more is refused, its documents are not to blame."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One line or two of a bulk request, for one document.

    Attributes:
        lines: JSON as it is sent.
    """

    id: str
    version: int
    lines: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """In bytes, with the line ends."""
        return sum(len(line) + 1 for line in self.lines)


class ElasticsearchWriter:
    """`IndexWriter` on one index of a cluster.

    What is put is sent by threads of its own while the next documents are analysed; who
    puts more than they can send waits.

    Args:
        server: The cluster.
        index: The index's own name, not the alias.
        is_living: Whether it is searched: then a commit makes changes visible.
    """

    def __init__(self, server: Server, index: str, *, is_living: bool) -> None:
        self._server = server
        self._index = index
        self._is_living = is_living
        self._waiting: list[Action] = []
        self._waiting_bytes = 0
        self._sent: list[Future[list[Refusal]]] = []
        self._pool = ThreadPoolExecutor(REQUESTS_AT_ONCE, "elasticsearch")

    def put(self, entries: Sequence[IndexEntry]) -> None:
        """Adds or replaces, unless something newer is there."""
        for entry in entries:
            self._add(_indexing(entry))

    def delete(self, states: Sequence[tuple[str, int]]) -> None:
        """Removes, unless something newer is there."""
        for document_id, version in states:
            self._add(_removal(document_id, version))

    def commit(self) -> list[Refusal]:
        """Waits until all is durable; in the living index it is visible then."""
        self._send()
        sent, self._sent = self._sent, []
        refused = [refusal for each in sent for refusal in each.result()]
        if sent and self._is_living:
            self.refresh()
        return refused

    def refresh(self) -> None:
        """Makes what is durable visible."""
        self._server.read(lambda client: client.indices.refresh(index=self._index))

    def close(self) -> None:
        """Ends the threads; what was not committed may be there or not."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _add(self, action: Action) -> None:
        if self._waiting_bytes + action.size > REQUEST_BYTES:
            self._send()
        self._waiting.append(action)
        self._waiting_bytes += action.size
        if len(self._waiting) == REQUEST_ITEMS:
            self._send()

    def _send(self) -> None:
        if not self._waiting:
            return
        self._hold_back()
        delivery = Delivery(self._server, self._index)
        self._sent.append(self._pool.submit(delivery.deliver, self._waiting))
        self._waiting, self._waiting_bytes = [], 0

    def _hold_back(self) -> None:
        """Waits for the oldest request while as many as may be are on their way."""
        under_way = [each for each in self._sent if not each.done()]
        if len(under_way) >= REQUESTS_AT_ONCE:
            under_way[0].exception()


class Delivery:
    """Brings one batch to its end."""

    def __init__(self, server: Server, index: str) -> None:
        self._server = server
        self._index = index
        self._refused: list[Refusal] = []
        self._trouble: Exception = UnreachableError(server.nodes)

    def deliver(self, actions: Sequence[Action]) -> list[Refusal]:
        """Sends until nothing is left; what was refused for good.

        Raises:
            UnreachableError: Nobody answered for as long as patience lasts.
            UnavailableError: It took nothing for so long, e.g. a full disk.
        """
        pending = list(actions)
        tries = Tries(self._server, self._server.settings.patience_seconds)
        while True:
            pending = self._attempt(pending)
            if not pending:
                self._check_refusals(len(actions))
                return self._refused
            if not tries.again():
                raise self._trouble

    def _check_refusals(self, documents: int) -> None:
        if documents >= TOO_MANY_REFUSED and len(self._refused) == documents:
            raise EngineError(
                f"Elasticsearch ({self._server.nodes}): it refuses every document: "
                f"{self._refused[0].reason}"
            )

    def _attempt(self, actions: list[Action]) -> list[Action]:
        """One request; what has to be sent again."""
        try:
            answer = self._server.client.bulk(
                operations=_lines(actions),
                index=self._index,
            )
        except (ApiError, TransportError) as error:
            return self._after(error, actions)
        items = [next(iter(item.values())) for item in answer["items"]]
        if len(items) != len(actions):
            raise EngineError(
                f"Elasticsearch ({self._server.nodes}): {len(items)} answers to "
                f"{len(actions)} documents"
            )
        return [
            action
            for action, item in zip(actions, items, strict=True)
            if self._is_pending(action, item)
        ]

    def _after(
        self, error: ApiError | TransportError, actions: list[Action]
    ) -> list[Action]:
        """What a request that failed as a whole leaves to be done.

        One document may spoil it (too large, an impossible id): halves are sent apart
        until it stands alone.
        """
        if is_transient(error):
            self._note(error)
            return actions
        if isinstance(error, ApiError) and error.status_code in {400, 413}:
            if len(actions) == 1:
                self._refuse(actions[0], said(error))
                return []
            half = len(actions) // 2
            return self._attempt(actions[:half]) + self._attempt(actions[half:])
        with self._server.translated_errors():
            raise error

    def _note(self, error: Exception) -> None:
        try:
            with self._server.translated_errors():
                raise error
        except UnavailableError as trouble:
            self._trouble = trouble

    def _is_pending(self, action: Action, item: dict[str, Any]) -> bool:
        status = int(item["status"])
        if status in DONE and not _is_about_the_index(item):
            return False
        if status in TRANSIENT or is_blocked(item.get("error")):
            self._trouble = EngineError(
                f"Elasticsearch ({self._server.nodes}): it takes no changes now: "
                f"{_reason(item)}"
            )
            return True
        if status in FORBIDDEN:
            raise EngineError(
                f"Elasticsearch ({self._server.nodes}): it refuses this program (HTTP "
                f"{status}): {_reason(item)}; check the key"
            )
        if _is_about_the_index(item):
            raise EngineError(
                f"Elasticsearch ({self._server.nodes}): the index {self._index} is "
                "gone; the next sync builds it anew"
            )
        self._refuse(action, _reason(item))
        return False

    def _refuse(self, action: Action, reason: str) -> None:
        self._refused.append(
            Refusal(id=action.id, version=action.version, reason=reason[:MAX_REASON])
        )


def _lines(actions: Sequence[Action]) -> list[Any]:
    """JSON that is sent as it is; the client's types know only its own."""
    return [line for action in actions for line in action.lines]


def _is_about_the_index(item: dict[str, Any]) -> bool:
    """Whether a 404 says that the whole index is missing."""
    return "index_not_found" in str(item.get("error", ""))


def _reason(item: dict[str, Any]) -> str:
    error = item.get("error") or {}
    cause = error.get("caused_by") or {}
    said = [str(part["reason"]) for part in (error, cause) if part.get("reason")]
    return ": ".join(said) or f"HTTP {item['status']}"


def _indexing(entry: IndexEntry) -> Action:
    head = _head("index", entry.id, entry.version)
    return Action(
        id=entry.id, version=entry.version, lines=(head, _json(source_of(entry)))
    )


def _removal(document_id: str, version: int) -> Action:
    head = _head("delete", document_id, version)
    return Action(id=document_id, version=version, lines=(head,))


def _head(kind: str, document_id: str, version: int) -> bytes:
    about = {"_id": document_id, "version": version, "version_type": "external_gte"}
    return _json({kind: about})


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
