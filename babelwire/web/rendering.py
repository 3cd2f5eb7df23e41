"""Writes pages from templates, in the reader's language."""

from __future__ import annotations

import hashlib
import re
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from babelwire.balance import plain_reason
from babelwire.web.marking import direction, marked
from babelwire.web.timeline import Bar
from babelwire.web.wording import LANGUAGES, Wording

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
    text = page.render(
        here=request.url.path,
        back=_back(request),
        token=request.state.token,
        target=request.app.state.services.target,
        **values,
    )
    return HTMLResponse(text, status)


def _back(request: Request) -> str:
    """Where a form returns to: a path on this desk."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


@lru_cache(maxsize=64)  # a language and a time zone each
def _environment(w: Wording) -> Environment:
    environment = Environment(
        loader=PackageLoader("babelwire.web"),
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
        "facet_name": partial(facet_name, w),
        "value_name": partial(value_name, w),
        "bar_words": partial(bar_words, w),
        "step_name": partial(step_name, w),
        "flag_words": partial(flag_words, w),
        "reason_words": plain_reason,
        "name_type": partial(name_type, w),
        "review_status": partial(review_status, w),
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


def facet_name(w: Wording, key: str) -> str:
    """A facet or filter in a reader's words."""
    names = {
        "language": w.text("Language"),
        "lang": w.text("Language"),
        "kind": w.text("Kind"),
        "country": w.text("Country of the publisher"),
        "audience": w.text("Written for"),
        "publisher": w.text("Publisher"),
        "owner": w.text("Owner"),
        "source": w.text("Source"),
        "name": w.text("Name"),
        "from": w.text("from"),
        "to": w.text("to"),
        "like": w.text("like"),
    }
    return names.get(key, key)


def value_name(w: Wording, key: str, value: str) -> str:
    """A facet's value in a reader's words."""
    if key in {"language", "lang"}:
        return w.language_name(value)
    if key in {"country", "audience"}:
        return w.country_name(value)
    if key == "kind":
        return {"news": w.text("news"), "official": w.text("official")}.get(
            value, value
        )
    return value


def bar_words(w: Wording, bar: Bar, unit: str) -> str:
    """What a bar of the timeline says, and what an empty one means."""
    when = w.day(bar.first)
    if unit != "day":
        when = f"{when} – {w.day(bar.last)}"
    said = {
        "": w.texts("%(number)s document", "%(number)s documents", bar.count),
        "silent": w.texts(
            "silent: %(number)s document seen, none matches",
            "silent: %(number)s documents seen, none matches",
            bar.seen,
        ),
        "unreadable": w.texts(
            "not readable yet: %(number)s document waits for translation",
            "not readable yet: %(number)s documents wait for translation",
            bar.waiting,
        ),
        "unseen": w.text("not seen: nothing was collected"),
    }
    return f"{when}: {said[bar.zero]}"


def step_name(w: Wording, stage: str) -> str:
    """A stage in a reader's words."""
    names = {
        "extract": w.text("read the article"),
        "identify": w.text("tell the language"),
        "cluster": w.text("group equal texts"),
        "segment": w.text("cut into sentences"),
        "translate": w.text("translate"),
        "index": w.text("make searchable"),
    }
    return names.get(stage, stage)


def name_type(w: Wording, kind: str) -> str:
    """What a name names."""
    names = {
        "person": w.text("person"),
        "institution": w.text("institution"),
        "place": w.text("place"),
        "event": w.text("event"),
    }
    return names.get(kind, kind)


def review_status(w: Wording, status: str) -> str:
    """How far a press review is."""
    names = {
        "draft": w.text("draft"),
        "approved": w.text("approved"),
        "sent": w.text("sent"),
    }
    return names.get(status, status)


def flag_words(w: Wording, flag: str) -> str:
    """What a check found in a translated sentence."""
    names = {
        "repetition": w.text("repeats itself"),
        "length": w.text("far too long or short"),
        "script": w.text("in the wrong script"),
        "copy": w.text("not translated"),
        "language": w.text("in the wrong language"),
    }
    return names.get(flag, flag.replace("_", " "))
