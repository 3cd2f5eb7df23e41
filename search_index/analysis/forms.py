"""Remembers how words are written, so that a text is looked through quickly.

A *piece* is what stands between spaces: `"cities,` with its marks. Most pieces of
a text were met before, in another hit or another query; then only set operations
are needed to tell which of them a query asks for. No word reaches across a space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from search_index.analysis.words import WORD

FORMS_LIMIT = 400_000
"""Code points of the pieces remembered per language; then all is forgotten. Some
50,000 pieces and 20 MB: the words of about 5,000 articles."""


class Pieces:
    """The different pieces of one text.

    Attributes:
        found: What they are.
    """

    def __init__(self, found: set[str], by_key: dict[str, set[str]]) -> None:
        self.found = found
        self._by_key = by_key

    def having(self, keys: Iterable[str]) -> set[str]:
        """Those that have a word with one of the keys."""
        having: set[str] = set()
        for key in keys:
            forms = self._by_key.get(key)
            if forms is not None and not forms.isdisjoint(self.found):
                having |= forms & self.found
        return having


class Forms:
    """The pieces met in texts of one language, by the keys of their words.

    Several threads may use it: what one forgets another keeps to the end of its text.

    Args:
        keys: Everything by which a word may be asked for.
    """

    def __init__(self, keys: Callable[[str], tuple[str, ...]]) -> None:
        self._keys = keys
        self._book = _Book()

    def pieces(self, text: str) -> Pieces:
        """The different pieces of a text, known from now on."""
        book = self._book
        found = set(text.split())
        new = found - book.known
        if new:
            size = sum(map(len, new))
            if book.size + size > FORMS_LIMIT:
                self._book = book = _Book()
                new = found
                size = sum(map(len, new))
            book.size += size
            self._learn(new, book)
        return Pieces(found, book.by_key)

    def _learn(self, pieces: set[str], book: _Book) -> None:
        for piece in pieces:
            for word in WORD.findall(piece):
                for key in self._keys(word):
                    book.by_key.setdefault(key, set()).add(piece)
        book.known |= pieces


class _Book:
    """What is remembered."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.by_key: dict[str, set[str]] = {}
        self.size = 0
