"""A small Marian model of the shape that OPUS-MT's have, trained on the demo's pairs.

One encoder and one decoder layer, 64 wide, Vietnamese into English: it learns its
pairs by heart in about half a minute on one core, and is then a real model with
real files: `model.safetensors`, `vocab.json`, `source.spm`, `target.spm`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.translation.engine import InstalledModel
from tests.trained.cache import cached, training_key
from tests.trained.pairs import as_bytes, pairs

LANGUAGE = "vi"
PIECES = 400
WIDTH = 64
EPOCHS = 120
BATCH = 8
LIBRARIES = ["torch", "transformers", "sentencepiece"]


def trained_marian() -> InstalledModel:
    """The model in the layout of a Hugging Face repository, for `transformers`."""
    folder = cached("marian", _key(), _train)
    return installed(folder, engine="transformers", architecture="marian")


def converted_marian(quantization: str) -> InstalledModel:
    """The same model, converted for `ctranslate2`."""
    from pipeline.translation.models import conversion

    def convert(draft: Path) -> None:
        conversion.convert(
            Path(trained_marian().folder), draft / "model", quantization=quantization
        )

    code = Path(conversion.__file__).read_bytes()
    key = _key() + training_key([], code, ["ctranslate2"]) + quantization.encode()
    folder = cached(f"marian-{quantization}", key, convert) / "model"
    return installed(folder, engine="ctranslate2", architecture="marian")


def installed(folder: Path, **attributes: Any) -> InstalledModel:
    """A folder as its lock would describe it: every file listed."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    described = {"sources": (LANGUAGE,), "targets": ("en",), **attributes}
    return InstalledModel(
        name=folder.name, folder=str(folder), files=files, **described
    )


def _key() -> bytes:
    return training_key([Path(__file__)], as_bytes(LANGUAGE), LIBRARIES)


# --- Training --------------------------------------------------------------------


def _train(folder: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(7)
    try:
        vocabulary = write_pieces(folder)
        model = _network(vocabulary)
        _learn(model, _examples(folder, vocabulary))
    finally:
        torch.set_num_threads(before)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    _write_tokenizer_config(folder)


def write_pieces(folder: Path) -> dict[str, int]:
    """Writes both SentencePiece models; the joint vocabulary, as OPUS-MT has it."""
    vocabulary = {"</s>": 0, "<unk>": 1}
    for name, texts in _sides().items():
        for piece in _write_spm(folder / f"{name}.spm", texts):
            vocabulary.setdefault(piece, len(vocabulary))
    return vocabulary | {"<pad>": len(vocabulary)}


def _sides() -> dict[str, list[str]]:
    sources, targets = zip(*pairs(LANGUAGE), strict=True)
    return {"source": list(sources), "target": list(targets)}


def _write_spm(path: Path, texts: list[str]) -> list[str]:
    import sentencepiece

    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=file,
            vocab_size=PIECES,
            hard_vocab_limit=False,
            bos_id=-1,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
        )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [pieces.id_to_piece(i) for i in range(2, pieces.get_piece_size())]


def _network(vocabulary: dict[str, int]) -> Any:
    from transformers import MarianConfig, MarianMTModel

    return MarianMTModel(
        MarianConfig(
            vocab_size=len(vocabulary),
            d_model=WIDTH,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=4 * WIDTH,
            decoder_ffn_dim=4 * WIDTH,
            max_position_embeddings=512,
            activation_function="swish",
            scale_embedding=True,
            static_position_embeddings=True,
            eos_token_id=vocabulary["</s>"],
            forced_eos_token_id=vocabulary["</s>"],
            pad_token_id=vocabulary["<pad>"],
            decoder_start_token_id=vocabulary["<pad>"],
            dropout=0.0,
        )
    )


def _examples(
    folder: Path, vocabulary: dict[str, int]
) -> list[tuple[list[int], list[int]]]:
    import sentencepiece

    sides = []
    for name, texts in _sides().items():
        pieces = sentencepiece.SentencePieceProcessor(
            model_file=str(folder / f"{name}.spm")
        )
        encoded = pieces.encode(texts, out_type=str)
        sides.append([[vocabulary.get(p, 1) for p in line] + [0] for line in encoded])
    return sorted(zip(*sides, strict=True), key=lambda pair: len(pair[1]))


def _learn(model: Any, examples: list[tuple[list[int], list[int]]]) -> None:
    import torch

    batches = list(_batches(examples, model.config.pad_token_id))
    steps = EPOCHS * len(batches)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=4e-3, total_steps=steps, pct_start=0.2
    )
    model.train()
    _zero_padding(model)
    for _ in range(EPOCHS):
        for number in torch.randperm(len(batches)).tolist():
            optimizer.zero_grad()
            loss = model(**batches[number]).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            _zero_padding(model)
            schedule.step()
    model.eval()


def _zero_padding(model: Any) -> None:
    """A Marian decoder starts from a zero embedding; here that is the padding's."""
    model.model.shared.weight.data[model.config.pad_token_id] = 0


def _batches(examples: Any, pad: int) -> Iterator[dict[str, Any]]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    for start in range(0, len(examples), BATCH):
        chosen = examples[start : start + BATCH]
        sources = [torch.tensor(source) for source, _ in chosen]
        targets = [torch.tensor(target) for _, target in chosen]
        ids = pad_sequence(sources, batch_first=True, padding_value=pad)
        yield {
            "input_ids": ids,
            "attention_mask": (ids != pad).long(),
            "labels": pad_sequence(targets, batch_first=True, padding_value=-100),
        }


def _write_tokenizer_config(folder: Path) -> None:
    settings = {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": LANGUAGE,
        "target_lang": "en",
        "model_max_length": 512,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
