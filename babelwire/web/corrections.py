"""A reader corrects a translated sentence: in one document, or wherever it stands."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.correcting import Wish, correct, places_of, undo
from babelwire.web import second_readings
from babelwire.web.deeds import actor_of, log
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.sentences import found_sentence
from pipeline.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from babelwire.web.document_page import Pair
    from babelwire.web.services import Services

router = APIRouter(include_in_schema=False)
router.include_router(second_readings.router)

SEE_OTHER = 303
MAX_LENGTH = 5_000
"""Code points of a corrected sentence: far more than any sentence has."""

PLACES_SHOWN, CORRECTIONS_SHOWN = 50, 200


@router.get("/documents/{reference}/sentences/{number}")
def sentence(request: Request, reference: str, number: int) -> Response:
    """A sentence, and a form to correct its translation."""
    page, pair = found_sentence(request, reference, number)
    return render(request, "correct.html", page=page, pair=pair, text=_text(pair))


@router.post("/documents/{reference}/sentences/{number}")
def correct_sentence(
    request: Request,
    background: BackgroundTasks,
    reference: str,
    number: int,
    token: str = Form(""),
    text: str = Form(""),
    where: str = Form("here"),
    sure: str = Form(""),
) -> Response:
    """Stores a correction; one that holds everywhere shows first what it changes."""
    check_form(request, token)
    services: Services = request.app.state.services
    page, pair = found_sentence(request, reference, number)
    wish = Wish(
        document=page.document.id,
        language=pair.segment.language or page.document.language,
        segment=pair.segment,
        target=services.target,
        text=_checked(text),
        author=actor_of(request),
        everywhere=where == "everywhere",
    )
    if wish.everywhere and not sure:
        places = places_of(services.database, wish)
        return render(
            request,
            "correct.html",
            page=page,
            pair=pair,
            text=wish.text,
            places=places[:PLACES_SHOWN],
            more=len(places) - PLACES_SHOWN,
            documents=len({place.document_id for place in places}),
        )
    done, _ = correct(services.database, wish)
    place = "everywhere" if wish.everywhere else page.reference
    log(request, "corrected", f"{place}, {done}")
    background.add_task(bring_into_index, services)
    back = f"/documents/{page.document.id}?corrected={done}#s{pair.number}"
    return RedirectResponse(back, SEE_OTHER)


@router.get("/corrections")
def corrections(request: Request) -> Response:
    """What was corrected, the newest first."""
    from pipeline.store import corrections as stored

    services: Services = request.app.state.services
    with services.database.read() as connection:
        found = stored.load(connection, limit=CORRECTIONS_SHOWN)
    return render(request, "corrections.html", corrections=found)


@router.post("/corrections/{number}/undo")
def take_back(
    request: Request, background: BackgroundTasks, number: int, token: str = Form("")
) -> Response:
    """What held before holds again."""
    check_form(request, token)
    services: Services = request.app.state.services
    undo(services.database, number)
    log(request, "correction undone", str(number))
    background.add_task(bring_into_index, services)
    return RedirectResponse("/corrections", SEE_OTHER)


def bring_into_index(services: Services) -> None:
    """Searches see a change; where another process has the index, it brings it."""
    from search_index.sync import sync

    with contextlib.suppress(UnavailableError):
        sync(services.database, services.index, target=services.target)


def _text(pair: Pair) -> str:
    return pair.translated.text if pair.translated else ""


def _checked(text: str) -> str:
    made = " ".join(text.split())
    if not made or len(made) > MAX_LENGTH:
        raise InputError(
            f"correction: found {len(made):,} characters, expected 1 to {MAX_LENGTH:,}"
        )
    return made
