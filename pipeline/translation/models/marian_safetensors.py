"""Reads an OPUS-MT model as Hugging Face keeps it: `model.safetensors`, `config.json`.

The tensors get Marian's own names and shapes again (Hugging Face keeps matrices
transposed and adds a row for padding), so that one converter does for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import InputError

WEIGHTS = "model.safetensors"
CONFIG = "config.json"

ACTIVATIONS = {"swish": "SWISH", "silu": "SWISH", "relu": "RELU"}
"""Those of Marian's that OPUS-MT uses, by Hugging Face's name."""

MAX_LAYERS = 64
"""Layers or heads; OPUS-MT has 6 and 8, its big models 16 heads."""

Arrays = dict[str, Any]


def convert(folder: Path, destination: Path, quantization: str) -> None:
    """Writes CTranslate2's files of the model into an empty folder.

    Raises:
        InputError: Something in the folder is not what it has to be.
        ImportError: ctranslate2 or safetensors is not installed.
    """
    from ctranslate2.converters import marian
    from ctranslate2.specs import TransformerSpec, common_spec

    config = _config(folder)
    spec = TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        config["encoder_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation[ACTIVATIONS[config["activation_function"]]],
    )
    marian.set_transformer_spec(spec, _weights(folder, config))
    for side, name in zip(("source", "target"), _vocabularies(folder), strict=True):
        register = getattr(spec, f"register_{side}_vocabulary")
        register(_tokens(folder / name))
    # Any token would do: a Marian decoder starts from a zero embedding.
    spec.config.decoder_start_token = spec.config.eos_token
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(destination))


def marian_names(tensors: Mapping[str, Any], *, layers: Mapping[str, int]) -> Arrays:
    """A model's tensors under Marian's names, in Marian's shapes.

    Args:
        tensors: By Hugging Face's names, numpy arrays.
        layers: How many `encoder` and `decoder` have.

    Raises:
        KeyError: A tensor is missing.
    """
    named: Arrays = {}
    _check_padding(tensors)
    for side, count in layers.items():
        embedded = f"model.{side}.embed_tokens.weight"
        named[f"{side}_Wemb"] = _first(tensors, embedded, "model.shared.weight")[:-1]
        for number in range(count):
            ours = f"{side}_l{number + 1}"
            named.update(_layer(tensors, f"model.{side}.layers.{number}", ours))
    out = _first(
        tensors,
        "lm_head.weight",
        "model.decoder.embed_tokens.weight",
        "model.shared.weight",
    )
    named["decoder_ff_logit_out_Wt"] = out[:-1]
    named["decoder_ff_logit_out_b"] = tensors["final_logits_bias"].reshape(1, -1)[
        :, :-1
    ]
    return named


def _check_padding(tensors: Mapping[str, Any]) -> None:
    """A Marian decoder starts from zeros; Hugging Face's from the padding's row.

    Training with their code may change that row, and then CTranslate2 would compute
    something else without a word.
    """
    embedded = "model.decoder.embed_tokens.weight"
    row = _first(tensors, embedded, "model.shared.weight", "lm_head.weight")[-1]
    if row.any():
        raise InputError(
            f"{WEIGHTS}: the embedding of the padding is not zero: this model was"
            " trained further so that CTranslate2 cannot compute it"
        )


def _layer(
    tensors: Mapping[str, Any], theirs: str, ours: str
) -> Iterator[tuple[str, Any]]:
    blocks = {"self_attn": "self"}
    if f"{theirs}.encoder_attn.q_proj.weight" in tensors:
        blocks["encoder_attn"] = "context"
    for their_block, block in blocks.items():
        for part in ("q", "k", "v", "out"):
            name = f"{theirs}.{their_block}.{part}_proj"
            yield from _affine(tensors, name, f"{ours}_{block}", part[0])
        yield from _norm(
            tensors, f"{theirs}.{their_block}_layer_norm", f"{ours}_{block}_Wo"
        )
    for part in ("1", "2"):
        yield from _affine(tensors, f"{theirs}.fc{part}", f"{ours}_ffn", part)
    yield from _norm(tensors, f"{theirs}.final_layer_norm", f"{ours}_ffn_ffn")


def _affine(
    tensors: Mapping[str, Any], theirs: str, ours: str, part: str
) -> Iterator[tuple[str, Any]]:
    yield f"{ours}_W{part}", tensors[f"{theirs}.weight"].transpose()
    yield f"{ours}_b{part}", tensors[f"{theirs}.bias"].reshape(1, -1)


def _norm(
    tensors: Mapping[str, Any], theirs: str, ours: str
) -> Iterator[tuple[str, Any]]:
    yield f"{ours}_ln_scale", tensors[f"{theirs}.weight"].reshape(1, -1)
    yield f"{ours}_ln_bias", tensors[f"{theirs}.bias"].reshape(1, -1)


def _first(tensors: Mapping[str, Any], *names: str) -> Any:
    """Tied matrices are kept once, under any of their names."""
    found = next((tensors[name] for name in names if name in tensors), None)
    if found is None:
        raise KeyError(names[0])
    return found


def _weights(folder: Path, config: Mapping[str, Any]) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{folder / WEIGHTS}: not readable: {error}") from error
    layers = {side: config[f"{side}_layers"] for side in ("encoder", "decoder")}
    try:
        return marian_names(tensors, layers=layers)
    except KeyError as error:
        raise InputError(f"{folder / WEIGHTS}: no tensor {error}") from error


def _config(folder: Path) -> dict[str, Any]:
    config = _json(folder / CONFIG)
    expected: dict[str, tuple[Any, ...]] = {
        "model_type": ("marian",),
        "normalize_before": (False, None),
        "normalize_embedding": (False, None),
        "scale_embedding": (True,),
        "activation_function": tuple(ACTIVATIONS),
    }
    for key, values in expected.items():
        if config.get(key) not in values:
            wanted = " or ".join(repr(value) for value in values if value is not None)
            raise InputError(
                f"{folder / CONFIG}: {key} is {config.get(key)!r}, expected {wanted}"
            )
    numbers = ("encoder_layers", "decoder_layers", "encoder_attention_heads")
    for key in numbers:
        if not isinstance(config.get(key), int) or not 1 <= config[key] <= MAX_LAYERS:
            raise InputError(f"{folder / CONFIG}: {key} is {config.get(key)!r}")
    return config


def _vocabularies(folder: Path) -> tuple[str, str]:
    second = "target_vocab.json"
    return "vocab.json", second if (folder / second).is_file() else "vocab.json"


def _tokens(path: Path) -> list[str]:
    """The pieces in the order of their rows, without the padding that was added."""
    numbers = _json(path)
    places = {row: piece for piece, row in numbers.items() if isinstance(row, int)}
    tokens = [places[row] for row in range(len(numbers)) if row in places]
    if len(tokens) != len(numbers):
        raise InputError(f"{path}: its numbers are not 0 to {len(numbers) - 1}")
    if not tokens or tokens[-1] != "<pad>":
        raise InputError(f"{path}: <pad> is not its last piece: not an OPUS-MT model")
    return tokens[:-1]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: {type(found).__name__}, expected an object")
    return found
