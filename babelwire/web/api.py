"""The API: what the pages show, as JSON (OpenAPI 3.1 at `/api/v1/openapi.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from babelwire.overview import load_status
from babelwire.reading import load_shown, shown_json
from babelwire.web.addresses import read_address
from babelwire.web.errors import NotFoundError
from pipeline.errors import InputError

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/api/v1")

NOT_MODIFIED = 304

Several = Annotated[list[str] | None, Query()]


@router.get("/search", tags=["search"])
def search(
    request: Request,
    q: Annotated[str, Query(description="In the query language; empty: all.")] = "",
    lang: Several = None,
    source: Several = None,
    kind: Several = None,
    country: Several = None,
    audience: Several = None,
    publisher: Several = None,
    owner: Several = None,
    name: Several = None,
    since: Annotated[str, Query(alias="from")] = "",
    to: str = "",
    like: str = "",
    words: Annotated[str, Query(description="Language of the words.")] = "",
    sort: Annotated[str, Query(pattern="^(relevance|time)?$")] = "",
    group: Annotated[str, Query(description="0: each document.")] = "",
    tz: Annotated[str, Query(description="IANA name.")] = "",
    page: Annotated[str, Query(description="1 to 51, of 20 hits each.")] = "",
) -> dict[str, Any]:
    """One page of an answer, as `babelwire search --json`.

    The desk's search page has the same parameters.
    """
    from search_index.answer import answer
    from search_index.query import to_json

    services: Services = request.app.state.services
    asked = read_address(request.query_params.multi_items()).request(services.timezone)
    return to_json(answer(asked, services.context(), index=services.index))


@router.get("/documents/{reference}", tags=["documents"])
def document(request: Request, reference: str) -> Response:
    """A document at its newest or the named revision, as `babelwire show --json`."""
    services: Services = request.app.state.services
    try:
        shown = load_shown(services.database, reference)
    except InputError as error:
        raise NotFoundError(str(error)) from error
    found = shown.document
    tag = f'"{found.id}-{found.revision}-{found.version}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    return JSONResponse(shown_json(shown, services.target), headers={"ETag": tag})


@router.get("/status", tags=["status"])
def status(request: Request) -> dict[str, Any]:
    """How the workspace stands, as `babelwire status --json`."""
    services: Services = request.app.state.services
    return load_status(services.workspace, services.database)
