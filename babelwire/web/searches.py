"""The search page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from babelwire.reviews.outward import today
from babelwire.web.addresses import read_address
from babelwire.web.rendering import render
from babelwire.web.review_page import documents_in, newest_draft
from babelwire.web.search_page import search_page
from babelwire.web.table_page import table_page

if TYPE_CHECKING:
    from babelwire.wording import Wording
    from search_index.query import Notice

router = APIRouter(include_in_schema=False)

TOLD_ELSEWHERE = {"did_you_mean", "partial_matches"}
"""Notices that the page shows in its own way."""


EXPORTS = (
    ("xlsx", "Excel"),
    ("csv", "CSV"),
    ("jsonl", "JSON Lines"),
    ("tmx", "TMX"),
    ("warc", "WARC"),
)
"""Formats as people call them."""


@router.get("/")
def search(request: Request) -> Response:
    """One page of an answer."""
    address = read_address(request.query_params.multi_items())
    w: Wording = request.state.wording
    page = search_page(request.app.state.services, address, w.timezone)
    return render(
        request,
        "search.html",
        page=page,
        notices=list(_notices(w, page.results.notices)),
        help=_help(w),
        exports=EXPORTS,
        chosen=chosen_documents(request),
    )


@router.get("/table")
def table(request: Request) -> Response:
    """How many there are by language and day, and what each empty cell means."""
    address = read_address(request.query_params.multi_items())
    w: Wording = request.state.wording
    page = table_page(request.app.state.services, address, w.timezone)
    return render(request, "table.html", page=page)


def chosen_documents(request: Request) -> frozenset[str]:
    """What is in today's press review already."""
    database = request.app.state.services.database
    return documents_in(newest_draft(database, today(request.state.wording.timezone)))


def _notices(w: Wording, notices: Sequence[Notice]) -> Iterator[str]:
    """What a reader should be told, in the interface's language."""
    for notice in notices:
        if notice.code in TOLD_ELSEWHERE:
            continue
        values = dict(notice.values)
        language = w.language_name(str(values.get("language", "")))
        number = int(values.get("documents", 0))
        said = {
            "untranslated": w.texts(
                "%(number)s document here is not (wholly) translated yet and was "
                "searched in its original language.",
                "%(number)s documents here are not (wholly) translated yet and were "
                "searched in their original languages.",
                number,
            ),
            "undated": w.texts(
                "%(number)s of them says nothing of when it was published and counts "
                "by when it was first seen.",
                "%(number)s of them say nothing of when they were published and count "
                "by when they were first seen.",
                number,
            ),
            "query_translated": w.text(
                "The words seem to be %(language)s; translations were searched for "
                "“%(words)s”.",
                language=language,
                words=values.get("words", ""),
            ),
            "names_spelt": w.text(
                "The words seem to be %(language)s and were not translated: in other "
                "languages the spellings of these names were searched: %(names)s.",
                language=language,
                names=values.get("names", ""),
            ),
            "query_not_translated": w.text(
                "The words seem to be %(language)s and were not translated: documents "
                "in other languages are found by what is written alike.",
                language=language,
            ),
        }
        yield said.get(notice.code, notice.text)


def _help(w: Wording) -> list[tuple[str, str]]:
    """The query language by example."""
    return [
        ("forum kazan", w.text("both words, in any language")),
        ('"cities forum"', w.text("these words in this order")),
        ("forum -sports", w.text("without the second word")),
        ("forum OR summit", w.text("one of the two")),
        ("(mayor OR governor) kazan", w.text("parentheses keep together")),
        ("munici*", w.text("words that begin so")),
        ("mayor NEAR/5 met", w.text("at most five words apart")),
        ("lang:vi,ar", w.text("originals in Vietnamese or Arabic")),
        ("kind:official country:RU", w.text("statements of Russian offices")),
        ("title:forum", w.text("in the headline")),
        ("name:kazan", w.text("a name, in all its spellings")),
        ("from:2024-06-01 to:2024-06-30", w.text("published on these days")),
        ("*", w.text("everything")),
    ]
