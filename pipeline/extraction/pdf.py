"""Official texts that come as PDF: their text layer as paragraphs.

pdfminer.six tells where every line stands and how large it is; lines become paragraphs
by that, running heads and page numbers go, and what was hyphenated or broken at a
page's end is joined again. A PDF without a text layer is a scan.
"""

from __future__ import annotations

import io
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.extraction.blocks import words
from pipeline.extraction.pdf_lines import PdfLine, PdfPage, page_of
from pipeline.extraction.rejection import MIN_WORDS
from pipeline.extraction.tree_text import normalise

MAX_PAGES = 300
"""Of a longer one the beginning is read: a budget, no statement."""
RUNNING_SHARE = 0.5
"""A line at the top or bottom of at least so many pages is a running head."""
SAME_HEIGHT = 8.0
"""Points; less than a line."""
MIN_RUNNING_PAGES = 3
PARAGRAPH_GAP = 0.6
"""Of a line's height: more room between two lines begins a paragraph."""
INDENT = 1.2
"""Of a line's height: a line so far to the right begins a paragraph."""
LARGER = 1.15
"""Of the usual size: a line so large is a heading."""

_ENDS = re.compile(r"[.!?…。！？؟।:»”\"')\]]\s*$")
_PAGE_NUMBER = re.compile(
    r"\W*(?:\w{1,10}\W+)?\d{1,4}(?:\W+(?:\w{1,4}\W+)?\d{1,4})?\W*"
)
_HYPHENATED = re.compile(r"\w[-\u00ad\u2010]$")
_NO_BLANKS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
_NO_TITLE = re.compile(
    r"\s*(?:microsoft (?:word|powerpoint)|untitled|без имени|document\d*\s*$"
    r"|.*\.(?:docx?|pdf|indd|qxd|rtf|odt|html?|pptx?|xlsx?|tmp)\s*$)",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"D:(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:([+-]\d\d)'?(\d\d)?|(Z))?"
)


@dataclass(frozen=True, kw_only=True)
class PdfText:
    """What a PDF says.

    Attributes:
        title: As the document names itself, or its largest line; or "".
        text: Paragraphs joined by single line feeds; "" for a scan.
        author: As the document names it, or "".
        written_at: ISO 8601 of the moment it was made, with its zone if it has one;
            "" where it does not say.
        is_scan: It shows pictures and no text.
        problem: "" or why it cannot be read: `encrypted`, `damaged_pdf`.
    """

    title: str = ""
    text: str = ""
    author: str = ""
    written_at: str = ""
    is_scan: bool = False
    problem: str = ""


def read_pdf(body: bytes) -> PdfText:
    """The text of a PDF; never raises for what it holds."""
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException

    try:
        info, pages = _opened(body)
    except (PDFPasswordIncorrect, PDFEncryptionError):
        return PdfText(problem="encrypted")
    except (PDFException, PSException, ValueError, KeyError, TypeError, AttributeError):
        return PdfText(problem="damaged_pdf")
    lines = _without_running([page.lines for page in pages])
    paragraphs = _paragraphs(lines)
    title = normalise(info.get("Title", "")).replace("\n", " ")
    if not title or _NO_TITLE.match(title):
        title = _largest(lines)
    text = "\n".join(paragraphs)
    return PdfText(
        title=title,
        text=text,
        author=normalise(info.get("Author", "")).replace("\n", " "),
        written_at=_moment(info.get("CreationDate", "")),
        is_scan=_is_scan(text, pages),
    )


def _is_scan(text: str, pages: Sequence[PdfPage]) -> bool:
    """Whether a reader sees more than the file tells."""
    unreadable = sum(page.unreadable for page in pages)
    if unreadable > len(text):
        return True
    has_pictures = any(page.has_pictures for page in pages)
    return len(words(text)) < MIN_WORDS and (has_pictures or unreadable > 0)


def _opened(body: bytes) -> tuple[dict[str, str], list[PdfPage]]:
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser

    document = PDFDocument(PDFParser(io.BytesIO(body)))
    info = {key: _string(value) for d in document.info for key, value in d.items()}
    pages = extract_pages(io.BytesIO(body), maxpages=MAX_PAGES, laparams=LAParams())
    return info, [page_of(number, page) for number, page in enumerate(pages)]


def _string(value: Any) -> str:
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import decode_text

    value = resolve1(value)
    return decode_text(value) if isinstance(value, bytes) else ""


def _without_running(pages: Sequence[Sequence[PdfLine]]) -> list[PdfLine]:
    """All lines but page numbers and those that most pages have at an edge."""
    edges = Counter(
        key for page in pages for key in {_edge_key(line) for line in _edges(page)}
    )
    least = max(MIN_RUNNING_PAGES, RUNNING_SHARE * len(pages))
    running = {key for key, number in edges.items() if number >= least}
    return [
        line
        for page in pages
        for at_edge in [set(_edges(page))]
        for line in page
        if not (
            line in at_edge
            and (_edge_key(line) in running or _PAGE_NUMBER.fullmatch(line.text))
        )
    ]


def _edges(page: Sequence[PdfLine]) -> list[PdfLine]:
    ordered = sorted(page, key=lambda line: line.top)
    return [*ordered[:2], *ordered[-2:]]


def _edge_key(line: PdfLine) -> tuple[str, int]:
    """The same for "Page 3 of 9" and "Page 4 of 9" at one height."""
    return re.sub(r"\d+", "0", line.text), round(line.top / SAME_HEIGHT)


def _paragraphs(lines: Sequence[PdfLine]) -> list[str]:
    found: list[str] = []
    size = statistics.median(line.size for line in lines) if lines else 0.0
    left = min((line.left for line in lines), default=0.0)
    before: PdfLine | None = None
    for line in lines:
        if before is None or _begins(line, before, found[-1], size, left):
            found.append(line.text)
        else:
            found[-1] = _joined(found[-1], line.text)
        before = line
    return found


def _begins(
    line: PdfLine, before: PdfLine, text: str, size: float, left: float
) -> bool:
    """Whether a line begins a paragraph."""
    if (line.size > size * LARGER) != (before.size > size * LARGER):
        return True
    is_over = _ENDS.search(text) is not None
    if line.page != before.page or line.top < before.top:
        return is_over  # the next page or column
    if line.top - before.bottom > PARAGRAPH_GAP * size:
        return True
    is_indented = (
        line.left - before.left > INDENT * size > 0 and before.left - left < size
    )
    return is_over and is_indented


def _joined(text: str, line: str) -> str:
    if _HYPHENATED.search(text) and line[:1].islower():
        return text[:-1] + line
    blank = "" if _NO_BLANKS.match(line) and _NO_BLANKS.match(text[-1:]) else " "
    return f"{text}{blank}{line}"


def _largest(lines: Sequence[PdfLine]) -> str:
    """The lines of the largest print at the beginning of the first page."""
    first = [line for line in lines if line.page == 0]
    if not first:
        return ""
    size = max(line.size for line in first)
    usual = statistics.median(line.size for line in lines)
    if size <= usual * LARGER:
        return first[0].text
    return " ".join(line.text for line in first if line.size > size * 0.97)[:300]


def _moment(text: str) -> str:
    """A PDF date (ISO 32000-1, 7.9.4) as ISO 8601, or ""."""
    match = _WRITTEN.match(text)
    if match is None:
        return ""
    year, month, day, hour, minute, second, zone, zone_minute, utc = match.groups()
    clock = f"T{hour}:{minute}:{second or '00'}" if hour else ""
    offset = f"{zone}:{zone_minute or '00'}" if zone and clock else "Z" if utc else ""
    try:
        datetime.fromisoformat(f"{year}-{month}-{day}{clock}")
    except ValueError:
        return ""
    return f"{year}-{month}-{day}{clock}{offset}"
