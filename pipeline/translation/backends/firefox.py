"""Models of Firefox Translations, run by its own engine (`fxtranslate`).

Bergamot students: a transformer encoder, an SSRU decoder, 8-bit weights, greedy.
They are small and quick, one sentence at a time. The engine's shortlist (the
model's `lex.*` file) gains a quarter of speed but restricts what may come out; it
stays off until its effect on real output is known.
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.translation.backends.backend import (
    Backend,
    BackendOptions,
    ModelError,
    read_checked,
)
from pipeline.translation.backends.marian_binary import (
    Tensor,
    read_layout,
    read_settings,
)
from pipeline.translation.engine import InstalledModel
from pipeline.translation.vocabulary import (
    FIREFOX_SOURCE,
    FIREFOX_TOKENS,
    Vocabulary,
    first_file,
    plain,
)

SMOKE_TEXTS = ("2024", "BBC 2024", "1 2 3 4 5 6 7 8 9")
"""Numbers stay numbers in every language, so these need no knowledge of it; with
a vocabulary that is not the model's, every piece of them means something else. One
that comes back is enough: a good model may stumble over one."""

SMOKE_CHARACTERS = 60
"""An answer to a smoke text that is longer is an endless one."""

PADDED_ROWS = 63
"""A matrix of embeddings may have so many rows more than the vocabulary has
pieces: matrix kernels like multiples of 64."""

LAYERS = 64
"""More than any model of this family has (6); a wrong number costs memory."""

_CPUINFO = Path("/proc/cpuinfo")
_BYTES = re.compile(r"(?:<0x[0-9A-Fa-f]{2}>)+")


def load(model: InstalledModel, options: BackendOptions) -> Backend:
    """A Firefox model in memory, after one smoke sentence.

    It has one way to compute: of the options only `smoke` matters.

    Raises:
        ModelError: `damaged_model`, `bad_model`, `not_installed`.
    """
    if _CPUINFO.exists() and lacks_avx2(_CPUINFO.read_text("utf-8", "replace")):
        raise ModelError(
            "not_installed", "this processor has no AVX2: ctranslate2 works without"
        )
    engine = _library()
    weights = read_checked(model, _file(model, "model.*.bin"))
    vocabularies = [read_checked(model, name) for name in _vocabulary_files(model)]
    source, target = (Vocabulary(data) for data in vocabularies)
    with _refusing(model):
        _check(weights, source, target)
        translator = engine.Translator(weights, *vocabularies)
    backend = FirefoxBackend(translator, source)
    if options.smoke:
        with _refusing(model):
            _smoke(backend)
    return backend


def repair_bytes(text: str) -> str:
    """Characters that came out as byte pieces, put together again.

    Bytes that make no character become U+FFFD.

    >>> repair_bytes("Bar<0xC3><0xA7>a")
    'Barça'
    """
    return _BYTES.sub(lambda run: _characters(run.group()), text)


class FirefoxBackend:
    """A loaded model."""

    def __init__(self, translator: Any, vocabulary: Vocabulary) -> None:
        """Args: `fxtranslate.Translator`, and its source vocabulary."""
        self._translator = translator
        self._vocabulary = vocabulary

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text; an overlong one in parts, joined by a space.

        Raises:
            RuntimeError: The engine broke on one of them.
        """
        with _quiet():
            return [self._translate(text) for text in texts]

    def _translate(self, text: str) -> str:
        parts = [self._once(part) for part in self._parts(plain(text))]
        return " ".join(part for part in parts if part)

    def _once(self, text: str) -> str:
        try:
            answer = str(self._translator.translate(text))
        except BaseException as error:
            if not _is_panic(error):
                raise
            raise RuntimeError(f"the engine broke: {error}") from error
        if _BYTES.search(text) is None:  # else they may be the text's own
            answer = repair_bytes(answer)
        return plain(answer).strip()

    def _parts(self, text: str) -> list[str]:
        """The text cut at words so that each part fits into the engine's window.

        No token reaches across a space, so the counts of words add up.
        """
        if self._vocabulary.count(text) <= FIREFOX_TOKENS:
            return [text] if text.strip() else []
        parts: list[list[str]] = [[]]
        room = FIREFOX_TOKENS
        for word in self._words(text):
            tokens = self._vocabulary.count(word)
            if tokens > room:
                parts.append([])
                room = FIREFOX_TOKENS
            parts[-1].append(word)
            room -= tokens
        return [" ".join(words) for words in parts if words]

    def _words(self, text: str) -> Iterator[str]:
        """Words, those that are too long themselves in halves."""
        for word in text.split():
            if len(word) == 1 or self._vocabulary.count(word) <= FIREFOX_TOKENS:
                yield word
            else:
                middle = len(word) // 2
                yield from self._words(word[:middle])
                yield from self._words(word[middle:])


def lacks_avx2(processor: str) -> bool:
    """Whether a Linux machine's description (`/proc/cpuinfo`) is without AVX2.

    The engine's kernels for Intel's and AMD's processors need it, and end the process
    with an illegal instruction where it is missing. Another kind of processor has no
    such flags, and other kernels.

    >>> lacks_avx2("flags : fpu sse2 avx"), lacks_avx2("flags : fpu avx avx2")
    (True, False)
    """
    flags = re.search(r"^flags\s*:(.*)$", processor, re.MULTILINE)
    return flags is not None and "avx2" not in flags[1].split()


def _library() -> Any:
    try:
        return import_module("fxtranslate")
    except ImportError as error:
        raise ModelError(
            "not_installed", f'{error}; "pip install fxtranslate" adds the engine'
        ) from error


def _file(model: InstalledModel, *patterns: str) -> str:
    found = first_file(model, patterns)
    if found is None:
        raise ModelError(
            "damaged_model", f"{model.name}: no {patterns[-1]} in its lock"
        )
    return found


def _vocabulary_files(model: InstalledModel) -> tuple[str, str]:
    """Source and target; one file where they share it."""
    return (
        _file(model, *FIREFOX_SOURCE),
        _file(model, "trgvocab.*.spm", "vocab.*.spm"),
    )


def _check(weights: bytes, source: Vocabulary, target: Vocabulary) -> None:
    """What the engine would die of, or answer with garbage."""
    layout = read_layout(weights)
    inputs = _embeddings(layout, "Wemb", "encoder_Wemb")
    outputs = _embeddings(layout, "Wemb", "decoder_Wemb")
    for rows, vocabulary in ((inputs.shape[0], source), (outputs.shape[0], target)):
        if not 0 <= rows - vocabulary.size <= PADDED_ROWS:
            raise ValueError(
                f"it has embeddings of {rows} pieces, its vocabulary {vocabulary.size}"
            )
    settings = read_settings(weights, layout)  # 384 and 8 are the engine's defaults
    dim, heads = settings.get("dim-emb", 384), settings.get("transformer-heads", 8)
    if dim != outputs.shape[-1] or not heads or dim % heads:
        raise ValueError(f"dim-emb is {dim}, the embeddings are {outputs.shape}")
    if max(settings.get("enc-depth", 0), settings.get("dec-depth", 0)) > LAYERS:
        raise ValueError(f"it wants more than {LAYERS} layers")


def _embeddings(layout: Mapping[str, Tensor], *names: str) -> Tensor:
    for name in names:
        if name in layout and len(layout[name].shape) == 2:
            return layout[name]
    raise ValueError(f"it has no {names[-1]}")


def _smoke(backend: FirefoxBackend) -> None:
    answers = backend.translate(SMOKE_TEXTS, "", "")
    for text, answer in zip(SMOKE_TEXTS, answers, strict=True):
        if _digits(answer) == _digits(text) and len(answer) <= SMOKE_CHARACTERS:
            return
    raise ValueError(
        "numbers do not survive it (is this vocabulary the model's?): "
        f"{[answer[:SMOKE_CHARACTERS] for answer in answers]}"
    )


def _digits(text: str) -> str:
    """Digits of any script as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) for c in text if c.isdigit())


def _characters(run: str) -> str:
    """Of `<0xC3><0xA7>`: ç."""
    return bytes.fromhex(run.replace("<0x", "").replace(">", "")).decode(
        "utf-8", "replace"
    )


@contextlib.contextmanager
def _refusing(model: InstalledModel) -> Iterator[None]:
    """Whatever goes wrong while a model is loaded: it is a bad one."""
    with _quiet():
        try:
            yield
        except BaseException as error:
            if isinstance(error, ValueError | RuntimeError) or _is_panic(error):
                raise ModelError("bad_model", f"{model.name}: {error}") from error
            raise


def _is_panic(error: BaseException) -> bool:
    """PyO3's `PanicException` derives from `BaseException` and has no module."""
    return type(error).__name__ == "PanicException"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A panicking engine writes to standard error, past Python: to nowhere."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
