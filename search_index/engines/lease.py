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
from typing import Any

from elasticsearch import BadRequestError, ConflictError, Elasticsearch, NotFoundError

from pipeline.errors import LockedError
from search_index.engines.elasticsearch_server import Server

LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0
"""Four times in a lease: three lost requests in a row do no harm."""

DOCUMENT = "writer"


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

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds it for the time of the block.

        Raises:
            LockedError: Somebody else holds it; named.
            UnavailableError: The cluster does not answer.
        """
        with self._server.translated_errors():
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

    def _take(self) -> None:
        client = self._server.client
        self._make_index(client)
        try:
            client.create(index=self._index, id=DOCUMENT, document=self._document())
        except ConflictError:
            self._take_over(client)

    def _take_over(self, client: Elasticsearch) -> None:
        try:
            found = client.get(index=self._index, id=DOCUMENT)
        except NotFoundError:  # left just now
            self._take_left(client)
            return
        holder = found["_source"]
        if holder["owner"] != self._owner and holder["until"] > self._clock():
            raise self._locked(holder)
        try:
            client.index(
                index=self._index,
                id=DOCUMENT,
                document=self._document(),
                if_seq_no=found["_seq_no"],
                if_primary_term=found["_primary_term"],
            )
        except ConflictError as error:  # somebody was faster
            raise self._locked(holder) from error

    def _take_left(self, client: Elasticsearch) -> None:
        try:
            client.create(index=self._index, id=DOCUMENT, document=self._document())
        except ConflictError as error:
            raise self._locked({"owner": "another machine"}) from error

    def _locked(self, holder: dict[str, Any]) -> LockedError:
        host = str(holder["owner"]).partition(":")[0]
        return LockedError(
            f"the index {self._server.settings.name} is being changed by {host} "
            f"(process {holder.get('process', 'unknown')}): wait for it to finish"
        )

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEW_SECONDS):
            # A cluster that is away now: writing waits for it, and so does this.
            with contextlib.suppress(Exception):
                self._server.client.index(
                    index=self._index, id=DOCUMENT, document=self._document()
                )

    def _leave(self) -> None:
        with contextlib.suppress(Exception):  # it runs out by itself
            self._server.client.delete(index=self._index, id=DOCUMENT)

    def _make_index(self, client: Elasticsearch) -> None:
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
