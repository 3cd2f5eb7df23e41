"""The API's operation on names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request

from babelwire.web.addresses import read_address
from babelwire.web.described import ERRORS, SCHEMA, Search
from babelwire.web.name_facet import counted_names

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/api/v1", responses=ERRORS)


@router.get("/names/counts", tags=["names"])
def name_counts(
    request: Request,
    _search: Annotated[Search, Query()],
) -> dict[str, Any]:
    """The names that an answer mentions, countries too, the most documents first.

    At most 30, and those that the search chose; the count of each is of full matches.
    """
    services: Services = request.app.state.services
    address = read_address(request.query_params.multi_items())
    known = services.context().all_names
    found = [
        {"id": one.value, "type": known[one.value].type, "count": one.count}
        for one in counted_names(services, address, services.timezone)
    ]
    return {"schema": SCHEMA, "names": found}
