"""Countries as names: the CLDR's, in the forms in which texts have them.

Every country of ISO 3166-1, and Kosovo, with the names that Babel's CLDR data give in
each language of `countries.toml`. That file says, too, which of them nobody writes,
which are ordinary words, how names are inflected, and what else a country is called.

Inflected forms are written out, not left to an analyzer's stem, which is that of other
words, too: `Грузия` (Georgia) and `груз` (cargo), Niger and Nigeria. On FLORES-200 dev,
where a sentence counts if its English has the country's name, Russian stems had a
precision of .60 and a recall of .69, these forms .87 and .91; what is left are mostly
sentences whose English says *Russian* for `России`. Arabic: .67 and .82, then .93 and
.86; Vietnamese, whose accents count here: .37 and .83, then .65 and .85.

What one word cannot tell stays together: Georgia is a state of the USA, too, Jordan and
Chad are first names, turkey is a bird.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from pipeline.names import Name

_REGION = re.compile(r"[A-Z]{2}")
_IN_PARENTHESES = re.compile(r"\s*[(（]([^)）]*)[)）]\s*")
_NO_ENDING = "-"

SHORT = 3
"""Letters of a small word that stands between others (*and*, *de*), not inflected."""

Spellings = dict[str, tuple[str, ...]]


class Countries(Mapping[str, Name]):
    """The names of all countries by id; read from the CLDR when first asked for.

    Reading takes about .25 s, once in a process, so nothing that asks for no country
    should look in here.
    """

    def __getitem__(self, name_id: str) -> Name:
        """The name of an id; KeyError for none."""
        return self._names[name_id]

    def __iter__(self) -> Iterator[str]:
        """Ids in alphabetical order."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many countries there are."""
        return len(self._names)

    @cached_property
    def _names(self) -> dict[str, Name]:
        ids = _ids()
        spelt = {code: _spellings(code) for code in ids}
        made = (
            Name(
                id=name_id,
                type="country",
                spellings=spelt[code],
                apart=_apart(code, spelt),
            )
            for code, name_id in ids.items()
        )
        return {name.id: name for name in sorted(made, key=lambda name: name.id)}


@cache
def countries() -> Countries:
    """The one mapping of all countries; nothing is read yet."""
    return Countries()


def slug(text: str) -> str:
    """A readable id of an English name.

    >>> slug("Côte d’Ivoire"), slug("Bosnia & Herzegovina"), slug("St. Lucia")
    ('cote-d-ivoire', 'bosnia-and-herzegovina', 'saint-lucia')
    """
    written = re.sub(r"\bSt\.", "Saint", text.replace("&", "and"))
    letters = unicodedata.normalize("NFD", _without_parentheses(written).lower())
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def inflected(text: str, rules: Mapping[str, Any]) -> Iterator[str]:
    """The forms of a name besides the one given; rules as in `countries.toml`.

    >>> rules = {"words": [["ая", "ой ую"], ["ия", "ии ию"]]}
    >>> list(inflected("Новая Зеландия", {"words": [*rules["words"]]}))
    ['Новой Зеландии', 'Новую Зеландию']
    >>> list(inflected("الصين", {"begin": [["ال", "لل وال"], ["", "ل و"]]}))
    ['للصين', 'والصين']
    """
    yield from _in_every_case(text.split(" "), rules.get("words", ()))
    for ending in rules.get("end", "").split():
        yield text + ending
    for beginning, others in rules.get("begin", ()):
        if text.startswith(beginning):
            rest = text.removeprefix(beginning)
            yield from (other + rest for other in others.split())
            return


def _in_every_case(words: list[str], rules: Iterable[tuple[str, str]]) -> Iterator[str]:
    found = [_cases(word, rules) for word in words]
    for case in range(max((len(cases) for cases in found), default=0)):
        yield " ".join(
            cases[case] if cases else word
            for word, cases in zip(words, found, strict=True)
        )


def _cases(word: str, rules: Iterable[tuple[str, str]]) -> list[str]:
    """The cases of a word by the first rule that fits; none for what has none."""
    for ending, others in rules:
        if word.endswith(ending) and _is_inflected(word):
            stem = word.removesuffix(ending)
            return [stem + other.strip(_NO_ENDING) for other in others.split()]
    return []


def _is_inflected(word: str) -> bool:
    return word[:1].isupper() or (len(word) > SHORT and word.isalpha())


def _ids() -> dict[str, str]:
    """The id of each country, by its code."""
    data = _data()
    return {
        code: data["ids"].get(code) or slug(name)
        for code, name in _territories("en").items()
        if _REGION.fullmatch(code) and code not in data["regions"]["left_out"]
    }


def _spellings(code: str) -> Spellings:
    found = {
        language: tuple(dict.fromkeys(_forms(language, _written(code, language))))
        for language in _data()["languages"]
    }
    return {language: forms for language, forms in found.items() if forms}


def _written(code: str, language: str) -> Iterator[str]:
    """What a country is called in a language, as it is named in a list."""
    data = _data()
    for locale in data["languages"][language]:
        listed = _territories(locale).get(code, "")
        for text in _names_in(listed, code):
            yield from _written_out(text, language)
    yield from data["more"].get(code, {}).get(language, ())


def _names_in(listed: str, code: str) -> Iterator[str]:
    data = _data()
    if not listed or "," in listed or code in data["titles"]["replaced"]:
        return
    if inner := _IN_PARENTHESES.findall(listed):
        if code in data["parentheses"]["two_names"]:
            yield from (_without_parentheses(listed), *inner)
        return
    yield listed


def _written_out(text: str, language: str) -> Iterator[str]:
    yield text
    whole = text
    for short, long in _data()["written_out"].get(language, ()):
        whole = whole.replace(short, long)
    if whole != text:
        yield whole[:1].upper() + whole[1:]


def _forms(language: str, written: Iterable[str]) -> Iterator[str]:
    """Every name in every form; one that is an ordinary word only in combinations."""
    data = _data()
    ordinary = data["ordinary"].get(language, ())
    names = list(written)
    for text in names:
        if text in ordinary:
            yield from (each.format(text) for each in data["combinations"][language])
        else:
            yield text
    rules = data["forms"].get(language, {})
    for text in names:
        if text not in ordinary:
            yield from inflected(text, rules)


def _apart(code: str, spelt: Mapping[str, Spellings]) -> Spellings:
    """Longer names that have this one's in them and mean something else."""
    listed = _data()["apart"].get(code, {})
    found = {
        language: list(texts)
        for language, texts in listed.items()
        if language != "countries"
    }
    for language, own in spelt[code].items():
        for other in listed.get("countries", ()):
            longer = spelt[other].get(language, ())
            texts = (text for text in longer if any(name in text for name in own))
            found.setdefault(language, []).extend(texts)
    return {language: tuple(texts) for language, texts in found.items() if texts}


def _without_parentheses(text: str) -> str:
    return _IN_PARENTHESES.sub(" ", text).strip()


@cache
def _territories(locale: str) -> Mapping[str, str]:
    from babel import Locale

    return dict(Locale.parse(locale).territories)


@cache
def _data() -> dict[str, Any]:
    text = (files("pipeline") / "countries.toml").read_text("utf-8")
    return tomllib.loads(text)
