"""Models in a folder, for machines without internet."""

from pathlib import Path

import pytest

from pipeline.errors import (
    ConfigError,
    DamageError,
    InputError,
)
from pipeline.translation.models import exchange
from pipeline.translation.models.downloads import Downloads, DownloadSettings
from pipeline.translation.models.firefox import FirefoxPublisher
from pipeline.translation.models.pull import pull
from pipeline.translation.models.shelf import LOCK, Shelf
from tests.conftest import Clock
from tests.model_stores import TINY, VOCABULARY, WEIGHTS, model


@pytest.fixture
def exported(registry, shelf, settings, tmp_path) -> Path:
    pull(model(), shelf, settings, now=Clock())
    folder: Path = tmp_path / "stick"
    exchange.export_models(shelf, [TINY], folder)
    return folder


def test_exported_models_are_taken_in_elsewhere(exported, shelf, tmp_path) -> None:
    other = Shelf(tmp_path / "other")
    exchange.import_models(other, exported, Clock())
    assert other.version() == shelf.version()
    assert other.verify() == {TINY: []}
    with pytest.raises(InputError, match="not empty"):
        exchange.export_models(shelf, [TINY], exported)


def test_only_what_the_lock_lists_is_taken_in(exported, tmp_path) -> None:
    (exported / TINY / "extra.bin").write_bytes(b"x")
    other = Shelf(tmp_path / "other")
    exchange.import_models(other, exported, Clock())
    assert not (other.folder / TINY / "extra.bin").exists()


@pytest.mark.parametrize("how", ["changed", "missing", "link"])
def test_a_changed_file_is_not_taken_in(exported, tmp_path, how) -> None:
    """O3"""
    path = exported / TINY / "vocab.vien.spm"
    path.unlink()
    if how == "changed":
        path.write_bytes(b"other")
    elif how == "link":
        outside = tmp_path / "outside"
        outside.write_bytes(VOCABULARY)
        path.symlink_to(outside)
    other = Shelf(tmp_path / "other")
    with pytest.raises(DamageError, match="vocab"):
        exchange.import_models(other, exported, Clock())
    assert other.installed() == ()


def test_plain_files_are_taken_in_under_a_name_of_the_catalogue(tmp_path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "model.vien.bin").write_bytes(WEIGHTS)
    (folder / "vocab.vien.spm").write_bytes(VOCABULARY)
    other = Shelf(tmp_path / "other")
    taken = exchange.import_plain(other, model(), folder, Clock())
    assert {f.checked for f in taken.files.values()} == {"local"}
    assert other.find("firefox", "vi", "en") is not None
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ConfigError, match="pytorch_model"):
        exchange.import_plain(other, model(), folder, Clock())
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no files"):
        exchange.import_plain(other, model(), empty, Clock())
    with pytest.raises(InputError, match=LOCK):
        exchange.import_models(other, folder, Clock())


def test_a_mirror_needs_no_trailing_slash_and_takes_one(registry, tmp_path) -> None:
    for number, root in enumerate((registry.root, registry.root + "/")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Downloads(DownloadSettings()) as downloads:
            draft = FirefoxPublisher(downloads, root).get(model(), folder, "")
        assert draft.came_from == registry.root
