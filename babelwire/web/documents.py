"""The page of a document, its citations and its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from babelwire.web.citations import bibtex, csl_json, metadata, plain_citation
from babelwire.web.document_page import VIEWS, DocumentPage, document_page
from babelwire.web.errors import NotFoundError
from babelwire.web.rendering import render
from babelwire.web.searches import chosen_documents
from pipeline.errors import InputError

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(prefix="/documents", include_in_schema=False)

SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""An archived page is nobody's: it runs and loads nothing and knows no cookie (W2)."""


@router.get("/{reference}")
def document(request: Request, reference: str) -> Response:
    """Original and translation, side by side."""
    page = found_document(request, reference)
    translation = page.document.translation(request.app.state.services.target)
    has_sides = any(pair.translated for pair in page.pairs)
    wanted = request.query_params.get("view", "")
    view = wanted if wanted in VIEWS and has_sides else VIEWS[0]
    return render(
        request,
        "document.html",
        page=page,
        view=view if has_sides else "plain-text",
        has_sides=has_sides,
        translation=translation,
        citation=plain_citation(page.document, _fetched_on(page)),
        metadata=list(metadata(page.document)),
        chosen=chosen_documents(request),
        corrected=_number(request.query_params.get("corrected", "")),
    )


@router.get("/{reference}/citation.bib")
def citation_bib(request: Request, reference: str) -> Response:
    """BibTeX."""
    page = found_document(request, reference)
    text = bibtex(page.document, _fetched_on(page))
    return _file(text.encode(), "application/x-bibtex", f"{page.document.id}.bib")


@router.get("/{reference}/citation.json")
def citation_json(request: Request, reference: str) -> Response:
    """CSL-JSON."""
    page = found_document(request, reference)
    text = csl_json(page.document, _fetched_on(page))
    kind = "application/vnd.citationstyles.csl+json"
    return _file(text.encode(), kind, f"{page.document.id}.json")


@router.get("/{reference}/record")
def record(request: Request, reference: str) -> Response:
    """The WARC record of the page, as it stands in the archive."""
    from pipeline.archive import raw_record

    page = found_document(request, reference)
    services: Services = request.app.state.services
    data = raw_record(services.workspace.archive, page.revision.page.place)
    return _file(data, "application/warc", f"{page.reference}.warc.gz")


@router.get("/{reference}/page")
def archived(request: Request, reference: str) -> Response:
    """The page as it was archived, in a frame that can do nothing."""
    return render(request, "archived.html", page=found_document(request, reference))


@router.get("/{reference}/page/body")
def archived_body(request: Request, reference: str) -> Response:
    """The archived bytes, for that frame."""
    from pipeline.archive import read

    page = found_document(request, reference)
    services: Services = request.app.state.services
    found = read(services.workspace.archive, page.revision.page.place)
    kind = found.header("content-type") or "text/html"
    is_shown = kind.lower().startswith(("text/html", "application/xhtml", "text/plain"))
    headers = {"Content-Security-Policy": SANDBOX}
    if not is_shown:
        headers["Content-Disposition"] = "attachment"
        kind = "application/octet-stream"
    return Response(found.body, headers={**headers, "Content-Type": kind})


def found_document(request: Request, reference: str) -> DocumentPage:
    """The document that an address names.

    Raises:
        NotFoundError: No such document or revision.
    """
    try:
        return document_page(request.app.state.services, reference)
    except InputError as error:
        raise NotFoundError(str(error)) from error


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _fetched_on(page: DocumentPage) -> str:
    return f"{page.revision.page.fetched_at:%Y-%m-%d}"


def _file(data: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind, headers=headers)
