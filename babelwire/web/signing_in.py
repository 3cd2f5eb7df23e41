"""Signing in and out, and what users change of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.assembly import now
from babelwire.users import new_session, set_password, user_by_password
from babelwire.web.access import SESSION, address_of
from babelwire.web.errors import BAD_REQUEST, UNAUTHORIZED
from babelwire.web.gate import too_many
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.settings import own_path
from pipeline.errors import InputError
from pipeline.store import users

if TYPE_CHECKING:
    from babelwire.config import DeskConfig
    from babelwire.web.access import Visitor
    from babelwire.web.limits import RateLimiter
    from babelwire.web.services import Services
    from babelwire.wording import Wording

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303

SESSION_LASTS = timedelta(days=7)
"""Whoever works every day signs in once a week (`pipeline.store.users.IDLE` ends a
session that is not used)."""


@router.get("/login")
def login(request: Request, back: str = "/") -> Response:
    """The page to sign in."""
    if request.state.visitor is not None:
        return RedirectResponse(own_path(back), SEE_OTHER)
    return login_page(request, back)


@router.post("/login")
def sign_in(
    request: Request,
    token: str = Form(""),
    name: str = Form(""),
    password: str = Form(""),
    back: str = Form("/"),
) -> Response:
    """Begins a session of whoever knows name and password."""
    check_form(request, token)
    services: Services = request.app.state.services
    limiter: RateLimiter = request.app.state.limits.failures
    desk: DeskConfig = request.app.state.desk
    keys = (f"name:{name.casefold()}", f"address:{address_of(request, desk)}")
    if seconds := max(map(limiter.wait_seconds, keys)):
        return too_many(request, seconds)
    user = user_by_password(services.database, name, password)
    if user is None:
        for key in keys:
            limiter.note(key)
        w: Wording = request.state.wording
        said = w.text("There is no user with this name and this password.")
        return login_page(request, back, said, UNAUTHORIZED)
    limiter.forget(keys[0])
    return begin_session(request, user.name, back)


@router.post("/logout")
def sign_out(request: Request, token: str = Form("")) -> Response:
    """Ends the session."""
    check_form(request, token)
    services: Services = request.app.state.services
    if session := request.cookies.get(SESSION):
        with services.database.write() as connection:
            users.end_session(connection, session)
    response = RedirectResponse("/login", SEE_OTHER)
    response.delete_cookie(SESSION)
    return response


@router.get("/account")
def account(request: Request, said: str = "") -> Response:
    """Who somebody is here, and a form for another password."""
    return render(request, "account.html", problem="", is_changed=said == "changed")


@router.post("/account/password")
def change_password(
    request: Request,
    token: str = Form(""),
    password: str = Form(""),
    new: str = Form(""),
) -> Response:
    """Another password for whoever knows the one that holds; other sessions end."""
    check_form(request, token)
    services: Services = request.app.state.services
    visitor: Visitor = request.state.visitor
    w: Wording = request.state.wording
    limiter: RateLimiter = request.app.state.limits.failures
    key = f"name:{visitor.name.casefold()}"
    if seconds := limiter.wait_seconds(key):
        return too_many(request, seconds)
    problem = ""
    if user_by_password(services.database, visitor.name, password) is None:
        limiter.note(key)
        problem = w.text("The old password is another one.")
    else:
        try:
            set_password(services.database, visitor.name, new)
        except InputError as error:
            problem = str(error)
    if problem:
        return render(
            request, "account.html", BAD_REQUEST, problem=problem, is_changed=False
        )
    return begin_session(request, visitor.name, "/account?said=changed")


def begin_session(request: Request, name: str, back: str) -> Response:
    """Goes on with a new session (OWASP: a new one at every sign-in)."""
    services: Services = request.app.state.services
    session = new_session(services.database, name, "browser", now(), SESSION_LASTS)
    response = RedirectResponse(own_path(back), SEE_OTHER)
    response.set_cookie(
        SESSION,
        session,
        httponly=True,
        samesite="lax",  # a link in a mail opens the desk signed in
        secure=request.url.scheme == "https",
    )
    return response


def login_page(
    request: Request, back: str, problem: str = "", status: int = 200
) -> Response:
    """The page to sign in, and why it did not go well."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        has_users = users.count(connection) > 0
    return render(
        request,
        "login.html",
        status,
        onward=own_path(back),
        problem=problem,
        has_users=has_users,
        has_provider=bool(request.app.state.desk.oidc.issuer),
    )
