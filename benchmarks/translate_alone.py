"""One bare engine, one thread: `FOLDER KIND`; prints figures as JSON.

Outputs of CTranslate2 and transformers are as long as their sources, by force: a
batch of transformers goes on until its longest is done, as it does with real weights.
CTranslate2 gets its batches sorted by length, as our engine gives them; transformers
gets them as they come, as its documentation shows.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.random_models import ENDS, GOES_ON, sentences

COUNT = {"tiny": 60, "base": 30, "ctranslate2": 200, "transformers": 24}
BATCH = {"ctranslate2": 64, "transformers": 8}


def main() -> None:
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    texts = sentences(COUNT[kind])
    run = {"ctranslate2": ctranslate2, "transformers": transformers}
    figures = run.get(kind, firefox)(folder, texts)
    print(json.dumps({**figures, "mib": _peak()}))


def firefox(folder: Path, texts: list[str]) -> dict[str, float]:
    """At one token out per token in, from what encoding and decoding cost each."""
    import sentencepiece
    from fxtranslate import Translator

    vocabulary = (folder / "vocab.ruen.spm").read_bytes()
    pieces = sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
    before = time.process_time()
    goes_on = Translator((folder / GOES_ON).read_bytes(), vocabulary, vocabulary)
    loaded = time.process_time() - before
    ends = Translator((folder / ENDS).read_bytes(), vocabulary, vocabulary)
    encoding, _ = _timed(ends, texts)
    both, outputs = _timed(goes_on, texts)
    came = sum(map(len, pieces.encode(texts)))
    went = sum(map(len, pieces.encode(outputs)))
    seconds = encoding / came + (both - encoding) / went
    return {"load": loaded, "rate": 1 / seconds}


def _timed(engine: Any, texts: list[str]) -> tuple[float, list[str]]:
    engine.translate(texts[0])
    before = time.process_time()
    outputs = [engine.translate(text) for text in texts]
    return time.process_time() - before, outputs


def _rate(
    translate: Any, pieces: Any, texts: list[str], loaded: float
) -> dict[str, float]:
    translate(texts[:8])
    before = time.process_time()
    translate(texts)
    seconds = time.process_time() - before
    return {"load": loaded, "rate": sum(map(len, pieces.encode(texts))) / seconds}


def _peak() -> float:
    """Of this program alone, in MiB: Linux keeps its parent's in `ru_maxrss`."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def ctranslate2(folder: Path, texts: list[str]) -> dict[str, float]:
    import ctranslate2
    import sentencepiece

    before = time.process_time()
    engine = ctranslate2.Translator(
        str(folder), compute_type="int8", inter_threads=1, intra_threads=1
    )
    loaded = time.process_time() - before
    pieces = sentencepiece.SentencePieceProcessor(str(folder / "source.spm"))

    def translate(texts: list[str]) -> None:
        rows = sorted(
            ([*pieces.encode(text, out_type=str), "</s>"] for text in texts), key=len
        )
        for start in range(0, len(rows), BATCH["ctranslate2"]):
            batch = rows[start : start + BATCH["ctranslate2"]]
            length = sum(map(len, batch)) // len(batch)
            engine.translate_batch(
                batch,
                beam_size=1,
                min_decoding_length=length,
                max_decoding_length=length,
            )

    return _rate(translate, pieces, texts, loaded)


def transformers(folder: Path, texts: list[str]) -> dict[str, float]:
    import sentencepiece
    import torch
    from transformers import MarianMTModel

    torch.set_num_threads(1)
    before = time.process_time()
    model = MarianMTModel.from_pretrained(folder).eval()
    loaded = time.process_time() - before
    pieces = sentencepiece.SentencePieceProcessor(str(folder / "source.spm"))
    ids = json.loads((folder / "vocab.json").read_text())

    def translate(texts: list[str]) -> None:
        rows = [
            [ids.get(p, 1) for p in pieces.encode(text, out_type=str)] + [0]
            for text in texts
        ]
        for start in range(0, len(rows), BATCH["transformers"]):
            batch = rows[start : start + BATCH["transformers"]]
            width = max(map(len, batch))
            padding = model.config.pad_token_id
            length = max(map(len, batch))
            with torch.inference_mode():
                model.generate(
                    input_ids=torch.tensor(
                        [r + [padding] * (width - len(r)) for r in batch]
                    ),
                    attention_mask=torch.tensor(
                        [[1] * len(r) + [0] * (width - len(r)) for r in batch]
                    ),
                    num_beams=1,
                    do_sample=False,
                    min_new_tokens=length,
                    max_new_tokens=length,
                )

    return _rate(translate, pieces, texts, loaded)


if __name__ == "__main__":
    main()
