"""Writes pages from templates, in the reader's language."""

from __future__ import annotations

import hashlib
import re
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from babelwire.web.marking import direction, marked
from babelwire.web.vocabulary import (
    DATE_FLAGS,
    DATE_PLACES,
    DEEDS,
    ENDPOINTS,
    EXTRACTORS,
    FACETS,
    FLAGS,
    NAME_TYPES,
    OUTCOMES,
    REMOVALS,
    REVIEW_STATUSES,
    ROLES,
    RUN_STATES,
    STEPS,
    STOPS,
    bar_words,
    reason_words,
    value_name,
    worded,
)
from babelwire.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from babelwire.web.access import Visitor
    from pipeline.store.users import Role

_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
"""What may be a link: nothing that runs (W1)."""


def render(
    request: Request, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page as an answer.

    Args:
        request: Its state knows the reader's wording and form token.
        template: Name of the file.
        status: HTTP status.
        values: What the template shows.
    """
    wording: Wording = request.state.wording
    page = _environment(wording).get_template(template)
    visitor: Visitor | None = request.state.visitor
    text = page.render(
        here=request.url.path,
        back=_back(request),
        token=request.state.token,
        visitor=visitor,
        may=visitor.may if visitor else _may_nothing,
        target=request.app.state.services.target,
        **values,
    )
    return HTMLResponse(text, status)


def _may_nothing(_role: Role) -> bool:
    return False


def _back(request: Request) -> str:
    """Where a form returns to: a path on this desk."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


@lru_cache(maxsize=64)  # a language and a time zone each
def _environment(w: Wording) -> Environment:
    environment = Environment(
        loader=PackageLoader("babelwire.web"),
        auto_reload=False,  # else the disk is asked about every part of every page
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(w.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.tests["web_address"] = lambda url: bool(_WEB_ADDRESS.fullmatch(url))
    environment.globals |= {
        "w": w,
        "counted": w.texts,
        "languages": LANGUAGES,
        "asset": asset,
        "marked": marked,
        "direction": direction,
        "facet_name": partial(worded, w, FACETS),
        "value_name": partial(value_name, w),
        "bar_words": partial(bar_words, w),
        "step_name": partial(worded, w, STEPS),
        "flag_words": partial(worded, w, FLAGS),
        "date_words": partial(worded, w, DATE_FLAGS),
        "date_place": partial(worded, w, DATE_PLACES),
        "extractor_name": partial(worded, w, EXTRACTORS),
        "removal_words": partial(worded, w, REMOVALS),
        "stop_words": partial(worded, w, STOPS),
        "outcome_words": partial(worded, w, OUTCOMES),
        "kind_words": partial(worded, w, ENDPOINTS),
        "state_words": partial(worded, w, RUN_STATES),
        "reason_words": partial(reason_words, w),
        "name_type": partial(worded, w, NAME_TYPES),
        "role_name": partial(worded, w, ROLES),
        "deed_words": partial(worded, w, DEEDS),
        "review_status": partial(worded, w, REVIEW_STATUSES),
    }
    return environment


@cache
def asset(name: str) -> str:
    """The address of a file that a browser may keep for ever.

    Raises:
        FileNotFoundError: There is no such file.
    """
    content = (files("babelwire.web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
