"""Tells what language typed words may be in: rules first, models last.

A command line answers in half a second, so nothing is loaded that is not
needed: script and letters decide most queries; small words decide most others;
pycld2 is asked next, and the big identifier (.9 s to load) only when that is
unsure. Where it stays unsure, several languages are searched.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import regex

from pipeline.documents import UNDETERMINED, Identification
from search_index.analysis import primary
from search_index.analysis.normalise import fold, is_marked, lower
from search_index.analysis.recipes import recipes
from search_index.analysis.words import WORD

Identify = Callable[[str], Identification]

MAX_LANGUAGES = 3
"""Searched at once; each costs one more part of the score."""

ENOUGH_WORDS = 3
"""From so many words on statistical identifiers are worth asking: on three
words of FLORES py3langid is right in 87 %, on one in less than half."""

MANY_WORDS = 6
"""From so many words on an identifier is believed against the usual language of
a script (on FLORES' six-word headlines py3langid is right in 96 %); of fewer only
where words have marks or the language is seldom mistaken: names mislead it. What
is not believed is still searched."""

SURE = 0.7
"""Of an identifier: below it the next candidate is searched too."""

FOREIGN_SHARE = 0.2
"""Of Latin letters: with so many of another script the words are of that one;
names in Latin letters stand in questions of any language."""

VIETNAMESE_SHARE = 0.85
"""Of words that could be Vietnamese syllables without their marks; with it and
two such words unaccented Vietnamese is searched too (with it 99 % of unaccented
FLORES sentences are found, with false alarms under .1 %)."""


def languages_of(
    text: str, *, target: str, identify: Identify | None = None
) -> tuple[str, ...]:
    """What the words may be in, best first, at most three; never empty.

    Args:
        text: The words, without operators.
        target: What is assumed where nothing tells.
        identify: Asked last.

    >>> languages_of("диалог городов", target="en")
    ('ru',)
    >>> languages_of("Kazan", target="en")
    ('en',)
    >>> languages_of("dien dan thanh pho", target="en")
    ('vi', 'en')
    """
    words = [lower(word) for word in WORD.findall(text)]
    script = _script(words)
    if script in _table()["script"]:
        return (_table()["script"][script],)
    found = _by_letters(text)
    if found:
        return (found,)
    if script == "Latin":
        return _latin(text, words, target, identify)
    default = _table()["default"].get(script)
    if default is None:
        return (primary(target),)
    asked = _asked(text, words, identify)
    if len(words) >= MANY_WORDS:
        return _distinct(asked, (default,))
    return _distinct((default,), asked)


def _latin(
    text: str, words: list[str], target: str, identify: Identify | None
) -> tuple[str, ...]:
    by_words = _by_small_words(words)
    if by_words == (primary(target),):
        return by_words
    vietnamese = ("vi",) if _is_bare_vietnamese(words) else ()
    if vietnamese and (not by_words or by_words[0] == "vi"):
        return _distinct(vietnamese, (primary(target),))
    asked = _asked(text, words, identify)
    supported = tuple(each for each in asked if each in by_words)
    if by_words or _is_believed(asked, words):
        return _distinct(supported, by_words, asked, vietnamese, (primary(target),))
    return _distinct((primary(target),), asked, vietnamese)


def _is_believed(asked: tuple[str, ...], words: list[str]) -> bool:
    """Whether an identifier's answer goes before the target language."""
    if len(words) >= MANY_WORDS or any(map(is_marked, words)):
        return True
    clear = set(_small_words()) - set(_table()["doubtful"]["languages"].split())
    return bool(asked) and asked[0] in clear


def _distinct(*groups: Sequence[str]) -> tuple[str, ...]:
    found = dict.fromkeys(each for group in groups for each in group)
    return tuple(found)[:MAX_LANGUAGES]


def _script(words: list[str]) -> str:
    counts: Counter[str] = Counter()
    for letter in "".join(words):
        for name, pattern in _scripts():
            if pattern.match(letter):
                counts[name] += 1
                break
    if counts["Han"] and (counts["Hiragana"] or counts["Katakana"]):
        return "Hiragana"
    latin = counts.pop("Latin", 0)
    if counts.total() >= latin * FOREIGN_SHARE and counts:
        return counts.most_common(1)[0][0]
    return "Latin" if latin else ""


def _by_letters(text: str) -> str | None:
    letters = set(text) | set(text.lower())
    for rule in _table()["letters"]:
        if letters & set(rule["letters"]):
            return str(rule["language"])
    return None


def _by_small_words(words: list[str]) -> tuple[str, ...]:
    """Languages by how many of their small words occur, most first."""
    bare = [fold(word) for word in words]
    counts = Counter(
        {
            language: sum(word in small for word in bare)
            for language, small in _small_words().items()
        }
    )
    best = counts.most_common()
    if not best or best[0][1] == 0:
        return ()
    return tuple(language for language, count in best if count == best[0][1])


def _is_bare_vietnamese(words: list[str]) -> bool:
    if len(words) < 2 or not all(word.isascii() for word in words):
        return False
    syllables = sum(_syllable().fullmatch(word) is not None for word in words)
    return syllables / len(words) >= VIETNAMESE_SHARE


def _asked(text: str, words: list[str], identify: Identify | None) -> tuple[str, ...]:
    if len(words) < ENOUGH_WORDS:
        return ()
    quick = _pycld2(text)
    if quick is not None:
        return (quick,)
    if identify is None:
        return ()
    answer = identify(text)
    ranked = [(answer.language, answer.confidence), *answer.alternatives]
    known = [(primary(tag), sure) for tag, sure in ranked if tag != UNDETERMINED]
    if known and known[0][1] >= SURE:
        return (known[0][0],)
    return tuple(tag for tag, _ in known[:2])


def _pycld2(text: str) -> str | None:
    """pycld2's answer where it calls itself reliable."""
    try:
        import pycld2
    except ImportError:
        return None
    try:
        reliable, _, details = pycld2.detect(text, bestEffort=True)
    except pycld2.error:
        return None
    tag = str(details[0][1])
    return primary(tag) if reliable and primary(tag) in recipes() else None


@cache
def _table() -> dict[str, Any]:
    path = files("search_index").joinpath("query_language.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _small_words() -> dict[str, frozenset[str]]:
    return {
        language: frozenset(words.split())
        for language, words in _table()["words"].items()
    }


@cache
def _syllable() -> re.Pattern[str]:
    return re.compile(_table()["vietnamese"]["syllable"])


@cache
def _scripts() -> list[tuple[str, regex.Pattern[str]]]:
    names = ["Latin", *_table()["default"], *_table()["script"]]
    return [(name, regex.compile(rf"\p{{{name}}}")) for name in names]
