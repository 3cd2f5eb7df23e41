r"""Finds words in a text, with their code-point offsets.

A word is `[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*`. Scripts without spaces
are cut further: Han and kana into characters, Thai, Lao, Khmer and Burmese by
ICU.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from search_index.analysis.normalise import TOKEN_LIMIT, WORD_LIMIT, plain

_JOINERS = "\u00ad\u200d\u2060\ufeff"
_LETTER = rf"[\p{{L}}\p{{M}}\p{{N}}{_JOINERS}]"
WORD = regex.compile(
    rf"[\p{{L}}\p{{M}}\p{{N}}]{_LETTER}*+(?:['’ʼ]{_LETTER}*\p{{L}}{_LETTER}*+)*"
)
"""Invisible joiners may stand inside a word; a zero-width non-joiner ends it,
as it does in Persian, where it parts a stem from its ending."""

_PIECE = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]"
)
_RUN = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}ー々]"
    r"|[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}][\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{M}]*"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
    r"[\p{L}\p{M}\p{N}])+"
)
_SOUTH_EAST_ASIAN = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand.

    >>> list(spans("Don't stop: 21 cities"))
    [(0, 5), (6, 10), (12, 14), (15, 21)]
    """
    return (match.span() for match in WORD.finditer(text))


def is_unspaced(word: str) -> bool:
    """Whether a word has letters of a script that puts no spaces between words."""
    return not word.isascii() and _UNSPACED.search(word) is not None


def plain_tokens(word: str) -> tuple[str, ...]:
    """The unstemmed tokens of one surface word, the same for every language.

    >>> plain_tokens("Russia’s"), plain_tokens("Tòa"), plain_tokens("喀山2024")
    (('russia', 's'), ('toa',), ('喀', '山', '2024'))
    """
    normal = plain(shortened(word))
    if normal.isalnum() and normal.isascii():
        return (normal[:TOKEN_LIMIT],)
    return tuple(
        token[:TOKEN_LIMIT]
        for piece in _PIECE.findall(normal)
        for token in (_runs(piece) if is_unspaced(piece) else (piece,))
    )


def shortened(word: str) -> str:
    """As much of a word as can matter; a run of unspaced script stays whole."""
    return word if len(word) <= WORD_LIMIT or is_unspaced(word) else word[:WORD_LIMIT]


def icu_words(word: str) -> tuple[str, ...]:
    """The words ICU finds inside a run of letters; together they are the run."""
    from icu4py.breakers import WordBreaker

    return tuple(WordBreaker(word, "root"))


def _runs(piece: str) -> Iterator[str]:
    for run in _RUN.findall(piece):
        if _SOUTH_EAST_ASIAN.match(run):
            yield from icu_words(run)
        else:
            yield run
