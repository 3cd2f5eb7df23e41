"""The page archive: what was appended is read back, or its damage is named."""

import errno
import fcntl
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from pipeline import archive
from pipeline.archive import ArchivedResponse, ArchiveWriter, read, repair_tail, scan
from pipeline.content_encoding import decode_body
from pipeline.documents import WarcPlace
from pipeline.errors import DamageError, DiskFullError, StageError

NOW = datetime(2024, 6, 21, 10, 0, tzinfo=UTC)
HTML = (("Content-Type", "text/html"),)


def response(url="https://example.org/a", body=b"<p>x</p>", **fields):
    given = {"at": NOW, "status": 200, "headers": HTML}
    return ArchivedResponse(url=url, body=body, **{**given, **fields})


@pytest.fixture
def writer(tmp_path):
    writer = ArchiveWriter(tmp_path, now=lambda: NOW)
    yield writer
    writer.close()


@given(body=st.binary(max_size=2000), url=st.text(min_size=1, max_size=20))
@settings(max_examples=50)
def test_what_was_appended_is_read_back(tmp_path_factory, body, url):
    folder = tmp_path_factory.mktemp("archive")
    writer = ArchiveWriter(folder, now=lambda: NOW)
    address = "https://example.org/" + "".join(c for c in url if c.isalnum())
    place = writer.append(
        response(address, body, headers=(*HTML, ("X-Ü", "a\r\nB: c")))
    )
    writer.close()
    page = read(folder, place)
    assert (page.url, page.body, page.status, page.at) == (address, body, 200, NOW)
    assert page.checksum == archive.checksum_of(body)
    assert page.header("x-ü") == "a  B: c"


@pytest.mark.parametrize("kind", ["response", "revisit", "resource"])
def test_other_readers_accept_the_records_and_their_digests(writer, tmp_path, kind):
    body = b"" if kind == "revisit" else b"<p>x</p>"
    status = {"response": 200, "revisit": 304, "resource": 0}[kind]
    place = writer.append(response(body=body, kind=kind, status=status))
    writer.close()
    with (tmp_path / place.file).open("rb") as file:
        found = []
        for record in ArchiveIterator(file, check_digests="raise"):
            found.append((record.rec_type, record.content_stream().read()))
    assert [found_kind for found_kind, _ in found] == ["warcinfo", kind]
    assert found[1][1] == body
    assert read(tmp_path, place).kind == kind


def test_the_encoding_is_kept_in_the_file_and_undone_on_reading(writer, tmp_path):
    packed = gzip.compress(b"<p>packed</p>")
    encoding = ("Content-Encoding", "gzip")
    place = writer.append(response(body=packed, headers=(*HTML, encoding)))
    assert read(tmp_path, place).body == b"<p>packed</p>"


def test_a_new_process_and_an_old_file_begin_a_new_file(tmp_path):
    times = iter([NOW, NOW, NOW, NOW + timedelta(hours=2), NOW + timedelta(hours=2)])
    writer = ArchiveWriter(tmp_path, now=lambda: next(times))
    first, second = writer.append(response()), writer.append(response())
    writer.close()
    other = ArchiveWriter(tmp_path, now=lambda: NOW)
    third = other.append(response())
    other.close()
    assert len({first.file, second.file, third.file}) == 3


def test_a_full_file_is_followed_by_another(tmp_path):
    writer = ArchiveWriter(tmp_path, now=lambda: NOW, max_file_bytes=500)
    places = [writer.append(response(body=bytes([n]) * 9)) for n in range(9)]
    writer.close()
    assert len({place.file for place in places}) > 1
    assert [read(tmp_path, place).body[0] for place in places] == list(range(9))


class FullDisk:
    """A file that takes some bytes and then no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self.file.write(data[: self.room])
        self.room -= taken
        return taken

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_leaves_no_torn_record(writer, tmp_path):
    """P3."""
    first = writer.append(response())
    writer._file = FullDisk(writer._file, room=100)
    with pytest.raises(DiskFullError, match="no space"):
        writer.append(response(body=b"y" * 5000))
    writer._file = writer._file.file
    second = writer.append(response("https://example.org/b"))
    assert second.offset == first.offset + first.length
    assert read(tmp_path, second).url == "https://example.org/b"


@pytest.fixture
def written(writer, tmp_path):
    places = [writer.append(response(f"https://example.org/{n}")) for n in range(5)]
    writer.close()
    return tmp_path, places


def test_a_flipped_byte_is_named(written):
    """P9."""
    folder, places = written
    path = folder / places[2].file
    data = bytearray(path.read_bytes())
    data[places[2].offset + places[2].length // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamageError, match=f"{path.name}, offset {places[2].offset}"):
        read(folder, places[2])
    expected = [
        (place, f"https://example.org/{n}", "") for n, place in enumerate(places)
    ]
    (problem,) = archive.verify(folder, expected)
    assert problem.offset == places[2].offset


def test_another_page_at_the_place_is_a_problem(written):
    folder, places = written
    checksum = archive.checksum_of(b"else")
    problems = list(
        archive.verify(
            folder,
            [
                (places[0], "https://example.org/1", ""),
                (places[1], "https://example.org/1", checksum),
            ],
        )
    )
    assert ["holds" in problems[0].text, "has sha256" in problems[1].text] == [True] * 2


@given(cut=st.integers(1, 200), junk=st.binary(max_size=20))
@settings(max_examples=40)
def test_a_torn_tail_is_cut_and_nothing_else(tmp_path_factory, cut, junk):
    folder = tmp_path_factory.mktemp("torn")
    writer = ArchiveWriter(folder, now=lambda: NOW)
    places = [writer.append(response(f"https://example.org/{n}")) for n in range(3)]
    writer.close()
    path = folder / places[0].file
    known = places[1].offset + places[1].length
    path.write_bytes(path.read_bytes()[: -min(cut, places[2].length)] + b"\xff" + junk)
    (repair,) = repair_tail(folder, {path.name: known})
    assert path.stat().st_size == known
    assert repair.orphans == 0
    assert [read(folder, place).url[-1] for place in places[:2]] == ["0", "1"]


def test_records_that_the_store_does_not_know_are_counted(written):
    folder, places = written
    known = {places[0].file: places[2].offset + places[2].length}
    (repair,) = repair_tail(folder, known)
    assert (repair.cut_bytes, repair.orphans) == (0, 2)


def test_damage_before_the_known_end_cuts_nothing(written):
    folder, places = written
    path = folder / places[0].file
    data = bytearray(path.read_bytes())
    data[places[1].offset + 20] ^= 1
    path.write_bytes(data)
    repair_tail(folder, {path.name: places[3].offset + places[3].length})
    assert read(folder, places[4]).url.endswith("/4")


def test_a_file_shorter_than_the_store_knows_is_damage(written):
    folder, places = written
    end = places[4].offset + places[4].length
    with pytest.raises(DamageError, match="up to byte"):
        repair_tail(folder, {places[0].file: end + 1})
    with pytest.raises(DamageError, match="missing"):
        repair_tail(folder, {"gone.warc.gz": 10})


def test_a_file_that_is_being_written_is_left_alone(written):
    folder, places = written
    path = folder / places[0].file
    path.write_bytes(path.read_bytes()[:-3])
    size = path.stat().st_size
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert repair_tail(folder, {}) == []
    assert path.stat().st_size == size
    assert len(repair_tail(folder, {})) == 1


def test_a_file_without_a_whole_record_is_removed(tmp_path):
    path = tmp_path / "babelwire-x.warc.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00torn")
    repair_tail(tmp_path, {})
    assert not path.exists()


def test_scanning_finds_every_record(written):
    folder, places = written
    assert list(scan(folder / places[0].file))[1:] == places


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DamageError, match="gone"):
        read(tmp_path, WarcPlace(file="gone.warc.gz", offset=0, length=9))


@given(
    body=st.binary(min_size=1, max_size=500),
    name=st.sampled_from(["gzip", "deflate", "br", "zstd"]),
)
def test_an_encoding_is_undone_or_named_as_cut(body, name):
    """C6, C16."""
    import zlib

    import brotli
    import zstandard

    encode = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }[name]
    packed = encode(body)
    assert decode_body(packed, name, limit=500) == body
    cut = decode_body(packed[:-1], name, limit=500)
    assert isinstance(cut, StageError)
    assert cut.retry
    small = decode_body(packed, name, limit=len(body) - 1)
    assert isinstance(small, StageError)
    assert small.reason == "too_large"
