"""Names that must be spelt one way in a translation (`names/*.toml`).

An engine that takes a glossary gets it. Otherwise the output is looked through: a
word that is nearly the wanted spelling, or the original's own spelling left as it
was, is replaced; where nothing like it is found the segment is flagged.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from pipeline.languages import primary
from pipeline.names import Name
from pipeline.translation.pieces import UNSPACED_SCRIPTS, UNSPACED_TARGETS

NEARLY = 0.72
"""Similarity of folded spellings (Ratcliff-Obershelp) from which a word is taken for
the name: Kasan and Kazan .8, Tataristan and Tatarstan .95, but Kazakhstan and Kazan
.67, Iran and Ireland .55."""

SHORTEST = 5
"""Letters a spelling needs to be looked for by likeness: Iran is not Iraq."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-’'][\p{L}\p{M}\p{N}]+)*")
_LETTER = r"[\p{L}\p{M}\p{N}]"
_UNSPACED = regex.compile(f"[{UNSPACED_SCRIPTS}]")
_POSSESSIVE = regex.compile(r"[’']s?$")
_ARABIC_PREFIX = r"[وفبلك]{0,2}(?:ال)?"
_PREFIXED = frozenset({"ar", "fa", "ur", "he"})


@dataclass(frozen=True, kw_only=True)
class Term:
    """A name that occurs in a segment.

    Attributes:
        id: Of the name.
        found: As it is spelt there.
        wanted: Its spellings in the target language, the usual one first.
    """

    id: str
    found: str
    wanted: tuple[str, ...]


class Glossary:
    """The names of a workspace, for any pair of languages."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        self._names = tuple(names)
        self._patterns: dict[str, regex.Pattern[str] | None] = {}
        self._owners: dict[str, dict[str, Name]] = {}
        self._checksums: dict[tuple[str, str], str] = {}

    def terms(self, text: str, source: str, target: str) -> tuple[Term, ...]:
        """The names in a segment that have a spelling in the target language."""
        found: dict[str, Term] = {}
        for name, written in self._occurrences(text, source):
            wanted = _spellings(name, target)
            if wanted and name.id not in found:
                found[name.id] = Term(id=name.id, found=written, wanted=wanted)
        return tuple(found.values())

    def mentions(self, text: str, language: str) -> bool:
        """Whether a text of a language has any of the names."""
        return next(iter(self._occurrences(text, language)), None) is not None

    def checksum(self, source: str, target: str) -> str:
        """Changes with any name that a text of this pair may have; "" for none."""
        pair = source, target
        if pair not in self._checksums:
            known = sorted(
                (name.id, _spellings(name, source), _spellings(name, target))
                for name in self._names
                if _spellings(name, source) and _spellings(name, target)
            )
            digest = hashlib.sha256(repr(known).encode()).hexdigest()[:16]
            self._checksums[pair] = digest if known else ""
        return self._checksums[pair]

    def _occurrences(self, text: str, language: str) -> Iterable[tuple[Name, str]]:
        pattern = self._pattern(language)
        if pattern is None:
            return
        owners = self._owners[language]
        for match in pattern.finditer(unicodedata.normalize("NFC", text)):
            written = match.group(1)
            name = owners.get(written.casefold())
            if name is not None:  # None: a letter whose case is another language's
                yield name, written

    def _pattern(self, language: str) -> regex.Pattern[str] | None:
        if language not in self._patterns:
            owners = {
                unicodedata.normalize("NFC", spelling).casefold(): name
                for name in self._names
                for spelling in _spellings(name, language)
            }
            self._owners[language] = owners
            self._patterns[language] = _any_of(owners, language) if owners else None
        return self._patterns[language]


def enforce(output: str, terms: Sequence[Term]) -> tuple[str, tuple[str, ...]]:
    """The output with its names as wanted, and the ids of those it lacks."""
    missing = []
    for term in terms:
        if not _has(output, term.wanted, folded=_lowered):
            repaired = _replaced(output, term, terms)
            if repaired is None:
                missing.append(term.id)
            else:
                output = repaired
    return output, tuple(missing)


def terms_checksum(terms: Sequence[Term]) -> str:
    """Changes with what is wanted of these names; "" for none."""
    if not terms:
        return ""
    known = "\n".join(f"{term.found}={'|'.join(term.wanted)}" for term in terms)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def _replaced(output: str, term: Term, terms: Sequence[Term]) -> str | None:
    wanted = term.wanted[0]
    untranslated = _as_a_word(term.found)
    if untranslated.search(output):
        return str(untranslated.sub(lambda _: wanted, output))
    place = _nearest(output, term, terms)
    if place is None:
        return None
    start, end = place
    ending = _POSSESSIVE.search(output[start:end])
    return output[:start] + wanted + (ending.group() if ending else "") + output[end:]


def _as_a_word(written: str) -> regex.Pattern[str]:
    """A spelling that is no part of a longer word, where words have limits."""
    inner = regex.escape(written)
    if _UNSPACED.search(written):
        return regex.compile(inner)
    return regex.compile(rf"(?<!{_LETTER}){inner}(?!{_LETTER})")


def _nearest(output: str, term: Term, terms: Sequence[Term]) -> tuple[int, int] | None:
    """The place in an output that is most like one of the wanted spellings."""
    others = [w for other in terms if other.id != term.id for w in other.wanted]
    words = [match.span() for match in _WORD.finditer(output)]
    best, place = NEARLY, None
    for wanted in term.wanted:
        folded = _folded(wanted)
        length = len(wanted.split())
        if len(folded) < SHORTEST:
            continue
        for number in range(len(words) - length + 1):
            start, end = words[number][0], words[number + length - 1][1]
            written = output[start:end]
            if not _is_name(written, wanted) or _has(written, others):
                continue
            likeness = _likeness(_folded(_POSSESSIVE.sub("", written)), folded)
            if likeness >= best:
                best, place = likeness, (start, end)
    return place


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _is_name(written: str, wanted: str) -> bool:
    """A name begins with a capital where its script has them."""
    return written[:1].isupper() or not wanted[:1].isupper()


def _has(
    text: str, spellings: Iterable[str], folded: Callable[[str], str] | None = None
) -> bool:
    """Whether one of the spellings stands in a text, as a word of its own."""
    fold = folded or _folded
    line = f" {fold(text)} "
    return any(_within(line, fold(spelling)) for spelling in spellings)


def _within(folded: str, spelling: str) -> bool:
    at = folded.find(spelling)
    while at >= 0:
        before, after = folded[at - 1], folded[at + len(spelling)]
        if not spelling.isascii() or not (before.isalnum() or after.isalnum()):
            return True
        at = folded.find(spelling, at + 1)
    return False


def _folded(text: str) -> str:
    """Lower case, without marks on Latin letters, words by single blanks.

    >>> _folded("Kazán’s Forum")
    "kazan's forum"
    """
    parts = unicodedata.normalize("NFD", text.replace("’", "'").casefold())
    plain = "".join(c for c in parts if not "\u0300" <= c <= "\u036f")
    return " ".join(plain.split())


def _lowered(text: str) -> str:
    """Lower case, words by single blanks; accents count: Kazán is not Kazan."""
    plain = unicodedata.normalize("NFC", text.replace("’", "'")).casefold()
    return " ".join(plain.split())


def _spellings(name: Name, language: str) -> tuple[str, ...]:
    """Of a language, whatever its region or script."""
    if language in name.spellings:
        return name.spellings[language]
    base = primary(language)
    for tag, written in name.spellings.items():
        if primary(tag) == base:
            return written
    return ()


def _any_of(owners: Mapping[str, Name], language: str) -> regex.Pattern[str]:
    words = sorted(owners, key=len, reverse=True)
    inner = "(" + "|".join(map(regex.escape, words)) + ")"
    base = primary(language)
    if base in UNSPACED_TARGETS:
        return regex.compile(inner, regex.IGNORECASE)
    prefix = _ARABIC_PREFIX if base in _PREFIXED else ""
    return regex.compile(
        rf"(?<!{_LETTER}){prefix}{inner}(?!{_LETTER})", regex.IGNORECASE
    )
