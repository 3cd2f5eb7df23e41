"""`babelwire archive list|read|verify`."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from babelwire.commands.archive import KINDS, command
from babelwire.workspace import make_workspace
from pipeline.archive import ArchivedResponse, ArchiveWriter
from pipeline.errors import BabelwireError, InputError
from pipeline.store.archive_places import ANSWER_KINDS
from tests.babelwire.conftest import babelwire, copied
from tests.site import HTML, Response, Site, not_modified, redirect, status

PAGE = (
    "<html><head><title>Dikes</title></head><body><article><h1>Dikes</h1><p>"
    + " ".join(["The river council met on Tuesday and spoke about dikes."] * 8)
    + "</p></article></body></html>"
)


NOW = datetime(2024, 6, 21, 10, 0, tzinfo=UTC)


def response(url: str) -> ArchivedResponse:
    headers = (("Content-Type", "text/html"),)
    return ArchivedResponse(url=url, at=NOW, status=200, headers=headers, body=b"<p>")


@dataclass(frozen=True)
class Called:
    """A subcommand that ran in this process."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def archive(workspace: Path, *arguments: object) -> Called:
    ran = CliRunner().invoke(
        command, [str(a) for a in arguments], obj=workspace, standalone_mode=False
    )
    if isinstance(ran.exception, BabelwireError):
        raise ran.exception
    assert ran.exception is None, ran.exception
    return Called(ran.return_value or 0, ran.stdout, ran.stderr)


def answer_with_etag(request) -> Response:
    if request.headers.get("if-none-match") == '"one"':
        return not_modified()
    return Response(headers={**HTML, "ETag": '"one"'}, body=PAGE.encode())


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace crawled twice, and the site's address."""
    folder = tmp_path_factory.mktemp("archive") / "workspace"
    make_workspace(folder).open().close()
    config = folder / "babelwire.toml"
    text = config.read_text("utf-8")
    networks = 'allow_networks = ["127.0.0.1/32"]'
    config.write_text(text.replace("allow_networks = []", networks), "utf-8")
    with Site() as site:
        site.add("/a/etag", answer_with_etag)
        site.add("/a/old", redirect(site.url("/a/new")))
        site.add("/a/new", body=PAGE.replace("Dikes", "Wells"))
        site.add("/a/gone", status(404))
        links = "".join(
            f'<a href="{p}">x</a>' for p in ("/a/etag", "/a/old", "/a/gone")
        )
        site.add("/news", body=f"<html>{links}</html>")
        (folder / "sources" / "site.toml").write_text(
            f'name = "site"\nkind = "news"\npublisher = "P"\nallow = ["^/a/"]\n'
            f'listings = ["{site.url("/news")}"]\ndelay_seconds = 0.0\n',
            "utf-8",
        )
        for step in ("crawl", "process", "crawl"):
            ran = babelwire(step, workspace=folder)
            assert ran.status == 0, ran.err
        return folder, site.base_url


@pytest.fixture
def mine(crawled: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return copied(crawled[0], tmp_path / "copy")


def listed(workspace: Path, *options: object) -> list[dict[str, Any]]:
    found = archive(workspace, "list", "--json", *options).json
    assert found["schema"] == 1
    records: list[dict[str, Any]] = found["records"]
    return records


def test_the_kinds_are_those_of_the_store() -> None:
    assert KINDS == ANSWER_KINDS


def test_every_answer_is_listed_newest_first(crawled: tuple[Path, str]) -> None:
    folder, base = crawled
    records = listed(folder)
    times = [record["fetched_at"] for record in records]
    assert times == sorted(times, reverse=True)
    assert {(r["url"].removeprefix(base), r["status"], r["kind"]) for r in records} >= {
        ("/news", 200, "page"),
        ("/a/etag", 200, "page"),
        ("/a/etag", 304, "unchanged"),
        ("/a/old", 302, "redirect"),
        ("/a/new", 200, "page"),
        ("/a/gone", 404, "error"),
    }
    shown = archive(folder, "list").out
    assert f"{base}/a/gone" in shown.replace("\n", "")
    assert "404" in shown


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        (["--kind", "redirect"], {302}),
        (["--kind", "unchanged"], {304}),
        (["--kind", "error"], {404}),
        (["--kind", "page"], {200}),
        (["--kind", "imported"], set()),
        (["--status", 404], {404}),
        (["--status", 500], set()),
        (["--source", "site", "--status", 304], {304}),
        (["--source", "other"], set()),
        (["--day", "2001-01-01"], set()),
    ],
)
def test_the_list_is_narrowed(
    crawled: tuple[Path, str], options: list[object], statuses: set[int]
) -> None:
    assert {r["status"] for r in listed(crawled[0], *options)} == statuses


def test_the_list_of_a_day_and_of_an_address(crawled: tuple[Path, str]) -> None:
    folder, base = crawled
    everything = listed(folder)
    by_day = [
        record
        for day in sorted({r["fetched_at"][:10] for r in everything}, reverse=True)
        for record in listed(folder, "--day", day)
    ]
    assert by_day == everything
    assert len(listed(folder, "--limit", 2)) == 2
    both = listed(folder, "--url", f"{base}/a/etag")
    assert [r["status"] for r in both] == [304, 200]


def test_a_record_is_read_by_its_place(crawled: tuple[Path, str]) -> None:
    folder, base = crawled
    (record,) = listed(folder, "--status", 404, "--limit", 1)
    place = record["file"], record["offset"]
    assert archive(folder, "read", *place).out == "<h1>404</h1>"
    headers = archive(folder, "read", *place, "--headers").out.splitlines()
    assert headers[0] == f"404 {base}/a/gone"
    assert "Content-Type: text/html; charset=utf-8" in headers
    found = archive(folder, "read", *place, "--json").json
    assert base64.b64decode(found["body_base64"]) == b"<h1>404</h1>"
    assert found["checksum"] == record["checksum"]
    assert (found["file"], found["offset"], found["status"]) == (*place, 404)


def test_a_page_is_read_by_its_address_and_by_its_document(
    crawled: tuple[Path, str],
) -> None:
    folder, base = crawled
    # The newest answer is a 304, which has no body.
    assert archive(folder, "read", f"{base}/a/etag").out == PAGE
    assert archive(folder, "read", f"{base}/a/etag?utm_source=x").out == PAGE
    babelwire("index", workspace=folder)
    row = next(
        row
        for row in babelwire("export", "*", workspace=folder).rows
        if row["url"] == f"{base}/a/etag"
    )
    assert archive(folder, "read", row["id"]).out == PAGE
    assert archive(folder, "read", f"{row['id']}@1").out == PAGE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["gone.warc.gz", 7], "no archived page in gone.warc.gz at byte 7"),
        (["https://other.example/"], "no archived page of https://other.example/"),
        (["x.warc.gz"], "is no address and no document id"),
        (["dfxhautcqiqn7zt5j"], "no document dfxhautcqiqn7zt5j"),
    ],
)
def test_what_is_not_there_is_said(
    crawled: tuple[Path, str], arguments: list[object], expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        archive(crawled[0], "read", *arguments)


# --- verify ------------------------------------------------------------------------


def test_a_whole_archive_is_verified(crawled: tuple[Path, str]) -> None:
    folder, _ = crawled
    number = len(listed(folder, "--limit", 1000))
    ran = archive(folder, "verify")
    assert (ran.status, ran.err.split(":")[0]) == (0, "Every record is as written")
    found = archive(folder, "verify", "--json").json
    assert (found["schema"], found["records"], found["damaged"]) == (1, number, [])
    assert (found["orphans"], found["missing_files"], found["other_files"]) == (
        0,
        [],
        [],
    )
    assert sum(file["records"] for file in found["files"]) == number


def test_damage_is_named_and_counted(mine: Path) -> None:
    """P9."""
    record, other = listed(mine, "--limit", 2)
    path = mine / "archive" / record["file"]
    data = bytearray(path.read_bytes())
    for one in (record, other):
        data[one["offset"] + one["length"] // 2] ^= 1
    path.write_bytes(data)
    ran = babelwire("archive", "verify", workspace=mine)
    assert ran.status == 1
    assert f"{path.name} at byte {record['offset']}:" in ran.err
    assert "2 records of" in ran.err
    found = archive(mine, "verify", "--json")
    assert found.status == 1
    assert {d["offset"] for d in found.json["damaged"]} == {
        record["offset"],
        other["offset"],
    }


def test_a_missing_file_is_named_once_with_its_records(mine: Path) -> None:
    file = listed(mine)[0]["file"]
    number = sum(r["file"] == file for r in listed(mine, "--limit", 1000))
    (mine / "archive" / file).unlink()
    ran = archive(mine, "verify")
    assert ran.status == 1
    assert ran.err.count(file) == 1
    assert f"missing, with {number} records in it" in ran.err
    assert archive(mine, "verify", "--json").json["missing_files"] == [file]


def test_orphans_torn_tails_and_unknown_files_are_counted_apart(mine: Path) -> None:
    folder = mine / "archive"
    known = folder / listed(mine)[0]["file"]
    writer = ArchiveWriter(folder, now=lambda: NOW)
    lost = writer.append(response("https://a.example/lost"))
    also = writer.append(response("https://a.example/also"))
    writer.close()
    orphan = (folder / also.file).read_bytes()[also.offset :]
    known.write_bytes(known.read_bytes() + orphan + orphan[:50])
    (folder / "notes.txt").write_text("mine", "utf-8")
    ran = archive(mine, "verify")
    assert ran.status == 0, ran.err
    assert "3 whole records that the store does not know" in ran.err
    assert f"{known.name}: 50 torn bytes at its end" in ran.err
    assert f"{lost.file}: the store knows no record in it." in ran.err
    assert "notes.txt: is no part of the archive." in ran.err
    found = archive(mine, "verify", "--json").json
    assert (found["orphans"], found["other_files"]) == (3, ["notes.txt"])
    states = {file["name"]: file["state"] for file in found["files"]}
    assert (states[known.name], states[lost.file]) == ("", "unknown")


def test_bytes_between_two_records_that_are_none_are_damage(mine: Path) -> None:
    record = min(
        (r for r in listed(mine, "--limit", 1000)),
        key=lambda r: (r["file"], r["offset"]),
    )
    path = mine / "archive" / record["file"]
    data = bytearray(path.read_bytes())
    data[5:40] = bytes(35)  # in the record that describes the file
    path.write_bytes(data)
    found = archive(mine, "verify", "--json")
    assert found.status == 1
    (problem,) = found.json["damaged"]
    assert (problem["file"], problem["offset"]) == (path.name, 0)
    assert f"{record['offset']} bytes that are no record" in problem["text"]


def test_a_file_that_is_being_written_is_not_called_torn(mine: Path) -> None:
    writer = ArchiveWriter(mine / "archive", now=lambda: NOW)
    place = writer.append(response("https://a.example/"))
    with (mine / "archive" / place.file).open("ab") as file:
        file.write(b"\x1f\x8b half a record")
    found = archive(mine, "verify", "--json").json
    writer.close()
    (mine_file,) = [f for f in found["files"] if f["name"] == place.file]
    assert (mine_file["state"], mine_file["torn_bytes"]) == ("being_written", 0)
