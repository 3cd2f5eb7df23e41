"""Counts which letters beyond ASCII a language uses, to tell its old charsets apart.

Prints `pipeline/extraction/letters.toml`. Needs the evaluation data that
`BABELWIRE_QUALITY_DATA` names: `python -m benchmarks.letters`.
"""

import gzip
import os
import unicodedata
from collections import Counter
from pathlib import Path

LANGUAGES = {
    "cyrillic": "ru uk be bg sr",
    "right_to_left": "ar fa he",
    "greek": "el",
    "western": "de fr es pt it nl sv da nb fi is ca gl",
    "central": "pl cs sk hu ro hr sl bs",
    "baltic": "lt lv et",
    "turkic": "tr az",
    "vietnamese": "vi",
    "thai": "th",
    "chinese": "zh",
    "japanese": "ja",
    "korean": "ko",
}
"""By the charsets that they share, the likeliest first."""
LEAST = 0.0002
"""Rarer letters are of foreign names."""
HEAD = (
    "# Letters beyond ASCII of languages that had charsets before Unicode, how many of",
    "# a thousand such letters each is; by the charsets that they share.",
    "# Made by `python -m benchmarks.letters`.",
)


def main() -> None:
    """Prints the file."""
    folder = Path(os.environ["BABELWIRE_QUALITY_DATA"]) / "flores-dev" / "text"
    print("\n".join(HEAD))
    for group, languages in LANGUAGES.items():
        print(f"\n[{group}]")
        for language in languages.split():
            counts = letters(folder / f"{language}.txt.gz")
            total = sum(counts.values())
            kept = [(c, n) for c, n in counts.most_common(400) if n > LEAST * total]
            shares = ", ".join(f'"{c}" = {n * 1000 / total:.3g}' for c, n in kept)
            print(f"{language} = {{ {shares} }}")


def letters(path: Path) -> Counter[str]:
    """Of a file of sentences, in lower case, as the old charsets spell them."""
    text = gzip.decompress(path.read_bytes()).decode().lower().translate(_OLD)
    return Counter(c for c in text if c > "\x7f" and unicodedata.category(c)[0] in "LM")


def _with_marks(letter: str) -> str:
    """As windows-1258 spells it: the tone apart; circumflex, breve and horn are not."""
    marks = unicodedata.normalize("NFD", letter)
    tones = [c for c in marks[1:] if c in _TONES]
    if not tones or letter in _WHOLE:
        return letter
    bare = "".join(c for c in marks if c not in _TONES)
    return unicodedata.normalize("NFC", bare) + "".join(tones)


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_WHOLE = "áéíóúàèìòùñãõäëïöüńśźćýẃĺŕǹ"
"""What other languages have."""
_OLD = {ord(c): _with_marks(c) for c in map(chr, range(0x1EA0, 0x1EFA))}
_OLD |= {ord("ș"): "ş", ord("ț"): "ţ", ord("\u0307"): ""}

if __name__ == "__main__":
    main()
