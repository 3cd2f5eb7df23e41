"""The catalogue: which models there are, for which pairs, how good, from where."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from pipeline.errors import ConfigError
from pipeline.languages import primary
from pipeline.settings import from_mapping, read_toml
from pipeline.translation.engine import LocalKind

Location = Literal["firefox", "hub", "opus"]

SAME: dict[str, str] = {"no": "nb", "nn": "nb", "fil": "tl", "iw": "he", "in": "id"}
"""Tags that a model of another tag serves: Norwegian is written as Bokmål mostly,
Nynorsk is read by the same models; Filipino is Tagalog; two are outdated (RFC 5646)."""


@dataclass(frozen=True, kw_only=True)
class CatalogueModel:
    """A model that can be pulled.

    Attributes:
        name: As commands take it.
        engine: Which engine loads it.
        architecture: `bergamot`, `marian`, `m2m100`, `nllb`, `madlad`.
        variant: The publisher's name of its size, e.g. `base-memory`; or "".
        sources: Primary subtags it translates from.
        targets: … and into.
        size_mb: To download.
        licence: SPDX expression.
        commercial: Whether that licence allows commercial use.
        bleu: Of the first pair; None where nobody measured.
        comet: Likewise.
        scores: Where a model has several pairs: BLEU and COMET by pair.
        figures: Who measured: `published` by the publisher, `measured` for this
            project; "" for nobody.
        location: `firefox`: the publisher's registry; `hub`: a repository of the
            model hub; `opus`: a zip of the OPUS-MT project, which is converted.
        repository: On the hub.
        url: Of the zip.
        revision: Commit, tag or version, where one is pinned.
        files: All that may be taken from a repository.
        codes: The model's own names of languages, where they are others.
    """

    name: Annotated[str, MinLen(1)]
    engine: LocalKind
    architecture: str
    sources: Annotated[tuple[str, ...], MinLen(1)]
    targets: Annotated[tuple[str, ...], MinLen(1)]
    size_mb: Annotated[float, Gt(0)]
    licence: str
    location: Location
    variant: str = ""
    commercial: bool = True
    bleu: Annotated[float, Ge(0), Le(100)] | None = None
    comet: Annotated[float, Ge(0), Le(1)] | None = None
    scores: dict[str, tuple[float, float]] = field(default_factory=dict)
    figures: Literal["", "published", "measured"] = ""
    repository: str = ""
    url: str = ""
    revision: str = ""
    files: tuple[str, ...] = ()
    codes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses what cannot be pulled.

        Raises:
            ConfigError: Names the key.
        """
        if self.location == "hub" and not (self.repository and self.files):
            raise ConfigError(f"{self.name}: repository and files are required")
        if self.location == "opus" and not self.url:
            raise ConfigError(f"{self.name}: url is required")

    def serves(self, source: str, target: str) -> bool:
        """Whether it translates between two primary subtags."""
        return source != target and source in self.sources and target in self.targets

    def score(self, source: str, target: str) -> tuple[float, float] | None:
        """BLEU and COMET for two primary subtags; None where nobody measured."""
        if self.bleu is not None and self.comet is not None:
            return self.bleu, self.comet
        return self.scores.get(f"{source}-{target}")

    @property
    def order(self) -> int:
        """The lower the better: by COMET; what nobody measured comes last."""
        return UNMEASURED if self.comet is None else round((1 - self.comet) * 1000)

    @property
    def pair(self) -> str:
        """`vi-en`; a number of languages where there are many."""
        if len(self.sources) == 1 and len(self.targets) == 1:
            return f"{self.sources[0]}-{self.targets[0]}"
        return f"{len(self.sources)} languages"


UNMEASURED = 1000
"""Above every model with a COMET score."""


@dataclass(frozen=True, kw_only=True)
class CatalogueFile:
    """A catalogue's file: models under `[[model]]`."""

    model: tuple[CatalogueModel, ...] = ()


class Catalogue:
    """All models, the preferred ones of a pair first."""

    def __init__(self, models: Iterable[CatalogueModel]) -> None:
        by_name = {model.name: model for model in models}
        self.models = tuple(
            sorted(by_name.values(), key=lambda m: _rank(m, m.score("", "")))
        )

    def get(self, name: str) -> CatalogueModel | None:
        """The model of that name."""
        return next((m for m in self.models if m.name == name), None)

    def serving(self, source: str, target: str) -> list[CatalogueModel]:
        """The models for a pair of BCP 47 tags, the best of that pair first."""
        pair = model_language(source), model_language(target)
        found = [model for model in self.models if model.serves(*pair)]
        return sorted(found, key=lambda model: _rank(model, model.score(*pair)))

    def default(
        self, source: str, target: str, engines: Collection[str] | None = None
    ) -> CatalogueModel | None:
        """The best measured one for a pair that may be used commercially.

        Args:
            source: BCP 47 tag.
            target: BCP 47 tag.
            engines: Only models of these kinds of engines; None: any.
        """
        for model in self.serving(source, target):
            if model.commercial and (engines is None or model.engine in engines):
                return model
        return None


def read_catalogue(own: Path | None = None) -> Catalogue:
    """The catalogue that comes with the program, and a user's own over it.

    Raises:
        ConfigError: File, key, what was expected.
    """
    here = Path(str(files("pipeline.translation.models").joinpath("catalogue.toml")))
    paths = [here, *([own] if own is not None and own.is_file() else [])]
    return Catalogue(model for path in paths for model in _read(path).model)


def model_language(tag: str) -> str:
    """The primary subtag by which models are known.

    >>> model_language("zh-Hans"), model_language("no")
    ('zh', 'nb')
    """
    base = primary(tag)
    return SAME.get(base, base)


def _read(path: Path) -> CatalogueFile:
    try:
        return from_mapping(CatalogueFile, read_toml(path))
    except ConfigError as error:
        text = str(error)
        raise ConfigError(
            text if text.startswith(str(path)) else f"{path}: {text}"
        ) from error


def _rank(
    model: CatalogueModel, score: tuple[float, float] | None
) -> tuple[bool, float, float, float, str]:
    """What may be used commercially, by COMET, then BLEU, then size."""
    bleu, comet = score or (0.0, -1.0)
    return not model.commercial, -comet, -bleu, model.size_mb, model.name
