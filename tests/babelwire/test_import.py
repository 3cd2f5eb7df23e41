"""`import` of WARC files, saved pages and JSON Lines; `process --again`, `retry`."""

import gzip
import io
import json
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.babelwire.conftest import Demo, babelwire

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
