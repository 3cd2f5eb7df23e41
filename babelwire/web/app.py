"""Joins the desk: pages, API, and what holds for every answer."""

from __future__ import annotations

import os
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders

from babelwire.network import egress_of
from babelwire.web import (
    api,
    corrections,
    documents,
    errors,
    exporting,
    feed,
    gate,
    names,
    oidc,
    reviews,
    searches,
    settings,
    signing_in,
    sources,
    sourcing,
    users,
)
from babelwire.web.reader import TOKEN, remember

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from babelwire.config import DeskConfig
    from babelwire.web.services import Services

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere (Content Security Policy Level 3; W1)."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # With "no-referrer" a browser hides the origin of our own forms, too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Where an answer does not say otherwise."""


def make_app(services: Services, desk: DeskConfig | None = None) -> FastAPI:
    """The desk of one workspace, as an ASGI application.

    Args:
        services: The workspace.
        desk: Who may ask; None is as the workspace is configured.
    """
    app = FastAPI(
        title="Babelwire",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.desk = services.workspace.config.desk if desk is None else desk
    is_asked = app.state.desk.oidc.issuer
    app.state.provider = (
        oidc.Provider(app.state.desk.oidc, os.environ, egress_of(services.workspace))
        if is_asked
        else None
    )
    app.state.waiting = oidc.Waiting()
    app.state.limits = gate.Limits(app.state.desk)
    app.add_middleware(_Guarded)
    rooms = (
        searches,
        documents,
        corrections,
        reviews,
        sources,
        sourcing,
        names,
        settings,
        signing_in,
        oidc,
        users,
        exporting,
        feed,
        api,
    )
    for room in rooms:
        app.include_router(room.router)
    errors.install(app)
    with as_file(files("babelwire.web") / "static") as folder:
        app.mount("/static", StaticFiles(directory=folder), name="static")
    return app


class _Guarded:
    """Who may ask; who reads; headers of every answer.

    A plain ASGI application around the desk: Starlette's `BaseHTTPMiddleware` passes
    each answer through a task and a queue, half a millisecond of every page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await gate.turned_away(request) or self._app

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(request, MutableHeaders(scope=message))
            await send(message)

        await answer(scope, receive, completed)


def _complete(request: Request, headers: MutableHeaders) -> None:
    """Adds what an answer does not say itself, and the token of a page's forms."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if request.url.path.startswith("/static/"):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers.setdefault("Cache-Control", "private, no-cache")
    is_page = headers.get("content-type", "").startswith("text/html")
    token = request.state.token
    if is_page and request.cookies.get(TOKEN) != token:
        remembering = Response()
        remember(remembering, request, TOKEN, token)
        headers.append("Set-Cookie", remembering.headers["set-cookie"])
