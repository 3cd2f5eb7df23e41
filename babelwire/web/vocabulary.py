"""Words for the program's own values, a table each; translated when they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from babelwire.balance import plain_reason
from babelwire.wording import message

if TYPE_CHECKING:
    from babelwire.web.timeline import Bar
    from babelwire.wording import Wording


FACETS = {
    "language": message("Language"),
    "lang": message("Language"),
    "kind": message("Kind"),
    "country": message("Country of the publisher"),
    "audience": message("Written for"),
    "publisher": message("Publisher"),
    "owner": message("Owner"),
    "source": message("Source"),
    "name": message("Name"),
    "from": message("from"),
    "to": message("to"),
    "like": message("like"),
}
"""Facets and filters."""

KINDS = {"news": message("news"), "official": message("official")}

STEPS = {
    "extract": message("read the article"),
    "identify": message("tell the language"),
    "cluster": message("group equal texts"),
    "segment": message("cut into sentences"),
    "translate": message("translate"),
    "index": message("make searchable"),
}
"""Stages, and the index."""

FLAGS = {
    "repetition": message("repeats itself"),
    "length": message("far too long or short"),
    "script": message("in the wrong script"),
    "copy": message("not translated"),
    "language": message("in the wrong language"),
}
"""What a check found in a translated sentence."""

DATE_FLAGS = {
    "future": message(
        "The page states a publication time in the future: it is not believed."
    ),
    "too_old": message(
        "The page states a publication time before there was a web: it is not believed."
    ),
    "contradicts_feed": message(
        "The publication time on the page is years off what its feed or its address "
        "says."
    ),
}
"""What is odd about what a page states of its times."""

EXTRACTORS = {
    "selectors": message("the source's own selector"),
    "blocks": message("the page's lines, each judged alone"),
    "json-ld": message("what the page says of itself (JSON-LD)"),
    "pdf": message("the text of the PDF"),
    "mail": message("the mail"),
    "import": message("the imported file"),
}
"""Whose text of a page was taken; libraries go by their own names."""

STOPS = {
    "timeout": message("it took the extractors too long"),
    "out_of_memory": message("it took the extractors too much memory"),
    "crash": message("the extractors broke down on it"),
}
"""Why the extractors were stopped at a page."""

REMOVALS = {
    "boilerplate": message("on many pages of this source"),
    "read_also": message("leads to other articles"),
    "share": message("a button, or an invitation to follow"),
    "credit": message("says whose a picture is"),
    "timestamp": message("only tells a time"),
    "byline": message("only names an author"),
    "improbable": message("hardly belongs to the article"),
}
"""Why a line was left out of a text."""

DATE_PLACES = {
    "selector": message("the source's own selector"),
    "json-ld": message("what the page says of itself (JSON-LD)"),
    "meta": message("the page's head"),
    "microdata": message("marks in the page's text (microdata)"),
    "time": message("marks in the page's text (time)"),
    "text": message("the words on the page"),
    "url": message("the page's address"),
    "feed": message("the feed or sitemap"),
    "htmldate": message("a guess from the whole page (htmldate)"),
    "pdf": message("what the PDF says of itself"),
    "mail": message("the mail"),
    "import": message("the imported file"),
}
"""Where a publication time was found."""

ROLES = {
    "reader": message("reader"),
    "editor": message("editor"),
    "admin": message("admin"),
}

DEEDS = {
    "exported": message("exported"),
    "review sent": message("sent a press review"),
    "review deleted": message("deleted a press review"),
    "review taken along": message("took a press review along"),
    "corrected": message("corrected a translation"),
    "correction undone": message("took a correction back"),
    "name saved": message("saved a name"),
    "name removed": message("removed a name"),
    "source added": message("added a source"),
    "source switched": message("paused or resumed a source"),
    "tried again": message("tried again what was set aside"),
    "user added": message("added a user"),
    "user changed": message("changed a user's role"),
    "user removed": message("removed a user"),
    "password set": message("set a password"),
    "token made": message("made a token"),
}
"""What the log of the desk holds."""

REVIEW_STATUSES = {
    "draft": message("draft"),
    "approved": message("approved"),
    "sent": message("sent"),
}

NAME_TYPES = {
    "person": message("person"),
    "institution": message("institution"),
    "place": message("place"),
    "event": message("event"),
    "country": message("country"),
}

OUTCOMES = {
    "": message("not visited yet"),
    "pending": message("put off"),
    "stored": message("read"),
    "unchanged": message("read, nothing new"),
    "duplicate": message("leads elsewhere"),
    "rejected": message("not read"),
    "failed": message("not read"),
}
"""How the latest visit of an endpoint went."""

ENDPOINTS = {
    "feed": message("feed"),
    "sitemap": message("sitemap"),
    "listing": message("page with links"),
}

RUN_STATES = {
    "running": message("under way"),
    "done": message("done"),
    "interrupted": message("interrupted"),
    "failed": message("failed"),
}
"""How a run ended."""


def worded(w: Wording, words: Mapping[str, str], value: str) -> str:
    """A value in a reader's words; one that is not in the table as it is."""
    found = words.get(value)
    return value.replace("_", " ") if found is None else w.text(found)


def reason_words(w: Wording, reason: str) -> str:
    """Why something is not there, in a reader's words (`babelwire/reasons.toml`)."""
    if reason.startswith("http_"):
        return w.text("HTTP status %(status)s", status=reason.removeprefix("http_"))
    return w.translations.ugettext(plain_reason(reason))


def value_name(w: Wording, key: str, value: str) -> str:
    """A facet's value in a reader's words."""
    match key:
        case "language" | "lang":
            return w.language_name(value)
        case "country" | "audience":
            return w.country_name(value)
        case "kind":
            return worded(w, KINDS, value)
        case _:
            return value


def bar_words(w: Wording, bar: Bar, unit: str) -> str:
    """What a bar of the timeline says, and what an empty one means."""
    when = w.day(bar.first)
    if unit != "day":
        when = f"{when} – {w.day(bar.last)}"
    return f"{when}: {_said(w, bar)}"


def _said(w: Wording, bar: Bar) -> str:
    match bar.zero:
        case "":
            return w.texts("%(number)s document", "%(number)s documents", bar.count)
        case "silent":
            return w.texts(
                "silent: %(number)s document seen, none matches",
                "silent: %(number)s documents seen, none matches",
                bar.seen,
            )
        case "unreadable":
            return w.texts(
                "not readable yet: %(number)s document waits for translation",
                "not readable yet: %(number)s documents wait for translation",
                bar.waiting,
            )
        case "unseen":
            return w.text("not seen: nothing was collected")
