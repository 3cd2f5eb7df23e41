"""How likely a text is, when bytes may be read in more than one charset.

Every charset reads the same bytes as other letters, so the likelihoods of the readings
compare. A letter counts by how frequent it is in the likeliest language that had the
charset; and what no language writes counts against a reading: signs inside words,
capitals behind small letters, letters of two scripts in one word, blanks between
Chinese characters.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import regex

SIGN = math.log(0.005)
"""Of a quotation mark, a dash and the like: one in some two hundred such characters."""
ODD_SIGN = math.log(5e-5)
FOREIGN_LETTER = math.log(2e-5)
"""Of a letter that the language does not have, but for names."""
ANY_LETTER = math.log(1 / 60)
"""Of a letter of a language of which nothing is known: most have about thirty, and a
wrong reading must not win because the right one is of such a language."""
FREQUENT_CHARACTER = math.log(1e-4)
"""Of one of the thousands of Chinese and Korean characters that are taught first."""
KANA = math.log(1e-3)
RARE_CHARACTER = math.log(5e-6)
IMPOSSIBLE = math.log(1e-9)
"""Of a control character, one for private use, or none."""

COMMON_SIGNS = frozenset(
    "«»“”„‘’‚–—…№°©®§·•€£\u00a0،؟؛ـ\u200c\u200d。，、；：？！（）《》「」『』【】・～"
)

_IN_WORDS = r"\p{L}\p{M}’‘ʼ·\u00ad\u200c\u200d"
_OTHER_SCRIPTS = r"\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}\p{Thai}"
_PENALTIES = (
    (4.0, regex.compile(r"\p{Ll}\p{Lu}")),
    (4.0, regex.compile(rf"\p{{Latin}}[{_OTHER_SCRIPTS}]")),
    (4.0, regex.compile(rf"[{_OTHER_SCRIPTS}]\p{{Latin}}")),
    (4.0, regex.compile(rf"(?<=\p{{L}})[^\x00-\x7f{_IN_WORDS}](?=\p{{L}})")),
    (2.0, regex.compile(r"[^\P{Latin}\x00-\x7f]{3}")),
)  # fmt: skip
"""Of readings as letters: what each place costs where the pattern is found."""
_EAST_ASIAN_PENALTIES = (
    (2.0, regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}] +(?=\p{Han})")),
    (10.0, regex.compile(r"[\p{Hangul}\p{Han}]*\p{Hangul}[\p{Hangul}\p{Han}]{14}")),
    (2.0, regex.compile(r"[a-z]\p{Han}[a-z]")),
)
_LETTER = regex.compile(r"[\p{L}\p{M}]")
_FREQUENT_LEADS = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6))
"""Where each charset has the characters that are taught first, by their first byte
(GB 2312 level 1, Big5 level 1)."""


def likelihood(text: str, groups: Iterable[str]) -> float:
    """The logarithm of how likely a text is, 0 for ASCII alone.

    Args:
        text: A reading of some bytes.
        groups: Of languages in `letters.toml`, that had the charset; none: any.
    """
    counts = Counter(regex.findall(r"[^\x00-\x7f]", text))
    lower: Counter[str] = Counter()
    for character, number in counts.items():
        lower[character.lower()] += number
    wanted = tuple(groups)
    models = [(g, m) for g in wanted for m in letters()[g].values()]
    found = [_by_letters(lower, "", {})] if not _is_east_asian(wanted) else []
    found += [_by_letters(lower, group, model) for group, model in models]
    penalties = _EAST_ASIAN_PENALTIES if _is_east_asian(wanted) else _PENALTIES
    return max(found) - sum(
        cost * len(pattern.findall(text)) for cost, pattern in penalties
    )


def groups_of(language: str) -> tuple[str, ...]:
    """The groups that a language belongs to, by its tag.

    >>> groups_of("vi-VN")
    ('vietnamese',)
    """
    wanted = language.split("-")[0].lower()
    return tuple(group for group, found in letters().items() if wanted in found)


@cache
def letters() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """By group and language: the logarithm of each letter's share."""
    text = files("pipeline.extraction").joinpath("letters.toml").read_text("utf-8")
    return {
        group: {
            language: {c: math.log(n / 1000) for c, n in shares.items()}
            for language, shares in languages.items()
        }
        for group, languages in tomllib.loads(text).items()
    }


def _is_east_asian(groups: Iterable[str]) -> bool:
    return not {"chinese", "japanese", "korean"}.isdisjoint(groups)


def _by_letters(
    counts: Mapping[str, int], group: str, model: Mapping[str, float]
) -> float:
    return sum(
        number
        * (model[character] if character in model else _unknown(character, group))
        for character, number in counts.items()
    )


@cache
def _unknown(character: str, group: str) -> float:
    """Of a character that a language of a group has not, or has rarely."""
    if character in COMMON_SIGNS:
        return SIGN
    if not character.isprintable() or character == "\ufffd":
        return IMPOSSIBLE
    if group in {"chinese", "japanese", "korean"}:
        return _unknown_east_asian(character, group)
    if not _LETTER.match(character):
        return ODD_SIGN
    return FOREIGN_LETTER if group else ANY_LETTER


def _unknown_east_asian(character: str, group: str) -> float:
    if "\u3040" <= character <= "\u30ff":
        return KANA if group == "japanese" else FOREIGN_LETTER
    if "\uac00" <= character <= "\ud7a3":
        return FREQUENT_CHARACTER if group == "korean" else RARE_CHARACTER
    if group == "korean":
        return RARE_CHARACTER
    if "\u4e00" <= character <= "\u9fff":
        return FREQUENT_CHARACTER if _is_frequent(character) else RARE_CHARACTER
    return ODD_SIGN if not _LETTER.match(character) else RARE_CHARACTER


def _is_frequent(character: str) -> bool:
    for charset, first, last in _FREQUENT_LEADS:
        code = character.encode(charset, "ignore")
        if code and first <= code[0] <= last:
            return True
    return False
