"""How each family of models wants a text: its pieces, and its names of languages.

Both backends put texts to their models through here, so that the same weights get
the same tokens from either. What a family does with a text:

- `marian` (OPUS-MT): `[>>code<<] pieces </s>`; source and target have SentencePiece
  models of their own. The code only where a model has several target languages.
- `m2m100`: `__vi__ pieces </s>`, and the translation begins with `__en__`.
- `nllb`: `vie_Latn pieces </s>`, and the translation begins with `eng_Latn`. The
  models were trained so (NLLB paper, section 6.1.1); libraries once put the code
  after `</s>` instead, which was a mistake of theirs until 2023.
- `madlad`: `<2en> text`, cut into pieces as one string, and `</s>`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

from pipeline.translation.backends.backend import ModelError, read_checked
from pipeline.translation.engine import InstalledModel

END = "</s>"
UNKNOWN = "<unk>"
SPECIAL = frozenset({"<s>", END, "<pad>", UNKNOWN})
"""No text. An unknown piece is left out, as the libraries of all families do."""

LONGEST = 512
"""Tokens of a source with its marks, and of a translation: the positions that
OPUS-MT models have (M2M100 and NLLB have 1,024, MADLAD any number)."""

LENGTH_CLASSES = (32, 128, LONGEST)
"""Texts of up to so many tokens are computed together, and share a limit of length.
Few classes, because a batch that is full computes faster; fixed ones, because the
limit of a text must not depend on what stands beside it."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """What `families.toml` says of a family.

    Attributes:
        source: Names of its SentencePiece model; the first that a model has.
        target: … of that for translations.
        codes: Its name of a language, by BCP 47 tag.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Texts that are computed together.

    Attributes:
        numbers: Which texts.
        longest_output: Tokens that the translation of any of them may have.
    """

    numbers: tuple[int, ...]
    longest_output: int


class Pieces(Protocol):
    """What is used of a SentencePiece model."""

    def encode(self, text: str, *, out_type: type[str]) -> list[str]:
        """The pieces of a text."""
        ...

    def decode(self, pieces: list[str]) -> str:
        """The text of some pieces."""
        ...


class Tokens:
    """From text to a model's tokens, and back."""

    def __init__(self, model: InstalledModel, source: Pieces, target: Pieces) -> None:
        self._model = model
        self._source = source
        self._target = target

    def encode(self, text: str, source: str, target: str) -> list[str]:
        """What the model reads; empty for a text without any pieces.

        Raises:
            ModelError: `no_model`: a language that it does not have; `refused`: the
                text has more than `LONGEST` tokens (nothing is cut off: it has to be
                split before).
        """
        tokens = self._marked(text, source, target)
        if len(tokens) > LONGEST:
            raise ModelError(
                "refused",
                f"{self._model.name}: a text of {len(tokens)} tokens, at most {LONGEST}"
                " fit: split it before",
            )
        return tokens

    def fits(self, text: str, source: str, target: str) -> bool:
        """Whether `encode` takes the text."""
        return len(self._marked(text, source, target)) <= LONGEST

    def prefix(self, target: str) -> list[str]:
        """The tokens that a translation has to begin with."""
        match self._model.architecture:
            case "m2m100":
                return [f"__{language_code(self._model, target)}__"]
            case "nllb":
                return [language_code(self._model, target)]
            case _:
                return []

    def decode(self, tokens: Sequence[str], target: str) -> str:
        """The text of what the model gave, with or without its prefix."""
        left_out = SPECIAL.union(self.prefix(target))
        kept = [token for token in tokens if token not in left_out]
        # A piece of the other side's keeps its mark of a blank.
        return self._target.decode(kept).replace("▁", " ").strip()

    def _marked(self, text: str, source: str, target: str) -> list[str]:
        model = self._model
        if model.architecture == "madlad":
            text = text.replace("<2", "< 2")  # a text must not choose the language
        pieces = self._source.encode(text, out_type=str)
        if not pieces:
            return []
        match model.architecture:
            case "m2m100":
                return [f"__{language_code(model, source)}__", *pieces, END]
            case "nllb":
                return [language_code(model, source), *pieces, END]
            case "madlad":
                mark = f"<2{language_code(model, target)}>"
                return [*self._source.encode(mark, out_type=str), *pieces, END]
            case _:
                code = _own_code(model, target)
                return [*([f">>{code}<<"] if code else []), *pieces, END]


def tokens_of(model: InstalledModel) -> Tokens:
    """Reads a model's SentencePiece files.

    Raises:
        ModelError: One is missing, changed, or no SentencePiece model; or the
            architecture is unknown, or the library is not installed.
    """
    family = family_of(model)
    source = piece_file(model, family.source)
    target = piece_file(model, family.target)
    pieces = _load(model, source)
    return Tokens(model, pieces, pieces if target == source else _load(model, target))


def family_of(model: InstalledModel) -> Family:
    """What is known of a model's family.

    Raises:
        ModelError: `bad_model`: the architecture is unknown.
    """
    try:
        return families()[model.architecture]
    except KeyError:
        raise ModelError(
            "bad_model",
            f"{model.name}: unknown architecture {model.architecture!r}, expected one"
            f" of {', '.join(families())}",
        ) from None


@cache
def families() -> dict[str, Family]:
    """`families.toml`."""
    text = files("pipeline.translation.backends").joinpath("families.toml").read_text()
    return {
        name: Family(
            source=tuple(table["source"]),
            target=tuple(table["target"]),
            codes=table["codes"],
        )
        for name, table in tomllib.loads(text).items()
    }


def language_code(model: InstalledModel, tag: str) -> str:
    """A model's name of a language: its lock's, its family's, or the subtag.

    Raises:
        ModelError: `no_model`: the family has no name for it (NLLB).
    """
    codes = family_of(model).codes
    named = next((codes[t] for t in _shorter(tag) if t in codes), None)
    found = _own_code(model, tag) or named
    if found is None and model.architecture == "nllb":
        raise ModelError("no_model", f"{model.name}: NLLB has no language {tag}")
    return found or tag.split("-")[0]


def longest_output(tokens: int) -> int:
    """How many tokens a translation may have, the end not counted.

    Twice its class and 16 for the shortest: between the languages of one of these
    vocabularies the lengths of a sentence and its translation differ by less than
    that, and a model that repeats itself without an end is stopped early. The
    repetition stays visible, and is flagged by the checks.

    >>> longest_output(5), longest_output(33), longest_output(500)
    (80, 272, 511)
    """
    return min(2 * length_class(tokens) + 16, LONGEST - 1)


def length_class(tokens: int) -> int:
    """The class of a text's length."""
    return next(size for size in LENGTH_CLASSES if tokens <= size)


def batches(sources: Sequence[Sequence[str]], tokens: int) -> Iterator[Batch]:
    """What is computed together, short texts first, so that little is padded.

    Args:
        sources: Encoded texts; one without tokens is in no batch.
        tokens: At most so many in a batch, padding counted; a longer text is alone.
    """
    numbers = sorted(range(len(sources)), key=lambda n: (len(sources[n]), n))
    batch: list[int] = []
    limit = 0
    for number in numbers:
        length = len(sources[number])
        if not length:
            continue
        fits = (len(batch) + 1) * length <= tokens and longest_output(length) == limit
        if batch and not fits:
            yield Batch(numbers=tuple(batch), longest_output=limit)
            batch = []
        batch.append(number)
        limit = longest_output(length)
    if batch:
        yield Batch(numbers=tuple(batch), longest_output=limit)


def piece_file(model: InstalledModel, names: Sequence[str]) -> str:
    """The first of some files that a model has.

    Raises:
        ModelError: `damaged_model`: it has none.
    """
    for name in names:
        if name in model.files:
            return name
    raise ModelError(
        "damaged_model",
        f"{model.name}: {' or '.join(names)} is not in its lock: a model of the family"
        f" {model.architecture} cannot be used without",
    )


def _own_code(model: InstalledModel, tag: str) -> str | None:
    return next((model.codes[t] for t in _shorter(tag) if t in model.codes), None)


def _shorter(tag: str) -> list[str]:
    """A tag and what it is a case of: `zh-Hant-TW`, `zh-Hant`, `zh`."""
    subtags = tag.split("-")
    return ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]


def _load(model: InstalledModel, file: str) -> Pieces:
    try:
        import sentencepiece
    except ImportError as error:
        raise not_installed(error) from error
    data = read_checked(model, file)
    pieces = sentencepiece.SentencePieceProcessor()
    try:
        if not data:
            raise RuntimeError("it is empty")
        pieces.LoadFromSerializedProto(data)
    except RuntimeError as error:
        raise ModelError(
            "bad_model", f"{model.name}: {file} is no SentencePiece model: {error}"
        ) from error
    return pieces


_NO_ROOM = ("failed to map segment", "annot allocate memory")
"""What the loader says where a library does not fit into a child's memory."""


def not_installed(error: ImportError) -> ModelError:
    """That an engine's library is missing, or does not start on this machine."""
    if any(sign in str(error) for sign in _NO_ROOM):
        return ModelError("out_of_memory", f"{error}; raise memory_mib")
    return ModelError("not_installed", f"{error.name or 'a library'}: {error}")
