"""What changed from one text to another, word by word.

A change is four offsets in Unicode code points: `before[b0:b1]` gave way to
`after[a0:a1]`; either may be empty. Between changes both texts say the same, white
space apart. Words are letters with their marks; in scripts without spaces each
character is one. The work is bounded: lines that both texts have once are matched first
(Cohen, patience diff), then runs of words that both have once, and what is left is
compared in full only as far as it is short.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import regex

from pipeline.plain_text import plain
from pipeline.telling_numbers import names_of_days
from pipeline.tokens import UNSPACED, tokens

Change = tuple[int, int, int, int]
"""From and to in the text before, from and to in the text after."""

Piece = tuple[Literal["same", "gone", "new"], str]
"""Words that stayed, were taken out, or came in."""

MAX_WORDS_OF: Final = 200_000
"""Characters of both texts that are compared word by word, between two lines that they
have in common; beyond it a passage counts as replaced. 30 times a long article."""

MAX_LINE: Final = 20_000
"""Characters of a line that are looked at again though they are equal at its end, so
that whole lines are matched; none of a line of megabytes."""

MAX_CELLS: Final = 250_000
"""Pairs of words that are compared in full (500 by 500) …"""
MAX_EQUAL: Final = 40_000
"""… and of equal ones among them; together some .1 s at worst."""

LEAST_KEPT: Final = 0.25
"""Of a passage in which fewer words stayed, none is shown as having done so."""

RUNS: Final = (4, 2, 1)
"""Words in a row that both have once: in a long text, and by the letter, single ones
come again."""

MAX_CHANGES: Final = 1_000
"""Of more only the first is told from the last: the text is another one."""

_WORD = regex.compile(
    rf"[{UNSPACED}][\p{{M}}\p{{Cf}}]*"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}\p{{Cf}}]--[{UNSPACED}]]+|\S",
    regex.V1,
)
_JOINED = regex.compile(rf"[[\p{{L}}\p{{M}}\p{{N}}\p{{Cf}}]--[{UNSPACED}]]", regex.V1)
_MARK = regex.compile(r"[\p{M}\p{Cf}]")

_PUNCTUATION = str.maketrans(
    dict.fromkeys("“”„‟«»″〝〞＂", '"')
    | dict.fromkeys("‘’‚‛ʼʻ′‹›＇`´", "'")
    | dict.fromkeys("‐‑‒–—―−－", "-")
    | {"…": "..."}
)
"""Ways to write one mark: publishers' systems exchange them."""
_SPACES = re.compile(r"\s+")
_FORMAT = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}]")
_TIME_LINE_CHARACTERS = 80


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a revision made of the one before it.

    Attributes:
        title: In the headline, in order.
        text: In the text, in order.
    """

    title: tuple[Change, ...] = ()
    text: tuple[Change, ...] = ()


def changes_between(before: str, after: str) -> tuple[Change, ...]:
    """The changes from one text to another, in order, none touching the next.

    >>> changes_between("two cities met", "three cities met")
    ((0, 3, 0, 5),)
    """
    if before == after:
        return ()
    start, end = _common_ends(before, after)
    middle = before[start : len(before) - end], after[start : len(after) - end]
    found = [
        (b0 + start, b1 + start, a0 + start, a1 + start)
        for b0, b1, a0, a1 in _in_lines(*middle)
    ]
    joined = list(_joined(before, found))
    if len(joined) > MAX_CHANGES:
        first, last = joined[0], joined[-1]
        return ((first[0], last[1], first[2], last[3]),)
    return tuple(joined)


def compared(before: tuple[str, str], after: tuple[str, str]) -> Changes:
    """The changes from one reading to another, each a headline and a text."""
    return Changes(
        title=changes_between(before[0], after[0]),
        text=changes_between(before[1], after[1]),
    )


def pieces(before: str, after: str, changes: Iterable[Change]) -> Iterator[Piece]:
    """Both texts in one: what stayed (as it is after), what went, and what came.

    Args:
        before: The earlier text.
        after: The later one.
        changes: As `changes_between` gives them.
    """
    done = 0
    for b0, b1, a0, a1 in changes:
        if a0 > done:
            yield "same", after[done:a0]
        if b1 > b0:
            yield "gone", before[b0:b1]
        if a1 > a0:
            yield "new", after[a0:a1]
        done = a1
    if done < len(after):
        yield "same", after[done:]


def word_changes(before: str, after: str) -> Iterator[Piece]:
    """From one text to another, word by word; in scripts without spaces, by letter.

    >>> list(word_changes("two cities met", "three cities met"))
    [('gone', 'two'), ('new', 'three'), ('same', ' cities met')]
    """
    return pieces(before, after, changes_between(before, after))


def says_the_same(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Whether two readings, each a headline and a text, are one revision.

    They are where they differ only in white space, in characters that are not seen
    (joiners, marks of direction, soft hyphens), in the way to write a quotation mark, a
    dash or dots, in how Unicode composes a letter, or in lines that hold nothing but a
    time or a counter ("Updated 5 minutes ago", "1,234 views"). Anything else that a
    reader would see is an edit: a letter's case, a comma, a figure, the order of lines.
    """
    if _essence(before[0]) != _essence(after[0]):
        return False
    return _essential_lines(before[1]) == _essential_lines(after[1])


def _essential_lines(text: str) -> str:
    lines = (line for line in text.split("\n") if not _is_ticking(line))
    return _essence(" ".join(lines))


def _essence(text: str) -> str:
    flat = unicodedata.normalize("NFC", _FORMAT.sub("", text))
    return _SPACES.sub(" ", flat.translate(_PUNCTUATION)).strip()


def _is_ticking(line: str) -> bool:
    """Whether a line is nothing but a time, or a counter with its label.

    A bare number is neither: it may be a table's.
    """
    if len(line) > _TIME_LINE_CHARACTERS or not line.strip():
        return False
    own = tokens(line)
    if all(word.isdecimal() for word in own):
        return bool(_CLOCK.search(line) or _DATE.search(line))
    words = tokens(_ticking_phrases().sub(" ", plain(line)))
    is_counting = any(word.isdecimal() for word in words)
    return is_counting and all(
        word.isdecimal() or word in _ticking_words() for word in words
    )


_CLOCK = re.compile(r"\d{1,2}[:：]\d{2}")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")


@cache
def _ticking_words() -> frozenset[str]:
    names = (word for name in names_of_days() for word in name)
    return frozenset({*_listed(), *names})


@cache
def _ticking_phrases() -> re.Pattern[str]:
    """Those of scripts without spaces, which stand close together."""
    names = ("".join(name) for name in names_of_days())
    phrases = {w for w in (*_listed(), *names) if regex.match(rf"[{UNSPACED}]", w)}
    return re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))


@cache
def _listed() -> tuple[str, ...]:
    text = files("pipeline").joinpath("changing_words.toml").read_text("utf-8")
    return tuple(plain(word) for word in tomllib.loads(text)["words"])


# --- Comparing -----------------------------------------------------------------------


def _common_ends(before: str, after: str) -> tuple[int, int]:
    """How many characters are equal at the start and at the end, in whole words."""
    shorter = min(len(before), len(after))
    start = _longest(shorter, lambda n: before[:n] == after[:n])
    while start and (_is_inside(before, start) or _is_inside(after, start)):
        start -= 1
    line = before.rfind("\n", 0, start) + 1
    start = line if start - line <= MAX_LINE else start
    rest = shorter - start
    end = _longest(rest, lambda n: before[len(before) - n :] == after[len(after) - n :])
    while end and (
        _is_inside(before, len(before) - end) or _is_inside(after, len(after) - end)
    ):
        end -= 1
    line = before.find("\n", len(before) - end)
    rest_of_line = line - len(before) + end if line >= 0 else end
    return start, end - rest_of_line if rest_of_line <= MAX_LINE else end


def _longest(limit: int, is_equal: Callable[[int], bool]) -> int:
    """The greatest length for which texts are equal; they are for all below it."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_equal(middle) else (low, middle - 1)
    return low


def _is_inside(text: str, place: int) -> bool:
    """Whether a word goes on across this place."""
    if place >= len(text):
        return False
    if _MARK.match(text[place]):
        return True
    return bool(_JOINED.match(text[place]) and _JOINED.match(text[place - 1]))


_Span = tuple[int, int]


def _in_lines(before: str, after: str) -> Iterator[Change]:
    """Lines that both have once stay; between two of them words are compared."""
    old, new = _line_spans(before), _line_spans(after)
    anchors = _anchors([before[a:b] for a, b in old], [after[a:b] for a, b in new])
    b = a = 0
    for i, j in (*anchors, (len(old), len(new))):
        b1 = old[i][0] if i < len(old) else len(before)
        a1 = new[j][0] if j < len(new) else len(after)
        for b2, b3, a2, a3 in _in_words(before[b:b1], after[a:a1]):
            yield b2 + b, b3 + b, a2 + a, a3 + a
        if i < len(old):
            b, a = old[i][1], new[j][1]


def _in_words(before: str, after: str) -> Iterator[Change]:
    if len(before) + len(after) > MAX_WORDS_OF:
        yield _trimmed(before, after)
        return
    old = [match.span() for match in _WORD.finditer(before)]
    new = [match.span() for match in _WORD.finditer(after)]
    old_words = [before[a:b] for a, b in old]
    new_words = [after[a:b] for a, b in new]
    runs = list(_replaced(old_words, new_words))
    kept = len(old) - sum(i1 - i0 for i0, i1, _, _ in runs)
    if kept < LEAST_KEPT * min(len(old), len(new)):
        yield _trimmed(before, after)
        return
    for i0, i1, j0, j1 in runs:
        yield *_range(old, i0, i1), *_range(new, j0, j1)


_Run = tuple[int, int, int, int]
"""Words from and to before, from and to after."""


def _replaced(
    old: Sequence[str], new: Sequence[str], sizes: Sequence[int] = RUNS
) -> Iterator[_Run]:
    """Runs of words that gave way to others."""
    if _is_short(old, new):
        yield from _compared(old, new)
    elif not sizes:
        yield 0, len(old), 0, len(new)
    else:
        size, *smaller = sizes
        anchors = _anchors(_runs(old, size), _runs(new, size))
        i = j = 0
        for i1, j1 in (*anchors, (len(old), len(new))):
            if i1 < i or j1 < j:
                continue  # inside the run before it
            for i2, i3, j2, j3 in _replaced(old[i:i1], new[j:j1], smaller):
                yield i2 + i, i3 + i, j2 + j, j3 + j
            i, j = i1 + size, j1 + size


def _is_short(old: Sequence[str], new: Sequence[str]) -> bool:
    if len(old) * len(new) > MAX_CELLS:
        return False
    counts, others = Counter(old), Counter(new)
    return sum(n * others[word] for word, n in counts.items()) <= MAX_EQUAL


def _runs(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[n:] for n in range(size)), strict=False))


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[_Run]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i0, i1, j0, j1 in matcher.get_opcodes():
        if kind != "equal":
            yield i0, i1, j0, j1


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of what both have exactly once, as many as stand in one order."""
    places = _places_of_unique(new)
    pairs = [
        (i, places[item])
        for item, i in _places_of_unique(old).items()
        if item in places
    ]
    return _ascending(sorted(pairs))


def _places_of_unique(items: Sequence[Hashable]) -> dict[Hashable, int]:
    counts = Counter(items)
    return {item: place for place, item in enumerate(items) if counts[item] == 1}


def _ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs whose second numbers ascend, too."""
    ends: list[int] = []
    tails: list[int] = []
    previous: list[int] = []
    for place, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        previous.append(tails[length - 1] if length else -1)
        if length == len(ends):
            ends.append(second)
            tails.append(place)
        else:
            ends[length], tails[length] = second, place
    found = []
    place = tails[-1] if tails else -1
    while place >= 0:
        found.append(pairs[place])
        place = previous[place]
    return found[::-1]


def _line_spans(text: str) -> list[_Span]:
    spans = []
    start = 0
    for line in text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _range(spans: Sequence[_Span], first: int, last: int) -> _Span:
    """From one word to another; of no word, the place where it would stand."""
    if first < last:
        return spans[first][0], spans[last - 1][1]
    place = spans[first - 1][1] if first else 0
    return place, place


def _trimmed(before: str, after: str) -> Change:
    """All of both, without the white space around."""
    b0, b1 = _visible(before)
    a0, a1 = _visible(after)
    return b0, b1, a0, a1


def _visible(text: str) -> _Span:
    start = len(text) - len(text.lstrip())
    return start, max(start, len(text.rstrip()))


def _joined(before: str, changes: Sequence[Change]) -> Iterator[Change]:
    """Changes between which hardly anything stays are one."""
    open_change: Change | None = None
    for change in changes:
        if change[0] == change[1] and change[2] == change[3]:
            continue
        if open_change is None:
            open_change = change
        elif _is_hardly_anything(before[open_change[1] : change[0]]):
            open_change = (open_change[0], change[1], open_change[2], change[3])
        else:
            yield open_change
            open_change = change
    if open_change is not None:
        yield open_change


def _is_hardly_anything(between: str) -> bool:
    """A comma, or a letter that two words happen to have in common."""
    return len(between.strip()) <= 1 and "\n" not in between
