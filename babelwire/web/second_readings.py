"""A reader asks what the other engines make of a sentence, and may use one's words."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.second_opinion import BusyError, Question, ask_others, model_to_pull
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.sentences import found_sentence
from babelwire.web.vocabulary import FLAGS, worded
from babelwire.wording import message
from pipeline.errors import UnavailableError

if TYPE_CHECKING:
    from babelwire.second_opinion import Opinion
    from babelwire.web.services import Services
    from babelwire.wording import Wording

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303

SIGNS = {
    **FLAGS,
    "numbers": message("a number is missing"),
    "links": message("a link is missing"),
    "quotes": message("a quotation mark is missing"),
    "names": message("a name is spelt otherwise"),
}
"""Everything that a check may find; the last four are hints."""

REASONS = {
    "timeout": message("It took too long."),
    "unavailable": message("It is not available now."),
    "no_model": message("It does not know these languages."),
    "refused": message("It refuses this desk: its key may be wrong."),
    "bad_answer": message("It gave no usable answer."),
    "bad_model": message("Its model cannot be used."),
    "damaged_model": message("Its model cannot be used."),
    "not_installed": message("A part of the program that it needs is not installed."),
    "out_of_memory": message("It ran out of memory."),
    "crash": message("It broke down."),
}
"""Why an engine has no translation."""


@router.post("/documents/{reference}/sentences/{number}/readings")
def readings(
    request: Request, reference: str, number: int, token: str = Form("")
) -> Response:
    """What every other configured engine makes of the sentence."""
    check_form(request, token)
    page, pair = found_sentence(request, reference, number)
    services: Services = request.app.state.services
    workspace = services.fresh_workspace()  # engines and names as they are now
    w: Wording = request.state.wording
    question = Question(
        text=pair.segment.text,
        source=pair.segment.language or page.document.language,
        target=services.target,
        shown=pair.translated,
    )
    try:
        opinions = ask_others(workspace, services.database, question)
    except BusyError as error:
        said = w.text("The engines are being asked about another sentence just now.")
        raise UnavailableError(said) from error
    return render(
        request,
        "correct.html",
        page=page,
        pair=pair,
        text=pair.translated.text if pair.translated else "",
        opinions=[_shown(w, opinion) for opinion in opinions],
        model=None
        if any(opinion.text for opinion in opinions)
        else model_to_pull(workspace, question.source, question.target),
    )


@router.post("/documents/{reference}/sentences/{number}/draft")
def draft(
    request: Request,
    reference: str,
    number: int,
    token: str = Form(""),
    text: str = Form(""),
) -> Response:
    """The form with an engine's words in it; nothing is stored."""
    check_form(request, token)
    page, pair = found_sentence(request, reference, number)
    return render(request, "correct.html", page=page, pair=pair, text=text)


@router.get("/documents/{reference}/sentences/{number}/readings")
@router.get("/documents/{reference}/sentences/{number}/draft")
def back(reference: str, number: int) -> Response:
    """Back to the sentence: a page that a form led to was loaded by its address."""
    return RedirectResponse(
        f"/documents/{quote(reference, safe='@')}/sentences/{number}", SEE_OTHER
    )


def _shown(w: Wording, opinion: Opinion) -> dict[str, object]:
    makers = dict.fromkeys((opinion.engine, opinion.model, opinion.version))
    return {
        "maker": " ".join(filter(None, makers)),
        "text": opinion.text,
        "signs": [worded(w, SIGNS, flag) for flag in opinion.flags],
        "reason": worded(w, REASONS, opinion.reason) if opinion.text is None else "",
    }
