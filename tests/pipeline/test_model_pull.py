"""Pulling: Remote Settings, what earlier attempts left, limits, a full disk."""

import gzip
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from babelwire.demo.world import Response
from pipeline.errors import DamageError, DiskFullError, UnavailableError
from pipeline.translation.models import firefox
from pipeline.translation.models.downloads import Downloads, DownloadSettings
from pipeline.translation.models.pull import ModelSettings, pull
from pipeline.translation.models.shelf import DRAFTS, Shelf
from pipeline.translation.models.unpacking import unpack
from tests.conftest import Clock
from tests.model_stores import (
    Hub,
    Registry,
    RemoteSettings,
    first,
    model,
    ranged,
    sha256,
)
from tests.pipeline.test_models import on_hub
from tests.site import Site, bomb, cut, drip

MODEL, VOCABULARY = b"weights " * 1000, b"vocabulary " * 100
FILES = {
    "model": ("model.vien.intgemm.alphas.bin", MODEL),
    "vocab": ("vocab.vien.spm", VOCABULARY),
    "lex": ("lex.50.50.vien.s2t.bin", b"shortlist"),
}
TINY = "firefox-vi-en-tiny"


@pytest.fixture
def remote(site: Site) -> RemoteSettings:
    return RemoteSettings(site)


@pytest.fixture
def settings(site: Site) -> ModelSettings:
    return ModelSettings(
        firefox_mirror=f"{site.base_url}/v1", hub=site.base_url, timeout_seconds=0.5
    )


# --- Remote Settings -------------------------------------------------------------


def test_remote_settings_state_the_hash_of_every_file(remote, shelf, settings) -> None:
    remote.offer("vi-en", FILES)
    pulled = pull(model(), shelf, settings, now=Clock())
    files = {path: (f.sha256, f.checked) for path, f in pulled.model.files.items()}
    assert files == {
        "model.vien.intgemm.alphas.bin": (sha256(MODEL), "publisher"),
        "vocab.vien.spm": (sha256(VOCABULARY), "publisher"),
    }
    assert pulled.model.came_from == remote.root
    assert shelf.verify() == {TINY: []}


def test_both_ways_of_the_publisher_give_the_same_revision(
    remote, site, shelf, settings, tmp_path
) -> None:
    remote.offer("vi-en", FILES)
    Registry(site).offer("vi-en", {k: FILES[k] for k in ("model", "vocab")})
    one = pull(model(), shelf, settings, now=Clock()).model
    mirror = ModelSettings(firefox_mirror=site.base_url)
    two = pull(model(), Shelf(tmp_path / "two"), mirror, now=Clock()).model
    assert (one.version, one.files) == (two.version, two.files)


def test_the_registry_is_asked_where_remote_settings_have_no_such_model(
    remote, site, shelf, monkeypatch
) -> None:
    monkeypatch.setattr(firefox, "REMOTE_SETTINGS", remote.root)
    monkeypatch.setattr(firefox, "REGISTRY", site.base_url)
    remote.offer("vi-en", FILES, architecture="base")
    Registry(site).offer("vi-en", {k: FILES[k] for k in ("model", "vocab")})
    pulled = pull(model(), shelf, ModelSettings(timeout_seconds=0.5), now=Clock())
    assert pulled.model.came_from == site.base_url


def test_the_newest_release_is_taken_with_files_it_kept(
    remote, shelf, settings
) -> None:
    def weights(text: bytes) -> dict[str, tuple[str, bytes]]:
        return {"model": (FILES["model"][0], text)}

    remote.offer("vi-en", FILES, version="2.1")
    remote.offer("vi-en", weights(b"two"), version="3.2")
    remote.offer("vi-en", weights(b"ten"), version="3.10")
    remote.offer("vi-en", weights(b"not released"), version="3.11a1")
    remote.offer("vi-en", weights(b"for another engine"), version="4.0")
    pulled = pull(model(), shelf, settings, now=Clock()).model
    assert pulled.version == sha256(b"ten")[:12]
    assert pulled.files["vocab.vien.spm"].sha256 == sha256(VOCABULARY)


def test_chinese_is_listed_with_its_script(remote, shelf, settings) -> None:
    files = {
        "model": ("model.zhen.bin", MODEL),
        "srcvocab": ("srcvocab.zhen.spm", b"source"),
        "trgvocab": ("trgvocab.zhen.spm", b"target"),
    }
    remote.offer("zh-Hans-en", files, architecture="base-memory")
    chinese = model("firefox-zh-en-base-memory")
    assert len(pull(chinese, shelf, settings, now=Clock()).model.files) == 3


@pytest.mark.parametrize("key", ["decompressedHash", "hash"])
def test_a_stated_hash_must_hold(remote, shelf, settings, key) -> None:
    """O3"""
    remote.offer("vi-en", FILES)
    for record in remote.records:
        place = record["attachment"] if key == "hash" else record
        place[key] = sha256(b"other")
    with pytest.raises(DamageError, match="not what the publisher says"):
        pull(model(), shelf, settings, now=Clock())
    assert shelf.installed() == ()


def test_a_zstd_bomb_is_unpacked_no_further_than_stated(
    remote, site, shelf, settings
) -> None:
    """C6"""
    remote.offer("vi-en", FILES)
    for record in remote.records:
        record["attachment"]["hash"] = ""
    site.add(remote.path("vi-en", "model"), bomb("zstd", 1 << 27, as_file=True))
    with pytest.raises((DamageError, UnavailableError), match=r"over 8,000|longer"):
        pull(model(), shelf, settings, now=Clock())
    assert all(p.stat().st_size < 100_000 for p in shelf.folder.rglob("*"))
    assert shelf.installed() == ()


@pytest.mark.parametrize("name", ["../x.bin", "/etc/x.bin", "a/x.bin", "x.so", ""])
def test_a_name_out_of_the_folder_is_refused(remote, shelf, settings, name) -> None:
    """W8"""
    remote.offer("vi-en", FILES, name=name)
    with pytest.raises(UnavailableError, match="path"):
        pull(model(), shelf, settings, now=Clock())


@pytest.mark.parametrize(
    "server",
    [[], {}, {"capabilities": {"attachments": {"base_url": "file:///etc"}}}],
)
def test_a_server_that_does_not_say_where_its_files_are(
    remote, shelf, settings, server
) -> None:
    remote.describe(server)
    with pytest.raises(UnavailableError, match="where its files are"):
        pull(model(), shelf, settings, now=Clock())


# --- What earlier attempts left --------------------------------------------------


def test_a_whole_file_of_a_broken_off_pull_is_not_fetched_again(
    remote, site, shelf, settings, quick
) -> None:
    remote.offer("vi-en", FILES)
    path = remote.path("vi-en", "vocab")
    site.add(path, lambda _: Response(status=500))
    with pytest.raises(UnavailableError):
        pull(model(), shelf, settings, now=Clock())
    site.add(path, ranged(zstandard.compress(VOCABULARY)))
    assert pull(model(), shelf, settings, now=Clock()).new
    assert site.count(remote.path("vi-en", "model")) == 1


def test_files_of_another_revision_do_not_come_along(remote, shelf, settings) -> None:
    left = shelf.folder / DRAFTS / TINY
    (left / "sub").mkdir(parents=True)
    for name in ("srcvocab.vien.spm", "sub/evil.bin", ".half.part"):
        (left / name).write_bytes(b"left by somebody")
    remote.offer("vi-en", FILES)
    pulled = pull(model(), shelf, settings, now=Clock())
    assert sorted(pulled.model.files) == [FILES["model"][0], FILES["vocab"][0]]
    found = [p for p in (shelf.folder / TINY).rglob("*") if p.is_file()]
    assert len(found) == 2


def test_a_revision_that_is_gone_says_how_to_get_the_newest(
    remote, shelf, settings
) -> None:
    remote.offer("vi-en", FILES)
    pull(model(), shelf, settings, now=Clock())
    (shelf.folder / TINY / FILES["vocab"][0]).unlink()
    remote.records.clear()
    remote.offer("vi-en", {**FILES, "model": (FILES["model"][0], b"newer")})
    with pytest.raises(UnavailableError, match=rf"models pull {TINY} --again"):
        pull(model(), shelf, settings, now=Clock())
    assert pull(model(), shelf, settings, now=Clock(), again=True).new
    assert shelf.verify() == {TINY: []}


# --- Limits ----------------------------------------------------------------------


def test_bytes_that_drip_are_not_waited_for(site, tmp_path, quick) -> None:
    """C7"""
    site.add("/slow", drip(b"x" * 1000, seconds_per_byte=0.01))
    ticks = iter(range(0, 10**6, 10))
    with (
        Downloads(
            DownloadSettings(timeout_seconds=5), clock=lambda: next(ticks)
        ) as one,
        pytest.raises(UnavailableError, match="slower than"),
    ):
        one.fetch(f"{site.base_url}/slow", tmp_path / "slow", max_bytes=1000)
    assert not (tmp_path / "slow").exists()


def test_a_part_of_another_place_is_not_appended(site, tmp_path, quick) -> None:
    content = bytes(range(200))
    wrong = Response(
        status=206, headers={"Content-Range": "bytes 0-199/200"}, body=content
    )
    site.add("/file", answers=(cut(content[:50], 200), wrong, Response(body=content)))
    with Downloads(DownloadSettings(timeout_seconds=0.5)) as downloads:
        downloads.fetch(f"{site.base_url}/file", tmp_path / "file", max_bytes=500)
    assert (tmp_path / "file").read_bytes() == content


def test_a_redirect_to_no_address_is_told(site, tmp_path) -> None:
    site.add("/a", lambda _: Response(status=302, headers={"Location": "http://[x"}))
    with (
        Downloads(DownloadSettings()) as downloads,
        pytest.raises(UnavailableError, match="no address"),
    ):
        downloads.fetch(f"{site.base_url}/a", tmp_path / "a", max_bytes=10)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_is_cut_or_broken_is_damage(tmp_path, pack) -> None:
    packed = pack(bytes(range(256)) * 5000)
    for data in (packed[:-20], packed[:5], packed[:4] + b"?" * 100):
        (tmp_path / "packed").write_bytes(data)
        with pytest.raises(DamageError):
            unpack(tmp_path / "packed", tmp_path / "file", 10**7)


def test_a_proxy_of_the_environment_is_not_used(
    remote, site, shelf, settings, monkeypatch
) -> None:
    """C17"""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    remote.offer("vi-en", FILES)
    assert pull(model(), shelf, settings, now=Clock()).new


def test_a_full_disk_is_told_and_leaves_nothing_installed(remote, shelf) -> None:
    """P3"""
    remote.offer("vi-en", {**FILES, "model": ("model.vien.bin", MODEL * 20)})
    code = (
        "import resource, sys; from datetime import UTC, datetime;"
        "from pathlib import Path; import signal;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from pipeline.errors import DiskFullError;"
        "from pipeline.translation.models.catalogue import read_catalogue;"
        "from pipeline.translation.models.pull import ModelSettings, pull;"
        "from pipeline.translation.models.shelf import Shelf;"
        "shelf = Shelf(Path(sys.argv[2]));"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));\n"
        "try:\n"
        "    pull(read_catalogue().get(sys.argv[1]), shelf,"
        " ModelSettings(firefox_mirror=sys.argv[3]), now=lambda: datetime.now(UTC))\n"
        "except DiskFullError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, TINY, str(shelf.folder), remote.root],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "the disk is full" in done.stdout, done.stderr
    assert issubclass(DiskFullError, UnavailableError)
    assert resource.getrlimit(resource.RLIMIT_FSIZE) != (50_000, 50_000)
    assert shelf.installed() == ()
    again = ModelSettings(firefox_mirror=remote.root)
    assert pull(model(), shelf, again, now=Clock()).new


# --- The hub ---------------------------------------------------------------------


def test_a_hub_model_without_weights_or_vocabulary_is_not_installed(
    site, shelf, settings
) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("model.bin", b"weights")
    with pytest.raises(UnavailableError, match=r"has no spm\.model"):
        pull(on_hub(), shelf, settings, now=Clock())
    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    with pytest.raises(UnavailableError, match=r"has no model\.bin"):
        pull(on_hub(), shelf, settings, now=Clock())
    assert shelf.installed() == ()


def test_a_hub_model_far_larger_than_the_catalogue_says_is_not_fetched(
    site, shelf, settings
) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    hub.offer("model.bin", bytes(3_100_000))
    with pytest.raises(UnavailableError, match="catalogue says 1 MB"):
        pull(on_hub(), shelf, settings, now=Clock())
    assert not [r for r in site.requests if "/resolve/" in r.target]


def test_progress_counts_every_byte_of_a_hub_model(site, shelf, settings) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    hub.offer("model.bin", b"weights" * 1000)
    counted: list[int] = []
    pull(on_hub(), shelf, settings, now=Clock(), progress=counted.append)
    assert sum(counted) == 7006


def test_a_cut_hub_download_is_resumed_with_the_right_sum(
    site, shelf, settings
) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    content = b"weights" * 1000
    hub.offer("model.bin", content)
    path = next(p for p in site._paths if p.endswith("model.bin"))
    whole = site._paths[path].script
    assert whole is not None
    site.add(path, first_get(cut(content[:100], len(content)), whole))
    counted: list[int] = []
    pull(on_hub(), shelf, settings, now=Clock(), progress=counted.append)
    assert shelf.verify() == {"many": []}
    assert sum(counted) == 7006


def first_get(answer, then):
    """As `first`, but HEAD requests get the other answers."""
    once = first(answer, then)
    return lambda request: (then if request.method == "HEAD" else once)(request)
