"""People, institutions, places, events, countries: their spellings, read and edited.

Countries need no file; one that is changed here is written into the workspace's names
and holds instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.naming import made_name, parse_spellings, remove_name, save_name
from babelwire.web import names_api
from babelwire.web.addresses import read_address
from babelwire.web.deeds import log
from babelwire.web.errors import NotFoundError
from babelwire.web.name_facet import label, name_facet
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from pipeline.errors import InputError
from pipeline.names import NAME_TYPES, Name

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from babelwire.wording import Wording

pages = APIRouter(prefix="/names", include_in_schema=False)

SEE_OTHER = 303

COUNTS = "counts"
"""A page of its own, so no name's id."""


@pages.get("")
def names(request: Request) -> Response:
    """Every name of the workspace, and the countries that it has not made its own."""
    services: Services = request.app.state.services
    w: Wording = request.state.wording
    context = services.context()
    own = sorted(context.names.values(), key=lambda name: name.id)
    countries = sorted(
        (label(name, w.language), name.id)
        for name in context.countries.values()
        if name.id not in context.names
    )
    return render(
        request, "names.html", names=own, countries=countries, types=NAME_TYPES
    )


@pages.get(f"/{COUNTS}")
def counts(request: Request) -> Response:
    """The names that an answer mentions; the search page loads them into itself."""
    address = read_address(request.query_params.multi_items())
    w: Wording = request.state.wording
    services: Services = request.app.state.services
    kinds = name_facet(services, address, w.timezone, w.language)
    return render(request, "name_counts.html", address=address, kinds=kinds)


@pages.get("/{name_id}")
def name(request: Request, name_id: str) -> Response:
    """A name, and a form to change it."""
    services: Services = request.app.state.services
    found = _found(request, name_id)
    lines = [f"{tag}: {', '.join(w)}" for tag, w in found.spellings.items()]
    return render(
        request,
        "name.html",
        name=found,
        is_own=found.id in services.context().names,
        spellings="\n".join(lines),
        types=NAME_TYPES,
    )


@pages.post("")
def save(
    request: Request,
    token: str = Form(""),
    name_id: str = Form("", alias="id"),
    kind: str = Form(""),
    spellings: str = Form(""),
    new: str = Form(""),
) -> Response:
    """Stores a name; a new one must not be there yet."""
    check_form(request, token)
    services: Services = request.app.state.services
    made = made_name(name_id.strip(), kind, parse_spellings(spellings))
    known = services.context().all_names
    if made.id == COUNTS or (new and made.id in known):
        raise InputError(f'id: there is a name "{made.id}" already')
    if made.id in known:
        made = replace(made, apart=known[made.id].apart)
    save_name(services.workspace.names_folder, made)
    log(request, "name saved", made.id)
    return RedirectResponse(f"/names/{made.id}", SEE_OTHER)


@pages.post("/{name_id}/remove")
def remove(request: Request, name_id: str, token: str = Form("")) -> Response:
    """Takes a name out; a country of that id is the CLDR's again."""
    check_form(request, token)
    services: Services = request.app.state.services
    remove_name(services.workspace.names_folder, _found(request, name_id).id)
    log(request, "name removed", name_id)
    return RedirectResponse("/names", SEE_OTHER)


def _found(request: Request, name_id: str) -> Name:
    services: Services = request.app.state.services
    found = services.context().all_names.get(name_id)
    if found is None:
        raise NotFoundError(f'there is no name "{name_id}"')
    return found


router = APIRouter()
router.include_router(pages)
router.include_router(names_api.router)
