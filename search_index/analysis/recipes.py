"""The table of recipes: which rules make tokens of which language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pipeline.languages import primary

Words = Literal["spaces", "icu", "bigrams", "syllables"]
Grams = Literal["word4", "run2", "run3", "syllable2", "word"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one language's text becomes tokens; `recipes.toml` explains the values.

    Attributes:
        language: Primary subtag the recipe is for; `und` for the default.
        weight: Of the first field in a score.
        gram_weight: Of the second field in a score.
    """

    language: str = "und"
    stemmer: str = ""
    order: Literal["stem-fold", "fold-stem"] = "stem-fold"
    words: Words = "spaces"
    grams: Grams = "word4"
    letters: Literal["", "arabic", "persian", "turkish"] = ""
    weight: float = 1.0
    gram_weight: float = 0.25
    stop_words: bool = False

    @property
    def kept_letters(self) -> int:
        """How many letters of a word, folded, each of its tokens begins with: 0 to 2.

        A token may still be shorter than that.
        """
        if self.words == "bigrams":
            return 0
        return _kept_letters().get(self.stemmer, 0) if self.stemmer else 2


@cache
def recipes() -> dict[str, Recipe]:
    """Every stated recipe by its language."""
    table = _table()
    default = replace(Recipe(), **_known(table["default"]))
    return {
        language: replace(default, language=language, **_known(values))
        for language, values in table["language"].items()
    }


def recipe_for(language: str) -> Recipe:
    """The recipe of a language; the default one for any without its own."""
    found = recipes().get(primary(language))
    return found or replace(Recipe(), **_known(_table()["default"]))


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of a language that say nothing alone, as they are written."""
    path = files("search_index.analysis").joinpath("stop_words", f"{language}.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


@cache
def _kept_letters() -> dict[str, int]:
    listed = enumerate(_table()["kept_letters"].values(), 1)
    return {stemmer: letters for letters, names in listed for stemmer in names}


@cache
def _table() -> dict[str, Any]:
    path = files("search_index.analysis").joinpath("recipes.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _known(values: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(Recipe)}
    unknown = set(values) - names
    if unknown:
        raise ValueError(f"recipes.toml: unknown key {min(unknown)}")
    return values
