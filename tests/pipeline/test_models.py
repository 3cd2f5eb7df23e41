"""Models: the catalogue, the shelf with its lock, pulling, taking along."""

import gzip
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from babelwire.demo.world import Request, Response
from pipeline.errors import (
    ConfigError,
    DamageError,
    InputError,
    UnavailableError,
)
from pipeline.translation.models.catalogue import (
    CatalogueModel,
)
from pipeline.translation.models.downloads import Downloads, DownloadSettings
from pipeline.translation.models.pull import ModelSettings, pull
from pipeline.translation.models.shelf import DRAFTS, LOCK, Shelf
from pipeline.translation.models.unpacking import unpack
from tests.conftest import Clock
from tests.model_stores import (
    COMMIT,
    FILES,
    TINY,
    VOCABULARY,
    WEIGHTS,
    Hub,
    Registry,
    files_of,
    first,
    model,
    on_hub,
    ranged,
    sha256,
)
from tests.pipeline.builders import NOW
from tests.site import Answer, Site, bomb, cut, hang, reset

# --- Pulling ---------------------------------------------------------------------


def test_a_pulled_model_is_found_with_the_publishers_hashes(
    registry, shelf, settings
) -> None:
    before = shelf.version()
    assert shelf.find("firefox", "vi", "en") is None
    pulled = pull(model(), shelf, settings, now=Clock())
    assert pulled.new
    assert shelf.version() != before
    found = shelf.find("firefox", "vi-VN", "en")
    assert found is not None
    assert dict(found.files) == {
        "model.vien.intgemm.alphas.bin": sha256(WEIGHTS),
        "vocab.vien.spm": sha256(VOCABULARY),
    }
    assert files_of(Path(found.folder)).keys() == found.files.keys()
    assert {f.checked for f in pulled.model.files.values()} == {"publisher"}
    assert (found.licence, found.version) == ("MPL-2.0", sha256(WEIGHTS)[:12])
    assert pulled.model.pulled_at == NOW.isoformat()
    assert shelf.find("firefox", "en", "vi") is None
    assert shelf.find("ctranslate2", "vi", "en") is None


def test_a_model_that_is_there_is_not_asked_for_again(
    registry, site, shelf, settings
) -> None:
    pull(model(), shelf, settings, now=Clock())
    asked = len(site.requests)
    assert not pull(model(), Shelf(shelf.folder), settings, now=Clock()).new
    assert len(site.requests) == asked


def test_a_released_model_of_the_wanted_size_is_taken(site, shelf, settings) -> None:
    registry = Registry(site)
    for status, architecture, run in (
        ("Release", "base", "a"),
        ("Release", "tiny", "b"),
        (None, "tiny", "c"),
    ):
        content = {k: (n, d + run.encode()) for k, (n, d) in FILES.items()}
        registry.offer("vi-en", content, architecture, status, run)
    pulled = pull(model(), shelf, settings, now=Clock())
    assert pulled.model.version == sha256(WEIGHTS + b"b")[:12]


def test_what_the_publisher_states_must_hold(site, shelf, settings) -> None:
    """O3"""
    registry = Registry(site)
    registry.offer("vi-en", FILES, uncompressedHash=sha256(b"other"))
    with pytest.raises(DamageError, match="not what the publisher says"):
        pull(model(), shelf, settings, now=Clock())
    assert shelf.installed() == ()


def test_without_a_statement_the_first_pull_decides(site, shelf, settings) -> None:
    registry = Registry(site)
    registry.offer("vi-en", FILES, uncompressedHash=None)
    pulled = pull(model(), shelf, settings, now=Clock())
    assert {f.checked for f in pulled.model.files.values()} == {"first pull"}
    other = {**FILES, "vocab": ("vocab.vien.spm", b"another vocabulary")}
    registry.index["models"].clear()
    registry.offer("vi-en", other, uncompressedHash=None)
    with pytest.raises(DamageError, match="another file than when it was first"):
        pull(model(), shelf, settings, now=Clock(), again=True)
    assert shelf.verify() == {TINY: []}


def test_a_newer_revision_takes_the_place_of_the_older(
    registry, shelf, settings
) -> None:
    pull(model(), shelf, settings, now=Clock())
    newer = {**FILES, "model": (FILES["model"][0], b"newer weights")}
    registry.offer("vi-en", newer, run="two")
    before = shelf.version()
    assert not pull(model(), shelf, settings, now=Clock()).new
    pulled = pull(model(), shelf, settings, now=Clock(), again=True)
    assert pulled.model.version == sha256(b"newer weights")[:12]
    assert shelf.version() != before
    assert len(shelf.installed()) == 1


def test_a_changed_file_is_named_and_pulled_again(registry, shelf, settings) -> None:
    """O3"""
    pull(model(), shelf, settings, now=Clock())
    path = shelf.folder / TINY / "vocab.vien.spm"
    path.write_bytes(VOCABULARY[:-1] + b"!")
    (damage,) = shelf.verify()[TINY]
    assert damage.file == "vocab.vien.spm"
    assert pull(model(), shelf, settings, now=Clock()).new
    assert shelf.verify() == {TINY: []}
    path.unlink()
    assert "missing" in shelf.verify()[TINY][0].found


def test_a_lock_brought_along_decides_what_may_come(
    registry, shelf, settings, tmp_path
) -> None:
    """O3"""
    pull(model(), shelf, settings, now=Clock())
    other = Shelf(tmp_path / "other")
    other.folder.mkdir()
    (other.folder / LOCK).write_bytes((shelf.folder / LOCK).read_bytes())
    registry.offer("vi-en", {**FILES, "model": ("m.bin", b"newer")}, run="two")
    pulled = pull(model(), other, settings, now=Clock())
    assert pulled.model.version == sha256(WEIGHTS)[:12]


def test_a_cut_connection_is_taken_up_where_it_broke(
    registry, site, shelf, settings, quick
) -> None:
    packed = gzip.compress(WEIGHTS)
    path = registry.path("vi-en", FILES["model"][0])
    site.add(path, first(cut(packed[:20], declared=len(packed)), ranged(packed)))
    pull(model(), shelf, settings, now=Clock())
    asked = [r.headers for r in site.requests if r.path == path]
    ranges = [{k.lower(): v for k, v in h.items()}.get("range") for h in asked]
    assert ranges == [None, "bytes=20-"]
    assert shelf.verify() == {TINY: []}


def test_a_server_without_ranges_starts_over(site, tmp_path, quick) -> None:
    content = os.urandom(1000)
    whole = Response(body=content)
    site.add("/file", first(cut(content[:300], declared=1000), lambda _: whole))
    with Downloads(DownloadSettings(timeout_seconds=0.5)) as downloads:
        counted: list[int] = []
        downloads.fetch(
            f"{site.base_url}/file",
            tmp_path / "file",
            max_bytes=2000,
            progress=counted.append,
        )
    assert (tmp_path / "file").read_bytes() == content
    assert sum(counted) == 1000


@pytest.mark.parametrize("fault", ["hang", "reset", "500", "404", "long", "no JSON"])
def test_a_publisher_in_trouble_leaves_nothing_installed(
    registry, site, shelf, settings, quick, fault
) -> None:
    path = registry.path("vi-en", FILES["model"][0])
    answers = {
        "hang": hang(),
        "reset": reset(),
        "500": lambda _: Response(status=500),
        "404": lambda _: Response(status=404),
        "long": bomb("gzip", as_file=True),
    }
    if fault == "no JSON":
        site.add("/db/models.json", lambda _: Response(body=b"<html>"))
    else:
        site.add(path, answers[fault])
    with pytest.raises((UnavailableError, DamageError)):
        pull(model(), shelf, settings, now=Clock())
    assert shelf.installed() == ()
    assert not (shelf.folder / TINY).exists()


def test_a_bomb_is_unpacked_no_further_than_stated(tmp_path: Path) -> None:
    """C6"""
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 10_000_000))
    with pytest.raises(DamageError, match="over 1,000,000 bytes"):
        unpack(tmp_path / "bomb.gz", tmp_path / "bomb", 1_000_000)
    assert (tmp_path / "bomb").stat().st_size <= 1_000_000


@pytest.mark.parametrize("path", ["../../x.bin.gz", "/etc/x.gz", "a\\b.gz", "", "a/.x"])
def test_a_path_out_of_the_folder_is_refused(site, shelf, settings, path) -> None:
    """W8"""
    registry = Registry(site)
    registry.offer("vi-en", FILES, path=path)
    with pytest.raises(UnavailableError, match="path"):
        pull(model(), shelf, settings, now=Clock())
    assert shelf.installed() == ()


def test_offline_no_connection_is_opened(registry, site, shelf, settings) -> None:
    offline = ModelSettings(**{**vars(settings), "offline": True})
    for wanted in (model(), on_hub()):
        with pytest.raises(UnavailableError, match="models import"):
            pull(wanted, shelf, offline, now=Clock())
    assert site.requests == []


def test_redirects_lead_to_https_or_the_same_host_only(site, tmp_path) -> None:
    with Site() as other:
        site.add(
            "/a",
            lambda _: Response(status=302, headers={"Location": f"{site.base_url}/b"}),
        )
        site.add("/b", lambda _: Response(body=b"here"))
        elsewhere = other.base_url.replace("127.0.0.1", "localhost")
        site.add(
            "/c", lambda _: Response(status=302, headers={"Location": f"{elsewhere}/d"})
        )
        with Downloads(DownloadSettings()) as downloads:
            downloads.fetch(f"{site.base_url}/a", tmp_path / "a", max_bytes=10)
            with pytest.raises(UnavailableError, match="not https"):
                downloads.fetch(f"{site.base_url}/c", tmp_path / "c", max_bytes=10)
        assert other.requests == []
    assert (tmp_path / "a").read_bytes() == b"here"


def test_a_non_commercial_licence_must_be_accepted(site, shelf, settings) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("model.bin", b"weights")
    hub.offer("spm.model", b"pieces")
    restricted = CatalogueModel(
        **{**vars(on_hub()), "commercial": False, "licence": "CC-BY-NC-4.0"}
    )
    with pytest.raises(ConfigError, match=r"CC-BY-NC-4\.0.*--accept-licence"):
        pull(restricted, shelf, settings, now=Clock())
    assert site.requests == []
    assert pull(restricted, shelf, settings, now=Clock(), accept_licence=True).new


# --- The hub ---------------------------------------------------------------------


def test_a_hub_model_is_one_commits_listed_files(site, shelf, settings) -> None:
    hub = Hub(site, "someone/many")
    for name in ("model.bin", "spm.model", "setup.py", "pytorch_model.bin"):
        hub.offer(name, f"content of {name}".encode())
    pulled = pull(on_hub(), shelf, settings, now=Clock())
    assert sorted(pulled.model.files) == ["model.bin", "spm.model"]
    assert pulled.model.version == COMMIT
    assert {f.checked for f in pulled.model.files.values()} == {"publisher"}
    found = shelf.find("ctranslate2", "th", "en")
    assert found is not None
    assert files_of(Path(found.folder)).keys() == {"model.bin", "spm.model"}


def test_hf_endpoint_names_the_hub(site, shelf) -> None:
    hub = Hub(site, "someone/many")
    hub.offer("model.bin", b"weights")
    hub.offer("spm.model", b"pieces")
    settings = ModelSettings(environment={"HF_ENDPOINT": site.base_url + "/"})
    assert pull(on_hub(), shelf, settings, now=Clock()).new


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pkl", "model.pt", "x.ckpt", "run.py"]
)
def test_a_pickle_is_refused_by_its_name(site, shelf, settings, name) -> None:
    """O3"""
    Hub(site, "someone/many").offer(name, b"content")
    with pytest.raises(ConfigError, match=name):
        pull(on_hub((name,)), shelf, settings, now=Clock())


def test_a_pickle_under_another_name_is_refused_and_runs_nothing(
    site, shelf, settings, tmp_path
) -> None:
    """O3"""
    target = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(target),))

    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    hub.offer("model.bin", pickle.dumps(Evil()))
    with pytest.raises(DamageError, match="pickle"):
        pull(on_hub(), shelf, settings, now=Clock())
    assert not target.exists()
    assert shelf.installed() == ()


def test_a_hubs_statement_must_hold(site, shelf, settings) -> None:
    """O3"""
    hub = Hub(site, "someone/many")
    hub.offer("spm.model", b"pieces")
    hub.offer("model.bin", b"weights", lfs=sha256(b"other"))
    with pytest.raises(DamageError, match="not what the publisher says"):
        pull(on_hub(), shelf, settings, now=Clock())


def test_a_repository_that_is_not_there_is_unavailable(site, shelf, settings) -> None:
    with pytest.raises(UnavailableError, match="someone/many"):
        pull(on_hub(), shelf, settings, now=Clock())


# --- The shelf -------------------------------------------------------------------


def test_two_pulls_at_once_get_one_model(registry, site, shelf, settings) -> None:
    results: list[bool] = []

    def one() -> None:
        own = Shelf(shelf.folder)
        results.append(pull(model(), own, settings, now=Clock()).new)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert site.count(registry.path("vi-en", FILES["model"][0])) == 1


def test_a_killed_pull_leaves_nothing_that_counts(
    registry, site, shelf, settings, tmp_path
) -> None:
    """P1"""
    path = registry.path("vi-en", FILES["vocab"][0])
    arrived = threading.Event()

    def hanging(_: Request) -> Answer:
        arrived.set()
        return hang()

    site.add(path, hanging)
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from pipeline.translation.models.catalogue import read_catalogue;"
        "from pipeline.translation.models.pull import ModelSettings, pull;"
        "from pipeline.translation.models.shelf import Shelf;"
        "pull(read_catalogue().get(sys.argv[1]), Shelf(Path(sys.argv[2])),"
        "ModelSettings(firefox_mirror=sys.argv[3], timeout_seconds=60),"
        "now=lambda: datetime.now(UTC))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, TINY, str(shelf.folder), site.base_url],
        cwd=Path(__file__).parents[2],
    )
    assert arrived.wait(60)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert shelf.installed() == ()
    assert not (shelf.folder / TINY).exists()
    assert (shelf.folder / DRAFTS / TINY).exists()
    registry.offer("vi-en", FILES)
    assert pull(model(), shelf, settings, now=Clock()).new
    assert not (shelf.folder / DRAFTS / TINY).exists()


def test_a_removed_model_is_gone_from_lock_and_disk(registry, shelf, settings) -> None:
    pull(model(), shelf, settings, now=Clock())
    shelf.remove(TINY)
    assert shelf.find("firefox", "vi", "en") is None
    assert not (shelf.folder / TINY).exists()
    with pytest.raises(InputError, match="no model"):
        shelf.remove(TINY)


def test_another_process_sees_a_change_at_once(registry, shelf, settings) -> None:
    reader = Shelf(shelf.folder)
    assert reader.installed() == ()
    pull(model(), shelf, settings, now=Clock())
    assert [m.name for m in reader.installed()] == [TINY]


@pytest.mark.parametrize(
    "text",
    [
        'name = "../x"',
        'name = "a/b"',
        'name = "x"\nfiles = {"../y" = {size = 1, sha256 = "", checked = "local"}}',
        'name = "x"\nfiles = {"/etc/y" = {size = 1, sha256 = "", checked = "local"}}',
        'name = "x"\nunknown = 1',
    ],
)
def test_a_lock_that_leads_elsewhere_is_refused(shelf, text) -> None:
    """W8"""
    shelf.folder.mkdir()
    rest = 'engine = "firefox"\narchitecture = ""\nsources = []\ntargets = []\n'
    files = "" if "files" in text else "files = {}\n"
    (shelf.folder / LOCK).write_text(f"[[model]]\n{text}\n{rest}{files}")
    with pytest.raises(ConfigError, match=r"lock\.toml"):
        shelf.installed()
