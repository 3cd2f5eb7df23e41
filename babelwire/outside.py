"""Whom this workspace contacts: keeping account of it, and saying it.

Crawls, probes, translation servers, the search server, publishers of models and the
proxies between are noted by who connects to them, before the first connection; where
that cannot be stored, there is none. `babelwire doctor --outside` says what was noted,
and what the configuration would contact besides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from babelwire.config import is_local
from pipeline.contacts import Purpose, meanings
from pipeline.store.contacts import Contact, ContactLog, load
from pipeline.store.database import BUSY_TIMEOUT_SECONDS
from pipeline.urls import host_of

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.store import Database

PERSON_PATIENCE_SECONDS = 2.0
"""How long another process's lock is waited for where a person waits, too; a write
takes milliseconds, and without it a search goes on untranslated."""

POSTGRESQL_PORT = 5432

REMARK = (
    "Each is noted before the first connection to it. The last time is exact to an "
    "hour; requests of commands that still run or were killed may not be counted. "
    "Names of hosts also went to the resolver (DNS) that this machine is set to use."
)


def contact_log(
    workspace: Workspace, *, patience_seconds: float = BUSY_TIMEOUT_SECONDS
) -> ContactLog:
    """Keeps account of contacts in the workspace's store; to be closed.

    Whoever connects calls `note(host_of(url), purpose)` before each request.

    Args:
        workspace: Whose store.
        patience_seconds: How long another process's lock is waited for.
    """
    from babelwire.assembly import now

    return ContactLog(workspace.database_url, now, patience_seconds=patience_seconds)


def load_outside(workspace: Workspace, database: Database) -> dict[str, Any]:
    """The JSON document of `doctor --outside`: every host, by name."""
    with database.read() as connection:
        known = {(each.host, each.purpose): each for each in load(connection)}
    asked_for: dict[tuple[str, Purpose], list[str]] = {}
    for host, purpose, by in _configured(workspace):
        asked_for.setdefault((host, purpose), []).append(by)
    hosts: dict[str, list[dict[str, Any]]] = {}
    for key in sorted({*known, *asked_for}, key=_by_host_and_purpose):
        row = _row(key[1], known.get(key), asked_for.get(key, []))
        hosts.setdefault(key[0], []).append(row)
    return {
        "schema": 1,
        "hosts": [
            {"host": host, "this_machine": is_this_machine(host), "contacts": rows}
            for host, rows in hosts.items()
        ],
        "remark": REMARK,
    }


def show_outside(document: Mapping[str, Any]) -> None:
    """Prints it for a person."""
    from babelwire.terminal import counted, one_line, say, write

    elsewhere = 0
    for host in document["hosts"]:
        here = " (this machine)" if host["this_machine"] else ""
        write(one_line(host["host"]) + here)
        for contact in host["contacts"]:
            for indent, line in zip(
                ("  ", *("    ",) * 2), _lines(contact), strict=False
            ):
                write(indent + one_line(line))
        was_contacted = any(contact["first_at"] for contact in host["contacts"])
        elsewhere += was_contacted and not host["this_machine"]
    say(f"Contacted from this workspace: {counted(elsewhere, 'host')} elsewhere.")
    say(document["remark"])


def is_this_machine(host: str) -> bool:
    """Whether a host, with or without its port, is the machine itself.

    >>> is_this_machine("127.0.0.1:5000"), is_this_machine("[::1]:9200")
    (True, True)
    >>> is_this_machine("example.org")
    False
    """
    return is_local(urlsplit(f"//{host}").hostname or "")


def _by_host_and_purpose(key: tuple[str, Purpose]) -> tuple[str, int]:
    return key[0], list(meanings()).index(key[1])


def _row(
    purpose: Purpose, contact: Contact | None, configured: list[str]
) -> dict[str, Any]:
    meaning = meanings()[purpose]
    return {
        "purpose": purpose,
        "why": meaning.why,
        "sent": meaning.sent,
        "first_at": contact.first_at.isoformat() if contact else None,
        "last_at": contact.last_at.isoformat() if contact else None,
        "times": max(contact.times, 1) if contact else 0,
        "configured": configured,
    }


def _lines(contact: Mapping[str, Any]) -> Iterator[str]:
    by = ", ".join(contact["configured"])
    if contact["first_at"] is None:
        yield f"{contact['purpose']}: not yet; {by} would"
        return
    first, last = (
        f"{datetime.fromisoformat(contact[key]):%Y-%m-%d %H:%M}"
        for key in ("first_at", "last_at")
    )
    number = contact["times"]
    yield f"{contact['purpose']}: {contact['why']}"
    yield f"sent: {contact['sent']}"
    yield (
        f"first {first}, last {last} UTC; "
        f"{number:,} {'request' if number == 1 else 'requests'}"
        + (f"; still by {by}" if by else "")
    )


# --- What the configuration would contact ----------------------------------------

ELASTICSEARCH: tuple[Purpose, ...] = ("query", "index", "upkeep")


def _configured(workspace: Workspace) -> Iterator[tuple[str, Purpose, str]]:
    """Host, purpose, and which key or file asks for it."""
    for source in workspace.sources.values():
        if source.enabled:
            for host in source.own_hosts:
                yield host, "visit", f"source {source.name}"
    for url, purpose, by in _servers(workspace):
        with contextlib.suppress(ValueError):  # no address: nothing can be sent there
            yield host_of(url), purpose, by
    if store := store_host(workspace.database_url):
        yield store, "store", "BABELWIRE_DATABASE_URL"


def _servers(workspace: Workspace) -> Iterator[tuple[str, Purpose, str]]:
    """The same with addresses."""
    config = workspace.config
    for name, engine in config.translation.engines.items():
        if engine.url:
            yield engine.url, "translate", f"[translation.engines.{name}]"
        if engine.url and name in config.translation.used_engines:
            yield engine.url, "query", f"[translation.engines.{name}]"
    if config.index.engine == "elasticsearch":
        for url in config.index.urls:
            for purpose in ELASTICSEARCH:
                yield url, purpose, "[index]"
    if not config.models.offline:
        yield config.models.firefox_mirror, "models", "[models] firefox_mirror"
        yield config.models.hub, "models", "[models] hub"
    yield config.desk.oidc.issuer, "sign-in", "[desk.oidc]"
    yield config.network.proxy, "proxy", "[network] proxy"
    for name, way in config.network.egress.items():
        yield way.proxy, "proxy", f"[network.egress.{name}]"


def store_host(url: str) -> str:
    """The host of a PostgreSQL server; "" for SQLite, or a socket of this machine.

    >>> store_host("postgresql+psycopg://u:p@db.example.org:6432/x")
    'db.example.org:6432'
    >>> store_host("postgresql+psycopg://u@/x?host=/run/socket"), store_host("sqlite:///x")
    ('', '')
    """
    from sqlalchemy.engine import make_url

    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" or not parts.host:
        return ""
    port = parts.port or POSTGRESQL_PORT
    return parts.host if port == POSTGRESQL_PORT else f"{parts.host}:{port}"
