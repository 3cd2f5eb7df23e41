"""What changed from one text to another, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Literal

Change = tuple[Literal["same", "gone", "new"], str]
"""Words that stayed, were taken out, or came in."""

_WORD = re.compile(r"\s+|[^\s]+")


def word_changes(before: str, after: str) -> Iterator[Change]:
    """From one text to another, word by word; in scripts without spaces, by letter.

    >>> list(word_changes("two cities met", "three cities met"))
    [('gone', 'two'), ('new', 'three'), ('same', ' cities met')]
    """
    old, new = _pieces(before), _pieces(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a0, a1, b0, b1 in matcher.get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[a0:a1])
            continue
        if a1 > a0:
            yield "gone", "".join(old[a0:a1])
        if b1 > b0:
            yield "new", "".join(new[b0:b1])


def _pieces(text: str) -> list[str]:
    from search_index.analysis.words import is_unspaced

    return [
        piece
        for found in _WORD.findall(text)
        for piece in (found if is_unspaced(found) else (found,))
    ]
