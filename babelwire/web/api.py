"""The API: what the pages show, as JSON (OpenAPI 3.1 at `/api/v1/openapi.json`)."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from babelwire.exports.released import Released, release
from babelwire.overview import load_status
from babelwire.reading import Shown, load_rights, load_shown, shown_json
from babelwire.rights import how_much
from babelwire.terminal import counted
from babelwire.web.addresses import read_address
from babelwire.web.cursors import (
    BEGIN,
    CursorEndedError,
    CursorPage,
    Cursors,
    read_cursor,
)
from babelwire.web.deeds import log
from babelwire.web.described import (
    ERRORS,
    MISSING,
    SCHEMA,
    UNCHANGED,
    SearchPages,
    problems,
)
from babelwire.web.errors import NotFoundError
from pipeline.errors import InputError

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from pipeline.sources import Rights, Show

NOT_MODIFIED, GONE = 304, 410


@contextlib.asynccontextmanager
async def _cursors(app: FastAPI) -> AsyncIterator[None]:
    """Answers that are read in pages; none is left open when the desk ends."""
    app.state.cursors = Cursors(time.monotonic)
    try:
        yield
    finally:
        app.state.cursors.close()


router = APIRouter(
    prefix="/api/v1",
    lifespan=_cursors,
    responses=ERRORS,
)


@router.get(
    "/search",
    tags=["search"],
    response_model=dict[str, Any],
    responses=UNCHANGED | problems({GONE: "The cursor has ended: begin again."}),
)
def search(
    request: Request,
    search: Annotated[SearchPages, Query()],
) -> Response:
    """One page of an answer, as `babelwire search --json`.

    The desk's search page has the same parameters.

    With a cursor: every full match with as much of its texts as its source's rights
    let out, a page at a time, all of one moment of the index, whatever is collected
    meanwhile. The same cursor gives the same page again. It ends after five minutes
    in which nobody read on, or when too many are open.
    """
    from search_index.answer import answer
    from search_index.query import to_json

    services: Services = request.app.state.services
    if search.cursor:
        return _tagged(request, _cursor_json(request, services, search))
    asked = read_address(request.query_params.multi_items()).request(services.timezone)
    found = to_json(answer(asked, services.context(), index=services.index))
    # How long it took is no part of what it says: hence a weak tag.
    return _tagged(request, found, ignored="took_ms")


@router.get(
    "/documents/{reference}",
    tags=["documents"],
    response_model=dict[str, Any],
    responses=UNCHANGED | MISSING,
)
def document(request: Request, reference: str) -> Response:
    """A document at its newest or the named revision, as `babelwire show --json`.

    Its `rights` say what of it may be passed on now.
    """
    return _tagged(request, _document_json(request, reference))


@router.get(
    "/documents/{reference}/segments",
    tags=["documents"],
    response_model=dict[str, Any],
    responses=UNCHANGED | MISSING,
)
def segments(request: Request, reference: str) -> Response:
    """Its sentences in order, each beside its translation, with flags and origin."""
    found = _document_json(request, reference)
    wanted = ("schema", "id", "revision", "language", "rights", "segments")
    return _tagged(request, {key: found[key] for key in wanted})


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


@router.get("/reviews/{review_id}", tags=["reviews"], responses=MISSING)
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


def _document_json(request: Request, reference: str) -> dict[str, Any]:
    services: Services = request.app.state.services
    shown = _shown(services, reference)
    found = shown.document
    sources = services.fresh_workspace().sources
    rights = load_rights(services.database, sources)(found.source)
    show = how_much(
        rights,
        published_at=found.published_at,
        first_seen_at=found.first_seen_at,
        now=services.context().now,
    )
    return {
        **shown_json(shown, services.target),
        "rights": _rights_json(rights, show),
    }


def _cursor_json(
    request: Request, services: Services, search: SearchPages
) -> dict[str, Any]:
    """A page of the whole answer."""
    page = _cursor_page(request, services, search)
    rights_of = load_rights(services.database, services.fresh_workspace().sources)
    released = release(page.part.found, rights_of, services.context().now)
    return {
        "schema": SCHEMA,
        "query": page.query,
        "total": page.part.total,
        "unit": "documents",
        "hits": [_released_json(one, rights_of(one.hit.source)) for one in released],
        "next_cursor": str(page.following) if page.following else None,
    }


def _cursor_page(
    request: Request, services: Services, search: SearchPages
) -> CursorPage:
    from search_index.answer import OpenAnswer

    cursors: Cursors = request.app.state.cursors
    if search.cursor != BEGIN:
        try:
            return cursors.page(read_cursor(search.cursor))
        except CursorEndedError as error:
            raise HTTPException(GONE, str(error)) from error
    asked = read_address(request.query_params.multi_items()).request(services.timezone)
    opened = OpenAnswer(asked, services.context(), index=services.index)
    page = cursors.begin(opened, search.limit)
    log(request, "exported", f"cursor, {counted(page.part.total, 'document')}")
    return page


def _released_json(one: Released, rights: Rights) -> dict[str, Any]:
    """A hit with what may leave of its texts."""
    from search_index.query import hit_json

    leaving = one.leaving
    return {
        **hit_json(one.hit),
        "text": leaving.texts.text,
        "translation": leaving.texts.translation,
        "rights": _rights_json(rights, leaving.show),
    }


def _rights_json(rights: Rights, show: Show) -> dict[str, Any]:
    """A source's rights; `show` is what may be passed on of one document now."""
    return {
        "show": show,
        "notice": rights.notice,
        "excerpt_characters": rights.excerpt_characters,
        "pass_on_days": rights.pass_on_days,
    }


def _tagged(
    request: Request, content: dict[str, Any], *, ignored: str = ""
) -> Response:
    """An answer with a tag of what it says; 304 for whoever has it (RFC 9110 §13.1.2).

    Args:
        request: Its If-None-Match is looked at.
        content: The answer.
        ignored: A key that may differ in answers that say the same: the tag is weak.
    """
    response = JSONResponse(content)
    told = response
    if ignored:
        told = JSONResponse({k: v for k, v in content.items() if k != ignored})
    checksum = hashlib.sha256(bytes(told.body)).hexdigest()[:32]
    tag = f'W/"{checksum}"' if ignored else f'"{checksum}"'
    asked = request.headers.get("if-none-match", "")
    known = {each.strip().removeprefix("W/") for each in asked.split(",")}
    if known & {"*", tag.removeprefix("W/")}:
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response
