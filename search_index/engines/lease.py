"""One writer at a time on a cluster that several machines share.

A document says who writes and until when; whoever holds it prolongs it. A process that
was killed leaves it behind: another one of the same workspace, which holds that
workspace's lock, takes it over at once, others when it has run out.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from elasticsearch import BadRequestError, ConflictError, NotFoundError

from pipeline.errors import LockedError, UnavailableError
from search_index.engines.elasticsearch_server import Server

LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0
"""Four times in a lease: three lost requests in a row do no harm."""

DOCUMENT = "writer"


class _Mark(NamedTuple):
    """Tells one writing of a document from another."""

    number: int
    term: int

    @classmethod
    def of(cls, answer: Any) -> _Mark:
        return cls(answer["_seq_no"], answer["_primary_term"])


class Lease:
    """The right to change the indices of one name.

    Args:
        server: The cluster.
        folder: Of the workspace: who shares it shares a lock on this machine.
        clock: Seconds since 1970. Machines that share a cluster keep the same time to
            some seconds; a lease is longer.
    """

    def __init__(
        self, server: Server, folder: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._server = server
        self._index = f"{server.settings.name}-lock"
        self._owner = f"{socket.gethostname()}:{folder.absolute()}"
        self._clock = clock
        self._mark: _Mark | None = None
        self._until = 0.0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds it for the time of the block.

        Raises:
            LockedError: Somebody else holds it; named.
            UnavailableError: The cluster does not answer.
        """
        with self._server.translated_errors():
            self._make_index()
            self._take()
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(ended,), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            self._leave()

    def check(self) -> None:
        """Makes sure that it is still held.

        Raises:
            LockedError: It ran out while this process stood still, and another took it.
        """
        if self._clock() >= self._until:
            with self._server.translated_errors():
                self.prolong()
        if self._mark is None:
            raise LockedError(
                f"the index {self._server.settings.name} was taken over by another "
                "process while this one stood still: run it again"
            )

    def prolong(self) -> None:
        """Writes the lease anew, unless somebody else wrote it since."""
        if self._mark is None:
            return
        document = self._document()
        try:
            answer = self._server.client.index(
                index=self._index,
                id=DOCUMENT,
                document=document,
                if_seq_no=self._mark.number,
                if_primary_term=self._mark.term,
            )
        except ConflictError:
            self._mark = self._own_mark()
            return
        self._mark, self._until = _Mark.of(answer), document["until"]

    def _own_mark(self) -> _Mark | None:
        """Where the document is this process's, of which an answer was lost."""
        try:
            found = self._server.client.get(index=self._index, id=DOCUMENT)
        except NotFoundError:
            return None
        holder = found["_source"]
        is_own = (holder["owner"], holder["process"]) == (self._owner, os.getpid())
        return _Mark.of(found) if is_own else None

    def _take(self) -> None:
        document = self._document()
        try:
            answer = self._server.client.create(
                index=self._index, id=DOCUMENT, document=document
            )
        except ConflictError:
            self._take_over()
            return
        self._mark, self._until = _Mark.of(answer), document["until"]

    def _take_over(self) -> None:
        """What nobody holds any more.

        Raises:
            LockedError: Somebody does.
        """
        try:
            found = self._server.client.get(index=self._index, id=DOCUMENT)
        except NotFoundError as error:  # left just now, and asked for by others
            raise self._locked({"owner": "another machine"}) from error
        holder = found["_source"]
        if holder["owner"] != self._owner and holder["until"] > self._clock():
            raise self._locked(holder)
        self._mark = _Mark.of(found)
        self.prolong()
        if self._mark is None:  # somebody was faster
            raise self._locked(holder)

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEW_SECONDS):
            # A cluster that is away now: writing waits for it, and so does this.
            with (
                contextlib.suppress(UnavailableError),
                self._server.translated_errors(),
            ):
                self.prolong()

    def _leave(self) -> None:
        """Unless it is another's by now; what is left behind runs out by itself."""
        mark, self._mark = self._mark, None
        if mark is None:
            return
        with contextlib.suppress(UnavailableError), self._server.translated_errors():
            self._server.client.delete(
                index=self._index,
                id=DOCUMENT,
                if_seq_no=mark.number,
                if_primary_term=mark.term,
            )

    def _locked(self, holder: dict[str, Any]) -> LockedError:
        host = str(holder["owner"]).partition(":")[0]
        return LockedError(
            f"the index {self._server.settings.name} is being changed by {host} "
            f"(process {holder.get('process', 'unknown')}): wait for it to finish"
        )

    def _make_index(self) -> None:
        client = self._server.client
        if client.indices.exists(index=self._index):
            return
        with contextlib.suppress(BadRequestError):  # another process made it just now
            client.indices.create(
                index=self._index,
                settings={
                    "number_of_shards": 1,
                    "number_of_replicas": self._server.settings.replicas,
                },
                mappings={
                    "dynamic": "strict",
                    "properties": {
                        "owner": {"type": "keyword"},
                        "process": {"type": "long"},
                        "until": {"type": "double"},
                    },
                },
            )

    def _document(self) -> dict[str, Any]:
        return {
            "owner": self._owner,
            "process": os.getpid(),
            "until": self._clock() + LEASE_SECONDS,
        }
