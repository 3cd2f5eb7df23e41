"""How long a text is for a model: its tokens, counted with the model's vocabulary.

Both sides use this: the engine, which must not hand over what a model would cut,
and the child that runs the model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

from pipeline.translation.backends.backend import ModelError
from pipeline.translation.backends.families import family_of
from pipeline.translation.engine import InstalledModel

FIREFOX_TOKENS = 127
"""Source tokens of the Firefox engine's window without the end of sentence
(`MAX_SOURCE_TOKENS` in its `segment.rs`; longer ones come out cut short)."""

SENTENCE_TOKENS = 200
"""Of all others, which take 512 (Marian) and more, but learned from sentences: with
longer input they drop clauses. The longest of the demo's 208 sentences in vi, ar, ru
has 79, and that in a vocabulary of 1,100 pieces."""

BYTES_PER_TOKEN = 4
"""Roughly what a token covers in any script (4 letters of English, 2 of Russian, a
Chinese character and a half), for a model without a readable vocabulary. An error
of a factor of two still leaves `SENTENCE_TOKENS` within what such models take."""

FIREFOX_SOURCE = ("srcvocab.*.spm", "vocab.*.spm")
"""Chinese, Japanese and Korean models have one for each side, others one for both."""

_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85]+")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff]+")
"""Controls (Cc) that are no white space, and halves of surrogate pairs, which no
library of another language takes."""


def token_limit(model: InstalledModel) -> int:
    """The most tokens a text may have, end of sentence apart."""
    return FIREFOX_TOKENS if model.engine == "firefox" else SENTENCE_TOKENS


def source_file(model: InstalledModel) -> str | None:
    """The file of a model that holds its source language's vocabulary.

    Raises:
        ModelError: `bad_model`: its architecture is unknown.
    """
    firefox = model.engine == "firefox"
    return first_file(model, FIREFOX_SOURCE if firefox else family_of(model).source)


def first_file(model: InstalledModel, patterns: Sequence[str]) -> str | None:
    """The first file by the first pattern of which it has any."""
    for pattern in patterns:
        for name in sorted(model.files):
            if fnmatchcase(name, pattern):
                return name
    return None


def plain(text: str) -> str:
    r"""NFC without controls: engines are trained on nothing else.

    >>> plain("Cafe\u0301\x00\r\nau lait")
    'Café au lait'
    """
    return unicodedata.normalize("NFC", _CONTROLS.sub("", _BREAKS.sub(" ", text)))


class Vocabulary:
    """A SentencePiece vocabulary in memory."""

    def __init__(self, data: bytes) -> None:
        """From a file's bytes, already checked against the lock.

        Raises:
            ModelError: `bad_model`: it is no SentencePiece vocabulary.
        """
        import sentencepiece

        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=data)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ModelError("bad_model", f"no vocabulary: {error}") from error

    @property
    def size(self) -> int:
        """How many pieces it has."""
        return int(self._pieces.get_piece_size())

    def count(self, text: str) -> int:
        """Tokens of a plain text."""
        return len(self._pieces.encode(text))
