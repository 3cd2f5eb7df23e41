"""The files of names."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.names import read_names

PACKAGED = Path(__file__).parents[2] / "configs" / "names"


def test_packaged_names_are_valid_and_spelled_in_every_demo_language() -> None:
    names = read_names(PACKAGED)
    assert {"kazan", "brics", "tatarstan", "kremlin", "metshin", "putin"} <= set(names)
    languages = set("en ru vi ar zh fa hi tr es fr pt de".split())
    for name in names.values():
        assert languages <= set(name.spellings), name.id


def test_no_folder_has_no_names(tmp_path: Path) -> None:
    assert read_names(tmp_path / "names") == {}


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('[[name]]\nid = "A"\ntype = "place"\nspellings = {en = ["A"]}', "lower-case"),
        ('[[name]]\nid = "a"\ntype = "ship"\nspellings = {en = ["A"]}', "type"),
        ('[[name]]\nid = "a"\ntype = "place"\nspellings = {EN = ["A"]}', "EN"),
        ('[[name]]\nid = "a"\ntype = "place"\nspellings = {en = []}', "spelling"),
        ('[[name]]\nid = "a"\ntype = "place"', "spellings"),
        ('[[name]]\nid = "a"\ntype = "place"\nspellings = {}\nx = 1', "unknown key"),
        ('[[names]]\nid = "a"', "unknown key"),
    ],
)
def test_a_wrong_file_is_named_with_its_trouble(
    tmp_path: Path, text: str, trouble: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=trouble) as caught:
        read_names(tmp_path)
    assert str(caught.value).startswith(str(path))


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    text = '[[name]]\nid = "a"\ntype = "place"\nspellings = {en = ["A"]}\n'
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    (tmp_path / "two.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="twice"):
        read_names(tmp_path)
