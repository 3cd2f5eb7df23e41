"""CTranslate2 and transformers on the same weights: a model that a test trained."""

import pickle
import random
from dataclasses import replace
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from pipeline.errors import InputError
from pipeline.translation.backends import ctranslate2, transformers
from pipeline.translation.backends.backend import Backend, BackendOptions, ModelError
from pipeline.translation.engine import InstalledModel
from pipeline.translation.models.conversion import convert
from tests.trained import needs
from tests.trained.marian import converted_marian, installed, trained_marian
from tests.trained.pairs import pairs
from tests.trained.tiny import tiny, tiny_converted

pytestmark = needs("torch", "transformers")

BACKENDS = {"ctranslate2": ctranslate2, "transformers": transformers}
FLOAT = BackendOptions(compute_type="float32")


def load(model: InstalledModel, options: BackendOptions = FLOAT) -> Backend:
    backend: Backend = BACKENDS[model.engine].load(model, options)
    return backend


def sources() -> list[str]:
    return [source for source, _ in pairs("vi")]


def bleu(outputs: list[str]) -> float:
    score: float = BLEU().corpus_score(outputs, [[t for _, t in pairs("vi")]]).score
    return score


@pytest.fixture(scope="module")
def by_transformers() -> list[str]:
    return load(trained_marian()).translate(sources(), "vi", "en")


@pytest.fixture(scope="module")
def by_ctranslate2() -> list[str]:
    return load(converted_marian("float32")).translate(sources(), "vi", "en")


# --- What they say ---------------------------------------------------------------


def test_transformers_gives_back_what_it_was_trained_on(by_transformers) -> None:
    assert bleu(by_transformers) >= 80


def test_the_conversion_agrees_at_float32(by_transformers, by_ctranslate2) -> None:
    same = sum(a == b for a, b in zip(by_transformers, by_ctranslate2, strict=True))
    assert same / len(by_transformers) >= 0.98


def test_int8_loses_at_most_one_bleu(by_ctranslate2) -> None:
    int8 = load(converted_marian("int8"), BackendOptions(compute_type="int8"))
    found = int8.translate(sources(), "vi", "en")
    assert bleu(found) >= bleu(by_ctranslate2) - 1


@pytest.mark.parametrize("engine", BACKENDS)
@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_of_any_size_and_order_give_the_same_text(
    engine, size, by_transformers, by_ctranslate2
) -> None:
    expected = by_transformers if engine == "transformers" else by_ctranslate2
    model = (
        trained_marian() if engine == "transformers" else converted_marian("float32")
    )
    backend = load(model)
    numbers = list(range(len(expected)))
    random.Random(size).shuffle(numbers)
    texts, found = sources(), {}
    for start in range(0, len(numbers), size):
        part = numbers[start : start + size]
        answers = backend.translate([texts[n] for n in part], "vi", "en")
        found.update(zip(part, answers, strict=True))
    assert [found[n] for n in range(len(expected))] == expected


@pytest.mark.parametrize("family", ["m2m100", "nllb", "madlad"])
def test_every_family_gets_the_same_tokens_from_both(family) -> None:
    """Random weights: equal nonsense comes only from equal tokens."""
    texts = sources()[:6]
    one = load(tiny(family)).translate(texts, "vi", "en")
    other = load(tiny_converted(family)).translate(texts, "vi", "en")
    assert one == other
    assert len(set(one)) > 1


@pytest.mark.parametrize("engine", BACKENDS)
def test_nothing_of_a_text_is_no_translation_and_no_error(engine) -> None:
    model = (
        trained_marian() if engine == "transformers" else converted_marian("float32")
    )
    backend = load(model)
    assert backend.translate([], "vi", "en") == []
    assert len(backend.translate(["", "?"], "vi", "en")) == 2


@pytest.mark.parametrize("engine", BACKENDS)
def test_a_text_that_is_too_long_is_refused_never_cut(engine) -> None:
    backend = load(model_of(engine))
    with pytest.raises(ModelError) as refused:
        backend.translate(["Kazan", "x" * 2000], "vi", "en")
    assert refused.value.reason == "refused"


# --- What they refuse ------------------------------------------------------------


def copied(model: InstalledModel, folder: Path) -> InstalledModel:
    """The model's files in a folder of the test's own, with the same hashes."""
    for path in model.files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(Path(model.folder, path).read_bytes())
    return replace(model, folder=str(folder))


def model_of(engine: str) -> InstalledModel:
    return trained_marian() if engine == "transformers" else converted_marian("int8")


@pytest.mark.parametrize("engine", BACKENDS)
def test_a_changed_file_is_refused_before_it_is_loaded(engine, tmp_path) -> None:
    """O3"""
    model = copied(model_of(engine), tmp_path)
    for path in model.files:
        file = tmp_path / path
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ModelError) as refused:
            load(model)
        assert refused.value.reason == "damaged_model"
        assert path in str(refused.value)
        file.write_bytes(whole)


@pytest.mark.parametrize("engine", BACKENDS)
def test_a_missing_file_is_damage(engine, tmp_path) -> None:
    """O3"""
    model = copied(model_of(engine), tmp_path)
    (tmp_path / next(iter(model.files))).unlink()
    with pytest.raises(ModelError) as refused:
        load(model)
    assert refused.value.reason == "damaged_model"


@pytest.mark.parametrize("engine", BACKENDS)
def test_half_weights_are_a_bad_model(engine, tmp_path) -> None:
    copied(model_of(engine), tmp_path)
    name = "model.safetensors" if engine == "transformers" else "model.bin"
    file = tmp_path / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    known = installed(tmp_path, engine=engine, architecture="marian")
    with pytest.raises(ModelError) as refused:
        load(known)
    assert refused.value.reason == "bad_model"


def test_a_pickle_is_never_loaded(tmp_path) -> None:
    """O3"""
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.mkdir, (ran,))  # type: ignore[return-value]

    folder = tmp_path / "model"
    copied(trained_marian(), folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    known = installed(folder, engine="transformers", architecture="marian")
    with pytest.raises(ModelError) as refused:
        load(known)
    assert refused.value.reason == "bad_model"
    assert not ran.exists()


# --- Conversion ------------------------------------------------------------------


def test_conversion_appears_whole_and_lists_its_files(tmp_path) -> None:
    made = convert(
        Path(trained_marian().folder), tmp_path / "made", quantization="int8"
    )
    there = {p.name for p in made.folder.iterdir()}
    assert there == set(made.files)
    assert {"model.bin", "source.spm", "target.spm"} <= there
    assert (made.architecture, made.quantization) == ("marian", "int8")
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_what_is_no_model_is_not_converted(tmp_path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="empty"):
        convert(empty, tmp_path / "made")
    copied(trained_marian(), tmp_path / "half")
    (tmp_path / "half" / "target.spm").unlink()
    with pytest.raises(InputError):
        convert(tmp_path / "half", tmp_path / "made")
    assert not (tmp_path / "made").exists()
