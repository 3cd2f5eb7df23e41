"""Turns texts of one language into the tokens of the index's fields."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from search_index.analysis import normalise
from search_index.analysis.forms import Forms, beginning
from search_index.analysis.normalise import TOKEN_LIMIT
from search_index.analysis.recipes import Recipe, recipe_for, stop_words
from search_index.analysis.sounds import named_sounds
from search_index.analysis.words import (
    WORD,
    icu_words,
    is_unspaced,
    plain_tokens,
    shortened,
)

CACHE_LIMIT = 200_000
"""Surface words remembered per analyzer: some 40 MB; news in one language has
about that many different words in 50,000 articles."""

FOLDED_MARK = "~"
"""Before a folded syllable that stands beside the written one (vi)."""

BREAK = "_"
"""Between headline and text, so that no phrase reaches across; no word is
written so."""

PLAIN_KEY = "="
"""Before a plain token among the keys of a word."""

UNSPACED_KEY = "|"
"""The one key of a run of letters without spaces."""

_by_tag: dict[str, Analyzer] = {}
_by_recipe: dict[Recipe, Analyzer] = {}


@dataclass(frozen=True, kw_only=True)
class Fields:
    """The tokens of one side of a document, in order.

    Attributes:
        f1: Words by recipe, of headline and text.
        f2: Grams, of headline and text.
        f3: Folded, unstemmed words of headline and text, `BREAK` between them; the
            place in it is a position.
        title_f1: As `f1`, of the headline alone.
        title_f3: As `f3`, of the headline alone.
        sounds: What names in headline and text sound like.
    """

    f1: tuple[str, ...]
    f2: tuple[str, ...]
    f3: tuple[str, ...]
    title_f1: tuple[str, ...] = ()
    title_f3: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()

    def by_name(self) -> dict[str, list[str]]:
        """For output: the field's name and its tokens."""
        return {
            "f1": list(self.f1),
            "f2": list(self.f2),
            "f3": list(self.f3),
            "title_f1": list(self.title_f1),
            "title_f3": list(self.title_f3),
            "sounds": list(self.sounds),
        }


class Analyzer:
    """The tokens of one language; cheap to call again, shared by threads.

    Attributes:
        forms: The words met in texts that were highlighted, by all their keys.
        plain_forms: The same by their plain tokens alone, for texts in a language
            that is not the query's.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._stem = _stemmer(recipe.stemmer)
        self._stop_words = _prepared_stop_words(recipe)
        make = {
            "spaces": self._spaced,
            "icu": self._icu,
            "bigrams": self._bigrams,
            "syllables": self._syllables,
        }[recipe.words]
        self._tokens = _Memory(lambda word: " ".join(make(word)))
        self._plain = _Memory(lambda word: " ".join(plain_tokens(word)))
        self._grams = _Memory(lambda word: " ".join(self._make_grams(word)))
        self._sounds = _Memory(lambda word: " ".join(named_sounds(word)))
        self.forms = Forms(self.keys, partial(beginning, letters=recipe.kept_letters))
        self.plain_forms = Forms(self.plain_keys)

    def joined(self, text: str, title: str = "") -> dict[str, str]:
        """All fields of one side of a document, tokens joined by spaces."""
        title_words, text_words = WORD.findall(title), WORD.findall(text)
        words = title_words + text_words
        title_f3, text_f3 = map(self._plain.joined, (title_words, text_words))
        return {
            "f1": self._tokens.joined(words),
            "f2": self._joined_grams(words),
            "f3": f"{title_f3} {BREAK} {text_f3}" if title_f3 else text_f3,
            "title_f1": self._tokens.joined(title_words),
            "title_f3": title_f3,
        }

    def joined_sounds(self, text: str) -> str:
        """What the names in a text sound like, joined by spaces."""
        return self._sounds.joined(WORD.findall(text))

    def sounds(self, word: str) -> tuple[str, ...]:
        """What a surface word sounds like, if it may be a name."""
        return tuple(self._sounds[word].split())

    def fields(self, text: str, title: str = "") -> Fields:
        """The same as sequences of tokens."""
        fields = {
            **self.joined(text, title),
            "sounds": self.joined_sounds(f"{title}\n{text}"),
        }
        return Fields(**{name: tuple(found.split()) for name, found in fields.items()})

    def tokens(self, word: str) -> tuple[str, ...]:
        """The first field's tokens of a surface word; none for a stop word."""
        return tuple(self._tokens[word].split())

    def plain(self, word: str) -> tuple[str, ...]:
        """The third field's tokens of a surface word."""
        return tuple(self._plain[word].split())

    def gram_tokens(self, words: Sequence[str]) -> tuple[str, ...]:
        """The second field's tokens of surface words in a row."""
        return tuple(self._joined_grams(words).split())

    def keys(self, word: str) -> tuple[str, ...]:
        """Everything by which a surface word may be asked for, for highlighting."""
        if is_unspaced(word):
            return (UNSPACED_KEY,)
        tokens, plain = self._tokens[word], self._plain[word]
        if " " not in tokens and " " not in plain:  # nearly always
            return (tokens, PLAIN_KEY + plain) if tokens else (PLAIN_KEY + plain,)
        return (*tokens.split(), *(PLAIN_KEY + token for token in plain.split()))

    def plain_keys(self, word: str) -> tuple[str, ...]:
        """Those of its keys that do not depend on the language."""
        if is_unspaced(word):
            return (UNSPACED_KEY,)
        return tuple(PLAIN_KEY + token for token in self.plain(word))

    def _joined_grams(self, words: Sequence[str]) -> str:
        if self.recipe.grams != "syllable2":
            return self._grams.joined(words)
        syllables = self._plain.joined(words).split()
        return " ".join(map("_".join, pairwise(syllables)))

    def _make_grams(self, word: str) -> tuple[str, ...]:
        kind = self.recipe.grams
        if kind == "word":
            return self.plain(word)
        if kind.startswith("run") and is_unspaced(word):
            return tuple(_grams(normalise.plain(word), int(kind[-1])))
        return tuple(gram for token in self.plain(word) for gram in _grams(token, 4))

    def _spaced(self, word: str) -> tuple[str, ...]:
        written = _LETTER_RULES[self.recipe.letters](shortened(word))
        if written in self._stop_words or not written:
            return ()
        if self.recipe.order == "fold-stem":
            token = self._stem(normalise.fold(written))
        else:
            token = normalise.fold(self._stem(written))
        return (normalise.script_letters(token)[:TOKEN_LIMIT],) if token else ()

    def _icu(self, word: str) -> tuple[str, ...]:
        if not is_unspaced(word):
            return self._spaced(word)
        return tuple(
            token[:TOKEN_LIMIT]
            for token in icu_words(normalise.plain(word))
            if not token.isspace()
        )

    def _bigrams(self, word: str) -> tuple[str, ...]:
        return tuple(
            gram
            for token in self.plain(word)
            for gram in ((token,) if token.isascii() else _grams(token, 2))
        )

    def _syllables(self, word: str) -> tuple[str, ...]:
        written = normalise.vietnamese_syllable(normalise.lower(shortened(word)))
        folded = (FOLDED_MARK + token for token in self.plain(word))
        return (written[:TOKEN_LIMIT], *folded)


def analyzer_for(language: str) -> Analyzer:
    """The one analyzer of a language; what a thread learns serves every other."""
    found = _by_tag.get(language)
    if found is None:
        recipe = recipe_for(language)
        found = _by_recipe.setdefault(recipe, Analyzer(recipe))
        _by_tag[language] = found
    return found


class _Memory(dict[str, str]):
    """Surface words and their tokens, joined; made when first asked for."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, word: str) -> str:
        if len(self) >= CACHE_LIMIT:
            self.clear()
        self[word] = made = self._make(word)
        return made

    def joined(self, words: Iterable[str]) -> str:
        """The tokens of words in a row."""
        return " ".join(filter(None, map(self.__getitem__, words)))


def _grams(token: str, size: int) -> Iterator[str]:
    if len(token) <= size:
        yield token
        return
    for start in range(len(token) - size + 1):
        yield token[start : start + size]


def _stemmer(name: str) -> Callable[[str], str]:
    if not name:
        return str
    import Stemmer

    local = threading.local()  # a Snowball stemmer has state

    def stem(word: str) -> str:
        if not hasattr(local, "stem"):
            local.stem = Stemmer.Stemmer(name, 0).stemWord
        return str(local.stem(word))

    return stem


def _arabic(word: str) -> str:
    return normalise.arabic_letters(normalise.lower(word))


def _persian(word: str) -> str:
    return normalise.persian_letters(normalise.lower(word))


_LETTER_RULES: dict[str, Callable[[str], str]] = {
    "": normalise.lower,
    "arabic": _arabic,
    "persian": _persian,
    "turkish": normalise.turkish_lower,
}


def _prepared_stop_words(recipe: Recipe) -> frozenset[str]:
    if not recipe.stop_words:
        return frozenset()
    rules = _LETTER_RULES[recipe.letters]
    return frozenset(map(rules, stop_words(recipe.language)))
