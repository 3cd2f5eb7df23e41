"""How the sources are, and what waits where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.assembly import now
from babelwire.health import SourceHealth, load_health
from babelwire.overview import load_status
from babelwire.retrying import revive
from babelwire.web.deeds import log
from babelwire.web.findings import finding_words
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.volume import Volume, volume

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from babelwire.wording import Wording
    from pipeline.sources import Source

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    """A source at a glance.

    Attributes:
        source: As its file says.
        documents: That it gave so far.
        health: How it is.
        verdict: That in a reader's words, the worst first; empty: it is well.
        volume: Its last days.
    """

    source: Source
    documents: int
    health: SourceHealth
    verdict: tuple[str, ...]
    volume: Volume


def source_lines(services: Services, w: Wording) -> list[SourceLine]:
    """Every configured source: in trouble, well, switched off; each by publisher."""
    from pipeline.store.documents import count_by_source

    workspace = services.fresh_workspace()
    at = now()
    with services.database.read() as connection:
        found = load_health(workspace.sources, connection, at)
        counts = count_by_source(connection)
    lines = [
        SourceLine(
            source=source,
            documents=counts.get(name, 0),
            health=found[name],
            verdict=tuple(finding_words(w, each) for each in found[name].findings),
            volume=volume(found[name].counts, found[name].usual, at.date()),
        )
        for name, source in workspace.sources.items()
    ]
    return sorted(lines, key=_place)


@router.get("/sources")
def sources(request: Request) -> Response:
    """Health of every source, and a form to look at a new one."""
    w: Wording = request.state.wording
    lines = source_lines(request.app.state.services, w)
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
    revived = revive(services.database)
    log(request, "tried again", str(revived))
    return RedirectResponse("/status", SEE_OTHER)


def _place(line: SourceLine) -> tuple[bool, bool, str]:
    health = line.health
    return (not health.is_in_trouble, not health.enabled, line.source.publisher)
