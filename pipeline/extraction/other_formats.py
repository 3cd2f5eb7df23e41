"""Articles that did not come as web pages: JSON, mails, PDF."""

from __future__ import annotations

import json
from collections.abc import Callable

from lxml.html import HtmlElement
from lxml.html.builder import BODY, H1, HTML, MAIN, P

from pipeline.dates.stated import parse_date, stated
from pipeline.documents import Extraction, TextChoice
from pipeline.errors import StageError
from pipeline.extraction.article_text import Known, cleaned, without_headline
from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.page_input import PageInput
from pipeline.extraction.pdf import PdfText, read_pdf
from pipeline.extraction.rejection import rejection
from pipeline.extraction.times import Circumstances, Moment, PageTimes, plausible
from pipeline.extraction.tree_text import normalise
from pipeline.mails import read_mail


def from_json(page: PageInput) -> Extraction:
    """An imported article that came as title and text, not as a page."""
    row = json.loads(page.body)
    title = normalise(row.get("title", "")).replace("\n", " ")
    text = normalise(row.get("text", ""))
    at, precision = parse_date(row.get("published_at", ""))
    return Extraction(
        title=title,
        text=text,
        published_at=at,
        published_precision=precision,
        published_from="import" if at else "",
        rejected="" if text else "no_text",
        choice=TextChoice(extractor="import"),
    )


def from_mail(
    page: PageInput, read_html: Callable[[PageInput], Extraction]
) -> Extraction:
    """A mail: its fields are what a page's metadata is, whatever its HTML says."""
    mail = read_mail(page.body)
    if isinstance(mail, StageError):
        return Extraction(title="", text="", rejected=mail.reason)
    html = PageInput(
        body=mail.html.encode("utf-8", "replace"),
        url=page.url,
        content_type="text/html; charset=utf-8",
        fetched_at=page.fetched_at,
        selectors=page.selectors,
    )
    found = read_html(html) if mail.html else None
    text = found.text if found and not found.rejected else normalise(mail.text)
    text = text or (found.text if found else "")
    title = normalise(mail.subject) or (found.title if found else "")
    at = mail.sent_at
    is_dated = at is not None and plausible(at, page.fetched_at)
    return Extraction(
        title=title,
        text=without_headline(text, title),
        authors=(normalise(mail.sender),) if mail.sender else (),
        published_at=at if is_dated else None,
        published_precision="second" if is_dated else "none",
        published_from="mail" if is_dated else "",
        rejected="" if text else "no_text",
        choice=TextChoice(extractor="mail"),
    )


DATED_PARAGRAPHS = 12
"""So far from the headline, before or after it, a statement's date is printed."""


DATED_CHARACTERS = 100
"""Of such a paragraph; a longer one tells of other days."""


def from_pdf(page: PageInput) -> Extraction:
    """A PDF: its printed date counts, else the moment it was made."""
    pdf = read_pdf(page.body)
    title = pdf.title or normalise(page.hints.get("title", "")).replace("\n", " ")
    known = Known(headline=title, boilerplate=page.boilerplate)
    text, removed = cleaned(_below(title, pdf.text), known)
    times = _printed_times(pdf, title, page)
    published = times.published
    if published.at is None:
        published = _made(pdf, page)
    return Extraction(
        title=title,
        text=text,
        authors=(pdf.author,) if pdf.author else (),
        published_at=published.at,
        published_precision=published.precision,
        published_from=published.found_in,
        published_zone=published.zone,
        date_flags=times.flags,
        rejected=pdf.problem
        or ("needs-ocr" if pdf.is_scan else rejection(title, text)),
        choice=TextChoice(extractor="pdf", removed=removed),
    )


def _below(title: str, text: str) -> str:
    """The text without the paragraph that is its headline."""
    paragraphs = text.split("\n")
    for number, paragraph in enumerate(paragraphs[:DATED_PARAGRAPHS]):
        if paragraph == title:
            return "\n".join(paragraphs[:number] + paragraphs[number + 1 :])
    return text


def _printed_times(pdf: PdfText, title: str, page: PageInput) -> PageTimes:
    return PageMetadata(_as_page(title, pdf.text), page.url).times(
        Circumstances(
            fetched_at=page.fetched_at,
            hint=stated(page.hints.get("published_at", "")),
            zone=page.zone,
            zone_name=page.timezone,
            languages=(page.hints.get("language", ""),),
            title=title,
        )
    )


def _as_page(title: str, text: str) -> HtmlElement:
    """The beginning of the text as a web page has it, where dates are looked for."""
    paragraphs = _below(title, text).split("\n")[:DATED_PARAGRAPHS]
    lines = [line for line in paragraphs if len(line) <= DATED_CHARACTERS]
    return HTML(BODY(MAIN(H1(title), *map(P, lines))))


def _made(pdf: PdfText, page: PageInput) -> Moment:
    time = stated(pdf.written_at)
    at = time.at(page.zone) if time else None
    if time is None or at is None or not plausible(at, page.fetched_at):
        return Moment()
    return Moment(
        at=at,
        precision=time.precision,
        found_in="pdf",
        zone=time.zone_text(page.timezone),
    )
