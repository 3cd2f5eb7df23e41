"""Saved pages: `.html` with the browser's comment, `.mhtml` with its root part."""

import base64
import os
import quopri
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.incoming.files import read_file
from pipeline.incoming.found import MAX_PAGE_BYTES, Skipped
from pipeline.incoming.mhtml import MAX_HEAD_BYTES
from pipeline.incoming.saved_pages import declared_url

NOW = datetime(2024, 7, 1, tzinfo=UTC)
URL = "https://paper.example/dikes"
HTML = "<html><title>Đê điều</title><p>Hội đồng họp = thứ Ba.</p></html>"


def read(path: Path, url: str = ""):
    (found,) = read_file(path, url=url, now=NOW)
    return found


@pytest.mark.parametrize(
    ("begin", "found"),
    [
        (f"<!-- saved from url=(0027){URL} -->", URL),
        (f"<!-- saved from url=(0034){URL}?a--b=1-->\n", f"{URL}?a--b=1"),
        ("<!-- saved from url=(0014)about:internet -->", ""),
        (f"<!--\n Page saved with SingleFile \n url: {URL} \n -->", URL),
        (f'<link rel="canonical" href="{URL}">', URL),
        (f"<link href='{URL}' rel='canonical' />", URL),
        (f"<LINK REL=canonical HREF={URL}>", URL),
        (f'<meta content="{URL}" property="og:url">', URL),
        ('<link rel="alternate" href="https://paper.example/ru">', ""),
        ("", ""),
    ],
)
def test_a_page_says_where_it_was_saved(begin, found):
    assert declared_url(f"{begin}<html>".encode()) == found


def test_the_browsers_comment_wins_over_what_the_page_says_of_itself():
    both = (
        b"<!-- saved from url=(0027)https://paper.example/dikes -->"
        b'<link rel="canonical" href="https://other.example/">'
    )
    assert declared_url(both) == URL


def test_a_saved_page_is_taken_byte_for_byte(tmp_path):
    path = tmp_path / "saved.HTM"
    comment = f"<!-- saved from url=({len(URL):04}){URL} -->\r\n"
    path.write_bytes((comment + HTML).encode("utf-16"))
    assert read(path).reason == "no_url"
    page = read(path, URL).response
    assert page.body == path.read_bytes()
    path.write_bytes((comment + HTML).encode())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    page = read(path).response
    assert (page.url, page.kind, page.status) == (URL, "resource", 0)
    assert page.at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert page.header("Content-Type") == "text/html"


def test_a_page_that_does_not_say_where_it_was_needs_an_address(tmp_path):
    path = tmp_path / "saved.html"
    path.write_text(HTML, "utf-8")
    found = read(path)
    assert isinstance(found, Skipped)
    assert "use --url" in found.detail
    assert read(path, URL).response.url == URL


def test_a_page_of_gigabytes_is_passed_over_unread(tmp_path):
    path = tmp_path / "saved.html"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    assert read(path) == Skipped(reason="too_large")


# --- MHTML ---------------------------------------------------------------------

BOUNDARY = "----MultipartBoundary--x1----"


def part(body: bytes, *fields: str) -> bytes:
    return "\r\n".join([f"--{BOUNDARY}", *fields, "", ""]).encode() + body + b"\r\n"


def mhtml(path: Path, *parts: bytes, fields: tuple[str, ...] = (), related="") -> Path:
    head = [
        "From: <Saved by Blink>",
        f"Snapshot-Content-Location: {URL}",
        "Subject: =?utf-8?Q?=C4=90=C3=AA?=",
        "Date: Fri, 21 Jun 2024 12:00:00 +0300",
        "MIME-Version: 1.0",
        *fields,
        "Content-Type: multipart/related;",
        f'\ttype="text/html";{related}',
        f'\tboundary="{BOUNDARY}"',
        "",
        "",
    ]
    end = f"--{BOUNDARY}--\r\n".encode()
    path.write_bytes("\r\n".join(head).encode() + b"".join(parts) + end)
    return path


PICTURE = part(
    base64.encodebytes(bytes(range(256)) * 400),
    "Content-Type: image/png",
    "Content-Transfer-Encoding: base64",
    "Content-Location: https://paper.example/a.png",
)


def quoted(text: str = HTML, *fields: str, charset: str = "utf-8") -> bytes:
    return part(
        quopri.encodestring(text.encode(charset)).replace(b"\n", b"\r\n"),
        "Content-Type: text/html",
        "Content-Transfer-Encoding: quoted-printable",
        *fields,
    )


@pytest.mark.parametrize("name", ["x.mhtml", "X.MHT"])
def test_the_page_of_a_chromium_snapshot_is_found(tmp_path, name):
    located = f"Content-Location: {URL}?page=1"
    frame = quoted("<p>a frame</p>", "Content-Location: https://ads.example/")
    page = read(mhtml(tmp_path / name, PICTURE, quoted(HTML, located), frame)).response
    assert page.url == f"{URL}?page=1"
    assert page.body.decode() == HTML
    assert page.at == datetime(2024, 6, 21, 9, tzinfo=UTC)
    assert (page.kind, page.header("Content-Type")) == ("resource", "text/html")


def test_the_root_part_may_be_named_and_come_later(tmp_path):
    frame = quoted("<p>a frame</p>", "Content-ID: <frame@x>")
    root = quoted(HTML, "Content-ID: <root@x>")
    path = mhtml(tmp_path / "x.mht", frame, root, related='start="<root@x>";')
    assert read(path).response.body.decode() == HTML
    path = mhtml(tmp_path / "y.mht", frame, root, related='start="<gone@x>";')
    assert read(path).response.body == b"<p>a frame</p>"


def test_base64_and_an_old_encoding_are_undone(tmp_path):
    text = "<html><p>Заседание совета</p></html>"
    body = part(
        base64.encodebytes(text.encode("windows-1251")),
        'Content-Type: text/html; charset="windows-1251"',
        "Content-Transfer-Encoding: BASE64",
    )
    page = read(mhtml(tmp_path / "x.mht", body)).response
    assert page.body.decode("windows-1251") == text
    assert page.header("Content-Type") == "text/html; charset=windows-1251"
    assert page.url == URL


def test_an_inner_multipart_and_a_folded_address_are_looked_into(tmp_path):
    inner = "----inner"
    alternative = part(
        f"--{inner}\r\nContent-Type: text/html\r\n"
        f"Content-Location: https://paper.example/\r\n dikes\r\n\r\n{HTML}\r\n"
        f"--{inner}--\r\n".encode(),
        f'Content-Type: multipart/alternative; boundary="{inner}"',
    )
    page = read(mhtml(tmp_path / "x.mht", alternative, PICTURE)).response
    assert (page.url, page.body.decode()) == (URL, HTML)


def test_a_page_that_is_alone_needs_no_parts(tmp_path):
    path = tmp_path / "x.mht"
    path.write_bytes(
        f"Content-Type: text/html\r\nContent-Location: {URL}\r\n\r\n{HTML}".encode()
    )
    assert read(path).response.body.decode() == HTML


def test_pictures_of_gigabytes_pass_by(tmp_path):
    picture = part(b"x" * 8_000_000, "Content-Type: image/png")
    path = mhtml(tmp_path / "x.mht", picture, quoted())
    assert read(path).response.body.decode() == HTML


def test_a_page_that_is_too_large_is_passed_over(tmp_path):
    body = part(b"<p>x</p>\n" * (MAX_PAGE_BYTES // 8), "Content-Type: text/html")
    assert read(mhtml(tmp_path / "x.mht", body)) == Skipped(reason="too_large")


def test_a_date_to_come_is_not_believed(tmp_path):
    path = mhtml(tmp_path / "x.mht", quoted(), fields=("Date: 1 Jan 2099 00:00 +0000",))
    path.write_bytes(path.read_bytes().replace(b"Fri, 21 Jun 2024", b"1 Jan 2099"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert read(path).response.at == datetime.fromtimestamp(1_700_000_000, UTC)


MANY = b"--x\r\na: b\r\n\r\n" * 9_000
RELATED = b"Content-Type: multipart/related; boundary=x\r\n\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n\r\n",
        b"no fields here",
        b"\x00" * 300_000,
        b"Content-Type: image/png\r\n\r\nx",
        RELATED + b"--x\r\n\r\n\r\n--x--",
        RELATED + MANY,
        b"X: " + b"y" * MAX_HEAD_BYTES + b"\r\nContent-Type: text/html\r\n\r\n<p>",
    ],
)
def test_what_is_no_saved_page_is_refused_by_name(tmp_path, content):
    path = tmp_path / "x.mhtml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.mhtml: no saved page"):
        read(path)
