"""Who asks, and whether they may.

A visitor is, in this order: whom a trusted proxy names; whom a token stands for; whom a
browser's session stands for. A desk without users is for this machine alone: whoever
asks from it may do everything.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from babelwire.assembly import now
from babelwire.config import is_local
from babelwire.users import user_name
from pipeline.store import users
from pipeline.store.users import Role

if TYPE_CHECKING:
    from fastapi import Request

    from babelwire.config import DeskConfig
    from babelwire.web.services import Services

SESSION = "session"
"""Name of the cookie."""

FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded")
"""What proxies add: such a request comes from elsewhere, whatever its address."""

OPEN = re.compile(r"/(login(/.*)?|logout|settings|static/.*)")
"""Without signing in; each is harmless, or checks for itself."""

EDITED = re.compile(r"/(reviews|documents|corrections|names)(/.*)?")
"""What editors change; everything else is changed by admins."""

OWN = re.compile(r"/account(/.*)?")
"""What readers change: what is theirs."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who asks.

    Attributes:
        name: In logs, and as author.
        role: What they may do.
        way: How it is known: `machine` is a desk without users.
    """

    name: str
    role: Role
    way: Literal["machine", "proxy", "token", "session"]

    def may(self, role: Role) -> bool:
        """Whether they may do what a role may."""
        return users.includes(self.role, role)


def needed_role(method: str, path: str) -> Role | None:
    """The role that a request needs; None for none.

    What nobody thought of needs an admin, unless it only reads.

    >>> needed_role("GET", "/documents/d1"), needed_role("POST", "/reviews/add")
    ('reader', 'editor')
    >>> needed_role("POST", "/sources/try"), needed_role("GET", "/login")
    ('admin', None)
    """
    if OPEN.fullmatch(path):
        return None
    if re.fullmatch(r"/users(/.*)?", path):
        return "admin"
    if method in SAFE or OWN.fullmatch(path):
        return "reader"
    return "editor" if EDITED.fullmatch(path) else "admin"


def visitor_of(request: Request, services: Services) -> Visitor | None:
    """Who asks; None for nobody known."""
    desk: DeskConfig = request.app.state.desk
    if name := _name_by_proxy(request, desk):
        return _named(services, name, desk)
    token, way = _token(request)
    at = now()
    with services.database.read() as connection:
        user = users.session_user(connection, token, at) if token else None
        has_users = user is not None or users.count(connection) > 0
        is_due = user is not None and users.is_worth_noting(connection, token, at)
    if user is not None:
        if is_due:
            with services.database.write() as connection:
                users.note_use(connection, token, at)
        return Visitor(name=user.name, role=user.role, way=way)
    if has_users or desk.user_header or desk.oidc.issuer:
        return None
    return _whoever_is_here(request)


def is_trusted(request: Request, desk: DeskConfig) -> bool:
    """Whether a proxy asks that is believed about who is behind it."""
    peer = request.client.host if request.client else ""
    return _is_in(peer, desk)


def forwarded_scheme(request: Request, desk: DeskConfig) -> str:
    """`https` or `http`, as a trusted proxy says; "" where none does."""
    said = request.headers.get("x-forwarded-proto", "").split(",")[-1].strip()
    is_said = said in {"http", "https"} and is_trusted(request, desk)
    return said if is_said else ""


def address_of(request: Request, desk: DeskConfig) -> str:
    """Whom to count failures of: the nearest address that is no trusted proxy's.

    What a browser itself writes into `X-Forwarded-For` stands further left (W5).
    """
    peer = request.client.host if request.client else ""
    hops = request.headers.get("x-forwarded-for", "").split(",")
    while hops and _is_in(peer, desk):
        peer = hops.pop().strip() or peer
    return peer


def basic_credentials(value: str) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header (RFC 7617).

    >>> basic_credentials("Basic YTpi")
    ('a', 'b')
    >>> basic_credentials("Basic ?")
    """
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def _name_by_proxy(request: Request, desk: DeskConfig) -> str:
    is_said = desk.user_header and is_trusted(request, desk)
    name = request.headers.get(desk.user_header, "") if is_said else ""
    return name if len(name) <= users.MAX_NAME else ""


def _token(request: Request) -> tuple[str, Literal["token", "session"]]:
    said = request.headers.get("authorization", "")
    scheme, _, value = said.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip(), "token"
    if (basic := basic_credentials(said)) is not None:
        return basic[1], "token"
    return request.cookies.get(SESSION, ""), "session"


def _named(services: Services, name: str, desk: DeskConfig) -> Visitor | None:
    """Whom a proxy names: a user, or somebody with the role for such; None: nobody."""
    with services.database.read() as connection:
        user = users.find(connection, name)
    role = user.role if user else desk.default_role
    return Visitor(name=name, role=role, way="proxy") if role else None


def _whoever_is_here(request: Request) -> Visitor | None:
    """A person at this machine; nobody where a proxy passes others on."""
    peer = request.client.host if request.client else ""
    is_passed_on = any(name in request.headers for name in FORWARDED)
    if is_passed_on or not is_local(peer):
        return None
    return Visitor(name=user_name(), role="admin", way="machine")


def _is_in(address: str, desk: DeskConfig) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in desk.networks)


def own_names(desk: DeskConfig) -> frozenset[str]:
    """Names by which browsers may call the desk.

    A site elsewhere whose name leads here (DNS rebinding) is refused.
    """
    given = {name.casefold() for name in desk.names}
    return frozenset({"localhost", "127.0.0.1", "::1", desk.host.casefold(), *given})


def challenge(path: str) -> Mapping[str, str]:
    """How a program may sign in (RFC 9110 §11.6.1): feed readers know `Basic` alone."""
    scheme = "Basic" if path.endswith(".atom") else "Bearer"
    return {"WWW-Authenticate": f'{scheme} realm="Babelwire"'}
