"""What goes wrong, as a page in plain words or as `application/problem+json`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from babelwire.web.rendering import render
from pipeline.errors import (
    BabelwireError,
    ConfigError,
    InputError,
    QueryError,
    UnavailableError,
)
from pipeline.reviews import FrozenReviewError, StaleReviewError

if TYPE_CHECKING:
    from babelwire.wording import Wording

BAD_REQUEST, NOT_FOUND, CONFLICT, UNAVAILABLE, FAILED = 400, 404, 409, 503, 500
UNAUTHORIZED, FORBIDDEN, TOO_MANY = 401, 403, 429
API = "/api/"


class NotFoundError(InputError):
    """There is no such document, page or record."""


def install(app: FastAPI) -> None:
    """Every error becomes an answer; what nobody foresaw is a 500 without details."""
    app.add_exception_handler(BabelwireError, _expected)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


def status_of(error: BabelwireError) -> int:
    """The HTTP status that says what an error is."""
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, StaleReviewError | FrozenReviewError):
        return CONFLICT
    if isinstance(error, ConfigError):
        return BAD_REQUEST
    return UNAVAILABLE if isinstance(error, UnavailableError) else FAILED


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, BabelwireError)  # noqa: S101 - as installed
    position = error.position if isinstance(error, QueryError) else None
    return answer(request, status_of(error), str(error), position)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as installed
    response = answer(request, error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as installed
    said = "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
    )
    return answer(request, BAD_REQUEST, said)


def answer(
    request: Request, status: int, message: str, position: int | None = None
) -> Response:
    """An error as whoever asks reads it: a page, or JSON of the API.

    Args:
        request: What was asked.
        status: HTTP status.
        message: What was found, what was expected, what to do.
        position: Of the fault in the query, in code points from 0.
    """
    if request.url.path.startswith(API):
        return problem(status, message, position)
    w: Wording = request.state.wording
    heading, advice = _words(w, status)
    query = request.query_params.get("q", "") if status == BAD_REQUEST else ""
    return render(
        request,
        "error.html",
        status,
        heading=heading,
        message=message,
        advice=advice,
        query=query,
    )


def problem(status: int, detail: str, position: int | None = None) -> Response:
    """An error of the API (RFC 9457)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if position is not None:
        body["position"] = position
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, media_type="application/problem+json")


def _words(w: Wording, status: int) -> tuple[str, str]:
    """A heading, and one thing to do."""
    if status == NOT_FOUND:
        return w.text("Not found"), w.text("Look whether the address is complete.")
    if status == UNAVAILABLE:
        return (
            w.text("Not available now"),
            w.text("Try again in a moment; nothing was lost."),
        )
    if status == CONFLICT:
        return (
            w.text("Changed meanwhile"),
            w.text("Go back, load the page again, and repeat your change."),
        )
    if status in {401, 403}:
        return w.text("Not allowed"), w.text("Go back, load the page again, try again.")
    if status == TOO_MANY:
        return w.text("Too often"), w.text("Wait a little, then try again.")
    if status < FAILED:
        return (
            w.text("This cannot be answered"),
            w.text("Change the words or the address and try again."),
        )
    return w.text("Something failed"), w.text("Tell whoever looks after this desk.")
