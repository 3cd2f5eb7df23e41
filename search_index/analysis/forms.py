"""Remembers how words are written, so that a text is looked through quickly.

A *piece* is what stands between spaces: `"cities,` with its marks. Most pieces of
a text were met before, in another hit or another query; then only set operations
are needed to tell which of them a query asks for. No word reaches across a space.

A new piece is put aside under the first letter of its words, and its words are
looked up only when a query asks for something with that letter: nine in ten never
are (2.2 µs a piece instead of 15).
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, partial

import regex

from search_index.analysis.normalise import plain
from search_index.analysis.words import WORD, is_unspaced

FORMS_LIMIT = 400_000
"""Code points of the pieces remembered per language; then all is forgotten. Some
50,000 pieces and 20 MB: the words of about 5,000 articles."""

ANY = ""
"""The first letter of what must be looked up whatever is asked for."""

KEY_MARKS = "=~"
"""What may stand before a token that is a key; no word begins so."""

_ORDINARY = regex.compile(r"(?!न्)[\p{L}\p{M}\p{N}]+")
"""One token, whose first letter `plain` makes as it makes that letter alone; a
Devanagari half n may turn into a sign."""


class Pieces:
    """The different pieces of one text.

    Attributes:
        found: What they are.
    """

    def __init__(self, found: set[str], book: _Book) -> None:
        self.found = found
        self._book = book

    def having(self, keys: Iterable[str]) -> set[str]:
        """Those that have a word with one of the keys."""
        having: set[str] = set()
        for key in keys:
            forms = self._book.forms(key)
            if not forms.isdisjoint(self.found):
                having |= forms & self.found
        return having


class Forms:
    """The pieces met in texts of one language, by the keys of their words.

    Several threads may use it: what one forgets another keeps to the end of its text.

    Args:
        keys: Everything by which a word may be asked for.
        first: The letter that all keys of a word begin with, or `ANY`.
        first_of_key: The letter that a key begins with.
    """

    def __init__(
        self,
        keys: Callable[[str], tuple[str, ...]],
        first: Callable[[str], str] = lambda _: ANY,
        first_of_key: Callable[[str], str] = lambda _: ANY,
    ) -> None:
        self._make = partial(_Book, keys, first, first_of_key)
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
        first: Callable[[str], str],
        first_of_key: Callable[[str], str],
    ) -> None:
        self.known: set[str] = set()
        self.size = 0
        self._keys = keys
        self._first = first
        self._first_of_key = first_of_key
        self._by_key: dict[str, set[str]] = {}
        self._aside: dict[str, list[tuple[str, str]]] = {}
        self._lock = threading.Lock()

    def put_aside(self, pieces: set[str]) -> None:
        """Keeps pieces, each word of them under its first letter."""
        with self._lock:
            for piece in pieces:
                for word in WORD.findall(piece):
                    aside = self._aside.setdefault(self._first(word), [])
                    aside.append((word, piece))
            self.size += sum(map(len, pieces))
            self.known |= pieces

    def forms(self, key: str) -> set[str]:
        """The pieces with a word that has a key."""
        for first in {ANY, self._first_of_key(key)}:
            if first in self._aside:
                self._look_up(first)
        return self._by_key.get(key, _NONE)

    def _look_up(self, first: str) -> None:
        with self._lock:
            # Gone only when all is known: another thread may be about to look.
            for word, piece in self._aside.get(first, ()):
                for key in self._keys(word):
                    self._by_key.setdefault(key, set()).add(piece)
            self._aside.pop(first, None)


def first_letter(word: str) -> str:
    """The plain first letter of a word that gives one plain token, or `ANY`.

    >>> first_letter("Đông"), first_letter("Åland"), first_letter("l’Élysée")
    ('d', 'a', '')
    """
    if word.isascii():
        return word[0].lower() if word.isalnum() else ANY
    ordinary = _ORDINARY.fullmatch(word) and unicodedata.is_normalized("NFKC", word)
    return _plain_letter(word[0]) if ordinary and not is_unspaced(word) else ANY


def first_letter_of_key(key: str) -> str:
    """The plain letter that a key of a word begins with, behind its mark."""
    return _plain_letter(key.lstrip(KEY_MARKS)[:1])


@cache
def _plain_letter(letter: str) -> str:
    return plain(letter)[:1]


_NONE: set[str] = set()
