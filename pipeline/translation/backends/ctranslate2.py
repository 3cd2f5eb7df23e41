"""The CTranslate2 backend: OPUS-MT, M2M100, NLLB, MADLAD, without torch.

int8 on the CPU, float16 on a GPU. It needs no AVX2: the library picks what the
processor has, which makes it the engine for machines that the Firefox engine does
not start on.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.translation.backends.backend import (
    Backend,
    BackendOptions,
    ModelError,
    check_file,
    read_checked,
)
from pipeline.translation.backends.families import (
    Tokens,
    batches,
    not_installed,
    tokens_of,
)
from pipeline.translation.engine import InstalledModel

WEIGHTS = "model.bin"
CONFIG = "config.json"
VOCABULARIES = (
    *("shared_vocabulary.json", "source_vocabulary.json", "target_vocabulary.json"),
    *("shared_vocabulary.txt", "source_vocabulary.txt", "target_vocabulary.txt"),
)
"""What a model may be made of; the `.txt` are those of converters before 3.13."""

IN_MEMORY_BYTES = 1 << 30
"""Weights up to here are loaded from the very bytes whose hash was checked. Larger
ones would be held twice, which a machine that just fits them has no room for: they
are checked in the file, and read again (`backend.check_file` says what that means)."""


def load(model: InstalledModel, options: BackendOptions) -> Backend:
    """Loads a converted model.

    Raises:
        ModelError: `not_installed`, `damaged_model`, `bad_model`; `unavailable`: a
            GPU is asked for and there is none.
    """
    try:
        import ctranslate2
    except ImportError as error:
        raise not_installed(error) from error
    if options.device == "cuda" and not ctranslate2.get_cuda_device_count():
        raise ModelError(
            "unavailable", "no GPU that CTranslate2 can use; device = cpu?"
        )
    tokens = tokens_of(model)
    adds_end = _adds_end(model)
    with _contents(model) as contents:
        try:
            translator = ctranslate2.Translator(
                **contents,
                device=options.device,
                compute_type=_compute_types(options),
                inter_threads=1,
                intra_threads=options.threads,
            )
        except (RuntimeError, ValueError, MemoryError) as error:
            # A count in a damaged header makes the library ask for absurd memory.
            raise ModelError("bad_model", f"{model.name}: {error}") from error
    return _Loaded(translator, tokens, options, adds_end=adds_end)


class _Loaded:
    """A model in memory."""

    def __init__(
        self,
        translator: Any,
        tokens: Tokens,
        options: BackendOptions,
        *,
        adds_end: bool,
    ) -> None:
        self._translator = translator
        self._tokens = tokens
        self._options = options
        self._adds_end = adds_end

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text, in order; a repetition stays in it.

        Raises:
            ModelError: As `Tokens.encode`; `bad_model`: the weights do not fit their
                vocabulary.
        """
        encoded = [self._tokens.encode(text, source, target) for text in texts]
        answers = [""] * len(texts)
        for batch in batches(encoded, self._options.batch_tokens):
            sources = [encoded[number] for number in batch.numbers]
            outputs = self._run(sources, batch.longest_output, target)
            for number, output in zip(batch.numbers, outputs, strict=True):
                answers[number] = self._tokens.decode(output, target)
        return answers

    def _run(self, batch: list[list[str]], limit: int, target: str) -> list[list[str]]:
        if self._adds_end:
            batch = [tokens[:-1] for tokens in batch]
        prefix = self._tokens.prefix(target)
        try:
            results = self._translator.translate_batch(
                batch,
                target_prefix=[prefix] * len(batch) if prefix else None,
                beam_size=self._options.beam_size,
                max_input_length=0,  # the library would cut, in silence
                max_decoding_length=limit,
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError("bad_model", str(error)) from error
        return [result.hypotheses[0] for result in results]


def _compute_types(options: BackendOptions) -> dict[str, str]:
    """int8 is the CPU's; a GPU computes float16 as fast, and more exactly."""
    on_gpu = "float16" if options.compute_type == "int8" else options.compute_type
    return {"cpu": options.compute_type, "cuda": on_gpu}


def _adds_end(model: InstalledModel) -> bool:
    """Whether the library appends `</s>` by itself: converters disagree."""
    try:
        config = json.loads(read_checked(model, CONFIG))
        return bool(config.get("add_source_eos", False))
    except (ValueError, AttributeError) as error:
        raise ModelError("bad_model", f"{model.name}: {CONFIG}: {error}") from error


@contextmanager
def _contents(model: InstalledModel) -> Iterator[dict[str, Any]]:
    """The arguments that give the library this model, checked, and nothing else."""
    names = [CONFIG, *(name for name in VOCABULARIES if name in model.files)]
    if len(names) == 1:
        raise ModelError("damaged_model", f"{model.name}: no vocabulary in its lock")
    small = {name: read_checked(model, name) for name in names}
    if _size(model, WEIGHTS) <= IN_MEMORY_BYTES:
        small[WEIGHTS] = read_checked(model, WEIGHTS)
        yield {"model_path": model.name, "files": small}
        return
    check_file(model, WEIGHTS)
    with tempfile.TemporaryDirectory(prefix="babelwire-model-") as folder:
        for name, data in small.items():
            Path(folder, name).write_bytes(data)
        Path(folder, WEIGHTS).symlink_to(Path(model.folder, WEIGHTS).absolute())
        yield {"model_path": folder}


def _size(model: InstalledModel, file: str) -> int:
    try:
        return Path(model.folder, file).stat().st_size
    except OSError:
        return 0  # `read_checked` says what is missing
