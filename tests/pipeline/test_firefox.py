"""The Firefox backend, with models small enough to train for a test."""

import os
import pickle
import random
import shutil
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.translation.backends.backend import Backend, BackendOptions, ModelError
from pipeline.translation.backends.firefox import FirefoxBackend, load, repair_bytes
from pipeline.translation.engine import InstalledModel
from pipeline.translation.vocabulary import FIREFOX_TOKENS, Vocabulary
from tests.trained import needs
from tests.trained.pairs import pairs

pytestmark = needs("torch", "fxtranslate", "sentencepiece", "sacrebleu")

WEIGHTS = "model.vien.bin"
VOCABULARY = "vocab.vien.spm"
SETTINGS = (
    "dim-emb: 64\nenc-depth: 1\ndec-depth: 1\ntransformer-dim-ffn: 256\n"
    "transformer-heads: 4\n"
)


@pytest.fixture(scope="module")
def trained() -> InstalledModel:
    from tests.trained.firefox import trained_firefox

    return trained_firefox("vi")


@pytest.fixture(scope="module")
def backend(trained: InstalledModel) -> Backend:
    return load(trained, BackendOptions())


@pytest.fixture
def changed(trained: InstalledModel, tmp_path: Path) -> Callable[..., InstalledModel]:
    """A copy of the model with some files changed; its lock agrees with them."""
    from tests.trained.firefox import installed

    def change(**files: bytes) -> InstalledModel:
        shutil.copytree(trained.folder, tmp_path / "model")
        for name, data in files.items():
            Path(tmp_path, "model", file_of(name)).write_bytes(data)
        return installed(tmp_path / "model")

    return change


def file_of(name: str) -> str:
    return {"weights": WEIGHTS, "vocabulary": VOCABULARY}[name]


def read(model: InstalledModel, name: str) -> bytes:
    return Path(model.folder, name).read_bytes()


def refusal(model: InstalledModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load(model, BackendOptions())
    return caught.value


class Recorder:
    """A translator that says what it is told to, or what it was asked."""

    def __init__(self, answer: str | None = None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def translate(self, text: str) -> str:
        self.asked.append(text)
        return text if self.answer is None else self.answer


def said(answer: str, trained: InstalledModel, text: str = "x") -> str:
    vocabulary = Vocabulary(read(trained, VOCABULARY))
    (found,) = FirefoxBackend(Recorder(answer), vocabulary).translate([text], "vi", "")
    return found


# --- What it translates ------------------------------------------------------------


@pytest.mark.parametrize("language", ["vi", "ar", "ru"])
def test_a_model_knows_what_it_was_trained_on(language: str) -> None:
    import sacrebleu

    from tests.trained.firefox import trained_firefox

    originals, references = zip(*pairs(language), strict=True)
    model = load(trained_firefox(language), BackendOptions())
    found = model.translate(originals, language, "en")
    assert sacrebleu.corpus_bleu(found, [references]).score >= 80


def test_a_text_is_translated_alike_in_any_company(backend: Backend) -> None:
    texts = [text for text, _ in pairs("vi")][:20]
    together = dict(zip(texts, backend.translate(texts, "vi", "en"), strict=True))
    random.Random(2).shuffle(texts)
    for text in texts:
        assert backend.translate([text], "vi", "en") == [together[text]]


def test_accents_may_be_composed_or_not(backend: Backend) -> None:
    """The engine knows composed letters alone; pages have both."""
    import unicodedata

    text, translation = pairs("vi")[1]
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    assert backend.translate([apart], "vi", "en") == [translation]


def test_controls_do_not_reach_the_engine(backend: Backend) -> None:
    text, translation = pairs("vi")[1]
    hostile = f"\x00\ud800{text[:9]}\x07\x9b{text[9:].replace(' ', chr(9) + chr(10))}"
    assert backend.translate([hostile, "\x00\x1b", ""], "vi", "en") == [
        translation,
        "",
        "",
    ]


# --- Byte pieces -------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans()
        )
    )
)
def test_byte_pieces_become_their_characters_again(
    parts: list[tuple[str, bool]],
) -> None:
    text = "".join(part for part, _ in parts)
    if "<0x" in text:
        return
    pieces = "".join(
        "".join(f"<0x{byte:02X}>" for byte in part.encode()) if in_bytes else part
        for part, in_bytes in parts
    )
    assert repair_bytes(pieces) == text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Bar<0xC3><0xA7>a", "Barça"),
        ("Bar<0xC3>a", "Bar\ufffda"),
        ("<0x00>a<0x1B>[31mb<0x0A>c", "a[31mb c"),
        ("<0xZZ> <0x1> 0xC3", "<0xZZ> <0x1> 0xC3"),
        ("a<0xCC><0x81>", "á"),
    ],
)
def test_what_the_engine_says_in_bytes_is_repaired(
    answer: str, expected: str, trained: InstalledModel
) -> None:
    assert said(answer, trained) == expected


def test_byte_pieces_of_the_text_itself_stay(trained: InstalledModel) -> None:
    assert said("Write <0x41>.", trained, text="Viết <0x41>.") == "Write <0x41>."


# --- Length ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Thành phố Kazan có 1.3 triệu dân. " * 300, id="words"),
        pytest.param("ngày" * 2_500, id="one word"),
        pytest.param("千" * 10_000, id="bytes"),
        pytest.param("a " * 200 + "千" * 200 + " b" * 200, id="mixed"),
    ],
)
def test_nothing_of_an_overlong_text_is_cut_off(
    text: str, trained: InstalledModel
) -> None:
    vocabulary = Vocabulary(read(trained, VOCABULARY))
    echo = Recorder()
    (answer,) = FirefoxBackend(echo, vocabulary).translate([text], "vi", "en")
    assert max(map(vocabulary.count, echo.asked)) <= FIREFOX_TOKENS
    assert "".join(echo.asked).replace(" ", "") == text.replace(" ", "")
    assert answer == " ".join(echo.asked)


def test_a_text_of_the_longest_size_is_not_cut(trained: InstalledModel) -> None:
    vocabulary = Vocabulary(read(trained, VOCABULARY))
    text = "a " * (FIREFOX_TOKENS // vocabulary.count("a"))
    for longer, calls in ((text, 1), (text + "a " * 9, 2)):
        echo = Recorder()
        FirefoxBackend(echo, vocabulary).translate([longer], "vi", "en")
        assert len(echo.asked) == calls


def test_10_000_characters_are_translated(backend: Backend) -> None:
    text, _ = pairs("vi")[1]
    (answer,) = backend.translate([f"{text} " * (10_000 // len(text))], "vi", "en")
    assert len(answer) > 2_000


# --- Damage (O3) -------------------------------------------------------------------


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("file", [WEIGHTS, VOCABULARY])
def test_a_changed_file_is_refused_by_its_hash(trained, changed, file: str) -> None:
    """O3"""
    copy = replace(trained, folder=changed().folder)
    path = Path(copy.folder, file)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    error = refusal(copy)
    assert error.reason == "damaged_model"
    assert file in str(error)


def test_a_pickle_in_a_models_place_runs_no_code(trained, changed, tmp_path) -> None:
    """O3: neither with a wrong hash nor with the right one."""
    trap = tmp_path / "sprung"
    told = changed(weights=pickle.dumps(Trap(trap)))
    assert refusal(told).reason == "bad_model"
    assert refusal(replace(trained, folder=told.folder)).reason == "damaged_model"
    assert not trap.exists()


@pytest.mark.parametrize("file", [WEIGHTS, VOCABULARY])
def test_a_missing_file_is_damage(changed, file: str) -> None:
    """O3"""
    copy = changed()
    Path(copy.folder, file).unlink()
    assert refusal(copy).reason == "damaged_model"
    unlisted = {name: sha for name, sha in copy.files.items() if name != file}
    assert refusal(replace(copy, files=unlisted)).reason == "damaged_model"


@pytest.mark.parametrize("kept", [0, 8, 16, 100, 3_000, 5_000, 0.5, 0.999])
def test_a_truncated_model_is_refused(trained, changed, kept: float) -> None:
    """O3"""
    data = read(trained, WEIGHTS)
    length = int(len(data) * kept) if isinstance(kept, float) else kept
    assert refusal(changed(weights=data[:length])).reason == "bad_model"


@pytest.mark.parametrize("value", [0, 3, 1 << 32, (1 << 64) - 1])
@pytest.mark.parametrize("place", range(6))
def test_wrong_counts_in_a_header_are_refused(
    trained, changed, place: int, value: int
) -> None:
    """O3: version, count, and the first tensor's lengths; the engine would abort."""
    data = bytearray(read(trained, WEIGHTS))
    struct.pack_into("<Q", data, 8 * place, value)
    assert refusal(changed(weights=bytes(data))).reason == "bad_model"


@pytest.mark.parametrize(
    "gone",
    ["Wemb", "encoder_l1_self_Wq", "decoder_l1_rnn_Wf", "decoder_l1_ffn_ffn_ln_scale"],
)
def test_a_model_without_a_tensor_is_refused(
    trained, changed, gone: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """O3: the engine panics at it, which must not reach the terminal either."""
    from tests.trained.container import container, tensors_of

    tensors = tensors_of(read(trained, WEIGHTS))
    del tensors[gone]
    assert refusal(changed(weights=container(tensors, SETTINGS))).reason == "bad_model"
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "settings",
    [
        "",
        SETTINGS.replace("dim-emb: 64", "dim-emb: 999999999"),
        SETTINGS.replace("heads: 4", "heads: 0"),
        SETTINGS.replace("heads: 4", "heads: 5"),
        SETTINGS.replace("enc-depth: 1", "enc-depth: 99999999999999"),
        SETTINGS.replace("enc-depth: 1", "enc-depth: 2"),
    ],
)
def test_wrong_settings_of_a_model_are_refused(trained, changed, settings) -> None:
    """O3"""
    from tests.trained.container import container, tensors_of

    weights = container(tensors_of(read(trained, WEIGHTS)), settings)
    assert refusal(changed(weights=weights)).reason == "bad_model"


def test_a_model_that_knows_nothing_fails_its_smoke_sentence(trained, changed) -> None:
    """P10"""
    from tests.trained.container import container, tensors_of

    tensors = {
        name: value * 0 for name, value in tensors_of(read(trained, WEIGHTS)).items()
    }
    error = refusal(changed(weights=container(tensors, SETTINGS)))
    assert error.reason == "bad_model"
    assert "numbers" in str(error)


def test_another_models_vocabulary_is_refused(changed) -> None:
    """P10: the engine panics at pieces that the model does not have."""
    from tests.trained.firefox import trained_firefox

    other = trained_firefox("ru")
    foreign = changed(vocabulary=read(other, "vocab.ruen.spm"))
    assert refusal(foreign).reason == "bad_model"


def test_a_wrong_vocabulary_of_the_right_size_is_refused(trained, changed) -> None:
    """P10: the engine does not notice, and translates into garbage."""
    shuffled = in_other_order(read(trained, VOCABULARY))
    assert Vocabulary(shuffled).size == Vocabulary(read(trained, VOCABULARY)).size
    error = refusal(changed(vocabulary=shuffled))
    assert error.reason == "bad_model"
    assert "vocabulary" in str(error)


@pytest.mark.parametrize("data", [b"", b"\xff" * 99, b"no vocabulary"])
def test_what_is_no_vocabulary_is_refused(
    changed, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """O3"""
    assert refusal(changed(vocabulary=data)).reason == "bad_model"
    assert capfd.readouterr().err == ""


def test_a_missing_library_is_told(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fxtranslate", None)
    error = refusal(trained)
    assert error.reason == "not_installed"
    assert "fxtranslate" in str(error)


# --- Separate vocabularies ---------------------------------------------------------


def test_a_model_may_have_two_vocabularies(trained, tmp_path: Path) -> None:
    """Chinese, Japanese and Korean models have."""
    from tests.trained.firefox import installed

    (tmp_path / WEIGHTS).write_bytes(read(trained, WEIGHTS))
    for side in ("src", "trg"):
        data = read(trained, VOCABULARY)
        (tmp_path / f"{side}vocab.vien.spm").write_bytes(data)
    text, translation = pairs("vi")[1]
    model = load(installed(tmp_path), BackendOptions())
    assert model.translate([text], "vi", "en") == [translation]
    (tmp_path / "trgvocab.vien.spm").unlink()
    assert refusal(installed(tmp_path)).reason == "damaged_model"


def in_other_order(vocabulary: bytes) -> bytes:
    """A SentencePiece model with its pieces, those of bytes apart, reversed."""
    pieces, rest, at = [], b"", 0
    while at < len(vocabulary):
        start, at = at, at + 1
        length = shift = 0
        while True:  # a protobuf varint
            byte = vocabulary[at]
            length |= (byte & 127) << shift
            shift, at = shift + 7, at + 1
            if byte < 128:
                break
        at += length
        field = vocabulary[start:at]
        if vocabulary[start] == 0x0A:
            pieces.append(field)
        else:
            rest += field
    return b"".join(pieces[:258] + pieces[:257:-1]) + rest
