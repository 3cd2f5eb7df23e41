"""Small models in the format of Firefox Translations, trained in a minute.

The architecture is the engine's, at a hundredth of the size: a transformer
encoder and a decoder of simpler simple recurrent units (SSRU, Kim et al. 2019,
https://aclanthology.org/D19-5632), one layer each, one shared matrix of
embeddings. Such a model knows its training pairs by heart, and nothing else.
"""

import hashlib
import io
import math
import random
from pathlib import Path

import numpy as np

from pipeline.translation.backends.firefox import SMOKE_TEXTS
from pipeline.translation.engine import InstalledModel
from tests.trained import cache, container, pairs

DIM = 64
FFN = 256
HEADS = 4
VOCABULARY = 1200
"""At most; with its 256 byte pieces, as Firefox's vocabularies have them."""
EPOCHS = 90
BATCH = 12
"""Four and more batches an epoch, or it does not learn in so few of them."""
LIBRARIES = ["torch", "sentencepiece", "numpy"]


def trained_firefox(language: str = "vi") -> InstalledModel:
    """A model from a language (vi, ar, ru, fr, es, …) into English."""
    here = Path(__file__)
    code = [here, here.with_name("container.py"), here.with_name("network.py")]
    data = pairs.as_bytes(language) + "\n".join(SMOKE_TEXTS).encode()
    key = cache.training_key(code, data, LIBRARIES)
    folder = cache.cached(
        f"firefox-{language}", key, lambda place: _build(place, language)
    )
    return installed(folder, language)


def installed(folder: Path, language: str = "vi") -> InstalledModel:
    """A folder's description, with the SHA-256 of what lies there now."""
    return InstalledModel(
        name=f"trained-{language}-en",
        engine="firefox",
        architecture="bergamot",
        folder=str(folder),
        files={
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.iterdir())
        },
        sources=(language,),
        targets=("en",),
        version="1",
        licence="CC0-1.0",
    )


def training_pairs(language: str) -> list[tuple[str, str]]:
    """What it learns: the demo's sentences, and that numbers stay numbers."""
    return [*pairs.pairs(language), *((text, text) for text in SMOKE_TEXTS)]


def _build(folder: Path, language: str) -> None:
    known = training_pairs(language)
    vocabulary = _vocabulary(known)
    tensors = _train(known, vocabulary)
    settings = (
        f"dim-emb: {DIM}\nenc-depth: 1\ndec-depth: 1\ntransformer-dim-ffn: {FFN}\n"
        f"transformer-heads: {HEADS}\ntype: transformer\n"
        "transformer-decoder-autoreg: rnn\ndec-cell: ssru\n"
    )
    model = container.container(tensors, settings)
    (folder / f"model.{language}en.bin").write_bytes(model)
    (folder / f"vocab.{language}en.spm").write_bytes(vocabulary)


def _vocabulary(known: list[tuple[str, str]]) -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for pair in known for text in pair]),
        model_writer=model,
        model_type="unigram",
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,
        byte_fallback=True,
        character_coverage=1.0,
        eos_id=0,  # Marian's order
        unk_id=1,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def _train(known: list[tuple[str, str]], vocabulary: bytes) -> dict[str, np.ndarray]:
    import sentencepiece
    import torch

    from tests.trained.network import Network

    torch.manual_seed(1)
    torch.set_num_threads(1)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
    examples = [([*pieces.encode(a), 0], [*pieces.encode(b), 0]) for a, b in known]
    network = Network(pieces.get_piece_size(), DIM, FFN, HEADS)
    steps = EPOCHS * math.ceil(len(examples) / BATCH)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    shuffled = random.Random(1)
    for _ in range(EPOCHS):
        shuffled.shuffle(examples)
        for start in range(0, len(examples), BATCH):
            optimizer.zero_grad()
            network.loss(examples[start : start + BATCH]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return network.tensors()
