"""`import` of WARC files, saved pages and JSON Lines; `process --again`, `retry`."""

import base64
import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from babelwire.workspace import find_workspace
from pipeline.store.tables import pages
from tests.babelwire.conftest import Demo, babelwire
from tests.pipeline.foreign_warc import http, members, record

WORDS = " ".join(["The river council met on Tuesday and spoke about dikes."] * 8)
PAGE = (
    "<html><head><title>Dikes</title>"
    '<link rel="canonical" href="https://paper.example/dikes"></head>'
    f"<body><article><h1>Dikes</h1><p>{WORDS}</p></article></body></html>"
)


def warc(path: Path, pages: dict[str, tuple[int, str, bytes]]) -> Path:
    """A file as other programs write it: gzipped bodies, requests between."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url, (status, kind, body) in pages.items():
            head = StatusAndHeaders(
                f"{status} X",
                [("Content-Type", kind), ("Content-Encoding", "gzip")],
                protocol="HTTP/1.1",
            )
            packed = io.BytesIO(gzip.compress(body))
            writer.write_record(
                writer.create_warc_record(
                    url,
                    "response",
                    payload=packed,
                    http_headers=head,
                    warc_headers_dict={"WARC-Date": "2024-06-21T12:00:00Z"},
                )
            )
            request = StatusAndHeaders("GET / HTTP/1.1", [], is_http_request=True)
            writer.write_record(
                writer.create_warc_record(url, "request", http_headers=request)
            )
    return path


def finish(workspace: Path) -> None:
    assert babelwire("process", workspace=workspace).status == 0
    assert babelwire("index", workspace=workspace).status == 0


# warcio's writer leaves its temporary files to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_warc_file_of_others_goes_the_same_way(
    workspace: Path, tmp_path: Path
) -> None:
    file = warc(
        tmp_path / "others.warc.gz",
        {
            "https://paper.example/dikes": (200, "text/html", PAGE.encode()),
            "https://paper.example/gone": (404, "text/html", b"<p>gone</p>"),
            "https://paper.example/a.png": (200, "image/png", b"\x89PNG"),
        },
    )
    ran = babelwire("import", file, workspace=workspace)
    assert ran.status == 0, ran.err
    assert "1 pages imported" in ran.err
    assert "HTTP status 404" in ran.err
    finish(workspace)
    found = babelwire("search", "river dikes", "--json", workspace=workspace).json
    assert found["total"] == 1
    hit = found["hits"][0]
    assert hit["source"] == "import-paper-example"
    assert hit["first_seen_at"].startswith("2024-06-21T12:00:00")
    shown = babelwire("show", hit["id"], "--json", workspace=workspace).json
    assert shown["evidence"]["imported_file_checksum"].startswith("sha256:")


def test_our_own_archive_can_be_imported_elsewhere_with_equal_ids(
    demo: Demo, workspace: Path
) -> None:
    files = sorted((demo.workspace / "archive").glob("*.warc.gz"))
    assert babelwire("import", *files, workspace=workspace).status == 0
    finish(workspace)
    there = babelwire("export", "lang:vi,ar,ru", workspace=demo.workspace).rows
    here = babelwire("export", "lang:vi,ar,ru", workspace=workspace).rows
    assert {row["id"] for row in there} <= {row["id"] for row in here}


def test_a_saved_page_says_where_it_came_from(workspace: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.html"
    saved.write_text(PAGE, "utf-8")
    assert babelwire("import", saved, workspace=workspace).status == 0
    nameless = tmp_path / "nameless.html"
    nameless.write_text("<p>no address</p>", "utf-8")
    ran = babelwire("import", nameless, workspace=workspace)
    assert ran.status == 1
    assert "use --url" in ran.err
    finish(workspace)
    rows = babelwire("export", "*", workspace=workspace).rows
    assert [row["url"] for row in rows] == ["https://paper.example/dikes"]


MHTML = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://paper.example/mht\r\n"
    'Content-Type: multipart/related; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    f"{base64.encodebytes(PAGE.encode()).decode()}\r\n--b--\r\n"
)
MAIL = (
    "From: Press office <press@office.example>\r\nMessage-ID: <7@office.example>\r\n"
    "Subject: =?utf-8?b?xJDDqiDEkWnhu4F1?=\r\nDate: Fri, 21 Jun 2024 12:00:00 +0000\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    f"--b\r\nContent-Type: text/html\r\n\r\n{PAGE}\r\n"
    "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-\r\n--b--\r\n"
)


def test_browsers_archives_and_mails_go_the_same_way(
    workspace: Path, tmp_path: Path
) -> None:
    browser, saved = tmp_path / "browser.wacz", tmp_path / "saved.mhtml"
    mail, box = tmp_path / "letter.eml", tmp_path / "letters.mbox"
    other = PAGE.replace("/dikes", "/wacz").replace("Dikes", "Wells")
    with zipfile.ZipFile(browser, "w") as file:
        page = http(other.encode())
        file.writestr("archive/a.warc", record(page, url="https://paper.example/wacz"))
    saved.write_text(MHTML, "utf-8")
    mail.write_text(MAIL, "utf-8")
    second = MAIL.replace("<7@", "<8@").replace("Tuesday", "Friday")
    box.write_text("".join(f"From x@y\r\n{m}\r\n" for m in (MAIL, second)), "utf-8")
    ran = babelwire("import", browser, saved, mail, box, workspace=workspace)
    assert ran.status == 0, ran.err
    assert "1 pages imported, 1 were there already" in ran.err
    assert "not read: 1 attachment" in ran.err
    finish(workspace)
    rows = {
        row["url"]: row for row in babelwire("export", "*", workspace=workspace).rows
    }
    assert set(rows) == {
        "https://paper.example/wacz",
        "https://paper.example/mht",
        "mid:7@office.example",
        "mid:8@office.example",
    }
    letter = rows["mid:7@office.example"]
    assert letter["title"] == "Đê điều"
    assert letter["source"] == "import-office-example"
    assert letter["published_at"].startswith("2024-06-21T12:00:00")
    shown = babelwire("show", letter["id"], "--json", workspace=workspace).json
    assert shown["evidence"]["imported_file_checksum"].startswith("sha256:")


def test_one_odd_record_of_a_file_is_named_and_the_rest_arrives(
    workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / "odd.warc.gz"
    file.write_bytes(
        members(record(date="soon"), record(http(PAGE.encode())), record())[:-40]
    )
    ran = babelwire("import", file, workspace=workspace)
    assert ran.status == 1
    assert "1 pages imported" in ran.err
    assert "passed over: 1 (bad date)" in ran.err
    assert 'odd.warc.gz, byte 0: WARC-Date: found "soon"' in ran.err
    assert "passed over: 1 (broken record)" in ran.err


def test_characters_that_no_database_takes_are_left_out(
    workspace: Path, tmp_path: Path
) -> None:
    lines, archive = tmp_path / "x.jsonl", tmp_path / "x.warc"
    row = {"url": "https://a.example/1", "title": "a\x00\ud800b", "text": WORDS}
    lines.write_text(json.dumps(row), "utf-8")
    typed = http(
        PAGE.encode(), headers=[("Content-Type", "text/html; \x00" + "x" * 999)]
    )
    archive.write_bytes(record(typed))
    ran = babelwire("import", lines, archive, workspace=workspace)
    assert ran.status == 0, ran.err
    database = find_workspace(workspace).open()
    with database.read() as connection:
        found = list(connection.execute(select(pages).order_by(pages.c.id)))
    database.close()
    assert found[0].hints["title"] == "ab"
    assert "\x00" not in found[1].content_type
    assert len(found[1].content_type) <= 500


def test_bad_lines_are_named_and_good_ones_arrive(
    workspace: Path, tmp_path: Path
) -> None:
    good = {"url": "https://a.example/1", "title": "Dikes", "text": WORDS}
    file = tmp_path / "rows.jsonl"
    file.write_text(
        "\n".join(
            [
                "{",
                "[]",
                '{"url": 3}',
                '{"url": "https://a.example/2"}',
                json.dumps(good),
            ]
        ),
        "utf-8",
    )
    ran = babelwire("import", file, workspace=workspace)
    assert ran.status == 1
    for number in (1, 2, 3, 4):
        assert f"rows.jsonl:{number}:" in ran.err
    assert "1 pages imported" in ran.err


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("x.warc.gz", b"this is no gzip", "no WARC record"),
        ("x.txt", b"text", "expected a .warc"),
        ("x.wacz", b"text", "no WACZ (ZIP) file"),
        ("x.mbox", b"text", "no mailbox"),
    ],
)
def test_other_files_are_refused(
    workspace: Path, tmp_path: Path, name: str, body: bytes, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    ran = babelwire("import", path, workspace=workspace)
    assert ran.status == 2
    assert expected in ran.err


def test_an_address_goes_with_one_page(workspace: Path, tmp_path: Path) -> None:
    page, lines = tmp_path / "x.html", tmp_path / "x.jsonl"
    page.write_text(PAGE, "utf-8")
    lines.write_text("{}", "utf-8")
    for files, url, expected in (
        ([page, page], "https://a.example/", "--url goes with one saved page or mail"),
        ([page], "a.example", "not an http or https URL"),
        ([lines], "https://a.example/", "--url goes with one saved page or mail"),
    ):
        ran = babelwire("import", *files, "--url", url, workspace=workspace)
        assert ran.status == 2
        assert expected in ran.err


def test_process_again_gives_the_same_documents(
    workspace: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.html"
    saved.write_text(PAGE, "utf-8")
    babelwire("import", saved, workspace=workspace)
    finish(workspace)
    before = babelwire("export", "*", workspace=workspace).rows
    ran = babelwire("process", "--again", "import-paper-example", workspace=workspace)
    assert ran.status == 0, ran.err
    assert "1 to do again" in ran.err
    babelwire("index", workspace=workspace)
    assert babelwire("export", "*", workspace=workspace).rows == before


def test_retry_without_anything_set_aside_says_so(workspace: Path) -> None:
    assert "Nothing was set aside" in babelwire("retry", workspace=workspace).err
