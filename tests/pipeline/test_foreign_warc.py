"""WARC files of others: every page in them, and what is odd passed over by name."""

import base64
import gzip
import hashlib
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.incoming import warc_pages
from pipeline.incoming.files import read_file
from pipeline.incoming.found import Incoming, Skipped
from pipeline.incoming.warc_records import BadRecord, Record, read_records
from tests.pipeline.foreign_warc import HTML, PAGE, chunked, http, members, record, sha1

NOW = datetime(2024, 7, 1, tzinfo=UTC)
GZIPPED = ("Content-Encoding", "gzip")
CHUNKED = ("Transfer-Encoding", "chunked")


def read(tmp_path: Path, data: bytes, name: str = "x.warc.gz"):
    path = tmp_path / name
    path.write_bytes(data)
    return list(read_file(path, now=NOW))


def only(found):
    (one,) = found
    return one


def reasons(found) -> list[str]:
    return [i.reason if isinstance(i, Skipped) else i.response.url[-1] for i in found]


@pytest.mark.parametrize("version", ["WARC/1.0", "WARC/1.1", "WARC/0.18"])
@pytest.mark.parametrize("name", ["x.warc", "x.warc.gz", "X.WARC.GZ"])
def test_a_page_is_found_in_any_version_plain_or_gzipped(tmp_path, version, name):
    data = record(version=version, fields={"WARC-Block-Digest": sha1(http())})
    packed = members(data) if name.lower().endswith("gz") else data
    page = only(read(tmp_path, packed, name))
    assert page.response.url == "https://paper.example/dikes"
    assert page.response.at == datetime(2024, 6, 21, 12, tzinfo=UTC)
    assert (page.response.body, page.response.status) == (PAGE, 200)


def test_the_ending_may_be_wrong_about_compression(tmp_path):
    assert only(read(tmp_path, members(record()), "x.warc")).response.body == PAGE
    assert only(read(tmp_path, record(), "x.warc.gz")).response.body == PAGE


def test_a_file_gzipped_as_a_whole_is_read(tmp_path):
    urls = [f"https://paper.example/{n}" for n in range(3)]
    data = gzip.compress(b"".join(record(url=url) for url in urls))
    assert [page.response.url for page in read(tmp_path, data)] == urls


def test_what_is_no_page_is_silent_or_counted(tmp_path):
    kinds = ["warcinfo", "request", "metadata", "conversion", "continuation", "other"]
    pieces = {"WARC-Segment-Number": "1"}
    found = read(
        tmp_path,
        members(
            *(record(kind=kind) for kind in kinds),
            record(kind="revisit"),
            record(http(status="HTTP/1.1 404 Not Found")),
            record(http(status="HTTP/1.0 304 Not Modified")),
            record(http(headers=[("Content-Type", "image/png")])),
            record(http(headers=[])),
            record(fields={"WARC-Truncated": "length"}),
            record(fields=pieces),
            record(url="dns:paper.example", block=b"20240621 paper.example A"),
            record(url="ftp://paper.example/x", kind="resource", block=PAGE).replace(
                b"application/http; msgtype=response", b"text/html"
            ),
            record(http(b"")),
            record(),
        ),
    )
    assert reasons(found) == [
        "revisit_without_a_page",
        "http_404",
        "http_304",
        "not_html",
        "not_html",
        "truncated",
        "truncated",
        "no_url",
        "no_url",
        "empty_body",
        "s",
    ]
    assert [i.detail for i in found if isinstance(i, Skipped)] == [""] * 10


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (gzip.compress(PAGE, mtime=0), [HTML, GZIPPED]),
        (brotli.compress(PAGE), [HTML, ("Content-Encoding", "br")]),
        (zstandard.compress(PAGE), [HTML, ("Content-Encoding", "zstd")]),
        (chunked(PAGE[:9], PAGE[9:]), [HTML, CHUNKED]),
        (chunked(gzip.compress(PAGE, mtime=0)), [HTML, CHUNKED, GZIPPED]),
        # Browsers' archives keep headers that do not hold any more.
        (PAGE, [HTML, CHUNKED]),
        (PAGE, [HTML, GZIPPED]),
        (PAGE, [HTML, ("Content-Encoding", "br")]),
    ],
)
def test_encodings_and_chunks_are_undone(tmp_path, block, headers):
    page = only(read(tmp_path, members(record(http(block, headers=headers)))))
    assert page.response.body == PAGE
    assert page.response.headers == (HTML,)


@pytest.mark.parametrize("status", ["HTTP/2 200", "HTTP/1.1 200", "HTTP/1.1 200 ok ü"])
def test_status_lines_of_other_crawlers_are_understood(tmp_path, status):
    page = only(read(tmp_path, members(record(http(status=status, end=b"\n")))))
    assert (page.response.status, page.response.body) == (200, PAGE)


def test_addresses_in_angle_brackets_are_understood(tmp_path):
    page = only(read(tmp_path, members(record(url="<https://paper.example/a>"))))
    assert page.response.url == "https://paper.example/a"


def test_a_resource_is_a_page_without_http(tmp_path):
    data = record(PAGE, kind="resource", fields={"Content-Type": "text/html"})
    page = only(read(tmp_path, members(data)))
    assert (page.response.kind, page.response.status) == ("resource", 0)
    assert page.response.body == PAGE


def last(url: str = "https://paper.example/z") -> bytes:
    return record(url=url)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(date="21 June"), "bad_date"),
        (record(date=""), "bad_date"),
        (record(date="9999-99-99T00:00:00Z"), "bad_date"),
        (record(http(status="HTTP/1.1 twohundred")), "bad_status"),
        (record(b"\x00\x01 no http"), "bad_status"),
        (record(fields={"WARC-Block-Digest": sha1(b"else")}), "bad_checksum"),
        (record(fields={"WARC-Payload-Digest": sha1(b"else")}), "bad_checksum"),
        (
            record(http(headers=[HTML, ("Content-Encoding", "rot13")], body=b"\x01")),
            "unknown_encoding",
        ),
        (record(http(headers=[HTML, GZIPPED], body=b"\x01")), "broken_encoding"),
        (record(length="many"), "broken_record"),
        (record(length="9" * 25), "broken_record"),
        (record(length=-1), "broken_record"),
        (b"garbage\r\nbetween records\r\n\r\n", "broken_record"),
        (b"WARC/1.0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", "broken_record"),
    ],
)
@pytest.mark.parametrize("pack", [members, lambda *r: b"".join(r)], ids=["gz", "plain"])
def test_one_odd_record_is_named_and_the_next_is_read(tmp_path, bad, reason, pack):
    found = read(tmp_path, pack(record(), bad, last()))
    assert reasons(found)[0] == "s"
    assert reasons(found)[-1] == "z"
    odd = [i for i in found if isinstance(i, Skipped)]
    assert {i.reason for i in odd} == {reason}
    assert all("x.warc.gz, byte " in i.detail for i in odd)


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (gzip.compress(PAGE, mtime=0)[:-9], [HTML, GZIPPED]),
        (b"ff\r\n" + PAGE, [HTML, CHUNKED]),
    ],
)
def test_a_body_cut_short_is_no_whole_page(tmp_path, block, headers):
    """C16."""
    found = read(tmp_path, members(record(http(block, headers=headers)), last()))
    assert reasons(found) == ["truncated", "z"]


@pytest.mark.parametrize("missing", [40, 100])
@pytest.mark.parametrize("pack", [members, lambda *r: b"".join(r)], ids=["gz", "plain"])
def test_a_file_cut_short_gives_what_came_before(tmp_path, pack, missing):
    data = pack(record(), last())
    found = read(tmp_path, data[: -missing - 4])
    assert reasons(found) == ["s", "broken_record"]


def test_a_record_longer_than_it_says_hides_no_other(tmp_path):
    long = record(length=len(http()) - 20)
    for pack in (members, lambda *r: b"".join(r)):
        assert reasons(read(tmp_path, pack(long, last())))[1:] == ["broken_record", "z"]


def test_a_record_shorter_than_it_says_hides_none_in_a_gzipped_file(tmp_path):
    short = record(length=len(http()) + 5000)
    assert reasons(read(tmp_path, members(short, last()))) == ["broken_record", "z"]


@given(at=st.integers(0, 400), value=st.integers(0, 255))
@settings(max_examples=200)
def test_a_flipped_byte_costs_no_more_than_its_record(tmp_path_factory, at, value):
    """P9."""
    folder = tmp_path_factory.mktemp("flipped")
    middle = members(record(fields={"WARC-Block-Digest": sha1(http())}))
    first, third = members(record(url="https://paper.example/a")), members(last())
    at = min(at, len(middle) - 1)
    changed = bytearray(middle)
    changed[at] = value
    found = read(folder, first + bytes(changed) + third)
    assert reasons(found)[0] == "a"
    assert reasons(found)[-1] == "z"
    assert len(found) in {2, 3, 4}
    pages = [i for i in found if isinstance(i, Incoming)]
    assert all(page.response.body == PAGE for page in pages)


@pytest.mark.parametrize("encode", ["hex", "base32", "base64"])
@pytest.mark.parametrize("name", ["sha1", "sha256", "md5", "SHA-512"])
def test_digests_hold_as_any_tool_writes_them(tmp_path, name, encode):
    """A payload's chunks belong to it for some tools, and not for others."""
    write = {
        "hex": bytes.hex,
        "base32": lambda d: base64.b32encode(d).decode(),
        "base64": lambda d: base64.b64encode(d).decode(),
    }[encode]
    body = chunked(gzip.compress(PAGE, mtime=0))
    algorithm = name.lower().replace("-", "")
    for payload in (body, gzip.compress(PAGE, mtime=0), PAGE):
        digest = write(hashlib.new(algorithm, payload).digest())
        fields = {"WARC-Payload-Digest": f"{name}:{digest}"}
        block = http(body, headers=[HTML, CHUNKED, GZIPPED])
        assert reasons(read(tmp_path, members(record(block, fields=fields)))) == ["s"]


@pytest.mark.parametrize("digest", ["sha1:", "crc32:abcd", "x", "sha1:%%%"])
def test_a_digest_that_nobody_can_check_stops_no_page(tmp_path, digest):
    data = members(record(fields={"WARC-Block-Digest": digest}))
    assert reasons(read(tmp_path, data)) == ["s"]


def test_arc_files_are_read(tmp_path):
    block = http()
    head = b"filedesc://x.arc 0.0.0.0 20090101000000 text/plain 9\n1 0 Alexa\n\n"
    line = f"http://paper.example/a 192.0.2.1 20090102030405 text/html {len(block)}\n"
    other = line.replace("/a", "/b").encode()
    arc = head + line.encode() + block + b"\n" + other + block + b"\n"
    for data in (arc, members(head, line.encode() + block + b"\n", other + block)):
        first, second = read(tmp_path, data, "x.arc.gz")
        assert (first.response.body, first.response.status) == (PAGE, 200)
        assert first.response.at == datetime(2009, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert second.response.url == "http://paper.example/b"


@pytest.mark.parametrize(
    "content", [b"", b"no archive at all\n" * 9, b"\x1f\x8b\x08junk", members(b"text")]
)
@pytest.mark.parametrize("name", ["x.warc", "x.warc.gz", "x.arc"])
def test_a_file_that_is_no_warc_is_refused_by_name(tmp_path, name, content):
    with pytest.raises(InputError, match=rf"{name}: no WARC record in it"):
        read(tmp_path, content, name)


def test_offsets_are_of_the_record_or_its_member():
    records = [record(), record(url="https://paper.example/b")]
    plain = list(read_records(io.BytesIO(b"".join(records)), max_block_bytes=9999))
    assert [r.offset for r in plain] == [0, len(records[0])]
    packed = list(read_records(io.BytesIO(members(*records)), max_block_bytes=9999))
    assert [r.offset for r in packed] == [0, len(members(records[0]))]


def test_of_a_large_block_only_the_beginning_is_kept():
    data = members(record(b"x" * 300_000), record(b"y" * 10))
    big, small = read_records(io.BytesIO(data), max_block_bytes=200_000)
    assert isinstance(big, Record)
    assert (big.too_large, len(big.block)) == (True, 1 << 16)
    assert isinstance(small, Record)
    assert (small.too_large, small.block) == (False, b"y" * 10)


def test_bad_records_say_what_was_expected():
    (_, bad) = read_records(io.BytesIO(record() + b"junk\n"), max_block_bytes=9999)
    assert isinstance(bad, BadRecord)
    assert "found 'junk" in bad.text
    assert "expected the beginning of a record" in bad.text


# --- WACZ ----------------------------------------------------------------------


def wacz(tmp_path: Path, content: dict[str, bytes], **options) -> Path:
    path = tmp_path / "x.wacz"
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, data in content.items():
            file.writestr(name, data)
    return path


def test_a_browsers_archive_is_read_without_unpacking(tmp_path):
    path = wacz(
        tmp_path,
        {
            "datapackage.json": b"{}",
            "archive/a.warc.gz": members(record(url="https://paper.example/a")),
            "archive/b.warc": record(url="https://paper.example/b"),
            "pages/pages.jsonl": b"{}",
        },
    )
    assert reasons(read_file(path, now=NOW)) == ["a", "b"]
    assert [p.name for p in tmp_path.iterdir()] == ["x.wacz"]


def test_one_broken_file_in_it_does_not_stop_the_others(tmp_path):
    path = wacz(
        tmp_path,
        {
            "archive/a.warc": record(url="https://paper.example/a"),
            "archive/b.warc": b"nothing",
            "archive/c.warc": record(url="https://paper.example/c"),
        },
    )
    found = list(read_file(path, now=NOW))
    assert reasons(found) == ["a", "broken_record", "c"]
    assert "archive/b.warc" in found[1].detail
    flipped = bytearray(path.read_bytes())
    at = flipped.index(b"river council")
    flipped[at] ^= 1
    path.write_bytes(flipped)
    assert reasons(read_file(path, now=NOW))[-2:] == ["broken_record", "c"]


@pytest.mark.parametrize(
    "name",
    [
        "../archive/a.warc.gz",
        "archive/../../a.warc.gz",
        "/archive/a.warc.gz",
        "archive/b\\a.warc.gz",
        "other/a.warc.gz",
    ],
)
def test_names_that_lead_elsewhere_are_no_archives(tmp_path, name):
    """W8."""
    path = wacz(tmp_path, {name: members(record())})
    with pytest.raises(InputError, match=r"no archive/….warc.gz in it"):
        list(read_file(path, now=NOW))


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    """C6."""
    path = wacz(
        tmp_path,
        {"archive/a.warc": record() + bytes(80 << 20)},
        compression=zipfile.ZIP_DEFLATED,
    )
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="would inflate to"):
        list(read_file(path, now=NOW))


def test_a_directory_that_would_fill_the_memory_is_refused(tmp_path):
    path = tmp_path / "x.wacz"
    size = warc_pages.MAX_ZIP_DIRECTORY_BYTES + 1
    end = b"PK\x05\x06" + bytes(8) + size.to_bytes(4, "little") + bytes(6)
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(0, 2)
        file.write(end)
    with pytest.raises(InputError, match="directory is too large"):
        list(read_file(path, now=NOW))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", members(record())])
def test_what_is_no_wacz_is_refused(tmp_path, content):
    path = tmp_path / "x.wacz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.wacz: no WACZ"):
        list(read_file(path, now=NOW))
