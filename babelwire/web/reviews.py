"""Press reviews: put together, approved, sent, downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.assembly import now
from babelwire.reviews.editing import (
    Addition,
    SummaryTooLongError,
    add_document,
    edit_item,
)
from babelwire.reviews.outward import health_of, outward_view, today
from babelwire.reviews.sending import FILES, Format, export, send_within
from babelwire.web.deeds import actor_of, log
from babelwire.web.errors import NotFoundError
from babelwire.web.reader import check_form
from babelwire.web.rendering import render
from babelwire.web.review_page import newest_draft, review_lines, review_page
from babelwire.web.settings import own_path
from babelwire.wording import LANGUAGES
from pipeline.errors import InputError
from pipeline.reviews import Change
from pipeline.store import review_contents as contents
from pipeline.store import reviews as store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from babelwire.reviews.showing import View
    from babelwire.web.services import Services
    from babelwire.wording import Wording

router = APIRouter(prefix="/reviews", include_in_schema=False)

SEE_OTHER = 303
MAX_ID = 1 << 53

PREVIEW = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A rendered review carries its style with it, and runs nothing."""

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "manifest": "application/json",
}

Values = Mapping[str, str]
"""The fields of a form."""


@router.get("")
def reviews(request: Request) -> Response:
    """Every review."""
    lines = review_lines(request.app.state.services.database)
    day = today(request.state.wording.timezone)
    return render(request, "reviews.html", lines=lines, day=day)


@router.post("")
def begin(
    request: Request, token: str = Form(""), title: str = Form(""), clone: int = Form(0)
) -> Response:
    """A new draft, with the sections of another review or with one of its own."""
    check_form(request, token)
    services: Services = request.app.state.services
    w: Wording = request.state.wording
    common: dict[str, Any] = {
        "title": title.strip() or w.text("Press review"),
        "day": today(w.timezone),
        "actor": actor_of(request),
        "at": now(),
    }
    with services.database.write() as connection:
        if clone:
            made = store.clone(connection, clone, **common)
        else:
            made = store.create(connection, **common)
            first = _change(request, made, 1)
            contents.add_section(connection, first, w.text("Coverage"))
    return RedirectResponse(f"/reviews/{made}", SEE_OTHER)


@router.post("/add")
def add(
    request: Request,
    token: str = Form(""),
    document: str = Form(""),
    passage: str = Form(""),
    back: str = Form("/reviews"),
) -> Response:
    """Puts a document, or a passage of it, at the end of today's draft."""
    check_form(request, token)
    services: Services = request.app.state.services
    w: Wording = request.state.wording
    draft = newest_draft(services.database, today(w.timezone))
    if draft is None:
        begin(request, token, "", 0)
        draft = newest_draft(services.database, today(w.timezone))
        assert draft is not None  # noqa: S101 - made above
    positions = tuple(int(part) for part in passage.split(",") if part.isdecimal())
    addition = Addition(
        reference=document,
        target=services.target,
        summary_characters=services.workspace.config.reviews.summary_characters,
        passage=positions,
    )
    add_document(services.database, _change(request, draft.id, draft.version), addition)
    return RedirectResponse(own_path(back), SEE_OTHER)


@router.get("/{review_id}")
def review(request: Request, review_id: int) -> Response:
    """One review, to be worked on or read."""
    services: Services = request.app.state.services
    try:
        page = review_page(services, _id(review_id), request.state.wording.timezone)
    except InputError as error:
        raise NotFoundError(str(error)) from error
    return render(request, "review.html", page=page)


@router.get("/{review_id}/files/{kind}")
def file(request: Request, review_id: int, kind: Format) -> Response:
    """A rendered review: as it was sent, or as it would be sent now.

    Its own words are in the reader's language, or in the one that is asked for.
    """
    services: Services = request.app.state.services
    view = _outward(request, request.query_params.get("language", ""))
    health = health_of(services.fresh_workspace(), services.database)
    data = export(services.database, _id(review_id), kind, view, health)
    headers = {"Content-Security-Policy": PREVIEW}
    if kind != "html" or "download" in request.query_params:
        log(request, "review taken along", f"{review_id}, {kind}")
        name = f"review-{review_id}{FILES[kind].removeprefix('review')}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(data, headers=headers, media_type=MEDIA_TYPES[kind])


@router.post("/{review_id}")
async def change(request: Request, review_id: int) -> Response:
    """One change of a review, named by the button that was pressed."""
    from fastapi.concurrency import run_in_threadpool

    form = await request.form()
    values = {key: str(value) for key, value in form.items()}
    check_form(request, values.get("token", ""))
    return await run_in_threadpool(_changed, request, _id(review_id), values)


def _changed(request: Request, review_id: int, values: Values) -> Response:
    services: Services = request.app.state.services
    action = values.get("action", "")
    made = _change(request, review_id, _number(values, "version"))
    back = f"/reviews/{review_id}"
    if action == "send":
        view = _outward(request, values.get("language", ""))
        health = health_of(services.fresh_workspace(), services.database)
        send_within(services.database, made, view, health)
        log(request, "review sent", str(review_id))
        return RedirectResponse(back, SEE_OTHER)
    if action != "item.save" and action not in ACTIONS:
        raise InputError(f'action: found "{action}", expected one of the page\'s own')
    config = services.workspace.config.reviews
    try:
        with services.database.write() as connection:
            if action == "item.save":
                _save_item(connection, made, values, config.summary_characters)
            else:
                ACTIONS[action](connection, made, values)
    except SummaryTooLongError as error:
        raise InputError(_too_long(request.state.wording, error)) from error
    if action == "delete":
        log(request, "review deleted", str(review_id))
        return RedirectResponse("/reviews", SEE_OTHER)
    anchor = f"#i{values['item']}" if values.get("item") else ""
    return RedirectResponse(back + anchor, SEE_OTHER)


def _outward(request: Request, language: str) -> View:
    """What others may see; in the reader's language where no other one is asked for."""
    services: Services = request.app.state.services
    w: Wording = request.state.wording
    if language and language not in LANGUAGES:
        raise InputError(
            f'language: found "{language}", expected one of {", ".join(LANGUAGES)}'
        )
    workspace = services.fresh_workspace()
    spoken = language or w.language
    return outward_view(workspace, services.database, w.timezone, spoken)


def _save_item(
    connection: Connection, made: Change, values: Values, summary_characters: int
) -> None:
    edit_item(
        connection,
        made,
        _number(values, "item"),
        summary=values.get("summary", ""),
        note=values.get("note", ""),
        tags=values.get("tags", "").split(","),
        summary_characters=summary_characters,
    )


def _too_long(w: Wording, error: SummaryTooLongError) -> str:
    return w.texts(
        "The summary has %(length)s characters; at most %(number)s is allowed. "
        "Nothing was saved: go back and shorten it.",
        "The summary has %(length)s characters; at most %(number)s are allowed. "
        "Nothing was saved: go back and shorten it.",
        error.limit,
        length=w.number(error.length),
    )


def _move_item(connection: Connection, made: Change, values: Values) -> None:
    section = _number(values, "section")
    contents.move_item(
        connection, made, _number(values, "item"), MAX_PLACE, section_id=section
    )


def _save_section(connection: Connection, made: Change, values: Values) -> None:
    contents.edit_section(
        connection,
        made,
        _number(values, "section"),
        heading=values.get("heading"),
        intro=values.get("intro"),
    )


MAX_PLACE = 100_000
"""Behind everything in a section."""

Action = Callable[["Connection", Change, Values], object]

ACTIONS: Mapping[str, Action] = {
    "approve": lambda c, made, _: store.approve(c, made),
    "reopen": lambda c, made, _: store.reopen(c, made),
    "delete": lambda c, made, _: store.delete_draft(c, made),
    "rename": lambda c, made, v: store.rename(c, made, v.get("title", "")),
    "section.add": lambda c, made, v: contents.add_section(
        c, made, v.get("heading", ""), v.get("intro", "")
    ),
    "section.save": _save_section,
    "section.up": lambda c, made, v: contents.move_section(
        c, made, _number(v, "section"), "up"
    ),
    "section.down": lambda c, made, v: contents.move_section(
        c, made, _number(v, "section"), "down"
    ),
    "section.remove": lambda c, made, v: contents.remove_section(
        c, made, _number(v, "section")
    ),
    "item.up": lambda c, made, v: contents.move_item(c, made, _number(v, "item"), "up"),
    "item.down": lambda c, made, v: contents.move_item(
        c, made, _number(v, "item"), "down"
    ),
    "item.move": _move_item,
    "item.remove": lambda c, made, v: contents.remove_item(c, made, _number(v, "item")),
}
"""What the buttons of the page do, besides sending and saving an item."""


def _change(request: Request, review_id: int, version: int) -> Change:
    actor = actor_of(request)
    return Change(review_id=review_id, version=version, actor=actor, at=now())


def _id(number: int) -> int:
    if not 1 <= number <= MAX_ID:
        raise NotFoundError(f"there is no press review {number}")
    return number


def _number(values: Values, key: str) -> int:
    text = values.get(key, "")
    if not text.isascii() or not text.isdigit() or int(text) > MAX_ID:
        raise InputError(f'{key}: found "{text}", expected a number')
    return int(text)
