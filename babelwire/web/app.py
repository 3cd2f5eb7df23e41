"""Joins the desk: pages, API, and what holds for every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import as_file, files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles

from babelwire.web import (
    api,
    corrections,
    documents,
    errors,
    exporting,
    feed,
    names,
    reviews,
    searches,
    settings,
    sources,
    sourcing,
)
from babelwire.web.reader import TOKEN, remember, token_of, wording_of

if TYPE_CHECKING:
    from babelwire.web.services import Services

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names by which a browser on this machine may call the desk: a site elsewhere whose
name leads here (DNS rebinding) is refused."""

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

Next = Callable[[Request], Awaitable[Response]]


def make_app(services: Services) -> FastAPI:
    """The desk of one workspace, as an ASGI application."""
    app = FastAPI(
        title="Babelwire",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.middleware("http")(_guarded)
    rooms = (
        searches,
        documents,
        corrections,
        reviews,
        sources,
        sourcing,
        names,
        settings,
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


async def _guarded(request: Request, answer: Next) -> Response:
    """Who may ask; who reads; headers of every answer."""
    if not is_own_name(request.headers.get("host", "")):
        return PlainTextResponse("This desk has another name.", 421)
    services: Services = request.app.state.services
    request.state.wording = wording_of(request, services.timezone)
    request.state.token = token_of(request)
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "private, no-cache")
    is_page = response.headers.get("content-type", "").startswith("text/html")
    if is_page and request.cookies.get(TOKEN) != request.state.token:
        remember(response, request, TOKEN, request.state.token)
    return response


def is_own_name(host: str) -> bool:
    """Whether a `Host` header names this machine's loopback.

    >>> is_own_name("127.0.0.1:8787"), is_own_name("[::1]:80")
    (True, True)
    >>> is_own_name("elsewhere.example")
    False
    """
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False
