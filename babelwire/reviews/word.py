"""A review as a Word document: headings, right-to-left text, links, page numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from babelwire.reviews import phrases
from babelwire.reviews.contract import (
    HEADLINE_ONLY,
    ShownItem,
    ShownReview,
    ShownText,
)
from babelwire.reviews.texts import runs_rtl, web_link
from babelwire.wording import Wording

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


_AFTER_SECTION_BIDI = ("w:rtlGutter", "w:docGrid", "w:printerSettings")
"""Likewise what follows `w:bidi` in `w:sectPr` (17.6.17), as far as it is written."""


def render_word(review: ShownReview) -> bytes:
    """The `.docx` file."""
    from docx import Document

    document = Document()
    _Writer(document, review).write()
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


class _Writer:
    """Writes a review into a document, in its reader's language."""

    def __init__(self, document: Document, review: ShownReview) -> None:
        self.document = document
        self.review = review
        self.w: Wording = phrases.wording_of(review)

    def write(self) -> None:
        self._set_up()
        _text(self.document.add_heading(level=0), self.review.title)
        day = self._paragraph("Subtitle")
        self._say(day, phrases.day_of(self.w, self.review))
        for section in self.review.sections:
            _text(self.document.add_heading(level=1), section.heading)
            if intro := phrases.intro_of(self.w, section):
                _text(self.document.add_paragraph(), intro)
            for item in section.items:
                self._add_item(item)

    def _set_up(self) -> None:
        """What stands outside the text: properties, page, header, footer."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Mm

        review = self.review
        properties = self.document.core_properties
        properties.title = review.title[:255]  # python-docx refuses more
        properties.author = properties.last_modified_by = review.program
        properties.comments = ""
        properties.language = self.w.language
        moment = review.created_at.replace(tzinfo=None, microsecond=0)
        properties.created = properties.modified = moment
        page = self.document.sections[0]
        page.page_width, page.page_height = Mm(210), Mm(297)
        header = self._turned(page.header.paragraphs[0])
        _run(header, review.title)
        self._say(header, f" · {self.w.weekday(review.day)}")
        footer = page.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _add_field(footer, "PAGE")
        _run(footer, " / ")
        _add_field(footer, "NUMPAGES")
        if self.w.direction == "rtl":
            _insert(page._sectPr, "w:bidi", _AFTER_SECTION_BIDI)

    def _add_item(self, item: ShownItem) -> None:
        heading = self.document.add_heading(level=2)
        headline = phrases.headline_of(self.w, item)
        if item.translated_headline is not None:
            self._add_headline(heading, item.translated_headline)
            original = self.document.add_paragraph()
            self._add_headline(original, headline)
            original.paragraph_format.keep_with_next = True
        else:
            self._add_headline(heading, headline)
        self._add_about(item)
        self._add_body(item)
        self._add_others(item)
        self._add_source(item)

    def _add_about(self, item: ShownItem) -> None:
        about = self._paragraph()
        _grey(_run(about, item.publisher))
        country = self.w.country_name(item.country)
        place = f"{self.w.comma}{country}" if country else ""
        _grey(self._say(about, f"{place} · {phrases.when_of(self.w, item)}"))
        if zone := phrases.zone_of(item, self.w.timezone):
            _grey(_run(about, f" {zone}"))
        _grey(self._say(about, f" · {self.w.language_name(item.language)}"))
        about.paragraph_format.keep_with_next = True

    def _add_body(self, item: ShownItem) -> None:
        if item.summary is not None:
            self._add_words(item.summary)
        if item.passage is not None:
            self._add_words(item.passage.original, "Quote")
            if item.passage.translation is not None:
                self._add_words(item.passage.translation, "Quote")
        if item.show == "headline":
            _grey(self._say(self._paragraph(), self.w.text(HEADLINE_ONLY)))
        if item.note:
            note = self.document.add_paragraph()
            _text(note, item.note)
            for run in note.runs:
                run.italic = True

    def _add_others(self, item: ShownItem) -> None:
        """Who else has it, and the desk's tags."""
        if item.also_in:
            others = self._begun(self.w.text("Also in:"))
            for number, other in enumerate(item.also_in):
                _run(others, self.w.comma if number else "")
                _run(others, other.publisher)
                if other.owner:
                    _run(others, " (")
                    _run(others, other.owner)
                    _run(others, ")")
        if item.tags:
            tags = self._begun(self.w.text("Tags:"))
            for number, tag in enumerate(item.tags):
                _run(tags, self.w.comma if number else "")
                _run(tags, tag)

    def _add_words(self, text: ShownText, style: str | None = None) -> None:
        """A text in a paragraph of its own; above it whose translation it is."""
        if said := phrases.label_of(self.w, text):
            label = self._paragraph()
            _grey(self._say(label, said))
            label.paragraph_format.keep_with_next = True
        paragraph = self.document.add_paragraph(style=style)
        _turn(paragraph, text.text, text.language)
        _run(paragraph, text.text, text.language)

    def _add_source(self, item: ShownItem) -> None:
        source = self._paragraph()
        link = web_link(item.url)
        if link:
            _add_link(source, link)
            _grey(_run(source, " · "))
        _grey(_run(source, item.citation))
        if item.notice:
            _text(self.document.add_paragraph(), item.notice)

    def _add_headline(self, paragraph: Paragraph, text: ShownText) -> None:
        """A headline, with whose translation it is behind it."""
        _turn(paragraph, text.text, text.language)
        _run(paragraph, text.text, text.language)
        if said := phrases.label_of(self.w, text):
            label = self._say(paragraph, f" [{said}]")
            label.bold = False
            _grey(label)

    def _begun(self, words: str) -> Paragraph:
        """A paragraph that begins with the review's own words."""
        paragraph = self._paragraph()
        _grey(self._say(paragraph, f"{words} "))
        return paragraph

    def _paragraph(self, style: str | None = None) -> Paragraph:
        """A paragraph that runs as the reader's language does."""
        return self._turned(self.document.add_paragraph(style=style))

    def _turned(self, paragraph: Paragraph) -> Paragraph:
        if self.w.direction == "rtl":
            _insert(paragraph._p.get_or_add_pPr(), "w:bidi", _AFTER_BIDI)
        return paragraph

    def _say(self, paragraph: Paragraph, words: str) -> Run:
        """The review's own words, in the reader's language."""
        return _run(paragraph, words, self.w.language)


def _text(paragraph: Paragraph, text: str) -> None:
    """A text of the desk in a paragraph of its own."""
    _turn(paragraph, text, "")
    _run(paragraph, text)


def _turn(paragraph: Paragraph, text: str, language: str) -> None:
    """A right-to-left paragraph begins on the right."""
    if runs_rtl(text, language):
        _insert(paragraph._p.get_or_add_pPr(), "w:bidi", _AFTER_BIDI)


def _insert(properties: Any, name: str, followers: Sequence[str]) -> Any:
    """An element where the schema wants it."""
    from docx.oxml import OxmlElement

    element: Any = OxmlElement(name)
    properties.insert_element_before(element, *followers)
    return element


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
    from docx.oxml.ns import qn

    element = _insert(run._r.get_or_add_rPr(), "w:lang", _AFTER_LANG)
    east_asian = language.split("-")[0] in {"zh", "ja", "ko"}
    element.set(qn("w:eastAsia" if east_asian else f"w:{attribute}"), language)


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
