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


class Forms:
    """The pieces met in texts of one language, by the keys of their words.

    Args:
        keys: Everything by which a word may be asked for.
    """

    def __init__(self, keys: Callable[[str], tuple[str, ...]]) -> None:
        self._keys = keys
        self._known: set[str] = set()
        self._by_key: dict[str, set[str]] = {}
        self._size = 0

    def pieces(self, text: str) -> set[str]:
        """The different pieces of a text, known from now on."""
        found = set(text.split())
        new = found - self._known
        if new:
            size = sum(map(len, new))
            if self._size + size > FORMS_LIMIT:
                self._forget()
                new = found
                size = sum(map(len, new))
            self._size += size
            self._learn(new)
        return found

    def having(self, pieces: set[str], keys: Iterable[str]) -> set[str]:
        """Those of a text's pieces that have a word with one of the keys."""
        found: set[str] = set()
        for key in keys:
            forms = self._by_key.get(key)
            if forms is not None and not forms.isdisjoint(pieces):
                found |= forms & pieces
        return found

    def _learn(self, pieces: set[str]) -> None:
        for piece in pieces:
            for word in WORD.findall(piece):
                for key in self._keys(word):
                    self._by_key.setdefault(key, set()).add(piece)
        self._known |= pieces

    def _forget(self) -> None:
        self._known.clear()
        self._by_key.clear()
        self._size = 0
