"""Tells the small words of a language: *the*, *của*, *в*.

They say nothing alone, so they are not marked in a passage. Whether they are
indexed is another matter (`stop_words` in `recipes.toml`): most languages' are.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pipeline.languages import primary
from search_index.analysis.normalise import is_marked, lower, plain
from search_index.analysis.recipes import recipe_for, stop_words


def is_small_word(word: str, language: str) -> bool:
    """Whether a word is in a language's list; False where there is no list.

    Typed without marks it may be a small word with them, but not in Vietnamese,
    where that is mostly another word (*thi*: *thì*, *thị*, *thi*). Capitals are the
    initials of a name: *WHO*.

    >>> is_small_word("The", "en"), is_small_word("a", "fr"), is_small_word("WHO", "en")
    (True, True, False)
    >>> is_small_word("thì", "vi"), is_small_word("thi", "vi")
    (True, False)
    """
    if word.isupper() and len(word) > 1:
        return False
    written, bare = _small_words(primary(language))
    typed = lower(word)
    return typed in written if is_marked(typed) else plain(word) in bare


@cache
def _small_words(language: str) -> tuple[frozenset[str], frozenset[str]]:
    """As they are written, and as they may be typed without marks."""
    listed = files("search_index.analysis").joinpath("stop_words", f"{language}.txt")
    written = set(map(lower, stop_words(language) if listed.is_file() else ()))
    accents_tell = recipe_for(language).words == "syllables"
    bare = {word for word in written if not (accents_tell and is_marked(word))}
    return frozenset(written), frozenset(map(plain, bare))
