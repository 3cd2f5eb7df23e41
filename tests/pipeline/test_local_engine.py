"""Models in child processes: what a fault costs, and that nothing is cut or mixed."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.translation.backends.backend import BackendOptions, ModelError
from pipeline.translation.backends.loaded import LoadedModels, memory_of, run_job
from pipeline.translation.batches import BREAK_AFTER
from pipeline.translation.engine import Engine, Failure, InstalledModel, LocalKind
from pipeline.translation.local import BREAK_SECONDS, LocalEngine, LocalSettings
from pipeline.translation.vocabulary import FIREFOX_TOKENS, Vocabulary
from pipeline.workers import START_ATTEMPTS
from tests.pipeline import tasks
from tests.trained import needs
from tests.trained.pairs import pairs

MODEL = InstalledModel(
    name="tiny",
    engine="firefox",
    architecture="bergamot",
    folder="/nowhere",
    files={},
    sources=("vi",),
    targets=("en",),
    version="7",
    licence="MPL-2.0",
)
SHORT = LocalSettings(timeout_seconds=0.3, memory_mib=1024)


class Shelf:
    """Finds the models that it was given."""

    def __init__(self, *models: InstalledModel) -> None:
        self.models = list(models)

    def find(
        self, engine: LocalKind, source: str, target: str
    ) -> InstalledModel | None:
        for model in self.models:
            if (model.engine, model.sources) == (engine, (source,)):
                return model if target in model.targets else None
        return None


class Seconds:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Open = Callable[..., LocalEngine]


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def opened(clock: Seconds) -> Iterator[Open]:
    """Opens an engine; of the model above with a task that obeys its texts."""
    engines: list[LocalEngine] = []

    def open_it(
        *models: InstalledModel,
        settings: LocalSettings = SHORT,
        task: Any = tasks.translate,
    ) -> LocalEngine:
        shelf = Shelf(*(models or (MODEL,)))
        engine = LocalEngine(
            "local", "firefox", shelf, settings, task=task, clock=clock
        )
        engines.append(engine)
        return engine

    yield open_it
    for engine in engines:
        engine.close()
    assert multiprocessing.active_children() == []


def reasons(answers: list[str | Failure]) -> list[str]:
    return [a.reason if isinstance(a, Failure) else a for a in answers]


def said(count: int) -> list[str]:
    return [f"say:{number}" for number in range(count)]


# --- What it says of itself --------------------------------------------------------


def test_it_is_an_engine(opened: Open) -> None:
    engine: Engine = opened()
    assert (engine.name, engine.kind) == ("local", "firefox")


@pytest.mark.parametrize(
    ("kind", "options", "files", "parameters"),
    [
        ("firefox", {}, {"model.vien.intgemm.alphas.bin": ""}, "int8, greedy"),
        ("firefox", {"beam_size": 4}, {"model.vien.bin": ""}, "float32, greedy"),
        ("ctranslate2", {}, {}, "int8, greedy"),
        ("ctranslate2", {"beam_size": 4}, {}, "int8, beam 4"),
        ("ctranslate2", {"device": "cuda"}, {}, "float16, greedy"),
        ("ctranslate2", {"device": "auto"}, {}, "int8 or float16, greedy"),
        (
            "ctranslate2",
            {"device": "auto", "compute_type": "float32"},
            {},
            "float32, greedy",
        ),
        ("transformers", {}, {}, "float32, greedy"),
        ("transformers", {"device": "cuda", "beam_size": 2}, {}, "float16, beam 2"),
    ],
)
def test_a_segments_provenance_is_complete(kind, options, files, parameters) -> None:
    shelf = Shelf(replace(MODEL, engine=kind, files=files))
    settings = LocalSettings(options=BackendOptions(**options))
    model = LocalEngine("local", kind, shelf, settings).model("vi", "en")
    assert model is not None
    assert (model.engine, model.name, model.version) == (kind, "tiny", "7")
    assert (model.licence, model.parameters) == ("MPL-2.0", parameters)


def test_a_pair_without_a_model_waits(opened: Open) -> None:
    engine = opened()
    assert engine.model("th", "en") is None
    assert engine.fits("x" * 10_000, "th", "en")
    assert reasons(engine.translate(["a", "b"], "th", "en")) == ["no_model"] * 2
    assert multiprocessing.active_children() == []


def test_a_new_model_is_used_at_once(clock: Seconds) -> None:
    shelf = Shelf()
    engine = LocalEngine("local", "firefox", shelf, SHORT, task=tasks.translate)
    assert reasons(engine.translate(["say:a"], "vi", "en")) == ["no_model"]
    shelf.models.append(MODEL)
    assert engine.translate(["say:a"], "vi", "en") == ["a"]
    engine.close()


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = "{'fxtranslate', 'ctranslate2', 'torch', 'transformers', 'sentencepiece'}"
    code = f"import sys, pipeline.translation.local; print({heavy} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert found.stdout == "set()\n"


# --- Order -------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 33, 200])
def test_answers_come_in_the_order_of_the_texts(
    opened: Open, workers: int, count: int
) -> None:
    texts = [f"say:{'x' * (7 * n % 13)}{n}" for n in range(count)]
    engine = opened(settings=LocalSettings(workers=workers))
    assert engine.translate(texts, "vi", "en") == [
        t.removeprefix("say:") for t in texts
    ]


def test_few_texts_are_not_spread_over_children(opened: Open) -> None:
    engine = opened(settings=LocalSettings(workers=2))
    assert len(set(engine.translate(["pid"] * 8, "vi", "en"))) == 1
    assert len(set(engine.translate(["pid"] * 20, "vi", "en"))) == 2


def test_what_holds_no_text_needs_no_engine(opened: Open) -> None:
    engine = opened()
    assert engine.translate(["", " \n", "\x00\x07"], "vi", "en") == ["", "", ""]
    assert multiprocessing.active_children() == []


# --- Faults of one text (P5) -------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("kill", "crash"),
        ("exit:0", "crash"),
        ("raise:index out of range", "crash"),
        pytest.param(
            "grow",
            "out_of_memory",
            marks=pytest.mark.skipif(
                sys.platform != "linux", reason="RLIMIT_DATA is Linux's"
            ),
        ),
        ("fail:refused", "refused"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_text_that_breaks_the_engine_fails_alone(
    opened: Open, order: str, reason: str, workers: int
) -> None:
    """P5"""
    texts = said(30)
    texts[13] = order
    expected = [text.removeprefix("say:") for text in texts]
    expected[13] = reason
    engine = opened(settings=replace(SHORT, workers=workers, timeout_seconds=20))
    assert reasons(engine.translate(texts, "vi", "en")) == expected
    assert engine.translate(["say:a"], "vi", "en") == ["a"]


def test_a_text_that_hangs_the_engine_fails_alone(opened: Open, tmp_path: Path) -> None:
    """P5"""
    texts = ["say:a", f"hang:{tmp_path / 'x'}", "say:b"]
    (a, hung, b) = opened().translate(texts, "vi", "en")
    assert (a, b) == ("a", "b")
    assert isinstance(hung, Failure)
    assert (hung.reason, hung.detail) == ("timeout", "over 0.3 s")


def test_a_traceback_says_what_went_wrong(opened: Open) -> None:
    (failure,) = opened().translate(["raise:index out of range"], "vi", "en")
    assert isinstance(failure, Failure)
    assert "LookupError: index out of range" in failure.detail


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is Linux's")
def test_a_lack_of_memory_says_what_to_do(opened: Open) -> None:
    (failure,) = opened().translate(["grow"], "vi", "en")
    assert isinstance(failure, Failure)
    assert "memory_mib" in failure.detail


@pytest.mark.parametrize("order", ["few", "say:", "say:  "])
def test_a_missing_translation_is_a_failure(opened: Open, order: str) -> None:
    """P10"""
    found = opened().translate(["say:a", order, "say:b"], "vi", "en")
    assert reasons(found) == ["a", "bad_answer", "b"]


def test_two_bad_texts_among_good_ones_fail_alone(opened: Open) -> None:
    """P5: failures in a row are counted, not failures. (Of one length: in order.)"""
    texts = "exit:1 say:aa exit:1 exit:1 say:bb exit:1 exit:1 say:cc".split()
    assert reasons(opened().translate(texts, "vi", "en")) == (
        "crash aa crash crash bb crash crash cc".split()
    )


def test_a_child_killed_between_calls_costs_nothing(opened: Open) -> None:
    """P5"""
    engine = opened()
    (pid,) = engine.translate(["pid"], "vi", "en")
    os.kill(int(str(pid)), signal.SIGKILL)
    for child in multiprocessing.active_children():
        child.join()
    assert engine.translate(["say:a", "say:b"], "vi", "en") == ["a", "b"]


# --- Faults of a model (P5, P10) ---------------------------------------------------


@pytest.mark.parametrize("reason", ["damaged_model", "bad_model", "not_installed"])
def test_a_model_that_cannot_be_used_fails_every_text(
    opened: Open, reason: str
) -> None:
    """O3: and is not left alone, since it may be repaired at any time."""
    engine = opened()
    found = engine.translate([f"fail:{reason}"] * 40, "vi", "en")
    assert reasons(found) == [reason] * 40
    assert engine.translate(["say:a"], "vi", "en") == ["a"]


def test_a_model_that_always_hangs_is_given_up(opened: Open, tmp_path: Path) -> None:
    """P5: after three texts alone, not after forty."""
    texts = [f"hang:{tmp_path}/{number:02}" for number in range(40)]
    found = opened().translate(texts, "vi", "en")
    assert reasons(found) == ["timeout"] * 40
    tried = [answer for answer in found if "not tried" not in answer.detail]
    assert len(tried) == BREAK_AFTER
    assert len(list(tmp_path.iterdir())) == BREAK_AFTER


def test_a_model_that_was_given_up_is_left_alone(
    opened: Open, clock: Seconds, tmp_path: Path
) -> None:
    """P5: and is tried again after a minute."""
    engine = opened()
    assert reasons(engine.translate(["kill"] * 5, "vi", "en")) == ["crash"] * 5
    clock.now += BREAK_SECONDS - 1
    for child in multiprocessing.active_children():
        child.kill()
    found = engine.translate([f"hang:{tmp_path / 'x'}", "say:a"], "vi", "en")
    assert reasons(found) == ["unavailable"] * 2
    assert not (tmp_path / "x").exists()
    clock.now += 1
    assert engine.translate(["say:a"], "vi", "en") == ["a"]


def test_other_models_go_on_while_one_is_left_alone(opened: Open) -> None:
    """P5"""
    other = replace(MODEL, name="other", folder="/elsewhere", sources=("ar",))
    engine = opened(MODEL, other)
    engine.translate(["kill"] * 5, "vi", "en")
    assert reasons(engine.translate(["say:a"], "vi", "en")) == ["unavailable"]
    assert engine.translate(["say:a"], "ar", "en") == ["a"]


def test_children_that_cannot_start_end_the_call(opened: Open, tmp_path: Path) -> None:
    """P5"""
    log = tmp_path / "log"
    engine = opened(task=tasks.StartsAtAttempt(99, log))
    found = engine.translate(said(100), "vi", "en")
    assert reasons(found) == ["crash"] * 100
    assert str(START_ATTEMPTS) in found[-1].detail
    assert reasons(engine.translate(["say:a"], "vi", "en")) == ["unavailable"]
    assert log.stat().st_size == START_ATTEMPTS


# --- Children ----------------------------------------------------------------------


def test_closing_ends_the_children(opened: Open) -> None:
    engine = opened(settings=LocalSettings(workers=2))
    assert multiprocessing.active_children() == []
    engine.translate(said(40), "vi", "en")
    assert len(multiprocessing.active_children()) == 2
    engine.close()
    assert multiprocessing.active_children() == []
    assert reasons(engine.translate(["say:a"], "vi", "en")) == ["unavailable"]
    engine.close()


class Library:
    """Loads models of nothing, and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.broken: set[str] = set()

    def __call__(self, model: InstalledModel, options: BackendOptions) -> Any:
        self.loaded.append(model.name)
        if model.name in self.broken:
            raise ModelError("bad_model", model.name)
        return model.name


@pytest.fixture
def sized(tmp_path: Path) -> Callable[[str, int], InstalledModel]:
    def make(name: str, size: int) -> InstalledModel:
        (tmp_path / name).write_bytes(bytes(size))
        return replace(MODEL, name=name, folder=str(tmp_path), files={name: ""})

    return make


OPTIONS = BackendOptions()


def test_a_child_keeps_models_up_to_its_memory(sized) -> None:
    library = Library()
    models = LoadedModels(library)
    a, b, c = (sized(name, 1000) for name in "abc")
    room = memory_of(a) + memory_of(b)
    for model in (a, b, a, c, a, b):  # c takes the place of b, used longest ago
        assert models.get(model, OPTIONS, room) == model.name
    assert library.loaded == ["a", "b", "c", "b"]


def test_a_model_larger_than_the_memory_is_loaded_alone(sized) -> None:
    library = Library()
    models = LoadedModels(library)
    small, large = sized("small", 10), sized("large", 10_000)
    for model in (small, large, large, small):
        models.get(model, OPTIONS, 100)
    assert library.loaded == ["small", "large", "small"]


def test_a_replaced_model_is_loaded_anew(sized) -> None:
    library = Library()
    models = LoadedModels(library)
    old = sized("a", 10)
    for model in (old, replace(old, files={"a": "another hash"})):
        models.get(model, OPTIONS, 1000)
    models.get(old, BackendOptions(beam_size=4), 1000)
    assert library.loaded == ["a", "a", "a"]


def test_a_broken_model_is_tried_again_when_its_file_changes(sized) -> None:
    library = Library()
    library.broken.add("a")
    models = LoadedModels(library)
    model = sized("a", 10)
    for _ in range(3):
        with pytest.raises(ModelError, match="a"):
            models.get(model, OPTIONS, 1000)
    assert library.loaded == ["a"]
    library.broken.clear()
    assert models.get(sized("a", 11), OPTIONS, 1000) == "a"


# --- A real model ------------------------------------------------------------------

real = needs("torch", "fxtranslate", "sentencepiece")


@pytest.fixture(scope="module")
def trained() -> InstalledModel:
    from tests.trained.firefox import trained_firefox

    return trained_firefox("vi")


@pytest.fixture
def engine(opened: Open, trained: InstalledModel) -> LocalEngine:
    return opened(trained, settings=LocalSettings(workers=2), task=run_job)


@real
def test_it_translates(engine: LocalEngine) -> None:
    texts, translations = zip(*pairs("vi"), strict=True)
    assert engine.translate(texts, "vi", "en") == list(translations)


@real
def test_a_text_is_translated_alike_in_any_call(engine: LocalEngine) -> None:
    texts = [f"{a} {n}" for n, (a, _) in enumerate(pairs("vi"))]
    expected = dict(zip(texts, engine.translate(texts, "vi", "en"), strict=True))
    shuffled = random.Random(3)
    for size in (1, 2, 9, 40):
        shuffled.shuffle(texts)
        found = engine.translate(texts[:size], "vi", "en")
        assert found == [expected[text] for text in texts[:size]]


@real
def test_an_overlong_text_does_not_fit(
    engine: LocalEngine, trained: InstalledModel
) -> None:
    data = Path(trained.folder, "vocab.vien.spm").read_bytes()
    vocabulary = Vocabulary(data)
    text = "Kazan"
    assert FIREFOX_TOKENS == 127  # the engine's window, not ours to choose
    while vocabulary.count(text + " Kazan") <= FIREFOX_TOKENS:
        assert engine.fits(text, "vi", "en")
        text += " Kazan"
    assert engine.fits(text, "vi", "en")
    assert not engine.fits(text + " Kazan", "vi", "en")


@real
def test_long_and_hostile_texts_come_back(engine: LocalEngine) -> None:
    """Nothing is cut: a text over the window is translated in parts."""
    text, translation = pairs("vi")[1]
    long = f"{text} " * (10_000 // len(text))
    assert not engine.fits(long, "vi", "en")
    hostile = ["\x00" + text, long, "\ud800", "🜁" * 500, "<0x00>" * 50, "\u202e" + text]
    found = engine.translate(hostile, "vi", "en")
    assert found[0] == translation
    assert isinstance(found[1], str)
    assert len(found[1]) > 2_000
    assert found[2] == ""
    assert engine.translate([text], "vi", "en") == [translation]


@real
def test_a_changed_model_is_refused_and_the_others_go_on(
    opened: Open, trained: InstalledModel, tmp_path: Path
) -> None:
    """O3"""
    for name in trained.files:
        data = bytearray(Path(trained.folder, name).read_bytes())
        data[-1] ^= 1
        (tmp_path / name).write_bytes(data)
    changed = replace(trained, folder=str(tmp_path), sources=("th",))
    engine = opened(trained, changed, settings=LocalSettings(), task=run_job)
    text, translation = pairs("vi")[1]
    assert engine.translate([text], "vi", "en") == [translation]
    (child,) = multiprocessing.active_children()
    assert engine.fits(text, "th", "en")
    found = engine.translate([text] * 20, "th", "en")
    assert reasons(found) == ["damaged_model"] * 20
    assert "SHA-256" in found[0].detail
    assert engine.translate([text], "vi", "en") == [translation]
    assert multiprocessing.active_children() == [child]


@pytest.mark.parametrize(
    ("kind", "workers", "memory_mib", "children"),
    [
        ("firefox", 2, 4096, 2),
        ("firefox", 32, 4096, 16),
        ("ctranslate2", 8, 4096, 5),
        ("transformers", 4, 4096, 2),
        ("transformers", 4, 1024, 1),
    ],
)
def test_memory_is_shared_by_no_more_children_than_it_carries(
    kind: LocalKind, workers: int, memory_mib: int, children: int
) -> None:
    settings = LocalSettings(workers=workers, memory_mib=memory_mib)
    assert settings.children(kind) == children
    assert settings.child_bytes(kind) * children <= memory_mib << 20
    on_gpu = LocalSettings(
        workers=workers,
        memory_mib=memory_mib,
        options=BackendOptions(device="cuda"),
    )
    assert on_gpu.children(kind) == 1
