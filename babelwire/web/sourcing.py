"""One source: how it is, its switch; and a new one: looked at, then added."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.sourcefile import (
    SourceDraft,
    draft_text,
    name_from,
    set_value,
    write_source,
)
from babelwire.web.deeds import log
from babelwire.web.errors import BAD_REQUEST, NotFoundError
from babelwire.web.findings import finding_words
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.source_page import (
    leaving_words,
    source_page,
)
from babelwire.workspace import Workspace
from pipeline.errors import ConfigError, UnavailableError
from pipeline.sources import NAME_PATTERN
from pipeline.urls import host_of

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from babelwire.wording import Wording

router = APIRouter(prefix="/sources", include_in_schema=False)

SEE_OTHER = 303

FORMS = frozenset({"try", "add"})
"""Addresses that forms are sent to: whoever opens one wants the form."""

MAX_NAME = 200
"""Code points of a publisher's name."""

MAX_ADDRESSES = 25
"""Feeds, sitemaps and lists of one source: a look makes no more requests."""

_HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:]+\])(:\d+)?")
"""As `host_of` gives it; names of hosts have no other letters (RFC 1123 §2.1)."""

Texts = Annotated[list[str], Form()]


class RefusedError(Exception):
    """A form that cannot be followed; the message is in the reader's language."""


@router.get("/{name}")
def source(request: Request, name: str) -> Response:
    """How one source is."""
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()
    found = workspace.sources.get(name)
    if found is None and name in FORMS:
        return RedirectResponse("/sources#new", SEE_OTHER)
    if found is None:
        raise _not_found(request, name)
    w: Wording = request.state.wording
    page = source_page(services.database, found)
    return render(
        request,
        "source.html",
        page=page,
        source=found,
        verdict=[finding_words(w, finding) for finding in page.health.findings],
        leaving=leaving_words(w, found),
    )


@router.post("/{name}/switch")
def switch(
    request: Request, name: str, token: str = Form(""), on: str = Form("")
) -> Response:
    """Pauses a source, or resumes it, as `babelwire source disable` does."""
    check_form(request, token)
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()
    if name not in workspace.sources:
        raise _not_found(request, name)
    path = workspace.sources_folder / f"{name}.toml"
    try:
        set_value(path, "enabled", on == "yes")
    except OSError as error:
        raise _not_written(request, error) from error
    log(request, "source switched", f"{name}, {'on' if on == 'yes' else 'off'}")
    return RedirectResponse(f"/sources/{quote(name)}", SEE_OTHER)


@router.post("/try")
def try_site(request: Request, token: str = Form(""), url: str = Form("")) -> Response:
    """Looks at a site and shows what would be followed; stores nothing."""
    from babelwire.web.dry_run import BusyError, look_at

    check_form(request, token)
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()
    w: Wording = request.state.wording
    url = url.strip()
    try:
        url = _checked_url(w, url)
        _check_contact(w, workspace, [url])
    except RefusedError as error:
        return _form(request, BAD_REQUEST, problem=str(error), url=url)
    name = _free_name(name_from(url), workspace)
    try:
        look = look_at(url, name, workspace)
    except BusyError as error:
        said = w.text("Another look at a site is under way.")
        raise UnavailableError(said) from error
    return _form(
        request,
        200 if look.draft else BAD_REQUEST,
        url=url,
        look=look,
        draft=look.draft,
    )


@router.post("/add")
def add(
    request: Request,
    token: str = Form(""),
    url: str = Form(""),
    name: str = Form(""),
    publisher: str = Form(""),
    country: str = Form(""),
    kind: str = Form("news"),
    delay_seconds: float = Form(2.0, ge=2.0, le=3600),
    languages: Texts = [],  # noqa: B006 - FastAPI copies it
    feeds: Texts = [],  # noqa: B006
    sitemaps: Texts = [],  # noqa: B006
    listings: Texts = [],  # noqa: B006
    hosts: Texts = [],  # noqa: B006
    allow: Texts = [],  # noqa: B006
) -> Response:
    """Writes the file of a new source, as `babelwire source add` does."""
    check_form(request, token)
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()
    w: Wording = request.state.wording
    draft = SourceDraft(
        name=name.strip(),
        publisher=" ".join(publisher.split()),
        country=country.strip().upper(),
        kind=kind,
        languages=tuple(languages),
        feeds=tuple(feeds),
        sitemaps=tuple(sitemaps),
        listings=tuple(listings),
        hosts=tuple(hosts),
        allow=tuple(allow),
        delay_seconds=delay_seconds,
    )
    try:
        _check_draft(w, workspace, draft)
        write_source(workspace.sources_folder, draft.name, draft_text(draft))
    except (RefusedError, ConfigError) as error:
        problem = str(error)
        return _form(request, BAD_REQUEST, problem=problem, url=url, draft=draft)
    except OSError as error:
        raise _not_written(request, error) from error
    log(request, "source added", draft.name)
    return RedirectResponse(f"/sources/{draft.name}", SEE_OTHER)


def _form(request: Request, status: int, **values: object) -> Response:
    known = {"problem": "", "url": "", "look": None, "draft": None, **values}
    return render(request, "source_try.html", status, **known)


# --- What a form may say --------------------------------------------------------


def _checked_url(w: Wording, url: str) -> str:
    """An address with its scheme, as the command completes it."""
    whole = url if "://" in url else f"https://{url}"
    if not _is_address(whole):
        raise RefusedError(
            w.text(
                "This is no address of a site: %(url)s. Expected for example "
                "https://example.org",
                url=url[:MAX_NAME],
            )
        )
    return whole


def _is_address(url: str) -> bool:
    """A host that may have a name, and no password in the address."""
    try:
        host = host_of(url)
        name_from(url)
    except ValueError:
        return False
    return bool(_HOST.fullmatch(host)) and urlsplit(url).username is None


def _check_contact(w: Wording, workspace: Workspace, urls: list[str]) -> None:
    """Whoever is visited must be able to reach us."""
    from crawler.job import contact_problem

    config = workspace.config.crawl
    if contact_problem(urls, config.contact, config.allow_networks):
        raise RefusedError(
            w.text(
                "First set contact under [crawl] in babelwire.toml: an address or a "
                "page where the owners of sites can reach you."
            )
        )


def _check_draft(w: Wording, workspace: Workspace, draft: SourceDraft) -> None:
    """Nothing is written outside the folder of sources, or over another one (W8)."""
    if NAME_PATTERN.fullmatch(draft.name) is None:
        raise RefusedError(
            w.text(
                "The name may have lower-case letters, digits and hyphens, at most "
                "64, and begins with a letter or digit."
            )
        )
    if _is_taken(workspace, draft.name):
        raise RefusedError(
            w.text("There is a source %(name)s already.", name=draft.name)
        )
    if not 1 <= len(draft.publisher) <= MAX_NAME or _has_controls(draft.publisher):
        raise RefusedError(w.text("Say who publishes the site."))
    if draft.country and re.fullmatch(r"[A-Z]{2}", draft.country) is None:
        raise RefusedError(w.text("A country is a code of two letters, such as VN."))
    if draft.kind not in {"news", "official"}:
        raise RefusedError(w.text("A source is news or official."))
    addresses = [*draft.feeds, *draft.sitemaps, *draft.listings]
    if not 1 <= len(addresses) <= MAX_ADDRESSES:
        raise RefusedError(w.text("Look at the site first."))
    for address in addresses:
        _checked_url(w, address)
    _check_contact(w, workspace, addresses)


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _is_taken(workspace: Workspace, name: str) -> bool:
    return (workspace.sources_folder / f"{name}.toml").exists()


def _free_name(name: str, workspace: Workspace) -> str:
    """The name, or with a number where there is such a source already."""
    number, free = 1, name
    while _is_taken(workspace, free):
        number += 1
        free = f"{name[:60]}-{number}"
    return free


def _not_found(request: Request, name: str) -> NotFoundError:
    w: Wording = request.state.wording
    return NotFoundError(w.text("There is no source %(name)s.", name=name))


def _not_written(request: Request, error: OSError) -> UnavailableError:
    w: Wording = request.state.wording
    said = error.strerror or type(error).__name__
    return UnavailableError(
        w.text("The source's file cannot be written: %(reason)s", reason=said)
    )
