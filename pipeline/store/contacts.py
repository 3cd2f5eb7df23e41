"""Contacts: every host that was connected to, and why; noted before it happens."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from pipeline.contacts import Purpose
from pipeline.errors import BabelwireError, UnavailableError
from pipeline.store.contact_tables import contacts
from pipeline.store.database import BUSY_TIMEOUT_SECONDS, Database, open_database

NOTED_FOR = timedelta(hours=1)
"""So long a contact is not noted again: `last_at` is exact to it. A write and its sync
take milliseconds, and a server may be asked a hundred times a second."""

Key = tuple[str, Purpose]


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What is known of a host and a purpose.

    Attributes:
        host: With its port where that is not the scheme's own.
        last_at: Exact to `NOTED_FOR`.
        times: Requests; fewer than were made where a process was killed.
    """

    host: str
    purpose: Purpose
    first_at: datetime
    last_at: datetime
    times: int


def add(
    connection: Connection, host: str, purpose: Purpose, *, at: datetime, requests: int
) -> None:
    """Notes that a host was or will be contacted; `last_at` never goes back."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(contacts).values(
        host=host, purpose=purpose, first_at=at, last_at=at, times=requests
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["host", "purpose"],
            set_={
                "last_at": case(
                    (contacts.c.last_at < at, at), else_=contacts.c.last_at
                ),
                "times": contacts.c.times + requests,
            },
        )
    )


def load(connection: Connection) -> list[Contact]:
    """Every contact, by host and purpose."""
    statement = select(contacts).order_by(contacts.c.host, contacts.c.purpose)
    return [Contact(**row._mapping) for row in connection.execute(statement)]


def last_contact(
    connection: Connection, host: str, purpose: Purpose
) -> datetime | None:
    """When a host was last noted for a purpose."""
    statement = select(contacts.c.last_at).where(
        contacts.c.host == host, contacts.c.purpose == purpose
    )
    found: datetime | None = connection.execute(statement).scalar_one_or_none()
    return found


class ContactLog:
    """Notes whom a process contacts, each host and purpose before its first connection.

    What cannot be noted must not be contacted: `announce` and `note` raise then. Later
    requests are counted in memory and stored within the hour, or by `close`. Any
    thread may call it.
    """

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime],
        *,
        patience_seconds: float = BUSY_TIMEOUT_SECONDS,
    ) -> None:
        """Opens nothing before there is something to note.

        Args:
            url: Of the store.
            now: The clock.
            patience_seconds: How long another process's lock is waited for.
        """
        self._url = url
        self._now = now
        self._patience = patience_seconds
        self._database: Database | None = None
        self._noted_at: dict[Key, datetime] = {}
        self._asked_at: dict[Key, datetime] = {}
        self._uncounted: Counter[Key] = Counter()
        self._counting = threading.Lock()
        self._storing = threading.Lock()

    def note(self, host: str, purpose: Purpose) -> None:
        """One request is about to be made.

        Raises:
            UnavailableError: It cannot be noted, so it must not be made.
        """
        self.announce(host, purpose)
        self.count(host, purpose)

    def announce(self, host: str, purpose: Purpose) -> None:
        """A connection is about to be made; `count` tells of the requests on it.

        Raises:
            UnavailableError: It cannot be noted, so it must not be made.
        """
        key = (host, purpose)
        if self._is_fresh(key):
            return
        with self._storing:
            if not self._is_fresh(key):
                self._noted_at[key] = self._stored(key)

    def count(self, host: str, purpose: Purpose) -> None:
        """A request was made; of a host that was not announced it says nothing."""
        key = (host, purpose)
        if key in self._noted_at:
            with self._counting:
                self._uncounted[key] += 1
                self._asked_at[key] = self._now()

    def close(self) -> None:
        """Stores what was counted, unless the store is not to be had."""
        with self._storing:
            if self._database is None:
                return
            with contextlib.suppress(BabelwireError), self._told():
                self._store(
                    self._database,
                    {key: self._asked_at[key] for key in +self._uncounted},
                )
            self._database.close()
            self._database = None

    def _is_fresh(self, key: Key) -> bool:
        noted_at = self._noted_at.get(key)
        return noted_at is not None and abs(self._now() - noted_at) < NOTED_FOR

    def _stored(self, key: Key) -> datetime:
        """When the store last noted it; now, where that is too long ago."""
        now = self._now()
        with self._told():
            if self._database is None:
                self._database = open_database(
                    self._url, busy_timeout_seconds=self._patience
                )
            with self._database.read() as connection:
                last_at = last_contact(connection, *key)
            if last_at is None or abs(now - last_at) >= NOTED_FOR:
                self._store(self._database, {key: now})
                return now
        return last_at

    def _store(self, database: Database, moments: Mapping[Key, datetime]) -> None:
        """Writes what was counted, with the time of the latest request of each."""
        counts = {key: self._uncounted[key] for key in moments}
        if not counts:
            return
        with database.write() as connection:
            for key, at in moments.items():
                add(connection, *key, at=at, requests=counts[key])
        with self._counting:
            self._uncounted.subtract(counts)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A store that does not take it, as an error that says what follows."""
        try:
            yield
        except (SQLAlchemyError, UnavailableError) as error:
            raise UnavailableError(
                "nothing was sent, for the store could not note to whom "
                f'("babelwire doctor --outside" must know): {error}'
            ) from error
