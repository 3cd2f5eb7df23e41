"""Our WARC files as other programs read them: warcio's checker, and FastWARC's."""

import gzip
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastwarc.cli import main as fastwarc
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from pipeline.archive import ArchivedResponse, ArchiveWriter, repair_tail
from pipeline.content_encoding import decode_body
from pipeline.documents import WarcPlace

NOW = datetime(2024, 6, 21, 10, 0, 0, 123456, tzinfo=UTC)
URL = "https://example.org/a"
HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = b"<html><p>Text</p></html>"


def response(**fields) -> ArchivedResponse:
    given = {"url": URL, "at": NOW, "status": 200, "headers": (HTML,), "body": PAGE}
    return ArchivedResponse(**{**given, **fields})


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, dict[str, WarcPlace]]:
    """Every sort of record, over several files, one of them with its tail repaired."""
    folder = tmp_path_factory.mktemp("archive")
    writer = ArchiveWriter(folder, now=lambda: NOW, max_file_bytes=2000)
    packed = gzip.compress(PAGE)
    places = {"page": writer.append(response(address="192.0.2.1"))}
    places["packed"] = writer.append(
        response(body=packed, headers=(HTML, ("Content-Encoding", "gzip")))
    )
    places["empty"] = writer.append(response(body=b""))
    places["error"] = writer.append(response(status=503, protocol="HTTP/1.0"))
    places["redirect"] = writer.append(
        response(status=301, headers=(("Location", "/b"), ("X", "ü\r\nY: z")))
    )
    places["unchanged"] = writer.append(
        response(
            status=304,
            kind="revisit",
            body=b"",
            at=NOW + timedelta(hours=2),
            original=writer.original(places["packed"]),
        )
    )
    places["unchanged, of unknown"] = writer.append(
        response(status=304, kind="revisit", body=b"")
    )
    places["mail"] = writer.append(
        response(
            url="mid:x@example.org",
            status=0,
            kind="resource",
            headers=(("Content-Type", "message/rfc822"),),
        )
    )
    places["last"] = writer.append(response())
    writer.close()
    torn = folder / places["last"].file
    torn.write_bytes(torn.read_bytes() + gzip.compress(PAGE)[:-7])
    (repair,) = [r for r in repair_tail(folder, {}) if r.cut_bytes]
    assert repair.file == torn.name
    return folder, places


def files(folder: Path) -> list[str]:
    found = sorted(str(path) for path in folder.glob("*.warc.gz"))
    assert len(found) > 1, "no file was rotated"
    return found


def test_warcios_checker_finds_nothing_wrong(written, capsys):
    folder, places = written
    checker = Checker(types.SimpleNamespace(inputs=files(folder), verbose=True))
    assert checker.process_all() == 0
    told = capsys.readouterr().out
    assert told.count("digest pass") == len(files(folder)) + len(places) - 2
    assert "no digest to check" not in told


def test_warcios_checker_would_find_a_wrong_byte(written, tmp_path, capsys):
    folder, places = written
    path = tmp_path / "changed.warc.gz"
    member = gzip.decompress((folder / places["page"].file).read_bytes())
    path.write_bytes(gzip.compress(member.replace(b"<p>Text", b"<p>Else")))
    checker = Checker(types.SimpleNamespace(inputs=[str(path)], verbose=False))
    checker.process_all()
    assert checker.exit_value == 1, capsys.readouterr().out


def test_fastwarcs_checker_finds_nothing_wrong(written):
    folder, _ = written
    for path in files(folder):
        ran = CliRunner().invoke(fastwarc, ["check", path])
        assert ran.exit_code == 0, (ran.output, ran.exception)
        assert "without digest" not in ran.output


def test_fastwarc_finds_every_payloads_digest_right(written):
    """But a revisit's: its payload is the original's, which FastWARC does not have."""
    folder, _ = written
    checked = [
        record.verify_payload_digest()
        for path in files(folder)
        for record in FastIterator(path, record_types=WarcRecordType.response)
    ]
    assert checked == [True] * 6


def test_both_read_what_was_written(written):
    folder, places = written
    ours = [found for path in files(folder) for found in read_by_warcio(path)]
    theirs = [found for path in files(folder) for found in read_by_fastwarc(path)]
    assert ours == theirs
    assert len(ours) == len(files(folder)) + len(places)
    statuses = [status for _, status, _ in ours if status]
    assert sorted(statuses) == [200, 200, 200, 200, 301, 304, 304, 503]


def read_by_warcio(path: str):
    with Path(path).open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            head = record.http_headers
            status = int(head.get_statuscode()) if head else None
            yield record.rec_type, status, record.content_stream().read()


def read_by_fastwarc(path: str):
    for record in FastIterator(path, record_types=WarcRecordType.any_type):
        head = record.http_headers
        encoding = head.get("Content-Encoding", "") if head else ""
        body = decode_body(record.reader.read(), encoding, limit=9999)
        kind = record.headers["WARC-Type"]
        yield kind, head.status_code if head else None, body


def fields(folder: Path, place: WarcPlace) -> dict[str, str]:
    with (folder / place.file).open("rb") as file:
        file.seek(place.offset)
        record = next(iter(ArchiveIterator(file)))
        return {name.lower(): value for name, value in record.rec_headers.headers}


def test_a_revisit_names_the_record_that_it_stands_for(written):
    """ISO 28500, "Profile: Server Not Modified"."""
    folder, places = written
    page, revisit = (fields(folder, places[n]) for n in ("packed", "unchanged"))
    assert revisit["warc-refers-to"] == page["warc-record-id"]
    assert revisit["warc-refers-to-target-uri"] == page["warc-target-uri"]
    assert revisit["warc-refers-to-date"] == page["warc-date"]
    assert revisit["warc-payload-digest"] == page["warc-payload-digest"]
    assert revisit["warc-profile"].endswith("/revisit/server-not-modified")
    unknown = fields(folder, places["unchanged, of unknown"])
    assert "warc-refers-to" not in unknown


def test_no_revisit_refers_to_what_is_no_page_or_not_there(written):
    folder, places = written
    writer = ArchiveWriter(folder, now=lambda: NOW)
    assert writer.original(places["mail"]) is None
    assert writer.original(places["unchanged"]) is None
    gone = WarcPlace(file="gone.warc.gz", offset=0, length=9)
    assert writer.original(gone) is None
