"""Who reads: interface language, time zone, and the token that proves a form ours."""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from babelwire.web.wording import choose_language
from babelwire.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from fastapi import Request, Response

LANGUAGE, ZONE, TOKEN = "language", "timezone", "desk"
"""Names of the cookies."""

FORBIDDEN = 403
YEAR_SECONDS = 365 * 24 * 3600


def wording_of(request: Request, timezone: str) -> Wording:
    """How to speak to whoever asks.

    Args:
        request: With cookies and the browser's languages.
        timezone: Where the reader has chosen none.
    """
    language = choose_language(
        request.cookies.get(LANGUAGE, ""), request.headers.get("accept-language", "")
    )
    zone = unquote(request.cookies.get(ZONE, ""))
    return Wording(language, zone if is_timezone(zone) else timezone)


def is_timezone(name: str) -> bool:
    """Whether it is the IANA name of a zone."""
    return name in _timezones() and bool(ZoneInfo(name))


@cache
def _timezones() -> frozenset[str]:
    """Those of this machine; each look at them walks through hundreds of files."""
    return frozenset(available_timezones())


def token_of(request: Request) -> str:
    """The reader's form token, a new one at the first visit."""
    known = request.cookies.get(TOKEN, "")
    return known if len(known) >= 32 else secrets.token_urlsafe(32)


def is_own_form(request: Request, token: str) -> bool:
    """Whether a form was sent from this desk (OWASP: double-submit, and the origin).

    A browser names the origin of every POST; another site's form has neither it nor
    the cookie, which is `SameSite=Strict`.
    """
    origin = request.headers.get("origin")
    expected = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if origin is not None and origin != expected:
        return False
    known = request.cookies.get(TOKEN, "")
    return bool(known) and hmac.compare_digest(known.encode(), token.encode())


def check_form(request: Request, token: str) -> None:
    """Refuses a form that was not sent from this desk (W5).

    Raises:
        HTTPException: 403.
    """
    from fastapi import HTTPException

    if not is_own_form(request, token):
        wording: Wording = request.state.wording
        raise HTTPException(FORBIDDEN, wording.text("This form is not ours."))


def remember(response: Response, request: Request, name: str, value: str) -> None:
    """Sets a cookie that only this desk gets."""
    response.set_cookie(
        name,
        value,
        max_age=YEAR_SECONDS,
        httponly=name == TOKEN,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def is_language(name: str) -> bool:
    """Whether the interface speaks it."""
    return name in LANGUAGES
