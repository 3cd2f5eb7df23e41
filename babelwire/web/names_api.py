"""The API's operation on names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from babelwire.web.addresses import read_address
from babelwire.web.described import ERRORS
from babelwire.web.name_facet import counted_names

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/api/v1", responses=ERRORS)

SCHEMA = 1


class Search(BaseModel):
    """A search, as the search page has it in its address."""

    q: str = Field("", description="In the query language; empty: all.")
    lang: list[str] = []
    source: list[str] = []
    kind: list[str] = []
    country: list[str] = []
    audience: list[str] = []
    publisher: list[str] = []
    owner: list[str] = []
    name: list[str] = Field([], description="Counted in any case.")
    since: str = Field("", alias="from")
    to: str = ""
    like: str = ""
    words: str = Field("", description="Language of the words.")
    tz: str = Field("", description="IANA name.")


@router.get("/names/counts", tags=["names"])
def name_counts(
    request: Request,
    search: Annotated[Search, Query()],
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
