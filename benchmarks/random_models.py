"""Translation models of the real shapes with random weights: as fast as real ones.

Firefox's are written in its own int8 format. Random weights either never end a
translation or end it at once, by the bias of the end of a sentence: one model of each
kind tells what encoding and what decoding a token costs. Marian's are of an OPUS-MT
model's shape.
"""

import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from babelwire.demo.world import World

ALIGNMENT = 256
FLOAT32, INT8, INTGEMM8 = 0x0404, 0x0101, 0x4101
"""Marian's codes of types (marian-dev, `src/common/types.h`)."""

SHAPES = {
    "tiny": (256, 1536, 6, 2),
    "base": (512, 2048, 6, 2),
    "small": (192, 768, 3, 1),
}
"""Width, feed-forward width, layers of encoder and decoder: Firefox's two, and one
that takes about as long over a sentence that never ends as `tiny` over a real one."""

GOES_ON, ENDS = "model.ruen.bin", "model-that-ends.ruen.bin"

FIREFOX_VOCABULARY, MARIAN_VOCABULARY = 32_000, 60_000
SENTENCES = 400

Item = tuple[str, int, tuple[int, int], bytes]


def sentences(number: int = SENTENCES) -> list[str]:
    """Russian sentences of a newspaper's length, no two alike."""
    words = [
        word
        for article in World.load().articles
        if article.language == "ru"
        for paragraph in article.paragraphs
        for word in " ".join(paragraph).split()
    ]
    chosen = np.random.default_rng(3)
    lengths = chosen.integers(12, 24, size=number)
    return [" ".join(chosen.choice(words, size=size)) + "." for size in lengths]


def write_firefox(folder: Path, shape: str, *, words: int = FIREFOX_VOCABULARY) -> None:
    """A model that never ends a sentence, one that does at once, and their pieces."""
    vocabulary = _pieces(words)
    folder.mkdir(parents=True)
    (folder / "vocab.ruen.spm").write_bytes(vocabulary)
    for name, bias in ((GOES_ON, 0.0), (ENDS, 100.0)):
        (folder / name).write_bytes(_firefox(SHAPES[shape], _size(vocabulary), bias))


def write_marian(folder: Path) -> None:
    """An OPUS-MT model's shape in a Hugging Face layout."""
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    pieces = _pieces(8000, eos=False)
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(pieces)
    words = ["</s>", "<unk>", *_words(pieces)[3:]]
    words += [f"<extra{n}>" for n in range(MARIAN_VOCABULARY - len(words) - 1)]
    vocabulary = {word: number for number, word in enumerate([*words, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    torch.manual_seed(1)
    config = MarianConfig(
        vocab_size=len(vocabulary),
        d_model=512,
        encoder_layers=6,
        decoder_layers=6,
        encoder_ffn_dim=2048,
        decoder_ffn_dim=2048,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        pad_token_id=len(vocabulary) - 1,
        eos_token_id=0,
        decoder_start_token_id=len(vocabulary) - 1,
        forced_eos_token_id=0,
        activation_function="swish",
        scale_embedding=True,
        static_position_embeddings=True,
    )
    MarianMTModel(config).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"source_lang": "ru", "target_lang": "en"})
    )


def _firefox(shape: tuple[int, int, int, int], words: int, end_bias: float) -> bytes:
    width, inner, encoder, decoder = shape
    writer = _Writer()
    writer.matrix("Wemb", words, width)
    bias = np.zeros(words, "<f4")
    bias[0] = end_bias
    writer.row("decoder_ff_logit_out_b", bias)
    for n in range(1, encoder + 1):
        writer.attention(f"encoder_l{n}_self", width)
        writer.feed_forward(f"encoder_l{n}_ffn", width, inner)
    for n in range(1, decoder + 1):
        writer.recurrence(f"decoder_l{n}_rnn", width)
        writer.attention(f"decoder_l{n}_context", width)
        writer.feed_forward(f"decoder_l{n}_ffn", width, inner)
    writer.row("none_QuantMultA", np.array([20.0], "<f4"))
    settings = (
        f"dim-emb: {width}\nenc-depth: {encoder}\ndec-depth: {decoder}\n"
        f"transformer-dim-ffn: {inner}\ntransformer-heads: 8\ntype: transformer\n"
        "transformer-decoder-autoreg: rnn\ndec-cell: ssru\n"
    ).encode()
    data = settings + b"\0"
    writer.items.append(("special:model.yml", INT8, (1, len(data)), data))
    return _container(writer.items)


class _Writer:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self._random = np.random.default_rng(1)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        values = self._random.integers(-60, 60, size=rows * columns, dtype=np.int8)
        data = values.tobytes() + struct.pack("<f", 127 / 0.3)
        data += bytes(-len(data) % ALIGNMENT)
        self.items.append((name, INTGEMM8, (rows, columns), data))
        self.row(f"{name}_QuantMultA", np.array([20.0], "<f4"))

    def row(self, name: str, values: np.ndarray) -> None:
        self.items.append((name, FLOAT32, (1, len(values)), values.tobytes()))

    def bias(self, name: str, size: int) -> None:
        self.row(name, self._random.normal(0, 0.02, size).astype("<f4"))

    def norm(self, name: str, size: int) -> None:
        self.row(f"{name}_ln_scale", np.ones(size, "<f4"))
        self.bias(f"{name}_ln_bias", size)

    def attention(self, name: str, width: int) -> None:
        for part in "qkvo":
            self.matrix(f"{name}_W{part}", width, width)
            self.bias(f"{name}_b{part}", width)
        self.norm(f"{name}_Wo", width)

    def feed_forward(self, name: str, width: int, inner: int) -> None:
        self.matrix(f"{name}_W1", width, inner)
        self.bias(f"{name}_b1", inner)
        self.matrix(f"{name}_W2", inner, width)
        self.bias(f"{name}_b2", width)
        self.norm(f"{name}_ffn", width)

    def recurrence(self, name: str, width: int) -> None:
        self.matrix(f"{name}_W", width, width)
        self.matrix(f"{name}_Wf", width, width)
        self.bias(f"{name}_bf", width)
        self.norm(f"{name}_ffn", width)


def _container(items: Sequence[Item]) -> bytes:
    head = struct.pack("<QQ", 1, len(items))
    for name, kind, shape, data in items:
        head += struct.pack("<4Q", len(name) + 1, kind, len(shape), len(data))
    head += b"".join(name.encode() + b"\0" for name, *_ in items)
    head += b"".join(struct.pack("<2i", *shape) for _, _, shape, _ in items)
    padding = -(len(head) + 8) % ALIGNMENT
    head += struct.pack("<Q", padding) + bytes(padding)
    return head + b"".join(data for *_, data in items)


def _pieces(size: int, *, eos: bool = True) -> bytes:
    """A SentencePiece model; filled up to a size with pieces that never occur."""
    import sentencepiece

    made = io.BytesIO()
    order = (
        {"eos_id": 0, "unk_id": 1, "bos_id": -1}
        if eos
        else {"unk_id": 0, "bos_id": 1, "eos_id": 2}
    )
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(2000)),
        model_writer=made,
        vocab_size=4000,
        hard_vocab_limit=False,
        minloglevel=2,
        **order,
    )
    model = made.getvalue()
    there = len(_words(model))
    return model + b"".join(_extra(number) for number in range(size - there))


def _extra(number: int) -> bytes:
    """A piece as a field of the model (protobuf: repeated fields may be appended)."""
    text = f"\u2581\u1680{number}".encode()
    piece = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", -100.0)
    return b"\x0a" + bytes([len(piece)]) + piece


def _size(vocabulary: bytes) -> int:
    return len(_words(vocabulary))


def _words(vocabulary: bytes) -> list[str]:
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
    return [pieces.id_to_piece(n) for n in range(pieces.get_piece_size())]
