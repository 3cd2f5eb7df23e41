"""Tells close neighbours apart: evidence of words, between members of a family only.

An identifier knows at once that a text is Bosnian, Croatian or Serbian, and hardly
which. What tells is known: `tjedan` or `sedmica`, `vreme` or `vrijeme`, `uang` or
`wang`, `ikke` beside `efter`. Each file in `families/` holds such evidence for one
family, in points. The identifier's probability that a text is of the family stays;
how its members share it is

    probability ** trust * exp(weight * points + lean)

`trust`, `weight` and `lean` were tuned for each family on the even lines of FLORES dev
and on news and treebanks where there are some; the quality gate reports the odd lines.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

Ranked = list[tuple[str, float]]
"""Language tags with their probabilities, the likeliest first."""

POINTS: Mapping[str, float] = {"strong": 3.0, "clear": 1.7, "slight": 0.8}
"""What a word of each list counts: the natural logarithm of how much likelier it is
in these languages than in the rest of the family, in round figures."""

UNLIKELY = 1e-4
"""Probability of a member that the identifier did not name."""

READ_CHARACTERS = 4_000
"""Of a long text; some 600 words, which leave nothing open."""

NEAR_TIE = 1.0
"""Logarithm of how much likelier the first member may be than the one a page declares
for the declared one to be taken: 2.7 times. Of single sentences a right declaration
mends a third (bs 59 → 83 % right), of five sentences a wrong one spoils nothing but
Bosnian and Croatian (FLORES dev, even lines)."""

SCRIPT_CHARACTERS = 200
"""So much of a text tells its script …"""
SCRIPT_SHARE = 1 / 3
"""… where more than this share of it are letters of that script."""

Evidence = Mapping[str, float]
"""Points by language."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Languages that are taken for each other, and what tells them apart.

    Attributes:
        languages: BCP 47 tags.
        script: That this evidence is written in.
        trust: Exponent of the identifier's probabilities.
        weight: Factor of the points.
        lean: Added for a member, so that neighbours are mistaken equally often.
        words: Points by word, lower-case.
        beginnings: Points by the beginning of a word.
        endings: Points by the end of a word.
        marks: Points by a letter that only some of them have.
    """

    languages: tuple[str, ...]
    script: _Script
    trust: float
    weight: float
    lean: Mapping[str, float]
    words: Mapping[str, Evidence]
    beginnings: Mapping[str, Evidence]
    endings: Mapping[str, Evidence]
    marks: Mapping[str, Evidence]

    def points(self, text: str) -> dict[str, float]:
        """What the words of a text say for each member."""
        total = dict.fromkeys(self.languages, 0.0)
        for word in self.script.word.findall(text[:READ_CHARACTERS].lower()):
            for evidence in self._evidence(word):
                for language, points in evidence.items():
                    total[language] += points
        return total

    def scores(self, ranked: Ranked, text: str) -> dict[str, float]:
        """Logarithm of each member's share, up to a common summand."""
        points, shares = self.points(text), self._logarithms(ranked)
        return {
            language: self.trust * shares[language]
            + self.weight * points[language]
            + self.lean.get(language, 0.0)
            for language in self.languages
        }

    def scores_of_more(
        self, ranked: Ranked, text: str, more: float
    ) -> dict[str, float]:
        """The same where parts of a text were settled before.

        Args:
            ranked: The mean of the parts' answers.
            text: The whole.
            more: The share of its evidence that is not in that mean.
        """
        points = self.points(text) if more else dict.fromkeys(self.languages, 0.0)
        shares = self._logarithms(ranked)
        return {
            language: shares[language] + self.weight * more * points[language]
            for language in self.languages
        }

    def _logarithms(self, ranked: Ranked) -> dict[str, float]:
        known = dict(ranked)
        return {
            language: math.log(max(known.get(language, 0.0), UNLIKELY))
            for language in self.languages
        }

    def _evidence(self, word: str) -> list[Evidence]:
        """A listed word's own; else its longest listed beginning's and ending's."""
        found = [self.marks[letter] for letter in self.marks if letter in word]
        exact = self.words.get(word)
        if exact is not None:
            return [*found, exact]
        for length in self.beginning_lengths:
            beginning = self.beginnings.get(word[:length])
            if beginning is not None:
                found.append(beginning)
                break
        for length in self.ending_lengths:
            ending = self.endings.get(word[-length:])
            if ending is not None:
                found.append(ending)
                break
        return found

    @cached_property
    def beginning_lengths(self) -> tuple[int, ...]:
        """Of the listed beginnings, the longest first."""
        return tuple(sorted({len(key) for key in self.beginnings}, reverse=True))

    @cached_property
    def ending_lengths(self) -> tuple[int, ...]:
        """Of the listed endings, the longest first."""
        return tuple(sorted({len(key) for key in self.endings}, reverse=True))


def settle(ranked: Ranked, text: str) -> Ranked:
    """The same probabilities, shared anew among the close neighbours of the first.

    Args:
        ranked: An identifier's answer, not empty.
        text: Whose language is asked.
    """
    for family in families_of(ranked[0][0], text):
        ranked = _shared(ranked, family.scores(ranked, text))
    return ranked


def settle_whole(
    ranked: Ranked, text: str, *, more: float, declared: str = ""
) -> Ranked:
    """The same of a document whose parts were settled one by one.

    Args:
        ranked: The mean of the parts' answers, not empty.
        text: The whole.
        more: The share of its evidence that is not in that mean.
        declared: A tag that the page states of itself; decides near ties between
            neighbours, and nothing else.
    """
    for family in families_of(ranked[0][0], text):
        scores = family.scores_of_more(ranked, text, more)
        first = max(scores, key=lambda tag: (scores[tag], tag))
        if declared in scores and scores[first] - scores[declared] < NEAR_TIE:
            scores[first], scores[declared] = scores[declared], scores[first]
        ranked = _shared(ranked, scores)
    return ranked


def families_of(language: str, text: str) -> tuple[Family, ...]:
    """The families of a language whose evidence is in the script of the text."""
    found = _families().get(language, ())
    if not found:
        return ()
    beginning = text[:SCRIPT_CHARACTERS]
    needed = SCRIPT_SHARE * len(beginning)
    return tuple(
        family
        for family in found
        if len(family.script.letter.findall(beginning)) > needed
    )


def are_close(one: str, other: str) -> bool:
    """Whether two languages are taken for each other.

    >>> are_close("hr", "bs"), are_close("hr", "vi")
    (True, False)
    """
    return other in _neighbours().get(one, (one,))


@cache
def _neighbours() -> Mapping[str, frozenset[str]]:
    """By each language that has any: those of all its families, with itself."""
    return {
        language: frozenset(tag for family in families for tag in family.languages)
        for language, families in _families().items()
    }


def _shared(ranked: Ranked, scores: Mapping[str, float]) -> Ranked:
    first = max(scores, key=lambda tag: (scores[tag], tag))
    shares = {tag: math.exp(score - scores[first]) for tag, score in scores.items()}
    unit = sum(p for tag, p in ranked if tag in shares) / sum(shares.values())
    rest = [(tag, share * unit) for tag, share in shares.items() if tag != first]
    rest += [(tag, p) for tag, p in ranked if tag not in shares]
    rest.sort(key=lambda item: (-item[1], item[0]))
    return [(first, shares[first] * unit), *rest]


@dataclass(frozen=True, kw_only=True)
class _Script:
    """How letters and words of a script are found."""

    letter: re.Pattern[str]
    word: re.Pattern[str]


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SCRIPTS: Mapping[str, _Script] = {
    "Latin": _Script(letter=re.compile("[A-Za-z\u00c0-\u024f]"), word=_WORD),
    "Cyrillic": _Script(letter=re.compile("[\u0400-\u052f]"), word=_WORD),
    # Vowel signs are no letters to Python's \w, and no word of these is without one.
    "Devanagari": _Script(
        letter=re.compile("[\u0904-\u0939]"),
        word=re.compile("[\u0900-\u0963\u0971-\u097f]+"),
    ),
}


@cache
def _families() -> Mapping[str, tuple[Family, ...]]:
    """By each member."""
    folder = files("pipeline.identification").joinpath("families")
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    read = [
        _read(path.read_text("utf-8")) for path in paths if path.name.endswith(".toml")
    ]
    members = {language for family in read for language in family.languages}
    return {
        language: tuple(family for family in read if language in family.languages)
        for language in members
    }


def _read(text: str) -> Family:
    data = tomllib.loads(text)
    tables: dict[str, dict[str, dict[str, float]]] = {
        "words": {},
        "beginnings": {},
        "endings": {},
        "marks": {},
    }
    for degree, points in POINTS.items():
        for languages, listed in data.get(degree, {}).items():
            for entry in listed.split():
                kind, key = _entry(entry)
                evidence = tables[kind].setdefault(key, {})
                for language in languages.split():
                    evidence[language] = evidence.get(language, 0.0) + points
    alike: dict[tuple[tuple[str, float], ...], Evidence] = {}  # saves 2 MiB
    shared = {
        kind: {key: alike.setdefault(tuple(e.items()), e) for key, e in table.items()}
        for kind, table in tables.items()
    }
    return Family(
        languages=tuple(data["languages"].split()),
        script=_SCRIPTS[data["script"]],
        trust=data["trust"],
        weight=data["weight"],
        lean=data.get("lean", {}),
        **shared,
    )


def _entry(entry: str) -> tuple[str, str]:
    """Which table an entry of a list belongs to, and its key there.

    >>> _entry("tko"), _entry("europ-"), _entry("-cija"), _entry("-ҹ-")
    (('words', 'tko'), ('beginnings', 'europ'), ('endings', 'cija'), ('marks', 'ҹ'))
    """
    if entry.startswith("-"):
        return ("marks", entry[1:-1]) if entry.endswith("-") else ("endings", entry[1:])
    return ("beginnings", entry[:-1]) if entry.endswith("-") else ("words", entry)
