"""The API: what the pages show, as JSON (OpenAPI 3.1 at `/api/v1/openapi.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from babelwire.overview import load_status
from babelwire.reading import Shown, load_shown, shown_json
from babelwire.web.addresses import read_address
from babelwire.web.errors import NotFoundError
from pipeline.errors import InputError

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/api/v1")

NOT_MODIFIED = 304
SCHEMA = 1

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
    shown = _shown(services, reference)
    found = shown.document
    tag = f'"{found.id}-{found.revision}-{found.version}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    return JSONResponse(shown_json(shown, services.target), headers={"ETag": tag})


@router.get("/documents/{reference}/segments", tags=["documents"])
def segments(request: Request, reference: str) -> dict[str, Any]:
    """Its sentences in order, each beside its translation, with flags and origin."""
    services: Services = request.app.state.services
    found = shown_json(_shown(services, reference), services.target)
    wanted = ("id", "revision", "language", "segments")
    return {"schema": SCHEMA, **{key: found[key] for key in wanted}}


@router.get("/corrections", tags=["corrections"])
def corrections(
    request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> dict[str, Any]:
    """What people corrected, the newest first; `document_id` "" holds everywhere."""
    from pipeline.store import corrections as stored

    services: Services = request.app.state.services
    with services.database.read() as connection:
        found = stored.load(connection, limit=limit)
    return {"schema": SCHEMA, "corrections": [asdict(each) for each in found]}


@router.get("/sources", tags=["sources"])
def sources(request: Request) -> dict[str, Any]:
    """Each source's settings, balance and health, by name."""
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()
    health = load_status(workspace, services.database)["sources"]
    found = {
        name: {**asdict(source), **health[name]}
        for name, source in workspace.sources.items()
    }
    return {"schema": SCHEMA, "sources": found}


@router.get("/reviews", tags=["reviews"])
def reviews(request: Request) -> dict[str, Any]:
    """Press reviews without their sections, the newest day first."""
    from babelwire.reviews.listing import review_json
    from babelwire.web.review_page import review_lines

    lines = review_lines(request.app.state.services.database)
    found = [{**review_json(line.review), "items": line.items} for line in lines]
    return {"schema": SCHEMA, "reviews": found}


@router.get("/reviews/{review_id}", tags=["reviews"])
def review(
    request: Request, review_id: Annotated[int, Path(ge=1, le=1 << 53)]
) -> dict[str, Any]:
    """One press review with sections, items and who did what."""
    from babelwire.reviews.listing import review_json
    from babelwire.web.review_page import review_page

    services: Services = request.app.state.services
    try:
        page = review_page(services, review_id, services.timezone)
    except InputError as error:
        raise NotFoundError(str(error)) from error
    return {"schema": SCHEMA, **review_json(page.review, page.loaded, page.log)}


@router.get("/status", tags=["status"])
def status(request: Request) -> dict[str, Any]:
    """How the workspace stands, as `babelwire status --json`."""
    services: Services = request.app.state.services
    return load_status(services.workspace, services.database)


def _shown(services: Services, reference: str) -> Shown:
    try:
        return load_shown(services.database, reference)
    except InputError as error:
        raise NotFoundError(str(error)) from error
