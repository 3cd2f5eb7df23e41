"""A review as a Word document: headings, right-to-left text, links, page numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from babelwire.reviews.contract import (
    HEADLINE_ONLY,
    ShownItem,
    ShownReview,
    ShownText,
)
from babelwire.reviews.texts import runs_rtl, web_link

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

LINK_COLOUR = "1F3A5F"
GREY = "555555"

_AFTER_BIDI = (
    *("w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing"),
    *("w:mirrorIndents", "w:suppressOverlap", "w:jc", "w:textDirection"),
    *("w:textAlignment", "w:textboxTightWrap", "w:outlineLvl", "w:divId"),
    *("w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange"),
)
"""What follows `w:bidi` in `w:pPr`, in the order of the schema (ECMA-376, part 1,
17.3.1.26); Word calls a file damaged that has another one."""

_AFTER_LANG = ("w:eastAsianLayout", "w:specVanish", "w:oMath")
"""Likewise what follows `w:lang` in `w:rPr` (17.3.2.28)."""


def render_word(review: ShownReview) -> bytes:
    """The `.docx` file."""
    from docx import Document

    document = Document()
    _set_up(document, review)
    _text(document.add_heading(level=0), review.title)
    day = review.day_text + (" · draft" if review.status == "draft" else "")
    _text(document.add_paragraph(style="Subtitle"), day)
    for section in review.sections:
        _text(document.add_heading(level=1), section.heading)
        if section.intro:
            _text(document.add_paragraph(), section.intro)
        for item in section.items:
            _add_item(document, item)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _set_up(document: Document, review: ShownReview) -> None:
    """What stands outside the text: properties, page, header, footer."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    properties = document.core_properties
    properties.title = review.title[:255]  # python-docx refuses more
    properties.author = properties.last_modified_by = review.program
    properties.comments = ""
    properties.language = "en"
    moment = review.created_at.replace(tzinfo=None, microsecond=0)
    properties.created = properties.modified = moment
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    header = page.header.paragraphs[0]
    _text(header, f"{review.title} · {review.day_text}")
    footer = page.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _add_field(footer, "PAGE")
    _run(footer, " / ")
    _add_field(footer, "NUMPAGES")


def _add_item(document: Document, item: ShownItem) -> None:
    heading = document.add_heading(level=2)
    if item.translated_headline is not None:
        _words(heading, item.translated_headline)
        original = document.add_paragraph()
        _words(original, item.headline)
        original.paragraph_format.keep_with_next = True
    else:
        _words(heading, item.headline)
    _add_about(document, item)
    _add_body(document, item)
    if item.also_in:
        others = document.add_paragraph()
        _grey(_run(others, "Also in: "))
        for number, other in enumerate(item.also_in):
            _run(others, ", " if number else "")
            _run(others, other.publisher)
            if other.owner:
                _run(others, " (")
                _run(others, other.owner)
                _run(others, ")")
    if item.tags:
        tags = document.add_paragraph()
        _grey(_run(tags, "Tags: "))
        for number, tag in enumerate(item.tags):
            _run(tags, ", " if number else "")
            _run(tags, tag)
    _add_source(document, item)


def _add_about(document: Document, item: ShownItem) -> None:
    about = document.add_paragraph()
    _grey(_run(about, item.publisher))
    place = f", {item.country}" if item.country else ""
    _grey(_run(about, f"{place} · {item.when} · {item.language_name}"))
    about.paragraph_format.keep_with_next = True


def _add_body(document: Document, item: ShownItem) -> None:
    if item.summary is not None:
        _add_words(document, item.summary)
    if item.passage is not None:
        _add_words(document, item.passage.original, "Quote")
        if item.passage.translation is not None:
            _add_words(document, item.passage.translation, "Quote")
    if item.show == "headline":
        _grey(_run(document.add_paragraph(), HEADLINE_ONLY))
    if item.note:
        note = document.add_paragraph()
        _text(note, item.note)
        for run in note.runs:
            run.italic = True


def _add_words(document: Document, text: ShownText, style: str | None = None) -> None:
    """A text in a paragraph of its own; above it whose translation it is."""
    if text.label:
        label = document.add_paragraph()
        _grey(_run(label, text.label))
        label.paragraph_format.keep_with_next = True
    paragraph = document.add_paragraph(style=style)
    _turn(paragraph, text.text, text.language)
    _run(paragraph, text.text, text.language)


def _add_source(document: Document, item: ShownItem) -> None:
    source = document.add_paragraph()
    link = web_link(item.url)
    if link:
        _add_link(source, link)
        _grey(_run(source, " · "))
    _grey(_run(source, item.citation))
    if item.notice:
        _text(document.add_paragraph(), item.notice)


def _words(paragraph: Paragraph, text: ShownText) -> None:
    """A headline, with whose translation it is behind it."""
    _turn(paragraph, text.text, text.language)
    _run(paragraph, text.text, text.language)
    if text.label:
        label = _run(paragraph, f" [{text.label}]")
        label.bold = False
        _grey(label)


def _text(paragraph: Paragraph, text: str) -> None:
    """A text of the desk in a paragraph of its own."""
    _turn(paragraph, text, "")
    _run(paragraph, text)


def _turn(paragraph: Paragraph, text: str, language: str) -> None:
    """A right-to-left paragraph begins on the right."""
    if not runs_rtl(text, language):
        return
    from docx.oxml import OxmlElement

    properties: Any = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(OxmlElement("w:bidi"), *_AFTER_BIDI)


def _run(paragraph: Paragraph, text: str, language: str = "") -> Run:
    """Adds words that run their own way, whatever stands around them."""
    run = paragraph.add_run(text)
    rtl = runs_rtl(text, language)
    if rtl:
        run.font.rtl = True
    if language not in {"", "und"}:
        _set_language(run, language, "bidi" if rtl else "val")
    return run


def _set_language(run: Run, language: str, attribute: str) -> None:
    """For Word's spelling checker and choice of fonts."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element: Any = OxmlElement("w:lang")
    east_asian = language.split("-")[0] in {"zh", "ja", "ko"}
    element.set(qn("w:eastAsia" if east_asian else f"w:{attribute}"), language)
    properties: Any = run._r.get_or_add_rPr()
    properties.insert_element_before(element, *_AFTER_LANG)


def _grey(run: Run) -> Run:
    from docx.shared import Pt, RGBColor

    run.font.color.rgb = RGBColor.from_string(GREY)
    run.font.size = Pt(9)
    return run


def _add_link(paragraph: Paragraph, url: str) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    relation = paragraph.part.relate_to(
        url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True
    )
    link: Any = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), relation)
    run = _grey(paragraph.add_run(url))
    run.font.underline = True
    run.font.color.rgb = RGBColor.from_string(LINK_COLOUR)
    link.append(run._r)
    paragraph._p.append(link)


def _add_field(paragraph: Paragraph, instruction: str) -> None:
    """A number that Word fills in."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field: Any = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = paragraph.add_run("1")
    field.append(run._r)
    paragraph._p.append(field)
