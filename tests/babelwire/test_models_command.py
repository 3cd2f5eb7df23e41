"""`babelwire models` as a person types it; no model is loaded."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.workspace import make_workspace
from tests.babelwire.conftest import babelwire
from tests.model_stores import Registry
from tests.site import Site

FILES = {"model": ("model.vien.bin", b"weights"), "vocab": ("vocab.vien.spm", b"words")}
TINY = "firefox-vi-en-tiny"


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with Site() as site:
        made = Registry(site)
        made.offer("vi-en", FILES)
        yield made


@pytest.fixture
def desk(tmp_path: Path, registry: Registry) -> Path:
    root = make_workspace(tmp_path / "desk").root
    config = root / "babelwire.toml"
    mirror = f'firefox_mirror = "{registry.root}"'
    config.write_text(config.read_text().replace('firefox_mirror = ""', mirror))
    return root


def test_a_model_from_pull_to_remove(desk, tmp_path) -> None:
    pulled = babelwire("models", "pull", "vi-en", workspace=desk)
    assert (pulled.status, pulled.out) == (0, "")
    assert f"Getting {TINY} (17 MB, MPL-2.0)." in pulled.err
    assert f"{TINY} (MPL-2.0, revision " in pulled.err
    again = babelwire("models", "pull", TINY, workspace=desk)
    assert "was here already" in again.err
    assert babelwire("models", "verify", workspace=desk).status == 0

    path = desk / "models" / TINY / "vocab.vien.spm"
    path.write_bytes(b"WORDS")
    told = babelwire("models", "verify", workspace=desk)
    assert (told.status, "vocab.vien.spm is not what was pulled" in told.err) == (
        1,
        True,
    )
    found = babelwire("models", "verify", "--json", workspace=desk)
    assert (found.status, found.json["schema"]) == (1, 1)
    (row,) = found.json["models"]
    assert (row["name"], row["damaged"][0]["file"]) == (TINY, "vocab.vien.spm")

    stick = tmp_path / "stick"
    refused = babelwire("models", "export", TINY, stick, workspace=desk)
    assert (refused.status, "vocab.vien.spm" in refused.err) == (1, True)
    assert babelwire("models", "pull", TINY, workspace=desk).status == 0
    assert babelwire("models", "export", TINY, stick, workspace=desk).status == 0
    assert babelwire("models", "remove", TINY, workspace=desk).status == 0
    taken = babelwire("models", "import", stick, workspace=desk)
    assert (taken.status, f"{TINY} is here now (MPL-2.0)" in taken.err) == (0, True)
    assert babelwire("models", "verify", workspace=desk).status == 0


def test_the_list_as_json_is_one_document(desk) -> None:
    ran = babelwire("models", "list", "--lang", "th", "--json", workspace=desk)
    document = json.loads(ran.out)
    assert (document["schema"], ran.err) == (1, "")
    assert {m["name"] for m in document["models"]} == {
        "m2m100-418m",
        "madlad-400-3b",
        "nllb-200-distilled-600m",
    }


def test_with_a_language_the_model_it_gets_is_marked(desk) -> None:
    listed = babelwire("models", "list", "--lang", "th", workspace=desk).out
    assert "m2m100-418m *" in listed
    assert listed.count(" *") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("pull", "../x"), 2, 'no model "../x"'),
        (("pull", "nllb-200-distilled-600m"), 2, "CC-BY-NC-4.0"),
        (("pull", "ar-en"), 3, "has no ar-en base"),
        (("remove", ".."), 2, 'no model ".."'),
        (("export", "nothing", "stick"), 2, 'no model "nothing"'),
        (("import", "."), 2, "has no lock.toml"),
        (("convert", ".", "--as", "../x", "--from", "vi", "--to", "en"), 2, "name"),
    ],
)
def test_wrong_use_is_one_line(desk, arguments, status, says) -> None:
    ran = babelwire("models", *arguments, workspace=desk)
    lines = [line for line in ran.err.splitlines() if not line.startswith("Getting")]
    assert (ran.status, len(lines)) == (status, 1), ran.err
    assert says in lines[0]


def test_offline_it_says_what_to_do_instead(desk) -> None:
    config = desk / "babelwire.toml"
    config.write_text(config.read_text().replace("offline = false", "offline = true"))
    ran = babelwire("models", "pull", "vi-en", workspace=desk)
    assert (ran.status, "babelwire models import DIR" in ran.err) == (3, True)
