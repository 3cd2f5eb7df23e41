"""A text as its language is looked for; what was archived stays as it came."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 20_000
"""Nothing after this changes an answer."""

CAPITALS: Final = 0.8
"""From this share of capitals on a text is read in lower case, as most texts that the
models learned from are written."""
SAMPLE: Final = 200
"""So many characters tell whether it is in capitals."""

CODE_SHARE: Final = 0.15
"""Of signs of program code, above which a text is one: no sentence or headline of
FLORES dev has more than .134."""

_TWO_LETTERS = re.compile(r"[\W\d_]*([^\W\d_])(?s:.*?)(?!\1)[^\W\d_]")
_CODE = re.compile(r"[{}()\[\]<>=;_\\|*+&^%$~`]")
_NO_LANGUAGE = re.compile(
    r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,255}|(?<!\w)[@#]\w[\w.-]*",
    re.IGNORECASE,
)
_CAPITAL_WORD = re.compile("[A-ZÀ-ÞΑ-ΫЀ-Я]{4}")
_INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, 0x0640, 0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)
_CONTROLS = dict.fromkeys([*range(9), *range(14, 32), *range(0xD800, 0xE000)], " ")
_WITHOUT = {**_INVISIBLE, **_CONTROLS}
_UNWANTED = re.compile(f"[{re.escape(''.join(map(chr, _WITHOUT)))}]")


def plain_text(text: str) -> str:
    """The beginning of a text without what says nothing of its language.

    Addresses, handles and hashtags go; presentation forms, ligatures and marks out of
    order become the letters that they stand for; soft hyphens, tatweel and signs of
    width and direction go too, joiners (Persian, Indic) stay; control characters and
    lone surrogates become blanks; a text in capitals is read in lower case.

    >>> plain_text("BREAKING NEWS @mayor https://example.org ﻣﺪﻳﻨﺔ").split()
    ['breaking', 'news', 'مدينة']
    """
    text = text[:MAX_CHARACTERS]
    if _UNWANTED.search(text):
        text = text.translate(_WITHOUT)
    text = unicodedata.normalize("NFKC", text)
    if "@" in text or "#" in text or "http" in text or "www" in text:
        text = _NO_LANGUAGE.sub(" ", text)
    return text.lower() if _is_in_capitals(text[:SAMPLE]) else text


def says_nothing(text: str) -> bool:
    """Whether a plain text has no language: no two different letters, or program code.

    >>> says_nothing("12:30 — A"), says_nothing("f(x) = g(y[0]);"), says_nothing("Oslo")
    (True, True, False)
    """
    if not _TWO_LETTERS.match(text):
        return True
    return len(_CODE.findall(text)) > CODE_SHARE * len(text)


def _is_in_capitals(text: str) -> bool:
    if not _CAPITAL_WORD.search(text):  # nearly always
        return False
    capitals = sum(map(str.isupper, text))
    return capitals > CAPITALS * (capitals + sum(map(str.islower, text)))
