"""The transformers backend: OPUS-MT, M2M100, NLLB, MADLAD as Hugging Face keeps them.

An extra: it needs torch, is ten times slower on a CPU than CTranslate2, and is for
models that nobody has converted. float32 on the CPU, float16 on a GPU.

Only files that the lock lists are seen by the library, only after their hash held,
and of those only weights as safetensors, JSON and SentencePiece models: never a
pickle, never code. Texts are cut into pieces here (`families`), as for CTranslate2;
the library's tokenizers only know the numbers of the pieces.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.translation.backends.backend import (
    Backend,
    BackendOptions,
    ModelError,
    check_file,
)
from pipeline.translation.backends.families import (
    END,
    Tokens,
    batches,
    not_installed,
    tokens_of,
)
from pipeline.translation.engine import InstalledModel

MODEL_TYPES = {
    "marian": "marian",
    "m2m100": "m2m_100",
    "nllb": "m2m_100",
    "madlad": "t5",
}
"""What the `config.json` of each family has to say."""

LOADED = frozenset({".json", ".safetensors", ".spm", ".model"})
"""Kinds of files that the library gets to see."""

NOT_LOADED = frozenset({"adapter_config.json"})
"""Would make it load further weights, from wherever that file says."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""A local folder needs no network; this is for what the library may ask besides."""


def load(model: InstalledModel, options: BackendOptions) -> Backend:
    """Loads a model from its folder; the process is offline from here on.

    Raises:
        ModelError: `not_installed`, `damaged_model`, `bad_model`; `unavailable`: a
            GPU is asked for and there is none.
    """
    os.environ.update(OFFLINE)
    try:
        import torch
        import transformers
        from safetensors import SafetensorError
    except ImportError as error:
        raise not_installed(error) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    device = _device(options, is_there=torch.cuda.is_available())
    _refuse_pickles(model)
    tokens = tokens_of(model)
    with _view(model) as folder:
        try:
            _check_type(model, folder)
            tokenizer = _tokenizer(folder)
            network = _network(model, folder, on_gpu=device == "cuda")
        except (*_BROKEN, SafetensorError) as error:
            raise ModelError("bad_model", f"{model.name}: {error}") from error
    network.to(device).eval()
    return _Loaded(network, tokenizer, tokens, options)


_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError)
"""What the library raises for files that are no model."""


class _Loaded:
    """A model in memory."""

    def __init__(
        self, network: Any, tokenizer: Any, tokens: Tokens, options: BackendOptions
    ) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._tokens = tokens
        self._options = options
        self._settings = _settings(network, tokenizer, options)

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text, in order; a repetition stays in it.

        Raises:
            ModelError: As `Tokens.encode`; `out_of_memory`: of the GPU.
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
        import torch

        rows = [self._tokenizer.convert_tokens_to_ids(tokens) for tokens in batch]
        width = max(map(len, rows))
        padding = self._settings["pad_token_id"]
        ids = [row + [padding] * (width - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
        device = self._network.device
        try:
            with torch.inference_mode():
                outputs = self._network.generate(
                    input_ids=torch.tensor(ids, device=device),
                    attention_mask=torch.tensor(mask, device=device),
                    max_new_tokens=limit,
                    forced_bos_token_id=self._forced(target),
                    **self._settings,
                )
        except torch.OutOfMemoryError as error:
            raise ModelError("out_of_memory", str(error)) from error
        return [
            self._tokenizer.convert_ids_to_tokens(row[1:]) for row in outputs.tolist()
        ]

    def _forced(self, target: str) -> int | None:
        prefix = self._tokens.prefix(target)
        return self._tokenizer.convert_tokens_to_ids(prefix[0]) if prefix else None


def _settings(network: Any, tokenizer: Any, options: BackendOptions) -> dict[str, Any]:
    """What decides the output: ours, not what a repository recommends."""
    import transformers

    config, recommended = network.config, network.generation_config
    padding = config.pad_token_id
    start = getattr(config, "decoder_start_token_id", None)
    if start is None:
        start = recommended.decoder_start_token_id
    # What `generate` does not get as an argument it would take from there.
    network.generation_config = transformers.GenerationConfig()
    return {
        "num_beams": options.beam_size,
        "do_sample": False,
        "pad_token_id": padding,
        "eos_token_id": tokenizer.convert_tokens_to_ids(END),
        "decoder_start_token_id": start,
        "bad_words_ids": [[padding]],  # OPUS-MT's padding is a piece like any other
    }


def _device(options: BackendOptions, *, is_there: bool) -> str:
    if options.device == "cuda" and not is_there:
        raise ModelError("unavailable", "no GPU that torch can use; device = cpu?")
    return "cpu" if options.device == "cpu" or not is_there else "cuda"


def _refuse_pickles(model: InstalledModel) -> None:
    if not any(name.endswith(".safetensors") for name in model.files):
        raise ModelError(
            "bad_model",
            f"{model.name}: no weights as safetensors. What other formats hold is a"
            " Python pickle, which may run any code when it is opened: take a revision"
            " with model.safetensors, or convert the original (.npz) to CTranslate2",
        )


@contextmanager
def _view(model: InstalledModel) -> Iterator[Path]:
    """A folder of links to what may be loaded of a model, each checked."""
    with tempfile.TemporaryDirectory(prefix="babelwire-model-") as folder:
        for name in model.files:
            place = Path(name)
            if place.suffix not in LOADED or place.name in NOT_LOADED:
                continue
            check_file(model, name)
            link = Path(folder, place.name)
            if place.name == name and not link.exists():
                link.symlink_to(Path(model.folder, name).absolute())
        yield Path(folder)


def _check_type(model: InstalledModel, folder: Path) -> None:
    import transformers

    config, _ = transformers.PretrainedConfig.get_config_dict(
        folder, local_files_only=True
    )
    expected = MODEL_TYPES[model.architecture]
    if config.get("model_type") != expected:
        raise ValueError(
            f"config.json is of the type {config.get('model_type')!r}, expected"
            f" {expected!r} for the family {model.architecture}"
        )


def _tokenizer(folder: Path) -> Any:
    import transformers

    with warnings.catch_warnings():
        # It normalises punctuation in a method that nothing calls.
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        return transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )


def _network(model: InstalledModel, folder: Path, *, on_gpu: bool) -> Any:
    import torch
    import transformers

    network, report = transformers.AutoModelForSeq2SeqLM.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float16 if on_gpu else torch.float32,
        output_loading_info=True,
    )
    # The library would start from random numbers there, and say nothing.
    missing = [*report["missing_keys"], *report["mismatched_keys"]]
    if missing:
        raise ValueError(f"tensors are missing or of another shape: {missing[:3]}")
    return network
