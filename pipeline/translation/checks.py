"""Tells from a translated segment alone whether it can be right.

`BAD` flags say that something went wrong: of the segments they mark, 76 % are bad
(chrF under 30; 23,276 recorded outputs), but only 15 % of the bad ones are marked. So
a flag is shown at its segment and makes the next engine try, and the *rate* of flags
of a language pair is what finds a bad model. The other flags are hints for the eye:
people's translations have them too.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import regex

from pipeline.documents import UNDETERMINED, Identification
from pipeline.languages import primary
from pipeline.translation.pieces import UNSPACED_TARGETS, links_in

BAD = frozenset({"repetition", "length", "script", "copy", "language"})
"""Flags that make the next engine of the chain try."""

CHECKS_VERSION = "1"
"""Changes whenever a flag may change."""

MAX_BLOCK = 12
BLOCK_TIMES = 4
"""A block of 1 to 12 tokens back to back four times is a decoder in a loop."""
REPEATED_SHARE = 0.3
"""Of the 4-grams; real sentences of any language lie below a tenth."""
MIN_NGRAMS = 8

LENGTH_FACTOR = 2.0
"""Off the pair's median ratio by more than this, either way …"""
LENGTH_FROM = 40
"""… for sources of so many characters (as English would have): short ones differ by
more for good reasons."""

COPIED_SHARE = 0.6
COPIED_FROM = 4
"""Longer words (4 letters) that a copy must have: three names are no copy."""

SCRIPT_SHARE = 0.5
SCRIPT_FROM = 4
"""Letters an output needs before its script is judged."""

LANGUAGE_FROM = 40
"""Letters: below that an identifier errs more often than an engine."""
LANGUAGE_SURE = 0.9

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_LETTER = regex.compile(r"\p{L}")
_NUMBER = regex.compile(r"\p{Nd}+(?:[.,\u066b\u066c'’\u00a0\u202f ]\p{Nd}+)*")
_SEPARATORS = regex.compile(r"\D")
_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Kore": ("Hangul", "Han"),
    "Hans": ("Han",),
    "Hant": ("Han",),
}
"""ISO 15924 codes that name a mixture of Unicode scripts."""

_OPENING, _CLOSING = "“«„‹「『", "”»‟›」』"
_CLOSE = dict(zip(_OPENING, ("”", "»", "“", "›", "」", "』"), strict=True))

Identify = Callable[[str], Identification]


def check(
    original: str, output: str, source: str, target: str, identify: Identify | None
) -> tuple[str, ...]:
    """The flags of a translation; empty is good.

    Args:
        original: The segment.
        output: Its translation.
        source: BCP 47 tag.
        target: BCP 47 tag.
        identify: Tells a language; None leaves that check out.
    """
    if not _LETTER.search(original):
        return ()
    found = {
        "repetition": _repeats(output, target) and not _repeats(original, source),
        "length": _is_off_length(original, output, source, target),
        "script": _is_in_another_script(original, output, source, target),
        "copy": _is_copy(original, output),
        "language": _is_another_language(output, target, identify),
        "numbers": bool(_numbers(original) - _numbers(output)),
        "links": bool(Counter(links_in(original)) - Counter(links_in(output))),
        "quotes": _quotes_open(output) and not _quotes_open(original),
    }
    return tuple(flag for flag, is_so in found.items() if is_so)


def pair_quotes(original: str, output: str) -> str:
    """Closes or opens a quotation mark that the output lost at its end or start.

    >>> pair_quotes("«Дом стоит», — сказал он.", "“The house stands, he said.")
    '“The house stands, he said.'
    >>> pair_quotes("«Дом стоит».", "“The house stands.")
    '“The house stands.”'
    """
    start, end = original.strip(), original.strip().rstrip(".!?…。،,")
    if not output or not (start[:1] in _OPENING + '"' and end[-1:] in _CLOSING + '"“'):
        return output
    if output[0] in _CLOSE and _CLOSE[output[0]] not in output[1:]:
        return output + _CLOSE[output[0]]
    if output[0] == '"' and output.count('"') == 1:
        return output + '"'
    return output


def bad(flags: Sequence[str]) -> int:
    """How many flags say that something went wrong."""
    return sum(1 for flag in flags if flag in BAD)


def _tokens(text: str, language: str) -> list[str]:
    words: list[str] = _WORD.findall(text.casefold())
    if primary(language) in UNSPACED_TARGETS:
        return [c for word in words for c in word]
    return words


def _repeats(text: str, language: str) -> bool:
    tokens = _tokens(text, language)
    if any(_longest_run(tokens, size) >= BLOCK_TIMES for size in _sizes(tokens)):
        return True
    ngrams = [tuple(tokens[n : n + 4]) for n in range(len(tokens) - 3)]
    if len(ngrams) < MIN_NGRAMS:
        return False
    return 1 - len(set(ngrams)) / len(ngrams) > REPEATED_SHARE


def _sizes(tokens: Sequence[str]) -> range:
    return range(1, min(MAX_BLOCK, len(tokens) // BLOCK_TIMES) + 1)


def _longest_run(tokens: Sequence[str], size: int) -> int:
    """How often a block of `size` tokens stands back to back at most."""
    longest = run = 0
    for before, after in zip(tokens, tokens[size:], strict=False):
        run = run + 1 if before == after else 0
        longest = max(longest, run)
    return longest // size + 1


def _is_off_length(original: str, output: str, source: str, target: str) -> bool:
    ratios = _ratios()
    one, other = ratios.get(primary(source), 1.0), ratios.get(primary(target), 1.0)
    if len(original) / one < LENGTH_FROM:
        return False
    factor = (len(output) / other) / (len(original) / one)
    return not 1 / LENGTH_FACTOR <= factor <= LENGTH_FACTOR


def _is_in_another_script(original: str, output: str, source: str, target: str) -> bool:
    """Whether most of its letters are in a script that the target is not written in."""
    letters = _LETTER.findall(_without_links(output))
    pattern = _script_pattern(target)
    if len(letters) < SCRIPT_FROM or pattern is None:
        return False
    own = sum(1 for letter in letters if pattern.match(letter))
    if own / len(letters) >= SCRIPT_SHARE:
        return False
    # A text that was in that script already (a foreign name alone) is none.
    before = _LETTER.findall(_without_links(original))
    same = _script_pattern(source)
    return same is None or any(same.match(letter) for letter in before)


def _is_copy(original: str, output: str) -> bool:
    words = {word for word in _WORD.findall(original.casefold()) if len(word) >= 4}
    words = {word for word in words if not word.isdigit()}
    if len(words) < COPIED_FROM:
        return False
    kept = words & set(_WORD.findall(output.casefold()))
    return len(kept) / len(words) > COPIED_SHARE


def _is_another_language(output: str, target: str, identify: Identify | None) -> bool:
    text = _without_links(output)
    if identify is None or len(_LETTER.findall(text)) < LANGUAGE_FROM:
        return False
    found = identify(text)
    return (
        found.confidence >= LANGUAGE_SURE
        and found.language != UNDETERMINED
        and primary(found.language) not in _close_to(primary(target))
    )


@cache
def _close_to(language: str) -> frozenset[str]:
    """Languages that an identifier takes for each other; with the language."""
    for family in _FAMILIES:
        if language in family:
            return family
    return frozenset({language})


_FAMILIES = (
    frozenset({"bs", "hr", "sr", "sh", "me"}),
    frozenset({"id", "ms"}),
    frozenset({"nb", "nn", "no", "da"}),
    frozenset({"cs", "sk"}),
    frozenset({"bg", "mk"}),
    frozenset({"gl", "pt", "es"}),
)


def _numbers(text: str) -> Counter[str]:
    """Numbers of two digits and more, in ASCII digits, without separators."""
    found = (_digits(match.group()) for match in _NUMBER.finditer(text))
    return Counter(number for number in found if len(number) > 1)


def _digits(number: str) -> str:
    ascii_digits = "".join(
        str(unicodedata.digit(c)) if c.isdigit() else c for c in number
    )
    return str(_SEPARATORS.sub("", ascii_digits))


def _quotes_open(text: str) -> bool:
    """Whether a quotation mark has no partner."""
    opening = sum(text.count(c) for c in "“«「『")
    closing = sum(text.count(c) for c in "”»」』")
    low = text.count("„")
    if low:  # „…“ and „…” both are in use
        opening, closing = 0, 0
    return text.count('"') % 2 == 1 or opening != closing


def _without_links(text: str) -> str:
    for link in links_in(text):
        text = text.replace(link, " ")
    return text


@cache
def _script_pattern(language: str) -> regex.Pattern[str] | None:
    """Matches a letter of the language's script, by the CLDR's likely subtags."""
    from babel.core import get_global

    likely = get_global("likely_subtags")
    tag = likely.get(language.replace("-", "_")) or likely.get(primary(language)) or ""
    given = [part for part in language.split("-")[1:] if len(part) == 4]
    codes = given or [part for part in tag.split("_") if len(part) == 4]
    if not codes:
        return None
    names = _SCRIPTS.get(codes[0], (codes[0],))
    return regex.compile("[" + "".join(rf"\p{{Script={name}}}" for name in names) + "]")


@cache
def _ratios() -> Mapping[str, float]:
    path = files("pipeline.translation").joinpath("length_ratios.toml")
    return tomllib.loads(path.read_text("utf-8"))
