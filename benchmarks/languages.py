"""Texts per second, memory and macro-F1 of telling languages, beside langdetect.

The texts are the odd lines of FLORES dev where `BABELWIRE_QUALITY_DATA` names its
folder, else the sentences of the demo's articles. CPU time after the first text; each
identifier in a process of its own.
"""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelwire.demo.world import World
from benchmarks.measured import child, verdict

IDENTIFIERS = ("fast", "py3langid", "pycld2", "langdetect")
MB_PER_MIB = 1.048576
LINES = 100
"""Of each language: langdetect tells some 400 headlines a second."""

Labelled = list[tuple[str, str]]
"""Languages and texts."""

PIECES: dict[str, Callable[[Labelled], Labelled]] = {
    "sentence": lambda lines: lines,
    "headline": lambda lines: [(tag, _first_words(text, 6)) for tag, text in lines],
    "three words": lambda lines: [(tag, _first_words(text, 3)) for tag, text in lines],
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an identifier made of some texts, in a process alone."""

    seconds: float
    resident_mib: float
    peak_mib: float
    answers: tuple[str, ...]


def main() -> None:
    """Prints a row for each identifier and piece, and what was promised."""
    lines = labelled()
    bare = _run("nothing", lines)
    speeds, most = {}, 0.0
    for piece, cut in PIECES.items():
        texts = cut(lines)
        for name in IDENTIFIERS:
            told = _run(name, texts)
            speeds[name, piece] = len(texts) / told.seconds
            resident = told.resident_mib - bare.resident_mib
            most = max(most, resident) if name == "fast" else most
            print(
                f"  {piece:11} {name:10} {speeds[name, piece]:8.0f} texts/s, "
                f"{resident:4.0f} MiB above Python's (while it loads "
                f"{told.peak_mib - bare.peak_mib:.0f}), "
                f"macro-F1 {macro_f1(texts, told.answers):.1f}"
            )
    ratio = speeds["fast", "headline"] / speeds["langdetect", "headline"]
    verdict("times langdetect's speed on headlines", ratio, 30, at_least=True)
    verdict("MB of the default at most", most * MB_PER_MIB, 100, at_least=False)


def labelled() -> Labelled:
    """Sentences with their languages."""
    folder = os.environ.get("BABELWIRE_QUALITY_DATA", "")
    paths = sorted((Path(folder) / "flores-dev" / "text").glob("*.txt.gz"))
    if not folder or not paths:
        return [
            (article.language.split("-")[0], sentence)
            for article in World.load().articles
            for paragraph in article.paragraphs
            for sentence in paragraph
        ]
    found: Labelled = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            texts = file.read().splitlines()[1::2][:LINES]
        found += [(path.name.removesuffix(".txt.gz"), text) for text in texts]
    return found


def macro_f1(texts: Labelled, answers: Sequence[str]) -> float:
    """Of the languages that there are texts in, × 100."""
    tags = [tag for tag, _ in texts]
    asked, answered = Counter(tags), Counter(answers)
    right = Counter(
        tag for tag, answer in zip(tags, answers, strict=True) if tag == answer
    )
    each = [2 * right[tag] / (asked[tag] + answered[tag]) for tag in asked]
    return 100 * sum(each) / len(each)


def _run(name: str, texts: Labelled) -> Told:
    run = child(
        ["-m", "benchmarks.languages_alone", name],
        stdin="".join(f"{text}\n" for _, text in texts),
    )
    found = json.loads(run.out)
    return Told(
        seconds=max(found["seconds"], 1e-9),
        resident_mib=found["resident_mib"],
        peak_mib=run.peak_mib,
        answers=tuple(found["answers"]),
    )


def _first_words(text: str, number: int) -> str:
    return " ".join(text.split()[:number])


if __name__ == "__main__":
    main()
