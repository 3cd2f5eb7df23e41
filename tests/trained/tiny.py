"""Tiny models of the many-language families, with random weights and real files.

What they say is nonsense, but the same nonsense wherever the same tokens arrive:
two engines agree on it only if they put a text to the model in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.translation.engine import InstalledModel
from tests.trained.cache import cached, training_key
from tests.trained.marian import installed
from tests.trained.pairs import as_bytes, pairs

LIBRARIES = ["torch", "transformers", "sentencepiece"]
LANGUAGES = {"sources": ("vi", "en"), "targets": ("en", "vi")}


def tiny(family: str) -> InstalledModel:
    """`m2m100`, `nllb` or `madlad`, for `transformers`."""
    folder = cached(f"tiny-{family}", _key(), BUILDERS[family])
    return installed(folder, engine="transformers", architecture=family, **LANGUAGES)


def tiny_converted(family: str) -> InstalledModel:
    """The same for `ctranslate2`."""
    key = _key() + training_key([], b"", ["ctranslate2"])
    folder = cached(
        f"tiny-{family}-ctranslate2", key, lambda draft: _convert(family, draft)
    )
    return installed(folder, engine="ctranslate2", architecture=family, **LANGUAGES)


def _key() -> bytes:
    return training_key([Path(__file__)], as_bytes("vi"), LIBRARIES)


def _m2m100(folder: Path) -> None:
    from transformers import M2M100Tokenizer

    pieces = _write_pieces(folder / "sentencepiece.bpe.model", model_type="bpe")
    words = ["<s>", "<pad>", "</s>", "<unk>", *pieces[3:]]
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer = M2M100Tokenizer(
        str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model")
    )
    tokenizer.save_pretrained(folder)
    _save_m2m100(folder, len(vocabulary) + 108)


def _nllb(folder: Path) -> None:
    from transformers import NllbTokenizer

    pieces = _write_pieces(folder / "sentencepiece.bpe.model", model_type="bpe")
    words = ["<s>", "<pad>", "</s>", "<unk>", *pieces[3:]]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = NllbTokenizer(vocab=vocabulary, merges=[])
    tokenizer.save_pretrained(folder)
    _save_m2m100(folder, len(tokenizer))


def _madlad(folder: Path) -> None:
    from transformers import T5Tokenizer

    pieces = _write_pieces(
        folder / "spiece.model",
        unk_id=0,
        pad_id=1,
        eos_id=2,
        bos_id=-1,
        pad_piece="<s>",
        user_defined_symbols=["<2en>", "<2vi>"],
    )
    scored = [(piece, -float(number)) for number, piece in enumerate(pieces)]
    tokenizer = T5Tokenizer(vocab=scored, pad_token="<s>", extra_ids=0)
    tokenizer.save_pretrained(folder)
    _save_t5(folder, len(pieces))


BUILDERS: dict[str, Callable[[Path], None]] = {
    "m2m100": _m2m100,
    "nllb": _nllb,
    "madlad": _madlad,
}


def _write_pieces(path: Path, **options: Any) -> list[str]:
    import sentencepiece

    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text for pair in pairs("vi") for text in pair),
            model_writer=file,
            vocab_size=500,
            hard_vocab_limit=False,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
            **options,
        )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]


def _save_m2m100(folder: Path, vocabulary: int) -> None:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=vocabulary,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        init_std=0.5,
        scale_embedding=True,
    )
    _save(folder, M2M100ForConditionalGeneration, config)


def _save_t5(folder: Path, vocabulary: int) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=vocabulary,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        initializer_factor=3.0,
        tie_word_embeddings=False,
        decoder_start_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    _save(folder, T5ForConditionalGeneration, config)


def _save(folder: Path, kind: Any, config: Any) -> None:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        kind(config).save_pretrained(folder)


# --- Conversion ------------------------------------------------------------------


def _convert(family: str, draft: Path) -> None:
    """With the library's table of weights, and the tokenizer's own numbers.

    The library's whole converter (4.8) does not find the languages of M2M100 and
    NLLB in a tokenizer of transformers 5.
    """
    from ctranslate2.converters import transformers as converters
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = Path(tiny(family).folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    loader = converters._MODEL_LOADERS[type(model.config).__name__]
    spec = loader.get_model_spec(model)
    tokens = [_token(tokenizer, number) for number in range(model.config.vocab_size)]
    loader.set_vocabulary(spec, tokens)
    spec.config.decoder_start_token = tokens[model.config.decoder_start_token_id]
    spec.validate()
    spec.save(str(draft))
    for path in folder.glob("*.model"):
        (draft / path.name).write_bytes(path.read_bytes())


def _token(tokenizer: Any, number: int) -> str:
    languages = getattr(tokenizer, "id_to_lang_token", {})  # M2M100 keeps them apart
    if number >= len(tokenizer):
        return languages.get(number, f"madeupword{number}")
    return tokenizer.convert_ids_to_tokens(number)
