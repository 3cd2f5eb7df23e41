"""People, institutions, places and events with their spellings, to read and edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.naming import made_name, parse_spellings, remove_name, save_name
from babelwire.web.errors import NotFoundError
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from pipeline.errors import InputError
from pipeline.names import NAME_TYPES, Name

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/names", include_in_schema=False)

SEE_OTHER = 303


@router.get("")
def names(request: Request) -> Response:
    """Every name."""
    services: Services = request.app.state.services
    found = sorted(services.context().names.values(), key=lambda name: name.id)
    return render(request, "names.html", names=found, types=NAME_TYPES)


@router.get("/{name_id}")
def name(request: Request, name_id: str) -> Response:
    """A name, and a form to change it."""
    found = _found(request, name_id)
    lines = [f"{tag}: {', '.join(w)}" for tag, w in found.spellings.items()]
    return render(
        request, "name.html", name=found, spellings="\n".join(lines), types=NAME_TYPES
    )


@router.post("")
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
    if new and made.id in services.context().names:
        raise InputError(f'id: there is a name "{made.id}" already')
    save_name(services.workspace.names_folder, made)
    return RedirectResponse(f"/names/{made.id}", SEE_OTHER)


@router.post("/{name_id}/remove")
def remove(request: Request, name_id: str, token: str = Form("")) -> Response:
    """Takes a name out."""
    check_form(request, token)
    services: Services = request.app.state.services
    remove_name(services.workspace.names_folder, _found(request, name_id).id)
    return RedirectResponse("/names", SEE_OTHER)


def _found(request: Request, name_id: str) -> Name:
    services: Services = request.app.state.services
    found = services.context().names.get(name_id)
    if found is None:
        raise NotFoundError(f'there is no name "{name_id}"')
    return found
