"""PDFs that are damaged, locked, empty or made to hurt (P5).

Those that read well are golden pairs in `extraction_cases/pdf_*`.
"""

import json
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.documents import Extraction
from pipeline.errors import StageError
from pipeline.extraction import PageInput, extract_page
from pipeline.extraction.pdf import MAX_PAGES, read_pdf
from pipeline.workers import Limits, Workers
from tests.pipeline import tasks
from tests.pipeline.builders import NOW, SITE
from tests.pipeline.test_extraction import CASES, body_of

SENTENCE = "The harbour council voted to keep the lighthouse open. "
GREEK = body_of(CASES / "pdf_greek")


def pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A file of objects numbered from 1, with its table of places."""
    body, places = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(body)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d %s >>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, trailer, start)
    )


def stream(content: bytes, filters: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (
        len(content),
        filters,
        content,
    )


def shown(*lines: str) -> bytes:
    """What draws lines of text, from the top of the page."""
    drawn = "".join(f"({line}) Tj 0 -14 Td\n" for line in lines)
    return f"BT /F1 11 Tf 50 780 Td\n{drawn}ET".encode()


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> >> >>"
)


def of_one_page(contents: bytes) -> bytes:
    return pdf(CATALOG, PAGES, PAGE, contents, FONT)


GOOD = of_one_page(stream(shown("A headline", *[SENTENCE] * 6)))


def page(body: bytes, content_type: str = "application/pdf") -> PageInput:
    return PageInput(
        body=body, url=f"{SITE}/a.pdf", fetched_at=NOW, content_type=content_type
    )


def test_a_small_pdf_is_read() -> None:
    found = extract_page(page(GOOD))
    assert found.rejected == ""
    assert "keep the lighthouse open" in found.text


@pytest.mark.parametrize("served", ["text/html", "", "application/octet-stream"])
def test_a_pdf_is_read_whatever_it_is_served_as(served) -> None:
    assert extract_page(page(b"\r\n" + GOOD, served)).rejected == ""


def test_a_locked_pdf_says_so() -> None:
    """Its owner wants a password of whoever reads it."""
    lock = b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -60 /O <%s> /U <%s> >>" % (
        b"41" * 32,
        b"42" * 32,
    )
    locked = pdf(
        CATALOG,
        PAGES,
        PAGE,
        stream(shown(SENTENCE)),
        FONT,
        lock,
        trailer=b"/Root 1 0 R /Encrypt 6 0 R /ID [<00> <00>]",
    )
    assert extract_page(page(locked)).rejected == "encrypted"


def test_a_pdf_without_pages_has_no_text() -> None:
    empty = pdf(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>")
    assert extract_page(page(empty)).rejected == "no_text"


def test_a_scan_with_a_little_text_of_a_machine_needs_reading() -> None:
    """A stamp of the scanner, or what it took for letters, is no text."""
    picture = (
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
        b" /ColorSpace /DeviceGray /Length 1 >>\nstream\n\x00\nendstream"
    )
    scan = pdf(
        CATALOG,
        PAGES,
        PAGE.replace(b"/Font", b"/XObject << /I1 6 0 R >> /Font"),
        stream(b"q 595 0 0 842 0 0 cm /I1 Do Q " + shown("l1|, ;; ~ fl", "CamScan")),
        FONT,
        picture,
    )
    assert extract_page(page(scan)).rejected == "needs-ocr"


# --- Hostile ones ----------------------------------------------------------------

BOMB = zlib.compress(zlib.compress(b"0" * 300_000_000, 9), 9)
LOOPS = {
    "pages that are their own parents": pdf(
        CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"
    ),
    "a reference to itself": pdf(CATALOG, PAGES, PAGE, b"4 0 R", FONT),
    "references in a ring": pdf(CATALOG, PAGES, PAGE, b"6 0 R", FONT, b"4 0 R"),
    "a form that draws itself": pdf(
        CATALOG,
        PAGES,
        PAGE.replace(b"/Font", b"/XObject << /X 4 0 R >> /Font"),
        stream(
            b"/X Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"
            b" /Resources << /XObject << /X 4 0 R >> >>",
        ),
        FONT,
    ),
    "a bomb": of_one_page(stream(BOMB, b"/Filter [/FlateDecode /FlateDecode]")),
    "a filter a hundred times": of_one_page(
        stream(b"00>", b"/Filter [" + b"/ASCIIHexDecode " * 100 + b"]")
    ),
    "deep arrays": of_one_page(stream(b"[" * 200_000)),
    "a million letters on one place": of_one_page(
        stream(b"BT /F1 9 Tf (" + b"x" * 1_000_000 + b") Tj ET")
    ),
    "20,000 lines on one page": of_one_page(
        stream(zlib.compress(shown(*[SENTENCE] * 20_000)), b"/Filter /FlateDecode")
    ),
    "10,000 pages": pdf(
        CATALOG,
        b"<< /Type /Pages /Kids ["
        + b" ".join(b"%d 0 R" % (6 + n) for n in range(10_000))
        + b"] /Count 10000 >>",
        PAGE,
        stream(shown(*[SENTENCE] * 5)),
        FONT,
        *[PAGE] * 10_000,
    ),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers[PageInput, Extraction]]:
    with Workers(tasks.extract, size=1, limits=Limits(seconds=6)) as workers:
        yield workers


@pytest.mark.parametrize("name", LOOPS)
def test_a_hostile_pdf_costs_itself_at_most(name, pool) -> None:
    """P5: a text, or a reason; and the next one is read."""
    hostile, fine = pool.run([page(LOOPS[name]), page(GOOD)])
    if isinstance(hostile, StageError):
        assert hostile.reason in {"timeout", "out_of_memory", "crash"}
    else:
        assert hostile.text or hostile.rejected
    assert fine == extract_page(page(GOOD))


def test_of_a_pdf_with_very_many_pages_the_beginning_is_read() -> None:
    """P5"""
    text = read_pdf(LOOPS["10,000 pages"]).text
    assert 0 < text.count("council voted") <= MAX_PAGES * 5


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, len(GREEK) - 1), st.binary(min_size=1, max_size=6)),
        min_size=1,
        max_size=30,
    ),
    st.integers(0, len(GREEK)),
)
def test_a_damaged_pdf_is_a_text_or_a_reason(changes, length) -> None:
    """P5: whatever bytes are other ones, and wherever it ends."""
    body = bytearray(GREEK)
    for place, other in changes:
        body[place : place + len(other)] = other
    for one in (bytes(body), bytes(body[:length])):
        found = extract_page(page(one))
        assert found.text or found.rejected
        json.dumps(found.text).encode()
