"""Names are edited in their files; comments stay."""

from pathlib import Path

import pytest

from babelwire.naming import (
    OWN_FILE,
    made_name,
    parse_spellings,
    remove_name,
    save_name,
)
from pipeline.errors import InputError
from pipeline.names import read_names
from tests.babelwire.conftest import ROOT

WRITTEN = (ROOT / "configs" / "names" / "cities-forum.toml").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cities-forum.toml").write_text(WRITTEN, "utf-8")
    return tmp_path


def test_a_name_changes_where_it_stands_and_the_rest_stays(folder: Path) -> None:
    before = read_names(folder)
    made = made_name("kazan", "place", {"en": ("Kazan",), "tt": ("Казан",)})
    assert save_name(folder, made).name == "cities-forum.toml"
    after = read_names(folder)
    assert after == {**before, "kazan": made}
    text = (folder / "cities-forum.toml").read_text("utf-8")
    assert text.startswith("# People, institutions and places")
    assert list(after) == list(before)


def test_a_new_name_goes_to_a_file_of_the_desks_own(folder: Path) -> None:
    before = read_names(folder)
    for name_id in ("volga", "don"):
        made = made_name(name_id, "place", {"en": (name_id.title(),)})
        assert save_name(folder, made).name == OWN_FILE
    assert set(read_names(folder)) == {*before, "volga", "don"}


def test_a_name_is_taken_out_alone(folder: Path) -> None:
    before = read_names(folder)
    remove_name(folder, "tatarstan")
    assert read_names(folder) == {k: v for k, v in before.items() if k != "tatarstan"}
    with pytest.raises(InputError, match="no name"):
        remove_name(folder, "tatarstan")


@pytest.mark.parametrize("text", ["Kazan", "en: Kazan\nen: Kasan"])
def test_spellings_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(InputError, match="spellings"):
        parse_spellings(text)


@pytest.mark.parametrize(
    ("name_id", "kind", "spellings"),
    [
        ("../x", "place", {"en": ("a",)}),
        ("x", "planet", {"en": ("a",)}),
        ("x", "place", {"english!": ("a",)}),
        ("x", "place", {"en": ()}),
        ("x", "place", {}),
    ],
)
def test_what_is_no_name_is_refused(
    name_id: str, kind: str, spellings: dict[str, tuple[str, ...]]
) -> None:
    """W8"""
    with pytest.raises(InputError):
        made_name(name_id, kind, spellings)
