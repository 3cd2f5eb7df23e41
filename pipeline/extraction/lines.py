"""Lines inside an article's text that are not of it, told by what they say.

Datelines ("KAZAN, June 21 (TASS) — …") stay: they are part of the first paragraph, and
say who reported from where.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pipeline.extraction.blocks import SENTENCE_ENDS, words

Removal = Literal[
    "boilerplate", "read_also", "share", "credit", "timestamp", "byline", "improbable"
]

MAX_READ_ALSO_WORDS = 40
"""A longer line that begins so is a paragraph; the longest headlines have 30 words."""
HEADING_WORDS = 4
"""A line that leads to others has hardly more than the phrase itself."""
EDGE_LINES = 3
"""Times and bylines stand among the first or last so many lines."""
SKIP_WORDS = 8
"""A line so short that holds such a phrase anywhere leads on ("Skip Read more")."""
SHARE_WORDS = 12
"""Longer lines that begin with "Follow us" are sentences."""
CREDIT_WORDS = 10
"""A longer line with © is a note on rights, which boilerplate knows."""
BYLINE_WORDS = 2
"""Beside a name and its mail address: "Ana Reis, Porto correspondent"."""
BYLINE_LINE_WORDS = 7
"""From "By" to its end."""
CAPTION_WORDS = 40
"""A caption that ends with whose the picture is has hardly more …"""
CREDITED_WORDS = 5
"""… and so many from "Photo:" to its end: "Photo: Jane Doe / Agency"."""
MAX_STAMP_CHARACTERS = 80
STAMP_LETTERS = 15
"""Of a time that ends with a full stop: "20 มิ.ย. 2567 09:40 น.", "11:00 a.m."."""
MAX_STAMP_WORDS = 5
"""Besides the numbers: "Published on Friday 21 June", "Обновлено 21 июня"; Chinese and
Japanese write 年月日, each a word here."""

MAX_DAY_WORDS = 3
"""Besides the numbers of a day without an hour: "Friday, 21 June 2024"; 年月日."""

_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)"
)
_CLOCK = re.compile(r"(?<!\d)[0-2]?\d[:.hч][0-5]\d(?::[0-5]\d)?(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20|1[34])\d\d(?!\d)")
"""Gregorian, or Hijri or Jalali."""
_MAIL = re.compile(r"\S+@\S+")
_NUMBER = re.compile(r"\d+")
_OTHER_DIGIT = re.compile(r"[^\W\D0-9]")


def foreign_lines(
    lines: Sequence[str],
    *,
    boilerplate: Collection[str] = (),
    authors: Collection[str] = (),
    linked: Collection[str] = (),
    tells_time: Callable[[str], bool] | None = None,
) -> Iterator[tuple[int, Removal]]:
    """Numbers of the lines that are not of the article, each with the reason.

    Args:
        lines: Of the text, without the headline.
        boilerplate: Lines that the source's pages have in common.
        authors: As the page names them.
        linked: Lines that are links as a whole.
        tells_time: Whether there is a date with a time of day in a line.
    """
    names = {name.lower() for name in authors}
    leads_on = False
    for number, line in enumerate(lines):
        is_edge = min(number, len(lines) - 1 - number) < EDGE_LINES
        leads_on = leads_on and line in linked
        if line in boilerplate:
            yield number, "boilerplate"
        elif is_read_also(line):
            leads_on = len(words(line)) <= HEADING_WORDS
            yield number, "read_also"
        elif leads_on:
            yield number, "read_also"
        elif is_share(line):
            yield number, "share"
        elif is_credit(line):
            yield number, "credit"
        elif is_edge and (is_timestamp(line) or _is_dated(line, tells_time)):
            yield number, "timestamp"
        elif is_edge and is_byline(line, names):
            yield number, "byline"


def _is_dated(line: str, tells_time: Callable[[str], bool] | None) -> bool:
    """Whether a line is a time with a name or a place, and no sentence."""
    if tells_time is None or len(line) > MAX_STAMP_CHARACTERS:
        return False
    letters = sum(map(str.isalpha, line))
    is_sentence = line[-1] in SENTENCE_ENDS and letters > STAMP_LETTERS
    return not is_sentence and tells_time(line)


def is_read_also(line: str) -> bool:
    """Whether a line leads to another article.

    >>> is_read_also("Читайте также: Мэр назвал"), is_read_also("Read more books!")
    (True, False)
    """
    beginning = line.lstrip(" \t>»*•-–—[(").lower()
    size = len(words(line))
    if beginning.startswith(_phrases()["read_also"]):
        return size <= MAX_READ_ALSO_WORDS
    return size <= SKIP_WORDS and any(
        phrase in beginning for phrase in _phrases()["read_also"] if " " in phrase
    )


def is_share(line: str) -> bool:
    """Whether a line is a button, or asks to follow or to subscribe.

    >>> is_share("Compartir"), is_share("Follow us on Telegram!")
    (True, True)
    """
    plain = line.strip(" \t.!:…|•").lower()
    if plain in _phrases()["buttons"]:
        return True
    return plain.startswith(_phrases()["follow"]) and len(words(line)) <= SHARE_WORDS


def is_credit(line: str) -> bool:
    """Whether a line names whose a picture is.

    >>> is_credit("© ONU/Ejemplo"), is_credit("Фото: пресс-служба"), is_credit("Photo")
    (True, True, False)
    >>> is_credit("Die Fähre am Donnerstag. Foto: dpa")
    True
    """
    size, lower = len(words(line)), line.lower()
    if size <= CREDIT_WORDS and lower.startswith(("©", "(c) ", *_phrases()["credit"])):
        return True
    if size > CAPTION_WORDS:
        return False
    return lower.endswith(_phrases()["credit_end"]) or any(
        len(words(lower[place:])) <= CREDITED_WORDS
        for phrase in _phrases()["credit"]
        if phrase[-1] in ":：=＝／" and (place := lower.rfind(phrase)) > 0
        if not lower[place - 1].isalpha()
    )


def is_timestamp(line: str) -> bool:
    """Whether a line says nothing but when something was published or changed.

    >>> is_timestamp("Обновлено: 21.06.2024, 10:30"), is_timestamp("Kazan won 25:23")
    (True, False)
    """
    if len(line) > MAX_STAMP_CHARACTERS:
        return False
    line = _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), line)
    rest = len(words(_NUMBER.sub(" ", line)))
    if _DATE.search(line) or (_CLOCK.search(line) and _YEAR.search(line)):
        return rest <= MAX_STAMP_WORDS
    numbers = _NUMBER.findall(line)
    return len(numbers) == 2 and bool(_YEAR.search(line)) and rest <= MAX_DAY_WORDS


def is_byline(line: str, names: Collection[str]) -> bool:
    """Whether a line says nothing but who wrote the article, and their address.

    Args:
        line: Of the text.
        names: Of the authors, in lower case.

    >>> is_byline("Ana Reis ana@e.org", {"ana reis"}), is_byline("Ana left", {"ana"})
    (True, False)
    >>> is_byline("Por Vânia Lopes, Bahia", ()), is_byline("By my reckoning", ())
    (True, False)
    """
    lower = line.lower().strip(" .()[]（）")
    if lower in names:
        return True
    for word in _phrases()["byline"]:
        if lower.startswith(word) and line[len(word)].isupper():
            return len(words(line)) <= BYLINE_LINE_WORDS and line[-1].isalpha()
    rest = [lower.replace(name, " ") for name in names if name in lower]
    return any(
        "@" in text and len(words(_MAIL.sub(" ", text))) <= BYLINE_WORDS
        for text in rest
    )


@cache
def _phrases() -> Mapping[str, tuple[str, ...]]:
    text = files("pipeline.extraction").joinpath("lines.toml").read_text("utf-8")
    return {name: tuple(found) for name, found in tomllib.loads(text).items()}
