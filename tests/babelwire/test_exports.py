"""`babelwire export`: every format, and no more than the sources' rights allow."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from warcio.archiveiterator import ArchiveIterator

from babelwire.exports import Released, Report, release, write_csv, write_json_lines
from babelwire.exports.released import batches
from babelwire.exports.spreadsheet import CELL, CUT, fitting, write_spreadsheet
from babelwire.exports.tables import COLUMNS
from babelwire.reading import load_shown, shown_json
from babelwire.workspace import find_workspace
from pipeline.sources import Rights
from pipeline.translation.tmx import read_tmx
from search_index.answer import Exported
from search_index.query import Hit
from tests.babelwire.conftest import Demo, babelwire, environment

FOUND = datetime(2024, 6, 21, 12, tzinfo=UTC)
NOW = FOUND + timedelta(days=1)
SHEET = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
TEXT = "The mayors of many cities met in Kazan to found an association of cities. "


def exported(number: int = 1, **fields: str) -> Exported:
    texts = {"text": f"Text {number}.", "translation": "", **fields}
    hit = Hit(
        id=f"d{number}",
        revision=2,
        url=f"https://paper.example/{number}",
        source="paper",
        publisher="Paper",
        country="",
        kind="news",
        language="vi",
        published_at=None,
        published_precision="none",
        first_seen_at=FOUND,
        title=texts.pop("title", f"Title {number}"),
        translated_title="",
        translation_status="waiting",
        translated_by="",
        score=None,
        match="all",
        cluster="",
        duplicates=0,
    )
    return Exported(hit=hit, **texts)


def released(
    found: Iterable[Exported], rights: Rights | None = None
) -> Iterator[Released]:
    return release(found, lambda _: rights or Rights(show="full"), NOW)


def sheet(data: bytes, number: int = 1) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.testzip() is None
        return etree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))


def cells(data: bytes, number: int = 1) -> list[dict[str, str]]:
    """The rows under the header, by column."""
    rows = []
    for row in sheet(data, number).iterfind("m:sheetData/m:row", SHEET):
        found = {}
        for cell in row.iterfind("m:c", SHEET):
            letters = re.sub(r"\d", "", cell.get("r", ""))
            text = "".join(cell.itertext())
            found[ord(letters) - ord("A")] = text
        rows.append(found)
    columns = [rows[0][n] for n in range(len(rows[0]))]
    assert tuple(columns) == COLUMNS
    return [{c: row.get(n, "") for n, c in enumerate(columns)} for row in rows[1:]]


def spreadsheet(*found: Exported, **options: int) -> bytes:
    file = io.BytesIO()
    write_spreadsheet(released(found), file, **options)
    return file.getvalue()


def export_bytes(workspace: Path, *arguments: str) -> tuple[bytes, str]:
    """Standard output as it comes, and what was said beside it."""
    command = [sys.executable, "-m", "babelwire", "--workspace", str(workspace)]
    done = subprocess.run(
        [*command, "export", *arguments],
        capture_output=True,
        timeout=120,
        env=environment(),
        check=True,
    )
    return done.stdout, done.stderr.decode()


def show(demo: Demo, row: dict[str, Any]) -> dict[str, Any]:
    """What `babelwire show --json` has of an exported row, at its revision."""
    workspace = find_workspace(demo.workspace)
    database = workspace.open()
    try:
        shown = load_shown(database, f"{row['id']}@{row['revision']}")
        return shown_json(shown, workspace.config.target)
    finally:
        database.close()


@pytest.mark.parametrize("writer", [write_csv, write_json_lines])
def test_tables_are_written_while_they_are_read(writer) -> None:
    """A document is on its way before the next one is asked for."""
    file = io.StringIO()
    lengths = []

    def found() -> Iterator[Exported]:
        for number in range(5):
            lengths.append(len(file.getvalue()))
            yield exported(number)

    report = writer(released(found()), file)
    assert lengths[1:] == sorted(set(lengths[1:]))
    assert report.documents == 5


def test_a_spreadsheet_holds_no_more_than_one_document() -> None:
    """Nothing refers to a document any more when the next but one is asked for."""
    import gc
    import weakref

    alive: list[weakref.ref[Exported]] = []

    def found() -> Iterator[Exported]:
        for number in range(6):
            gc.collect()
            assert sum(one() is not None for one in alive) <= 1
            one = exported(number)
            alive.append(weakref.ref(one))
            yield one
            del one

    assert write_spreadsheet(released(found()), io.BytesIO()).documents == 6


def test_batches_are_read_no_further_than_needed() -> None:
    asked = []

    def hits() -> Iterator[Hit]:
        for number in range(7):
            asked.append(number)
            yield exported(number).hit

    parts = batches(hits(), 3)
    assert [hit.id for hit in next(parts)] == ["d0", "d1", "d2"]
    assert asked == [0, 1, 2]
    assert [len(part) for part in parts] == [3, 1]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\x00="])
def test_a_spreadsheet_runs_nothing_of_a_page(start: str) -> None:
    """W6: text stays text, and so does an address."""
    data = spreadsheet(exported(title=f"{start}cmd|' /C calc'!A0"))
    (row,) = cells(data)
    clean = start.replace("\x00", "")
    assert row["title"].replace("_x000D_", "\r") == f"'{clean}cmd|' /C calc'!A0"
    assert row["url"] == "https://paper.example/1"
    root = sheet(data)
    assert not root.findall(".//m:f", SHEET)
    assert not root.findall(".//m:hyperlink", SHEET)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert not [name for name in book.namelist() if "_rels/sheet" in name]


def test_a_spreadsheets_header_is_bold_stays_and_filters() -> None:
    data = spreadsheet(exported(1), exported(2))
    root = sheet(data)
    last = chr(ord("A") + len(COLUMNS) - 1)
    assert root.find("m:autoFilter", SHEET).get("ref") == f"A1:{last}3"
    pane = root.find(".//m:pane", SHEET)
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    style = root.find("m:sheetData/m:row/m:c", SHEET).get("s")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        styles = etree.fromstring(book.read("xl/styles.xml"))
    form = styles.findall("m:cellXfs/m:xf", SHEET)[int(style)]
    font = styles.findall("m:fonts/m:font", SHEET)[int(form.get("fontId"))]
    assert font.find("m:b", SHEET) is not None


def test_a_spreadsheet_has_times_as_text_and_numbers_as_numbers() -> None:
    data = spreadsheet(exported())
    (row,) = cells(data)
    assert row["first_seen_at"] == "2024-06-21T12:00:00Z"
    assert row["revision"] == "2"
    kinds = {
        cell.get("r"): cell.get("t")
        for cell in sheet(data).iterfind("m:sheetData/m:row[2]/m:c", SHEET)
    }
    assert (kinds["A2"], kinds["B2"]) == ("inlineStr", None)


def test_a_spreadsheet_takes_what_xml_forbids() -> None:
    (row,) = cells(spreadsheet(exported(title="a\x0b\ufffe\ud800<b>&\U0001f4f0")))
    assert row["title"] == "a<b>&\U0001f4f0"


@pytest.mark.parametrize("text", ["a\u0301" * CELL, "\U0001f4f0" * CELL, TEXT * 999])
def test_a_text_longer_than_a_cell_is_cut_with_a_mark(text: str) -> None:
    """Excel counts UTF-16 code units, so a picture counts twice."""
    (row,) = cells(spreadsheet(exported(text=text)))
    beginning, mark, rest = row["text"].partition("…")
    assert len(row["text"].encode("utf-16-le")) <= 2 * CELL
    assert text.startswith(beginning.rstrip())
    assert (mark, rest) == ("…", f" {CUT}")


def test_a_text_that_fits_a_cell_stays_whole() -> None:
    for text in ("a" * CELL, "ạ" * CELL, "\U0001f4f0" * (CELL // 2)):
        assert fitting(text) == text


def test_more_rows_than_a_sheet_holds_go_to_a_further_one() -> None:
    data = spreadsheet(*map(exported, range(5)), rows=3)
    ids = [[row["id"] for row in cells(data, number)] for number in (1, 2, 3)]
    assert ids == [["d0", "d1"], ["d2", "d3"], ["d4"]]
    assert cells(spreadsheet(rows=3)) == []


def test_a_full_disk_is_said_as_such() -> None:
    """P3"""

    class Full(io.BytesIO):
        def write(self, data) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_spreadsheet(released([exported()]), Full())


def test_every_table_says_what_was_let_out() -> None:
    rights = Rights(show="excerpt", excerpt_characters=50, notice="© Paper")
    found = exported(text=TEXT * 9, translation="Short.")
    lines, table, book = io.StringIO(), io.StringIO(), io.BytesIO()
    write_json_lines(released([found], rights), lines)
    write_csv(released([found], rights), table)
    report = write_spreadsheet(released([found], rights), book)
    rows = [
        json.loads(lines.getvalue()),
        *csv.DictReader(io.StringIO(table.getvalue())),
        *cells(book.getvalue()),
    ]
    for row in rows:
        assert row["rights"] == "excerpt"
        assert row["notice"] == "© Paper"
        assert row["text"] == "The mayors of many cities met in Kazan to found…"
        assert row["translation"] == "Short."
        assert row["url"] == "https://paper.example/1"
    assert "passages" not in rows[0]
    assert (report.documents, report.excerpts) == (1, 1)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (Report(), "Exported 0 documents to x."),
        (
            Report(documents=1, headlines=1),
            (
                "Exported 1 document to x; 1 of them as a headline, as their sources' "
                "rights say."
            ),
        ),
        (
            Report(documents=1200, excerpts=1000, headlines=2),
            (
                "Exported 1,200 documents to x; 1,000 of them as excerpts and 2 as "
                "headlines, as their sources' rights say."
            ),
        ),
        (
            Report(documents=1, unit="segment", parts=9, withheld=2, untranslated=1),
            (
                "Exported 9 segments of 1 document to x; 2 documents left out, as "
                "their sources' rights say; 1 document left out, as they have no "
                "translation."
            ),
        ),
    ],
)
def test_the_last_line_says_how_many_and_what_was_shortened(report, sentence) -> None:
    assert report.sentence("x") == sentence


def test_excerpts_leave_where_the_demos_wire_wants_it(demo: Demo) -> None:
    """And `show`, inside the desk, has everything."""
    ran = babelwire("export", "source:atlas-wire", workspace=demo.workspace)
    assert ran.rows
    for row in ran.rows:
        whole = show(demo, row)
        assert row["rights"] == "excerpt"
        assert len(row["text"]) <= 300 < len(whole["text"])
        assert whole["text"].startswith(row["text"].removesuffix("…").rstrip())
    number = len(ran.rows)
    assert f"Exported {number} documents; {number} of them as excerpts" in ran.err


def test_spreadsheets_have_what_csv_has(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "found.xlsx"
    table = babelwire("export", "*", "--format", "csv", workspace=demo.workspace)
    ran = babelwire(
        "export", "*", "--format", "xlsx", "-o", file, workspace=demo.workspace
    )
    assert ran.status == 0, ran.err
    assert ran.out == ""
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert cells(file.read_bytes()) == rows
    assert f"Exported {len(rows)} documents to {file}; 2 of them" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    piped, _ = export_bytes(demo.workspace, "*", "--format", "xlsx")
    assert cells(piped) == rows


def test_tmx_has_the_pairs_of_what_may_leave(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "found.tmx"
    query = "lang:vi OR source:atlas-wire"
    ran = babelwire(
        "export", query, "--format", "tmx", "-o", file, workspace=demo.workspace
    )
    assert ran.status == 0, ran.err
    pairs = list(read_tmx(file))
    assert {pair.source_language for pair in pairs} == {"vi"}
    assert {pair.target_language for pair in pairs} == {"en"}
    rows = babelwire("export", "lang:vi", workspace=demo.workspace).rows
    expected = []
    for row in rows:
        segments = show(demo, row)["segments"]
        expected += [(s["original"], s["translation"]) for s in segments]
    assert [(p.source_text, p.target_text) for p in pairs] == expected
    assert f"Exported {len(pairs)} segments of {len(rows)} documents" in ran.err
    assert "2 documents left out, as their sources' rights say" in ran.err


def test_warc_has_the_archives_own_records(demo: Demo, tmp_path: Path) -> None:
    """Byte for byte, and read by another implementation."""
    file = tmp_path / "found.warc.gz"
    ran = babelwire(
        "export", "*", "--format", "warc", "-o", file, workspace=demo.workspace
    )
    assert ran.status == 0, ran.err
    rows = babelwire("export", "*", workspace=demo.workspace).rows
    full = [row for row in rows if row["rights"] == "full"]
    data = file.read_bytes()
    expected = b""
    for row in full:
        evidence = show(demo, row)["evidence"]
        kept = (demo.workspace / "archive" / evidence["warc_file"]).read_bytes()
        expected += kept[evidence["offset"] :][: evidence["length"]]
    assert data == expected
    targets = []
    for record in ArchiveIterator(io.BytesIO(data), check_digests="raise"):
        assert record.rec_type == "response"
        assert record.content_stream().read()
        targets.append(record.rec_headers.get_header("WARC-Target-URI"))
    assert len(targets) == len(full) == len(rows) - 2
    assert f"Exported {len(full)} records of {len(full)} documents" in ran.err
    assert "2 documents left out, as their sources' rights say" in ran.err
    piped, _ = export_bytes(demo.workspace, "*", "--format", "warc")
    assert piped == data


@pytest.mark.parametrize("kind", ["xlsx", "warc"])
def test_bytes_are_not_written_to_a_terminal(demo: Demo, kind: str) -> None:
    primary, secondary = pty.openpty()
    command = [sys.executable, "-m", "babelwire", "--workspace", str(demo.workspace)]
    try:
        done = subprocess.run(
            [*command, "export", "*", "--format", kind],
            stdout=secondary,
            stderr=subprocess.PIPE,
            timeout=120,
            env=environment(),
            check=False,
        )
    finally:
        os.close(secondary)
        os.close(primary)
    assert done.returncode == 2
    assert b"no text for a terminal" in done.stderr


@pytest.fixture
def paper(workspace: Path) -> Path:
    """One imported page of a site whose file says nothing of rights."""
    write_paper(workspace, "")
    lines = workspace / "pages.jsonl"
    page = {"url": "https://paper.example/1", "title": "Mayors meet", "text": TEXT * 9}
    lines.write_text(json.dumps(page), "utf-8")
    for command in (("import", lines), ("process",), ("index",)):
        ran = babelwire(*command, workspace=workspace)
        assert ran.status == 0, ran.err
    return workspace


def write_paper(workspace: Path, rights: str, kind: str = "news") -> None:
    text = (
        f'name = "paper"\nkind = "{kind}"\npublisher = "Paper"\n'
        f'feeds = ["https://paper.example/feed"]\n{rights}'
    )
    (workspace / "sources" / "paper.toml").write_text(text, "utf-8")


def only_row(workspace: Path) -> dict[str, str]:
    (row,) = babelwire("export", "*", workspace=workspace).rows
    return row


def test_the_rights_of_now_are_obeyed_without_a_new_index(paper: Path) -> None:
    """A file that is gone leaves behind what the store remembers."""
    row = only_row(paper)
    assert row["rights"] == "excerpt"
    assert len(row["text"]) <= 300
    write_paper(paper, '[rights]\nshow = "headline"\nnotice = "© Paper"\n')
    row = only_row(paper)
    assert (row["rights"], row["notice"]) == ("headline", "© Paper")
    assert (row["title"], row["text"], row["translation"]) == ("Mayors meet", "", "")
    write_paper(paper, "", kind="official")
    row = only_row(paper)
    assert (row["rights"], row["text"]) == ("full", (TEXT * 9).strip())
    (paper / "sources" / "paper.toml").unlink()
    assert only_row(paper)["rights"] == "excerpt"


def test_an_export_stops_where_rights_cannot_be_read(paper: Path) -> None:
    write_paper(paper, '[rights]\nshow = "everything"\n')
    ran = babelwire("export", "*", workspace=paper)
    assert (ran.status, ran.out) == (2, "")
    assert "paper.toml: rights.show: found 'everything'" in ran.err


def test_a_damaged_record_is_listed_and_left_out(paper: Path) -> None:
    """P9: a flipped byte in the archive."""
    write_paper(paper, '[rights]\nshow = "full"\n')
    (archived,) = (paper / "archive").glob("*.warc.gz")
    data = bytearray(archived.read_bytes())
    data[-20] ^= 0xFF
    archived.write_bytes(data)
    ran = babelwire(
        "export", "*", "--format", "warc", "-o", paper / "x", workspace=paper
    )
    assert ran.status == 1
    assert f"{archived.name}, offset" in ran.err
    assert "Exported 0 records of 0 documents" in ran.err
