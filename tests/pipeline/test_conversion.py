"""OPUS-MT models become CTranslate2's: from originals, and what is refused."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.translation.backends import ctranslate2
from pipeline.translation.backends.backend import BackendOptions
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.conversion import convert
from pipeline.translation.models.marian_npz import safe_yaml
from pipeline.translation.models.marian_safetensors import marian_names
from pipeline.translation.models.pull import DRAFTS, ModelSettings, pull
from pipeline.translation.models.shelf import Shelf
from tests.conftest import Clock
from tests.site import Site
from tests.trained import needs
from tests.trained.marian import converted_marian, installed, trained_marian
from tests.trained.pairs import pairs

pytestmark = needs("torch", "transformers")

SETTINGS = """\
type: transformer
enc-depth: 1
dec-depth: 1
dim-emb: 64
transformer-heads: {heads}
transformer-ffn-activation: swish
transformer-preprocess: ""
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-decoder-autoreg: self-attention
tied-embeddings-all: true
transformer-no-projection: false
transformer-guided-alignment-layer: last
"""


def write_original(folder: Path, **arrays: Any) -> Path:
    """The trained model as the OPUS-MT project publishes its own."""
    from safetensors.numpy import load_file

    trained = Path(trained_marian().folder)
    config = json.loads((trained / "config.json").read_text())
    layers = {side: config[f"{side}_layers"] for side in ("encoder", "decoder")}
    named = marian_names(load_file(trained / "model.safetensors"), layers=layers)
    text = SETTINGS.format(heads=config["encoder_attention_heads"])
    yaml = np.frombuffer(text.encode() + b"\0", dtype=np.int8)
    folder.mkdir()
    np.savez(folder / "opus.npz", **{**named, "special:model.yml": yaml, **arrays})
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes((trained / name).read_bytes())
    words = json.loads((trained / "vocab.json").read_text())
    lines = [
        f"{json.dumps(word, ensure_ascii=False)}: {number}"
        for word, number in words.items()
        if word != "<pad>"
    ]
    (folder / "opus.vocab.yml").write_text("\n".join(lines), "utf-8")
    (folder / "decoder.yml").write_text(
        "models:\n  - opus.npz\nvocabs:\n  - opus.vocab.yml\n  - opus.vocab.yml\n"
    )
    return folder


def translations(folder: Path) -> list[str]:
    model = installed(folder, engine="ctranslate2", architecture="marian")
    backend = ctranslate2.load(model, BackendOptions(compute_type="float32"))
    return backend.translate([source for source, _ in pairs("vi")], "vi", "en")


def test_an_original_says_the_same_as_its_safetensors(tmp_path) -> None:
    original = write_original(tmp_path / "original")
    convert(original, tmp_path / "made", quantization="float32")
    expected = translations(Path(converted_marian("float32").folder))
    assert translations(tmp_path / "made") == expected


def test_the_projects_zip_is_taken_as_it_comes(tmp_path) -> None:
    original = write_original(tmp_path / "original")
    archive = tmp_path / "opus.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in original.iterdir():
            opened.write(path, f"vi-en/{path.name}")
    made = convert(archive, tmp_path / "made")
    assert made.quantization == "int8"
    assert len(translations(tmp_path / "made")) == len(pairs("vi"))
    assert not list(tmp_path.glob("*vi-en*"))


def test_a_pull_of_the_projects_zip_converts_it(tmp_path) -> None:
    original = write_original(tmp_path / "original")
    archive = tmp_path / "opus.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in original.iterdir():
            opened.write(path, path.name)
    shelf = Shelf(tmp_path / "models")
    with Site() as site:
        site.add("/opus-2020.zip", body=archive.read_bytes(), headers={})
        wanted = CatalogueModel(
            name="opus-mt-vi-en",
            engine="ctranslate2",
            architecture="marian",
            sources=("vi",),
            targets=("en",),
            size_mb=1,
            licence="CC-BY-4.0",
            location="opus",
            url=f"{site.base_url}/opus-2020.zip",
            revision="opus-2020",
        )
        pulled = pull(wanted, shelf, ModelSettings(), now=Clock())
    assert pulled.model.version == "opus-2020"
    assert pulled.model.came_from == wanted.url
    assert shelf.verify() == {"opus-mt-vi-en": []}
    found = shelf.find("ctranslate2", "vi", "en")
    assert found is not None
    backend = ctranslate2.load(found, BackendOptions())
    assert backend.translate(["Kazan"], "vi", "en")[0]
    assert [p.name for p in (shelf.folder / DRAFTS).iterdir()] == ["opus-mt-vi-en.lock"]


def test_an_array_of_python_objects_is_refused_and_runs_nothing(tmp_path) -> None:
    """O3"""
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.mkdir, (ran,))  # type: ignore[return-value]

    evil = np.array([Evil()], dtype=object)
    original = write_original(tmp_path / "original", evil=evil)
    with pytest.raises(InputError, match="pickle"):
        convert(original, tmp_path / "made")
    assert not ran.exists()
    assert not (tmp_path / "made").exists()
    (original / "opus.npz").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError):
        convert(original, tmp_path / "made")
    assert not ran.exists()


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [ls]",
        "a: &x [1]\nb: *x",
        "- a\n- b",
        "a: [" * 5000,
        "a: " + "x" * 20_000_000,
        "\x00",
    ],
)
def test_yaml_is_plain_and_small(text) -> None:
    """O4"""
    with pytest.raises(InputError, match="here"):
        safe_yaml(text.encode(), "here")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("decoder.yml", "models:\n  - ../opus.npz\nvocabs:\n  - opus.vocab.yml\n"),
        ("decoder.yml", "models:\n  - none.npz\nvocabs:\n  - opus.vocab.yml\n"),
        ("opus.npz", "no zip"),
    ],
)
def test_a_broken_original_is_named(tmp_path, file, content) -> None:
    """W8"""
    original = write_original(tmp_path / "original")
    (original / file).write_text(content)
    with pytest.raises(InputError, match=file.split(".")[0]):
        convert(original, tmp_path / "made")
    assert not (tmp_path / "made").exists()
