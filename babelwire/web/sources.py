"""How the sources are, and what waits where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.overview import load_status
from babelwire.retrying import revive
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.workspace import Workspace

if TYPE_CHECKING:
    from babelwire.web.services import Services

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    """A source at a glance."""

    name: str
    publisher: str
    country: str
    kind: str
    enabled: bool
    documents: int
    last_visit_at: datetime | None
    newest_article_at: datetime | None
    problems: tuple[str, ...]


def source_lines(services: Services) -> list[SourceLine]:
    """Every configured source; those with problems first."""
    workspace = Workspace(services.workspace.root)  # files may have changed
    status = load_status(workspace, services.database)["sources"]
    lines = [
        SourceLine(
            name=name,
            publisher=source.publisher,
            country=source.country,
            kind=source.kind,
            enabled=source.enabled,
            documents=status[name]["documents"],
            last_visit_at=_moment(status[name].get("last_visit_at")),
            newest_article_at=_moment(status[name].get("newest_article_at")),
            problems=tuple(status[name].get("problems", ())),
        )
        for name, source in workspace.sources.items()
    ]
    return sorted(lines, key=lambda line: (not line.problems, line.publisher))


@router.get("/sources")
def sources(request: Request) -> Response:
    """Health of every source."""
    lines = source_lines(request.app.state.services)
    return render(request, "sources.html", sources=lines)


@router.get("/status")
def status(request: Request) -> Response:
    """What waits, and what was set aside."""
    services: Services = request.app.state.services
    found: dict[str, Any] = load_status(services.workspace, services.database)
    return render(request, "status.html", found=found)


@router.post("/status/retry")
def retry(request: Request, token: str = Form("")) -> Response:
    """Makes due again what was set aside."""
    check_form(request, token)
    services: Services = request.app.state.services
    revive(services.database)
    return RedirectResponse("/status", SEE_OTHER)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
