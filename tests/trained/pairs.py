"""The sentence pairs that test models learn: the demo's saved translations.

Headlines and sentences, not the standfirsts: what small models can know by heart, and
in how many steps, was measured with these.
"""

from functools import cache
from pathlib import Path

import babelwire
from babelwire.demo.world import World
from pipeline.translation.tmx import read_tmx

MEMORY = Path(babelwire.__file__).parent / "demo" / "memory.tmx"


@cache
def pairs(language: str) -> tuple[tuple[str, str], ...]:
    """Sentences of a language with their English translations, each once."""
    found = {
        pair.source_text: pair.target_text
        for pair in read_tmx(MEMORY)
        if (pair.source_language, pair.target_language) == (language, "en")
        and pair.source_text not in _standfirsts()
    }
    return tuple(found.items())


@cache
def _standfirsts() -> frozenset[str]:
    articles = World.load().articles
    sentences = {s for a in articles for paragraph in a.paragraphs for s in paragraph}
    return frozenset(a.description for a in articles) - sentences


def as_bytes(*languages: str) -> bytes:
    """All pairs of some languages: the data in a model's `training_key`."""
    lines = [f"{a}\t{b}" for language in languages for a, b in pairs(language)]
    return "\n".join(lines).encode()
