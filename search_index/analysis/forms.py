"""Remembers how words are written, so that a text is looked through quickly.

A *piece* is what stands between spaces: `"cities,` with its marks. Most pieces of
a text were met before, in another hit or another query; then only set operations
are needed to tell which of them a query asks for. No word reaches across a space.

A new piece is put aside under the beginning of its words, and its words are looked
up only when a query asks for something that begins so in a text that has it. Most
never are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, lru_cache, partial
from string import ascii_lowercase, digits
from unicodedata import is_normalized

import regex

from search_index.analysis.normalise import plain
from search_index.analysis.words import WORD, is_unspaced

FORMS_LIMIT = 400_000
"""Code points of the pieces remembered per language; then all is forgotten. Some
50,000 pieces and 20 MB: the words of about 5,000 articles."""

ANY = ""
"""The beginning of what must be looked up whatever is asked for."""

KEY_MARKS = "=~"
"""What may stand before a token that is a key; no word begins so."""

_ORDINARY = regex.compile(r"(?!न्)[\p{L}\p{M}\p{N}]+")
"""One token, whose first letter `plain` makes as it makes that letter alone; a
Devanagari half n may turn into a sign."""


def beginning(word: str, letters: int = 2) -> str:
    """The plain beginning that all tokens of a word share, or `ANY`.

    A letter alone, or two of a word in plain ASCII, where marks and scripts can not
    play tricks. A word of several tokens has no one beginning.

    Args:
        word: As `WORD` finds it.
        letters: How many of them a stemmer keeps, 0 to 2.

    >>> beginning("Đông"), beginning("Kazan"), beginning("Kazan", 1)
    ('d', 'ka', 'k')
    >>> beginning("l’Élysée"), beginning("Kazan", 0)
    ('', '')
    """
    if word.isascii():
        return word[:letters].lower() if word.isalnum() else ANY
    if not letters or not _ORDINARY.fullmatch(word) or is_unspaced(word):
        return ANY
    return _plain_letter(word[0]) if is_normalized("NFKC", word) else ANY


@lru_cache(maxsize=1024)
def beginnings(keys: tuple[str, ...]) -> frozenset[str]:
    """How words with one of the keys may begin, as `beginning` tells it.

    >>> sorted(beginnings(("kazan", "=kazan")))
    ['', 'k', 'ka']
    """
    found = {ANY}
    for token in (key.lstrip(KEY_MARKS) for key in keys):
        letter = _plain_letter(token[:1])
        found |= {letter, token[:2]}
        if len(token) == 1:  # "na" may have become "n"
            found |= {letter + second for second in ascii_lowercase + digits}
    return frozenset(found)


@cache
def _plain_letter(letter: str) -> str:
    return plain(letter)[:1]


class Pieces:
    """The different pieces of one text.

    Attributes:
        found: What they are.
    """

    def __init__(self, found: set[str], book: _Book) -> None:
        self.found = found
        self._book = book

    def having(self, keys: tuple[str, ...]) -> set[str]:
        """Those that have a word with one of the keys."""
        return self._book.having(keys, self.found)


class Forms:
    """The pieces met in texts of one language, by the keys of their words.

    Several threads may use it: what one forgets another keeps to the end of its text.

    Args:
        keys: Everything by which a word may be asked for.
        begins: How all keys of a word begin, as `beginnings` tells it of a key.
    """

    def __init__(
        self,
        keys: Callable[[str], tuple[str, ...]],
        begins: Callable[[str], str] = beginning,
    ) -> None:
        self._make = partial(_Book, keys, begins)
        self._book = self._make()

    def pieces(self, text: str) -> Pieces:
        """The different pieces of a text, known from now on."""
        book = self._book
        found = set(text.split())
        new = found - book.known
        if new:
            size = sum(map(len, new))
            if book.size + size > FORMS_LIMIT:
                self._book = book = self._make()
                new = found
            book.put_aside(new)
        return Pieces(found, book)


class _Book:
    """What is remembered.

    Attributes:
        known: The pieces.
        size: Their code points.
    """

    def __init__(
        self,
        keys: Callable[[str], tuple[str, ...]],
        begins: Callable[[str], str],
    ) -> None:
        self.known: set[str] = set()
        self.size = 0
        self._keys = keys
        self._begins = begins
        self._by_key: dict[str, set[str]] = {}
        self._aside: dict[str, dict[str, list[str]]] = {}
        self._lock = threading.Lock()

    def put_aside(self, pieces: set[str]) -> None:
        """Keeps pieces, each word of them under its beginning."""
        with self._lock:
            for piece in pieces:
                for word in WORD.findall(piece):
                    aside = self._aside.setdefault(self._begins(word), {})
                    aside.setdefault(piece, []).append(word)
            self.size += sum(map(len, pieces))
            self.known |= pieces

    def having(self, keys: tuple[str, ...], pieces: set[str]) -> set[str]:
        """Those of known pieces that have a word with one of the keys."""
        for begun in beginnings(keys):
            aside = self._aside.get(begun)
            if aside and not aside.keys().isdisjoint(pieces):
                self._look_up(aside, pieces)
        having: set[str] = set()
        for key in keys:
            forms = self._by_key.get(key)
            if forms is not None and not forms.isdisjoint(pieces):
                having |= forms & pieces
        return having

    def _look_up(self, aside: dict[str, list[str]], pieces: set[str]) -> None:
        with self._lock:
            for piece in pieces & aside.keys():
                for word in aside[piece]:
                    for key in self._keys(word):
                        self._by_key.setdefault(key, set()).add(piece)
                # Gone only when it is known: another thread may be about to look.
                del aside[piece]
