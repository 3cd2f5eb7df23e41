"""The shelf against a lock, a folder or a name that somebody made to do harm."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, DamageError, InputError, LockedError
from pipeline.translation.models import exchange
from pipeline.translation.models.shelf import (
    DRAFTS,
    LOCK,
    LockedFile,
    LockedModel,
    Shelf,
    read_lock,
    write_lock,
)
from tests.conftest import Clock
from tests.model_stores import sha256

CONTENT = b"weights"
NO_NAMES = [
    *("", ".", "..", "../x", "a/b", ".drafts", "-x", "a b", "a\nb", "x" * 101, "ä"),
    *("lock.toml", "catalogue.toml", "lock.new"),
]


def locked(name: str = "own", path: str = "model.bin") -> LockedModel:
    return LockedModel(
        name=name,
        engine="ctranslate2",
        architecture="marian",
        sources=("vi",),
        targets=("en",),
        files={
            path: LockedFile(
                size=len(CONTENT), sha256=sha256(CONTENT), checked="first pull"
            )
        },
    )


def folder_of(place: Path, path: str = "model.bin", data: bytes = CONTENT) -> Path:
    (place / path).parent.mkdir(parents=True, exist_ok=True)
    (place / path).write_bytes(data)
    return place


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "models")
    with made.drafting("own") as draft:
        made.add(locked(), folder_of(draft))
    return made


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_no_folder_of_its_own_is_refused(tmp_path, name) -> None:
    """W8"""
    with pytest.raises(ConfigError, match="expected letters"):
        locked(name)
    shelf = Shelf(tmp_path / "models")
    with pytest.raises(ConfigError), shelf.drafting(name):
        raise AssertionError("not reached")
    assert not shelf.folder.exists()


def test_a_file_of_another_size_is_damage_without_reading_it(shelf) -> None:
    """O3"""
    folder_of(shelf.folder / "own", data=CONTENT + b"more")
    (damage,) = shelf.verify()["own"]
    assert "11 bytes, not 7" in damage.found
    found = shelf.find("ctranslate2", "vi", "en")
    assert found is not None, "it is listed; the engine refuses it by its hash"
    assert found.files["model.bin"] == sha256(CONTENT)


@pytest.mark.parametrize("part", ["sub", "sub/model.bin"])
def test_a_link_inside_a_model_is_not_followed(tmp_path, part) -> None:
    """O3, W8"""
    model = locked(path="sub/model.bin")
    outside = folder_of(tmp_path / "outside", "sub/model.bin")
    shelf = Shelf(tmp_path / "models")
    with shelf.drafting("own") as draft:
        (draft / part).parent.mkdir(parents=True, exist_ok=True)
        (draft / part).symlink_to(outside / part)
        with pytest.raises(ConfigError, match="link"):
            shelf.add(model, draft)
    assert shelf.installed() == ()


def test_what_stands_in_a_models_place_is_replaced(tmp_path) -> None:
    shelf = Shelf(tmp_path / "models")
    elsewhere = folder_of(tmp_path / "elsewhere")
    shelf.folder.mkdir()
    (shelf.folder / "own").symlink_to(elsewhere)
    with shelf.drafting("own") as draft:
        shelf.add(locked(), folder_of(draft))
    assert not (shelf.folder / "own").is_symlink()
    assert (elsewhere / "model.bin").read_bytes() == CONTENT
    assert shelf.verify() == {"own": []}


def test_a_process_that_does_not_end_is_told(shelf, monkeypatch) -> None:
    monkeypatch.setattr("pipeline.translation.models.shelf.LOCK_TIMEOUT_SECONDS", 0.0)
    other = Shelf(shelf.folder)
    with (
        shelf.drafting("own"),
        pytest.raises(LockedError, match="another process"),
        other.drafting("own"),
    ):
        raise AssertionError("not reached")
    with shelf.locked(), pytest.raises(LockedError, match="another process"):
        other.remove("own")


def test_a_folder_that_cannot_be_made_is_told(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    shelf = Shelf(tmp_path / "file" / "models")
    with pytest.raises(ConfigError, match="file"), shelf.drafting("own"):
        raise AssertionError("not reached")


def test_the_lock_is_read_again_only_when_it_changed(shelf, monkeypatch) -> None:
    reader = Shelf(shelf.folder)
    read: list[Path] = []

    def counting(path: Path) -> object:
        read.append(path)
        return read_lock(path)

    monkeypatch.setattr("pipeline.translation.models.shelf.read_lock", counting)
    for _ in range(5):
        assert reader.find("ctranslate2", "vi", "en") is not None
    assert len(read) == 1
    shelf.remove("own")
    assert reader.find("ctranslate2", "vi", "en") is None


# --- Taking along ----------------------------------------------------------------


def offered(folder: Path, model: LockedModel) -> Path:
    folder.mkdir(exist_ok=True)
    write_lock(folder / LOCK, [model])
    return folder


def test_a_lock_with_a_pickles_name_is_not_taken_in(tmp_path) -> None:
    """O3"""
    folder = offered(tmp_path / "stick", locked(path="pytorch_model.bin"))
    folder_of(folder / "own", "pytorch_model.bin")
    with pytest.raises(ConfigError, match="pytorch_model"):
        exchange.import_models(Shelf(tmp_path / "models"), folder, Clock())


def test_a_pickle_that_a_lock_describes_rightly_is_not_taken_in(tmp_path) -> None:
    """O3"""
    data = b"\x80\x04evil"
    file = LockedFile(size=len(data), sha256=sha256(data), checked="publisher")
    model = LockedModel(**{**vars(locked()), "files": {"model.bin": file}})
    folder = offered(tmp_path / "stick", model)
    folder_of(folder / "own", data=data)
    shelf = Shelf(tmp_path / "models")
    with pytest.raises(DamageError, match="pickle"):
        exchange.import_models(shelf, folder, Clock())
    assert shelf.installed() == ()


def test_a_link_in_place_of_a_models_folder_is_not_taken_in(tmp_path) -> None:
    """W8"""
    folder = offered(tmp_path / "stick", locked())
    (folder / "own").symlink_to(folder_of(tmp_path / "outside"))
    with pytest.raises(DamageError, match="link"):
        exchange.import_models(Shelf(tmp_path / "models"), folder, Clock())


def test_a_lock_without_files_is_not_taken_in(tmp_path) -> None:
    model = LockedModel(**{**vars(locked()), "files": {}})
    folder = offered(tmp_path / "stick", model)
    with pytest.raises(InputError, match="no files"):
        exchange.import_models(Shelf(tmp_path / "models"), folder, Clock())


def test_the_licence_goes_along(shelf, tmp_path) -> None:
    model = locked("papers", "LICENSE")
    with shelf.drafting("papers") as draft:
        shelf.add(model, folder_of(draft, "LICENSE"))
    exchange.export_models(shelf, ["papers"], tmp_path / "stick")
    other = Shelf(tmp_path / "other")
    exchange.import_models(other, tmp_path / "stick", Clock())
    assert other.verify() == {"papers": []}
    left = [p.name for p in (other.folder / DRAFTS).iterdir() if p.is_dir()]
    assert left == []
