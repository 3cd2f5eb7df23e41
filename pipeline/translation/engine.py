"""The contract of a translation engine, and of the models behind it. No I/O.

An engine takes pieces that were prepared for it (`quality`): no longer than it
can take, no controls, nothing that must be carried around it. What is to be
translated, in which order and by whom is decided elsewhere (`chain`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

EngineKind = Literal[
    "memory", "firefox", "ctranslate2", "transformers", "libretranslate", "openai"
]
LocalKind = Literal["firefox", "ctranslate2", "transformers"]


@dataclass(frozen=True, kw_only=True)
class Model:
    """What translates a language pair: a segment's provenance.

    Attributes:
        engine: Its kind.
        name: Of the model; of the server where a server does not tell.
        version: Revision of the model; "" where the engine tells none.
        licence: SPDX expression of the model, or "" where it is unknown.
        parameters: What else decides the output, e.g. `int8, beam 1`.
    """

    engine: EngineKind
    name: str
    version: str = ""
    licence: str = ""
    parameters: str = ""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a piece has no translation; a value, never raised.

    Attributes:
        reason: Short and stable: `no_model`, `damaged_model` (its hash does not
            hold), `bad_model` (it does not load, or fails its smoke sentence),
            `not_installed` (the engine's library is missing), `timeout`,
            `crash`, `out_of_memory`, `unavailable`, `refused`, `bad_answer`.
        detail: For people.
    """

    reason: str
    detail: str = ""


class Engine(Protocol):
    """Translates pieces of text of one language pair at a time."""

    @property
    def name(self) -> str:
        """As the chain calls it."""
        ...

    @property
    def kind(self) -> EngineKind:
        """What it is."""
        ...

    def model(self, source: str, target: str) -> Model | None:
        """What would translate this pair (BCP 47 tags) now; None: nothing."""
        ...

    def fits(self, text: str, source: str, target: str) -> bool:
        """Whether it takes `text` in one piece without cutting it."""
        ...

    def translate(
        self, texts: Sequence[str], source: str, target: str
    ) -> list[str | Failure]:
        """One answer per text, in order, the same whatever stands beside it.

        Never raises for what a text, a model or a server does.
        """
        ...

    def close(self) -> None:
        """Ends processes and connections."""
        ...


@dataclass(frozen=True, kw_only=True)
class InstalledModel:
    """A model on this machine, as its lock describes it. Can be pickled.

    Attributes:
        name: Of the catalogue, e.g. `firefox-vi-en-tiny`.
        engine: Which engine loads it.
        architecture: `bergamot` (firefox), `marian`, `m2m100`, `nllb`, `madlad`.
        folder: Absolute path.
        files: SHA-256 (hex) by path inside the folder; all that may be loaded.
        sources: Primary language subtags it translates from.
        targets: … and into.
        codes: The model's own name of a language where it is another one, e.g.
            `{"vi": "vie_Latn"}`.
        version: Revision.
        licence: SPDX expression.
    """

    name: str
    engine: LocalKind
    architecture: str
    folder: str
    files: Mapping[str, str]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    licence: str = ""


class ModelFinder(Protocol):
    """Where engines find their models (`models.Shelf`)."""

    def find(
        self, engine: LocalKind, source: str, target: str
    ) -> InstalledModel | None:
        """The best installed model of an engine for a pair of BCP 47 tags."""
        ...
