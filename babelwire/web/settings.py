"""What a reader chooses for this browser: language and time zone."""

from __future__ import annotations

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.web.reader import (
    LANGUAGE,
    ZONE,
    check_form,
    is_language,
    is_timezone,
    remember,
)
from pipeline.errors import InputError

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303


@router.post("/settings")
def choose(
    request: Request,
    token: str = Form(""),
    back: str = Form("/"),
    language: str = Form(""),
    timezone: str = Form(""),
) -> Response:
    """Remembers the choice, and goes back."""
    check_form(request, token)
    if not is_timezone(timezone):
        raise InputError(
            f'time zone: found "{timezone}", expected a name such as Asia/Ho_Chi_Minh'
        )
    if not is_language(language):
        raise InputError(f'language: found "{language}", expected one of the list')
    response = RedirectResponse(own_path(back), SEE_OTHER)
    remember(response, request, LANGUAGE, language)
    remember(response, request, ZONE, timezone)
    return response


def own_path(path: str) -> str:
    """A path on this desk, whatever a form says.

    >>> own_path("/?q=a"), own_path("//evil.example"), own_path("https://evil.example")
    ('/?q=a', '/', '/')
    """
    is_own = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_own and path.isprintable() else "/"
