"""The sentence pairs that test models learn: the demo's saved translations."""

from functools import cache
from pathlib import Path

import babelwire
from pipeline.translation.tmx import read_tmx

MEMORY = Path(babelwire.__file__).parent / "demo" / "memory.tmx"


@cache
def pairs(language: str) -> tuple[tuple[str, str], ...]:
    """Sentences of a language with their English translations, each once."""
    found = {
        pair.source_text: pair.target_text
        for pair in read_tmx(MEMORY)
        if (pair.source_language, pair.target_language) == (language, "en")
    }
    return tuple(found.items())


def as_bytes(*languages: str) -> bytes:
    """All pairs of some languages: the data in a model's `training_key`."""
    lines = [f"{a}\t{b}" for language in languages for a, b in pairs(language)]
    return "\n".join(lines).encode()
