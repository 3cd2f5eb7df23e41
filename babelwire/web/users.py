"""Users, for admins: who there is, what they did; add, change, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.assembly import now
from babelwire.users import add_user, set_password
from babelwire.web.deeds import log
from babelwire.web.errors import BAD_REQUEST
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from pipeline.errors import InputError
from pipeline.store import users as store

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/users", include_in_schema=False)

SEE_OTHER = 303
DEEDS_SHOWN = 200


@router.get("")
def users(request: Request) -> Response:
    """Who there is, and what they did."""
    return _page(request)


@router.post("")
def add(
    request: Request,
    token: str = Form(""),
    name: str = Form(""),
    role: str = Form("reader"),
    password: str = Form(""),
) -> Response:
    """Adds a user; without a password a proxy lets them in."""
    check_form(request, token)
    services: Services = request.app.state.services
    try:
        add_user(services.database, name.strip(), _role(role), password or None, now())
    except InputError as error:
        return _page(request, str(error))
    log(request, "user added", f"{name.strip()}, {role}")
    return RedirectResponse("/users", SEE_OTHER)


@router.post("/{name}")
def change(
    request: Request,
    name: str,
    token: str = Form(""),
    action: str = Form(""),
    role: str = Form(""),
    password: str = Form(""),
) -> Response:
    """Another role or password, or the end of a user; never of the last admin."""
    check_form(request, token)
    try:
        _change(request, name, action, role, password)
    except InputError as error:
        return _page(request, str(error))
    return RedirectResponse("/users", SEE_OTHER)


def _change(request: Request, name: str, action: str, role: str, password: str) -> None:
    services: Services = request.app.state.services
    if action == "password":
        set_password(services.database, name, password)
        log(request, "password set", name)
        return
    with services.database.write() as connection:
        if action == "remove":
            store.remove(connection, name)
        else:
            store.change(connection, name, role=_role(role))
        if not any(user.role == "admin" for user in store.load_all(connection)):
            raise InputError("somebody must stay who looks after users")
    if action == "remove":
        log(request, "user removed", name)
    else:
        log(request, "user changed", f"{name}, {role}")


def _role(role: str) -> store.Role:
    if role not in store.ROLES:
        raise InputError(f'role: found "{role}", expected {", ".join(store.ROLES)}')
    return role


def _page(request: Request, problem: str = "") -> Response:
    services: Services = request.app.state.services
    with services.database.read() as connection:
        found = store.load_all(connection)
        deeds = store.load_log(connection, limit=DEEDS_SHOWN)
    return render(
        request,
        "users.html",
        BAD_REQUEST if problem else 200,
        users=found,
        deeds=deeds,
        roles=store.ROLES,
        problem=problem,
    )
