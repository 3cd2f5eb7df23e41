"""Cuts a segment into pieces that an engine can take, and joins what it gives.

Nothing is lost on the way: a segment that is too long is split at clause marks, at
blanks where there are none, and only between characters where there are no blanks
either; what no engine translates (emoji, endless words, on request links) is carried
around it. One segment in, one out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex

from pipeline.languages import primary

LONG_WORD = 100
"""Letters without a blank that are no word of any language: the longest German
compound in print has 80. Engines cut or repeat them."""

UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
UNSPACED_TARGETS = frozenset({"zh", "ja", "th", "lo", "km", "my"})
"""Languages that write no blanks between words."""

_CONTROLS = regex.compile(
    r"[\p{Cc}\p{Cs}\p{Cn}--\t\n\r]|[\u202a-\u202e\u2066-\u2069]", regex.V1
)
"""Controls, lone surrogates, unassigned characters, bidi controls: no text."""

_EMOJI = (
    r"(?:[\p{Emoji_Presentation}\p{Regional_Indicator}]|\p{Extended_Pictographic}\ufe0f)"
    r"(?:[\p{Emoji}\p{Emoji_Modifier}\u200d\ufe0f\u20e3\s]*"
    r"[\p{Emoji_Presentation}\p{Emoji_Modifier}\u200d\ufe0f\u20e3])?"
)
_ENDLESS = rf"[^\s{UNSPACED_SCRIPTS}]{{{LONG_WORD},}}"
_CARRIED = regex.compile(rf"{_EMOJI}|{_ENDLESS}")

LINKS = regex.compile(
    r"(?:https?://|www\.)[^\s<>\"”»]*[^\s<>\"”».,;:!?)\]،؛。，]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w&])[#@][\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*"
)
"""Addresses, e-mail addresses, hashtags, mentions: what must not be translated."""

_LETTER = regex.compile(r"\p{L}")

_MARKS = (
    regex.compile(r"(?<=[;:؛：；…])\s*|(?<=\s[–—-])\s+|(?<=[.!?؟。！？])\s*"),
    regex.compile(r"(?<=[,،、，])\s*"),
    regex.compile(r"\s+"),
)
"""Where to split, the best first: clause marks, commas, blanks."""

_MIDDLE = 0.2, 0.8
"""A mark outside this part of the text leaves a piece that is no clause."""

MAX_DEPTH = 40
"""Halvings: more than the longest page could need."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a segment.

    Attributes:
        text: Without blanks around it.
        carried: Goes around the engine, as it is.
        gap: Whether a blank stood before it.
    """

    text: str
    carried: bool = False
    gap: bool = False


def clean(text: str) -> str:
    r"""NFC, without controls; the rest as it is.

    >>> clean("a\x00b\u202ec")
    'abc'
    """
    return str(_CONTROLS.sub("", unicodedata.normalize("NFC", text)))


def cut(
    text: str, fits: Callable[[str], bool], *, carry_links: bool = False
) -> tuple[Piece, ...]:
    """The pieces of a segment, in order.

    Args:
        text: One segment.
        fits: Whether an engine takes a text in one piece.
        carry_links: Carry addresses and hashtags around it as well.
    """
    text = clean(text)
    pieces: list[tuple[str, bool]] = []
    for part, is_carried in _parts(text, carry_links=carry_links):
        words = part.strip()
        if is_carried or not _LETTER.search(words):
            pieces.append((words, True))
        else:
            pieces += [(short, False) for short in split(words, fits)]
    return _with_gaps(text, [piece for piece in pieces if piece[0]])


def split(text: str, fits: Callable[[str], bool], depth: int = 0) -> list[str]:
    """Parts that each fit, split where a reader would pause.

    >>> split("a b c, d e f", lambda part: len(part) <= 6)
    ['a b c,', 'd e f']
    """
    if fits(text) or depth >= MAX_DEPTH or len(text) < 2:
        return [text]
    at, after = _best_place(text)
    halves = text[:at].strip(), text[after:].strip()
    return [part for half in halves if half for part in split(half, fits, depth + 1)]


def join(pieces: Sequence[Piece], outputs: Sequence[str], target: str) -> str:
    """The translation of a segment from those of its pieces.

    Args:
        pieces: As `cut` gave them.
        outputs: Of the pieces that are not carried, in order.
        target: BCP 47 tag: some languages write no blanks.
    """
    spaced = primary(target) not in UNSPACED_TARGETS
    waiting = iter(outputs)
    text, before = "", None
    for number, piece in enumerate(pieces):
        part = piece.text if piece.carried else next(waiting).strip()
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        if after and not piece.carried and not after.carried:
            part = _without_added_stop(piece.text, part)
        if before and _needs_blank(before, piece, text, part, spaced=spaced):
            text += " "
        text += part
        before = piece
    return text.strip()


def links_in(text: str) -> list[str]:
    """Addresses, e-mail addresses, hashtags and mentions, in order.

    >>> links_in("See https://example.org/a. #Kazan, press@example.org")
    ['https://example.org/a', '#Kazan', 'press@example.org']
    """
    return [match.group() for match in LINKS.finditer(text)]


def _parts(text: str, *, carry_links: bool) -> list[tuple[str, bool]]:
    found = [match.span() for match in _CARRIED.finditer(text)]
    if carry_links:
        found += [match.span() for match in LINKS.finditer(text)]
    parts: list[tuple[str, bool]] = []
    at = 0
    for start, end in sorted(found):
        if start < at:
            continue
        parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [part for part in [*parts, (text[at:], False)] if part[0]]


def _with_gaps(text: str, parts: Sequence[tuple[str, bool]]) -> tuple[Piece, ...]:
    """The pieces, each knowing whether a blank stood before it."""
    at = 0
    pieces: list[Piece] = []
    for part, is_carried in parts:
        start = text.index(part, at)
        pieces.append(Piece(text=part, carried=is_carried, gap=at < start and at > 0))
        at = start + len(part)
    return tuple(pieces)


def _best_place(text: str) -> tuple[int, int]:
    """Where the first half ends and the second begins."""
    low, high = (int(share * len(text)) for share in _MIDDLE)
    middle = len(text) // 2
    for marks in _MARKS:
        found = [m.span() for m in marks.finditer(text) if low <= m.start() <= high]
        places = [(start, end) for start, end in found if 0 < start < len(text)]
        if places:
            return min(places, key=lambda place: abs(place[0] - middle))
    return middle, middle


def _needs_blank(
    before: Piece, piece: Piece, text: str, part: str, *, spaced: bool
) -> bool:
    """Between clauses as the target writes; around what is carried as it stood."""
    if not before.carried and not piece.carried:
        return spaced
    touching = text[-1:].isalnum() and part[:1].isalnum()
    return piece.gap or (spaced and touching)


def _without_added_stop(source: str, output: str) -> str:
    """A clause that an engine took for a sentence gets no full stop in the middle."""
    if source and source[-1] in ".!?؟。！？…":
        return output
    return output.rstrip(".。")
