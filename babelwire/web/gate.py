"""The gate before every page: the desk's name, who asks, what they may, how often."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, RedirectResponse

from babelwire.web.access import (
    SAFE,
    Visitor,
    challenge,
    forwarded_scheme,
    needed_role,
    own_names,
    visitor_of,
)
from babelwire.web.errors import API, FORBIDDEN, TOO_MANY, UNAUTHORIZED, answer
from babelwire.web.limits import RateLimiter
from babelwire.web.reader import token_of, wording_of

if TYPE_CHECKING:
    from babelwire.config import DeskConfig
    from babelwire.web.services import Services
    from babelwire.wording import Wording

MISDIRECTED, SEE_OTHER = 421, 303

MINUTE = 60.0

FAILURES, FAILURES_SECONDS = 10, 15 * MINUTE
"""So many wrong passwords for one name, and from one address, are looked at (OWASP
Authentication: throttle by account; NIST SP 800-63B §3.2.2 allows up to 100)."""


@dataclass(init=False)
class Limits:
    """What is counted.

    Attributes:
        requests: By user.
        failures: Of signing in, by name and by address.
    """

    requests: RateLimiter
    failures: RateLimiter

    def __init__(self, desk: DeskConfig) -> None:
        """Args: how many requests a minute are allowed."""
        self.requests = RateLimiter(desk.requests_per_minute, MINUTE, time.monotonic)
        self.failures = RateLimiter(FAILURES, FAILURES_SECONDS, time.monotonic)


async def turned_away(request: Request) -> Response | None:
    """The answer for whoever may not ask; None: they may.

    Leaves in the request's state who asks (`visitor`, None for nobody known), how to
    speak to them (`wording`) and the token of their forms (`token`).
    """
    services: Services = request.app.state.services
    desk: DeskConfig = request.app.state.desk
    if scheme := forwarded_scheme(request, desk):
        request.scope["scheme"] = scheme
    request.state.wording = wording_of(request, services.timezone)
    request.state.token = token_of(request)
    request.state.visitor = None
    host = request.headers.get("host", "")
    if not is_own_name(host, desk):
        return PlainTextResponse(_other_name(host), MISDIRECTED)
    path = request.url.path
    if path.startswith("/static/"):
        return None
    visitor = await run_in_threadpool(visitor_of, request, services)
    request.state.visitor = visitor
    needed = needed_role(request.method, path)
    if needed is not None and (visitor is None or not visitor.may(needed)):
        return _refused(request, visitor)
    return None if visitor is None else _too_often(request, visitor)


def is_own_name(host: str, desk: DeskConfig) -> bool:
    """Whether a `Host` header names this desk.

    >>> from babelwire.config import DeskConfig
    >>> desk = DeskConfig(names=("desk.example",))
    >>> [is_own_name(n, desk) for n in ("127.0.0.1:8787", "[::1]:80", "Desk.example")]
    [True, True, True]
    >>> is_own_name("elsewhere.example", desk)
    False
    """
    try:
        return urlsplit(f"//{host}").hostname in own_names(desk)
    except ValueError:
        return False


def _other_name(host: str) -> str:
    shown = host.encode("ascii", "backslashreplace").decode("ascii")[:100]
    return (
        f'This desk is not called "{shown}". Whoever runs it can add the name to '
        '"names" under [desk] in babelwire.toml.\n'
    )


def _refused(request: Request, visitor: Visitor | None) -> Response:
    w: Wording = request.state.wording
    path = request.url.path
    if visitor is not None:
        said = w.text("Your role here does not allow that: it takes another one.")
        return answer(request, FORBIDDEN, said)
    is_page = not path.startswith(API) and not path.endswith(".atom")
    if is_page and request.method in SAFE:
        back = f"{path}?{request.url.query}" if request.url.query else path
        return RedirectResponse("/login?" + urlencode({"back": back}), SEE_OTHER)
    refused = answer(request, UNAUTHORIZED, w.text("Sign in first."))
    refused.headers.update(challenge(path))
    return refused


def _too_often(request: Request, visitor: Visitor) -> Response | None:
    """Somebody at this machine is not counted: there is nobody to protect from them."""
    if visitor.way == "machine":
        return None
    limiter: RateLimiter = request.app.state.limits.requests
    if not (seconds := limiter.wait_seconds(visitor.name)):
        limiter.note(visitor.name)
        return None
    return too_many(request, seconds)


def too_many(request: Request, seconds: float) -> Response:
    """The answer to whoever asks too often (RFC 6585 §4)."""
    w: Wording = request.state.wording
    refused = answer(request, TOO_MANY, w.text("Too many requests."))
    refused.headers["Retry-After"] = str(int(seconds) + 1)
    return refused
