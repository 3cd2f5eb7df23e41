"""Fingerprints of a text, to find (nearly) the same text elsewhere.

What is kept is a sample of the text's word triples, chosen by their own hashes: every
triple of a short text, one in 2, 4, 8 … of a longer one, until at most 64 remain
(Broder, "On the resemblance and containment of documents", 1997: sets modulo m). Of two
texts the coarser sample is compared, and the share that they have in common estimates
the share of all triples: also where one was cut from the other, which MinHash and
SimHash miss. The thresholds are the ones measured best in `tests/quality`, in 23
languages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from pipeline.telling_numbers import agreement, telling_numbers
from pipeline.tokens import tokens

SHINGLE_TOKENS: Final = 3
MAX_HASHES: Final = 64
"""Kept of one text: the share of two texts in common is known to ± .06, with the 32
that remain at worst to ± .09 (one standard deviation at one half)."""
INDEX_ALL: Final = 24
"""A text that has more is found by every other of them, to save room."""

MIN_SHARED: Final = 4
MIN_CONTAINMENT: Final = 0.45
"""Of the smaller text's triples: every third word edited leaves fewer."""
MIN_JACCARD: Final = 0.3
"""Of all triples of both …"""
CUT_CONTAINMENT, CUT_JACCARD = 0.75, 0.15
"""… or so, where hardly anything of the smaller text is not in the larger one."""
FEW: Final = 24
FEW_CONTAINMENT: Final = 0.7
"""Of a sentence of fewer triples a common phrase makes half."""
OTHER_LANGUAGE_JACCARD: Final = 0.6
"""Texts in two languages share lists of names; nearly equal ones are in one language,
whatever the identification says of either."""
WHOLE_CONTAINMENT, WHOLE_JACCARD = 0.97, 0.7
"""Boilerplate counts where there is hardly anything else in either text: a report that
the whole world prints is none."""

FREE_NUMBERS: Final = 4
"""Numbers that the other text may lack: a copy is prefaced with date and hour."""
MIN_NUMBERS: Final = 0.6
"""Of the further ones so many agree."""
MAX_AGAINST: Final = 0.2
"""For five places where both say the same number, one may say another one."""

COMMON_DOCUMENTS: Final = 20
"""A fingerprint in more documents than this is boilerplate and not counted. Of 25 with
one passage (what FACTS measured) some have a sample too coarse to hold it."""

_MASK = (1 << 48) - 1
"""Six bytes, as databases store them. Of the 25 million of a million documents the
chance that a foreign one is met is one in ten million."""
_BASE = 0x9E3779B97F4A7C15
"""Of the polynomial in the words' hashes (the odd constant of splitmix64)."""

_LETTER = regex.compile(
    r"[\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)
"""Of those scripts what is a letter, not a word: counts half, as three of them stand in
any text of the language."""


@dataclass(frozen=True, kw_only=True)
class Fingerprints:
    """What is compared of one text.

    Attributes:
        hashes: 48-bit numbers, sorted, at most 64; multiples of 2 ** `level`.
        level: How coarse the sample is: 0 has every word triple of the text.
        numbers: Of the numbers, weekdays and months (`pipeline.telling_numbers`).
    """

    hashes: tuple[int, ...]
    level: int = 0
    numbers: tuple[int, ...] = ()

    @property
    def indexed(self) -> tuple[int, ...]:
        """Those of the hashes by which a text is found."""
        return _sampled(self.hashes, self.index_level)

    @property
    def index_level(self) -> int:
        """How coarse the sample is by which it is found."""
        return self.level + (len(self.hashes) > INDEX_ALL)


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What two texts have in common, estimated from their samples.

    Attributes:
        shared: How many sampled word triples.
        smaller: How many the smaller text has of them.
        larger: How many the larger one has.
    """

    shared: int
    smaller: int
    larger: int

    @property
    def containment(self) -> float:
        """The share of the smaller text's triples that the larger one has."""
        return self.shared / self.smaller if self.smaller else 0.0

    @property
    def jaccard(self) -> float:
        """The share of all triples of both that both have."""
        every = self.smaller + self.larger - self.shared
        return self.shared / every if every else 0.0


def fingerprint(text: str) -> Fingerprints:
    """The fingerprints of a text in any language."""
    words = tokens(text)
    level, kept = 0, set(_shingles(words))
    while len(kept) > MAX_HASHES:
        level += 1
        kept = set(_sampled(kept, level))
    return Fingerprints(
        hashes=tuple(sorted(kept)), level=level, numbers=telling_numbers(words)
    )


def is_duplicate(
    a: Fingerprints,
    b: Fingerprints,
    common: Collection[int] = (),
    *,
    one_language: bool = True,
) -> bool:
    """Whether two texts are (nearly) the same, or one is cut from the other.

    Texts that are alike but carry other numbers are a series (bulletins), not
    duplicates.

    Args:
        a: One text's.
        b: The other's.
        common: Those of the indexed hashes that are boilerplate.
        one_language: False where the two are known to be in different ones.
    """
    whole = likeness(a, b, max(a.level, b.level))
    is_short = any(one.level == 0 and len(one.hashes) < FEW for one in (a, b))
    if not _are_alike(whole) or (is_short and whole.containment < FEW_CONTAINMENT):
        return False
    is_same = whole.containment >= WHOLE_CONTAINMENT and whole.jaccard >= WHOLE_JACCARD
    if common and not is_same and not _are_alike_apart(a, b, common):
        return False
    if not one_language and whole.jaccard < OTHER_LANGUAGE_JACCARD:
        return False
    return _numbers_agree(a, b)


def likeness(
    a: Fingerprints, b: Fingerprints, level: int, common: Collection[int] = ()
) -> Likeness:
    """What two texts have in common, in samples of one level, boilerplate apart."""
    first = set(_sampled(a.hashes, level)).difference(common)
    second = set(_sampled(b.hashes, level)).difference(common)
    smaller, larger = sorted((len(first), len(second)))
    return Likeness(shared=len(first & second), smaller=smaller, larger=larger)


def containment(a: str, b: str) -> float:
    """The share of the smaller text's word triples that the other has too.

    >>> containment("one two three four", "zero one two three four five")
    1.0
    """
    first, second = set(_shingles(tokens(a))), set(_shingles(tokens(b)))
    if not first or not second:
        return float(a.strip() == b.strip())
    return len(first & second) / min(len(first), len(second))


def _are_alike_apart(a: Fingerprints, b: Fingerprints, common: Collection[int]) -> bool:
    """Whether two texts are alike where they are no boilerplate.

    That is known only of hashes by which texts are found; and the finer the sample, the
    fewer documents have one that fine: a passage of many is seen in a coarser one.
    """
    level = max(a.index_level, b.index_level)
    if not _are_alike(likeness(a, b, level, common)):
        return False
    while len(shared := _shared(a, b, level := level + 1)) >= MIN_SHARED:
        is_boilerplate = 2 * len(shared.intersection(common)) > len(shared)
        found = likeness(a, b, level, common)
        if is_boilerplate and found.containment < MIN_CONTAINMENT:
            return False
    return True


def _shared(a: Fingerprints, b: Fingerprints, level: int) -> set[int]:
    return set(_sampled(a.hashes, level)) & set(_sampled(b.hashes, level))


def _are_alike(found: Likeness) -> bool:
    if found.shared < MIN_SHARED or found.containment < MIN_CONTAINMENT:
        return False
    if found.jaccard >= MIN_JACCARD:
        return True
    return found.containment >= CUT_CONTAINMENT and found.jaccard >= CUT_JACCARD


def _numbers_agree(a: Fingerprints, b: Fingerprints) -> bool:
    """Whether the smaller text says the numbers that the larger one says.

    Of two of one size each must say the other's: neither was cut.
    """
    level = max(a.level, b.level)
    difference = len(_sampled(a.hashes, level)) - len(_sampled(b.hashes, level))
    checked = []
    if difference <= 0:
        checked.append(agreement(a.numbers, b.numbers))
    if difference >= 0:
        checked.append(agreement(b.numbers, a.numbers))
    return all(
        found.anywhere >= MIN_NUMBERS * (found.total - FREE_NUMBERS)
        and found.against <= MAX_AGAINST * found.in_place
        for found in checked
    )


def _sampled(hashes: Iterable[int], level: int) -> tuple[int, ...]:
    mask = (1 << level) - 1
    return tuple([value for value in hashes if not value & mask])


def _shingles(words: list[str]) -> list[int]:
    hashes = [_hash(word) for word in words]
    halves = [place for place, word in enumerate(words) if _is_letter(word)]
    if halves:
        return _of_letters(hashes, halves)
    square = _BASE * _BASE
    return [
        (a * square + b * _BASE + c) & _MASK
        for a, b, c in zip(hashes, hashes[1:], hashes[2:], strict=False)
    ]


def _of_letters(hashes: list[int], halves: list[int]) -> list[int]:
    """The same, where three words may be six letters: as many as make three."""
    sizes = [2] * len(hashes)
    for place in halves:
        sizes[place] = 1
    sums, powers = [0], [1]
    for value in hashes:
        sums.append((sums[-1] * _BASE + value) & _MASK)
        powers.append((powers[-1] * _BASE) & _MASK)
    found = []
    end = size = 0
    for start, own in enumerate(sizes):
        while size < 2 * SHINGLE_TOKENS and end < len(sizes):
            size += sizes[end]
            end += 1
        if size < 2 * SHINGLE_TOKENS:
            break
        found.append((sums[end] - sums[start] * powers[end - start]) & _MASK)
        size -= own
    return found


def _is_letter(word: str) -> bool:
    return word[0] >= "\u0e00" and _LETTER.match(word) is not None


@lru_cache(maxsize=65536)
def _hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
