"""The words of written dates: months, labels, zones, "2 hours ago". From CLDR and TOML.

Words are folded and looked up, never searched for one by one: a text costs the same
with ten languages as with one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipeline.dates.calendars import Calendar

Unit = Literal["minute", "hour", "day", "week"]
Label = Literal["published", "modified"]

UNITS: tuple[Unit, ...] = ("minute", "hour", "day", "week")

WORD = re.compile(r"\d+|[^\s\d,;:|/()\[\]{}<>\-–—·•.،؛၊။।፣՝\"“”«»#_*+=]+")
"""A number or a word of a folded text; a full stop belongs to neither."""

_COUNTS = (1, 2, 3, 4, 5, 11, 20, 21, 100)
"""Numbers that between them show every plural form of CLDR for whole numbers."""

_CASES = {"he": ("ב", ""), "eu": ("", "ren"), "mn": ("", "ын"), "km": ("ខែ", "")} | {
    "tg": ("", "и")
}
"""What dates put before or after a month, in one word with it: "in June"."""

_SPELLINGS = str.maketrans(
    {"ı": "i", "ى": "ي", "ی": "ي", "ک": "ك", "ې": "ي", "ς": "σ", "’": "'", "ʼ": "'"}
    | {"‘": "'", "`": "'", "−": "-", "‐": "-", "‑": "-"}
    | dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2066\u2069ـ")
)


def fold(text: str) -> str:
    """Lower case, plain digits, no accents; marks that are vowels stay.

    >>> fold("٢١ Ιουνίου ２０２４")
    '21 ιουνιου 2024'
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.lower()).translate(_SPELLINGS)
    return unicodedata.normalize("NFC", "".join(map(_plain, apart)))


@lru_cache(maxsize=2048)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    # Classes of accents; those of Indic and Thai signs are lower or between.
    accent = unicodedata.combining(character)
    if accent >= 200 or 10 <= accent <= 36:
        return ""
    if character.isdecimal():
        return str(unicodedata.digit(character))
    return character


def words_of(text: str) -> tuple[str, ...]:
    """The words of a folded text, as they are looked up."""
    return tuple(WORD.findall(text))


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What is known of some languages.

    Attributes:
        months: Names to the numbers of Gregorian months; a name is its words.
        weekdays: Words.
        relative: Phrases without blanks, `{n}` for their number, to unit and count
            (0: the number).
        month_words: What the name of a month may begin with, in any calendar.
        relative_words: Those that `relative` is made of.
    """

    months: Mapping[tuple[str, ...], int]
    weekdays: frozenset[str]
    relative: Mapping[str, tuple[Unit, int]]
    month_words: frozenset[str]
    relative_words: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class CommonWords:
    """What is looked up in every language.

    Attributes:
        calendars: Names of the months of other calendars.
        eras: What may stand behind a year.
        offsets: Eras in front of a year, with what is added to it.
        joints: Between the parts of a date.
        clock_joints: Between a date and its time of day, or in front of either.
        halves: Words for the halves of the day, to whether it is the second.
        zones: Names of zones.
        labels: Which date it is, by the words beside it.
        days: Words for today (0) and yesterday (1).
    """

    calendars: Mapping[tuple[str, ...], tuple[Calendar, int]]
    eras: Mapping[str, Calendar]
    offsets: Mapping[str, int]
    joints: frozenset[str]
    clock_joints: frozenset[str]
    halves: Mapping[str, bool]
    zones: Mapping[tuple[str, ...], tzinfo]
    labels: Mapping[tuple[str, ...], Label]
    days: Mapping[tuple[str, ...], int]


def languages_of(tags: Iterable[str], limit: int = 4) -> tuple[str, ...]:
    """The languages of BCP 47 tags, each once, as the vocabulary names them.

    >>> languages_of(["en-GB", "", "zh_Hans", "en"])
    ('en', 'zh')
    """
    bases = (tag.strip().replace("_", "-").split("-")[0].lower() for tag in tags)
    return tuple(dict.fromkeys(b for b in bases if b.isalpha() and len(b) <= 3))[:limit]


@cache
def by_script(script: str) -> tuple[str, ...]:
    """The languages of a script, the likeliest first."""
    return tuple(_data()["scripts"].get(script, ()))


def script_of(text: str) -> str:
    """The script of a text's first letter beyond Latin; else `LATIN`."""
    for character in text:
        if not character.isascii() and character.isalpha():
            name = unicodedata.name(character, "").split(" ")[0]
            if name in _data()["scripts"]:
                return name
    return "LATIN"


@lru_cache(maxsize=64)
def vocabulary(languages: tuple[str, ...]) -> Vocabulary:
    """Of all of these languages; where two differ, the first is right.

    The first call with a language costs some 10 ms.
    """
    months: dict[tuple[str, ...], int] = {}
    weekdays: set[str] = set()
    phrases: dict[tuple[str, ...], tuple[Unit, int]] = dict(_relative_phrases())
    for language in languages:
        for name, number in _months(language):
            months.setdefault(name, number)
        weekdays.update(_weekdays(language))
        phrases.update(_cldr_phrases(language))
    months.pop((), None)
    names = (*months, *common_words().calendars)
    return Vocabulary(
        months=months,
        weekdays=frozenset(weekdays),
        relative={"".join(words): meaning for words, meaning in phrases.items()},
        month_words=frozenset(name[0] for name in names if name),
        relative_words=frozenset(w for words in phrases for w in words) - {"{n}"},
    )


def _months(language: str) -> Iterator[tuple[tuple[str, ...], int]]:
    for number, names in _data()["months"].get(language, {}).items():
        for name in names:
            yield words_of(fold(name)), int(number)
    locale = _locale(language)
    if locale is None:
        return
    # Babel's "stand-alone" forms may be another language's: those needed are ours.
    for width in ("wide", "abbreviated"):
        for number, name in locale.months["format"][width].items():
            if not any(c.isdigit() for c in name):
                yield words_of(fold(name)), number
                before, after = _CASES.get(language, ("", ""))
                yield words_of(fold(before + name + after)), number


def _weekdays(language: str) -> Iterator[str]:
    locale = _locale(language)
    for width in ("wide", "abbreviated") if locale else ():
        for name in locale.days["format"][width].values():
            yield from words_of(fold(name))


@cache
def _cldr_phrases(language: str) -> Mapping[tuple[str, ...], tuple[Unit, int]]:
    from babel.dates import format_timedelta

    locale = _locale(language)
    found: dict[tuple[str, ...], tuple[Unit, int]] = {}
    for unit in UNITS if locale else ():
        for count in _COUNTS:
            phrase = format_timedelta(
                -timedelta(**{f"{unit}s": count}),
                granularity=unit,
                threshold=1e9,  # never a larger unit
                add_direction=True,
                locale=locale,
            )
            words = _phrase(fold(phrase), count)
            if not phrase.startswith("-"):  # CLDR has no phrase in that language
                found.setdefault(words, (unit, 0 if "{n}" in words else count))
    return found


def _phrase(text: str, count: int) -> tuple[str, ...]:
    return tuple("{n}" if w == str(count) else w for w in words_of(text))


def _relative_phrases() -> Iterator[tuple[tuple[str, ...], tuple[Unit, int]]]:
    for entry in _data()["relative"]:
        for phrase in entry["phrases"]:
            words = _phrase(fold(phrase.replace("{n}", "7")), 7)
            yield words, (entry["unit"], entry.get("count", 0))


@cache
def _locale(language: str) -> Any:
    """Babel's; None where it has none."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return None


@cache
def common_words() -> CommonWords:
    """Read once."""
    data = _data()
    clocks = data["clocks"]
    return CommonWords(
        calendars=dict(_calendar_months(data["calendars"])),
        eras={
            fold(word).strip("."): calendar
            for calendar in ("islamic", "gregorian")
            for word in data["eras"][calendar]
        },
        offsets={fold(era): years for era, years in data["eras"]["offsets"].items()},
        joints=frozenset(map(fold, data["joints"]["words"])),
        clock_joints=frozenset(w for j in clocks["joints"] for w in words_of(fold(j))),
        halves=dict(_halves(clocks)),
        zones={words_of(fold(k)): _zone(v) for k, v in data["zones"].items()},
        labels=_keyed(data["labels"]),
        days={
            words_of(fold(word)): back
            for back, name in enumerate(("today", "yesterday"))
            for word in data["days"][name]
        },
    )


def _halves(clocks: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Also "a.m." as it is found in a text, which has its full stops."""
    for name in ("am", "pm"):
        for word in clocks[name]:
            yield fold(word), name == "pm"


def _keyed(data: Mapping[str, list[str]]) -> dict[tuple[str, ...], Label]:
    names: tuple[Label, ...] = ("published", "modified")
    return {words_of(fold(word)): name for name in names for word in data[name]}


def _calendar_months(
    data: Mapping[str, list[str]],
) -> Iterator[tuple[tuple[str, ...], tuple[Calendar, int]]]:
    calendars: tuple[Calendar, ...] = ("iranian", "islamic")
    for calendar in calendars:
        for number, names in enumerate(data[calendar], 1):
            for name in names.split("|"):
                yield words_of(fold(name)), (calendar, number)


def _zone(text: str) -> tzinfo:
    if text[0] not in "+-":
        return ZoneInfo(text)
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-offset if text[0] == "-" else offset) if offset else UTC


@cache
def _data() -> dict[str, Any]:
    text = files("pipeline.dates").joinpath("vocabulary.toml").read_text("utf-8")
    return tomllib.loads(text)
